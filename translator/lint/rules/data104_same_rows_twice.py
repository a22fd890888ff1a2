"""The same rows are trained twice in every epoch.

What it does
Looks for two data sets with the same path, subset, split and files.

Why it matters
The rows weigh double, which is rarely what two equal entries mean: one of them was to be edited.

When it is fine
When rows are weighted like that on purpose (told in a note where an entry stands three times or
more), or rendered in two ways (other templates are not told of).

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
    """One finding for each data set, at its second entry."""
    if file.on("dataset_exact_deduplication"):
        return
    entries: dict[object, list[int]] = {}
    for number, source in enumerate(file.recipe.data.sources):
        key = (source.path, source.subset, source.split, source.files, source.rows, source.format)
        named = all(is_name(part) for part in (source.path, *source.files))
        if named and not isinstance(source.rows, CustomRows):
            entries.setdefault(key, []).append(number)
    for numbers in entries.values():
        if len(numbers) == 1:
            continue
        often = {2: "twice"}.get(len(numbers), f"{len(numbers)} times")
        field = f"data.sources[{numbers[1]}]"
        path = file.recipe.data.sources[numbers[1]].path
        yield RULE.at(
            file,
            file.where(f"{field}.path", field),
            f"{path} is listed {often}: its rows are trained {often}",
            # a slip makes two; more are a weight
            severity=Severity.WARNING if len(numbers) == 2 else Severity.NOTE,
        )
