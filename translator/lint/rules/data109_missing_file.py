"""A local data set is not where the file says.

What it does
Looks for data files given by a relative path with an ending of a file, neither below the working
directory nor beside the configuration.

Why it matters
The run ends after the model has been loaded; some loaders ask the Hub for a data set of that name
first.

When it is fine
When the run takes place on another machine or in another folder.

References
datasets.load_dataset.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.local_data import local_file
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA109",
    name="missing-file",
    severity=Severity.NOTE,
    quiet=True,
    words=(".json", ".csv", ".parquet", ".txt"),
    formats=("axolotl", "torchtune"),
    bad={
        "axolotl": "datasets:\n  - path: ./data/nowhere.jsonl  # <-\n    type: alpaca\n    ds_type: json\n"
    },
    good={"axolotl": "datasets:\n  - path: tatsu-lab/alpaca\n    type: alpaca\n"},
)

ENDINGS = (".json", ".jsonl", ".csv", ".parquet", ".arrow", ".txt")


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each such file."""
    if file.document.path.startswith("<"):
        return
    for number, source in enumerate(file.recipe.data.sources):
        for name in source.files or (source.path,):
            odd = "://" in name or name.startswith(("/", "~")) or "*" in name or "{" in name
            if odd or not name.endswith(ENDINGS) or (source.files and "/" in source.path):
                continue
            if local_file(name, file.document.path) is None:
                field = f"data.sources[{number}]"
                yield RULE.at(
                    file,
                    file.where(f"{field}.files", f"{field}.path", field),
                    f"there is no file {name}, neither here nor beside the configuration",
                )
