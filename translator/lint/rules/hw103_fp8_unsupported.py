"""The card does not compute in fp8.

What it does
Compares `fp8: true` with the card that `--gpu` names: products in float8 want compute capability
8.9.

Why it matters
Axolotl ends with *fp8 requested, but fp8 is not supported on this GPU*.

When it is fine
Never on such a card.

References
axolotl/utils/schemas/config.py, `check_fp8`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.cards import ADA, card
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="HW103",
    name="fp8-unsupported",
    severity=Severity.ERROR,
    options=("gpu",),
    settings={"gpu": "a100-80gb"},
    words=("fp8",),
    formats=("axolotl",),
    bad={"axolotl": "fp8: true  # <-\n"},
    good={"axolotl": "bf16: true\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the switch."""
    if file.options.gpu is None or not file.on("fp8"):
        return
    named = card(file.options.gpu)
    if named.capability < ADA:
        yield RULE.at(
            file,
            file.at("fp8"),
            f"{named.name} (compute capability {named.capability / 10}) has no fp8",
        )
