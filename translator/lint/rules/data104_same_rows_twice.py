"""The same rows are trained twice in every epoch.

What it does
Looks for two data sets with the same path, subset, split and files.

Why it matters
The rows weigh double, which is rarely what two equal entries mean: one of them was to be edited.

When it is fine
When rows are weighted like that on purpose, or rendered in two ways (other templates are not told
of).

References
Axolotl and torchtune concatenate what is listed.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import CustomRows
from translator.lint.context import File, is_name
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA104",
    name="same-rows-twice",
    severity=Severity.WARNING,
    words=("datasets", "dataset", "load_dataset"),
    bad={
        "axolotl": "datasets:\n  - path: a/b\n    type: alpaca\n  - path: a/b  # <-\n    type: alpaca\n"
    },
    good={
        "axolotl": "datasets:\n  - path: a/b\n    type: alpaca\n  - path: a/c\n    type: alpaca\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each entry that is there already."""
    seen = {}
    for number, source in enumerate(file.recipe.data.sources):
        key = (source.path, source.subset, source.split, source.files, source.rows, source.format)
        named = all(is_name(part) for part in (source.path, *source.files))
        named = named and not isinstance(source.rows, CustomRows)
        if key in seen and named and not file.on("dataset_exact_deduplication"):
            field = f"data.sources[{number}]"
            yield RULE.at(
                file,
                file.where(f"{field}.path", field),
                f"{source.path} is listed twice: its rows are trained twice",
            )
        seen[key] = number
