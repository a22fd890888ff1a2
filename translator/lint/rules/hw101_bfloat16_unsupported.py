"""The card cannot compute in bfloat16.

What it does
Compares the number format with the card that `--gpu` names. bfloat16 came with Ampere (compute
capability 8.0).

Why it matters
torchtune and transformers end with an error on a T4 or V100; emulated, it is slower than float32.

When it is fine
Never on such a card.

References
torchtune/training/precision.py, `verify_bf16_support`; transformers/training_args.py;
unslothai/unsloth#2783.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.cards import AMPERE, card
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="HW101",
    name="bfloat16-unsupported",
    severity=Severity.ERROR,
    options=("gpu",),
    settings={"gpu": "t4"},
    bad={"axolotl": "bf16: true  # <-\n", "torchtune": "dtype: bf16  # <-\n"},
    good={"axolotl": "fp16: true\nbf16: false\n", "torchtune": "dtype: fp32\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the format."""
    if file.options.gpu is None or file.recipe.precision.compute != "bfloat16":
        return
    named = card(file.options.gpu)
    if named.capability < AMPERE:
        yield RULE.at(
            file,
            file.where("precision.compute"),
            f"{named.name} (compute capability {named.capability / 10}) has no bfloat16",
            help="float16" if file.format != "torchtune" else "dtype: fp32",
        )
