"""Evaluation looks at rows that are trained.

What it does
Looks for evaluation data with the same path, subset, split and files as training data.

Why it matters
The evaluation loss falls with the training loss, and early stopping never sees what it is there
for.

When it is fine
To see how well the rows are learned by heart.

References
Axolotl `test_datasets`, TRL `eval_dataset`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import SeparateRows
from translator.lint.context import File, is_name
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA105",
    name="evaluated-on-training-rows",
    severity=Severity.WARNING,
    words=("test_datasets", "eval_dataset", "dataset_val"),
    bad={
        "axolotl": "datasets:\n  - path: a/b\n    type: alpaca\n    split: train\ntest_datasets:\n  - path: a/b  # <-\n    type: alpaca\n    split: train\n"
    },
    good={
        "axolotl": "datasets:\n  - path: a/b\n    type: alpaca\n    split: train\ntest_datasets:\n  - path: a/b\n    type: alpaca\n    split: test\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each such source."""
    data = file.recipe.data
    if not isinstance(data.validation, SeparateRows):
        return
    trained = {(s.path, s.subset, s.split, s.files) for s in data.sources}
    for number, source in enumerate(data.validation.sources):
        if (source.path, source.subset, source.split, source.files) in trained and is_name(
            source.path
        ):
            field = f"data.validation.sources[{number}]"
            yield RULE.at(
                file,
                file.where(f"{field}.path", field, "data.validation"),
                f"{source.path} ({source.split}) is trained and evaluated on",
            )
