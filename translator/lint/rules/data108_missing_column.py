"""A local data set lacks a column that the file reads.

What it does
Reads the first row of JSON, JSON Lines and CSV files that lie where the configuration says, and
compares its columns with those that the rows are made of.

Why it matters
The run ends with a KeyError after the model has been loaded, or trains on empty prompts.

When it is fine
When the first row is not like the others.

References
The file itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.local_data import columns_of, first_row, local_file
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA108",
    name="missing-column",
    severity=Severity.ERROR,
    words=(".json", ".csv"),
    bad={
        "axolotl": "datasets:\n  - path: rows.jsonl\n    ds_type: json\n    type:\n"
        "      field_instruction: question  # <-\n      field_output: response\n"
    },
    good={
        "axolotl": "datasets:\n  - path: rows.jsonl\n    ds_type: json\n    type:\n"
        "      field_instruction: question\n      field_output: answer\n"
    },
    beside={"rows.jsonl": '{"question": "2 + 2?", "answer": "4"}\n'},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each source that lacks a column."""
    for number, source in enumerate(file.recipe.data.sources):
        wanted = columns_of(source.rows)
        for name in source.files or (source.path,):
            found = local_file(name, file.document.path)
            present = first_row(found) if found is not None and wanted else None
            missing = [column for column in wanted if present is not None and column not in present]
            if missing and present is not None:
                field = f"data.sources[{number}]"
                yield RULE.at(
                    file,
                    file.where(f"{field}.rows", f"{field}.path", field),
                    f"{name} has no column {missing[0]}; it has {', '.join(sorted(present)[:8])}",
                )
                break
