"""The weight decay is so strong that it dominates.

What it does
Looks for a weight decay of 0.5 or more under an AdamW.

Why it matters
0 to 0.1 is trained with; a decay of 1 pulls adapters back to zero as fast as they learn at usual
rates.

When it is fine
With rates small enough that rate times decay is ordinary.

References
torch.optim.AdamW: each step multiplies by 1 - rate x decay.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN113",
    name="weight-decay-too-high",
    severity=Severity.WARNING,
    words=("decay",),
    bad={"axolotl": "weight_decay: 1.0  # <-\n"},
    good={"axolotl": "weight_decay: 0.1\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the decay."""
    optimizer = file.recipe.optimizer
    if optimizer.weight_decay >= 0.5 and "adam" in optimizer.name:
        yield RULE.at(
            file,
            file.where("optimizer.weight_decay"),
            f"a weight decay of {optimizer.weight_decay:g}; up to 0.1 is usual",
        )
