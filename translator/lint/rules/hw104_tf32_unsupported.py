"""The card has no TF32.

What it does
Compares `tf32: true` with the card that `--gpu` names; TensorFloat-32 came with Ampere.

Why it matters
transformers ends with *--tf32 requires Ampere or a newer GPU arch*.

When it is fine
With `tf32: auto`.

References
transformers/training_args.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.cards import AMPERE, card
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="HW104",
    name="tf32-unsupported",
    severity=Severity.ERROR,
    options=("gpu",),
    settings={"gpu": "t4"},
    words=("tf32",),
    bad={"axolotl": "tf32: true  # <-\n"},
    good={"axolotl": "tf32: auto\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the switch."""
    if file.options.gpu is None or file.recipe.precision.tf32 is not True:
        return
    named = card(file.options.gpu)
    if named.capability < AMPERE and file.written("precision.tf32"):
        yield RULE.at(file, file.where("precision.tf32"), f"{named.name} has no TF32")
