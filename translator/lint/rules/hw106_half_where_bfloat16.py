"""The run computes in float16 on a card that has bfloat16.

What it does
Compares the number format with the card that `--gpu` names.

Why it matters
float16 needs loss scaling and overflows at 65504; models trained in bfloat16 (most of today's)
exceed that in some layers.

When it is fine
For models of the time before bfloat16, such as GPT-2 or T5's ancestors.

References
arXiv:1905.12322; transformers, documentation of mixed precision.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.cards import AMPERE, card
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="HW106",
    name="half-where-bfloat16",
    severity=Severity.NOTE,
    options=("gpu",),
    settings={"gpu": "a100-80gb"},
    bad={"axolotl": "fp16: true  # <-\nbf16: false\n"},
    good={"axolotl": "bf16: true\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the format."""
    if file.options.gpu is None or file.recipe.precision.compute != "float16":
        return
    named = card(file.options.gpu)
    if named.capability >= AMPERE and file.written("precision.compute"):
        yield RULE.at(
            file,
            file.where("precision.compute"),
            f"float16 on {named.name}, which has bfloat16",
            help="bfloat16",
        )
