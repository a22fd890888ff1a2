"""The run has no seed of its own.

What it does
Looks for a run whose order of rows, dropout and adapter start differ each time.

Why it matters
Two runs of the same file cannot be compared more closely than the noise between seeds.

When it is fine
When runs are repeated for their spread.

References
torchtune/training/seed.py; axolotl/utils/data/shared.py (an absent seed shuffles at random).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN107",
    name="seed-unset",
    severity=Severity.NOTE,
    quiet=True,
    bad={"torchtune": "seed: null\n"},
    good={"torchtune": "seed: 42\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the seed, or at the top."""
    if file.recipe.seed is None:
        yield RULE.at(file, file.where("seed"), "no seed: no two runs are alike")
