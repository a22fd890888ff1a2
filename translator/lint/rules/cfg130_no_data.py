"""The file names no data.

What it does
Looks for a file without `datasets` and without `pretraining_dataset`.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never, for a file that is given to `axolotl train`.

References
axolotl/utils/schemas/validation.py, `check_dataset_or_pretraining_dataset` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG130",
    name="no-data",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=(),
    bad={"axolotl": "datasets: null\n"},
    good={"axolotl": "datasets:\n  - path: tatsu-lab/alpaca\n    type: alpaca\n"},
)

CHECKS = (
    Refusal(
        lambda f: f.node("datasets") is None and f.node("pretraining_dataset") is None,
        ("datasets",),
        "neither datasets nor pretraining_dataset is there",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
