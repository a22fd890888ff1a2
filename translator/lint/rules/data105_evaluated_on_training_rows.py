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

import re
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

_CHOOSING = re.compile(r"\.(select|take|skip|filter|shard)\(|random_split\(")


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each such source."""
    data = file.recipe.data
    if not isinstance(data.validation, SeparateRows):
        return
    if file.format == "unsloth" and _CHOOSING.search(file.document.text):
        return  # which rows are chosen may depend on their number
    trained = {(s.path, s.subset, s.split, s.files) for s in data.sources}
    for number, source in enumerate(data.validation.sources):
        if file.format == "unsloth" and not _literal(file, source.split):
            continue
        named = all(is_name(part) for part in (source.path, *source.files))
        if named and (source.path, source.subset, source.split, source.files) in trained:
            field = f"data.validation.sources[{number}]"
            yield RULE.at(
                file,
                file.where(f"{field}.path", field, "data.validation"),
                f"{source.path} ({source.split}) is trained and evaluated on",
            )


def _literal(file: File, split: str) -> bool:
    """Whether a script writes the split as text, rather than cutting its rows by numbers."""
    return split == "train" or any(f"{mark}{split}" in file.document.text for mark in "\"'")
