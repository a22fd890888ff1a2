"""Rows of a local data set are longer than the longest sequence.

What it does
Looks into the first rows of JSON and JSON Lines files that lie where the configuration says. A row with
more than eight characters for each token of the limit is too long in any usual text.

Why it matters
Axolotl drops such rows, with a count in its log; torchtune and Unsloth cut them, so that the end of the
answer is not learnt.

When it is fine
When few rows are that long and may go; or with text of long repeated runs, which tokenizers pack
tightly.

References
axolotl/utils/data/utils.py:314 (0.19); torchtune/data/_utils.py:23 (0.6.1);
unsloth_zoo/dataset_utils.py:2829 (2026.10.9).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.local_data import columns_of, first_rows, local_file
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA118",
    name="rows-too-long",
    severity=Severity.WARNING,
    words=(".json",),
    bad={
        "axolotl": "sequence_len: 64\ndatasets:\n  - path: rows.jsonl  # <-\n    ds_type: json\n    type: alpaca\n"
    },
    good={
        "axolotl": "sequence_len: 4096\ndatasets:\n  - path: rows.jsonl\n    ds_type: json\n    type: alpaca\n"
    },
    beside={
        "rows.jsonl": '{"instruction": "Count.", "input": "", "output": "one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three one two three "}\n{"instruction": "Add.", "input": "", "output": "4"}\n'
    },
)


_MOST = 8
"""Characters of one token, on average over a row; English prose has about four."""
_WHAT = {"drop": "dropped", "truncate": "cut", "split": "split", "error": "refused"}


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each data set with such rows."""
    data = file.recipe.data
    if data.max_length is None or data.overlong == "split":
        return
    limit = data.max_length * _MOST
    for number, source in enumerate(data.sources):
        for name in source.files or (source.path,):
            found = local_file(name, file.document.path)
            rows = first_rows(found) if found is not None else []
            columns = columns_of(source.rows)
            long = [row for row in rows if sum(_size(row.get(c)) for c in columns) > limit]
            if long:
                field = f"data.sources[{number}]"
                yield RULE.at(
                    file,
                    file.where(f"{field}.files", f"{field}.path", field),
                    f"{len(long)} of the first {len(rows)} rows of {name} have more than {limit} "
                    f"characters: at {data.max_length} tokens they are {_WHAT[data.overlong]}",
                )
                break


def _size(value: object) -> int:
    """Characters of all the text in a value."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else 0
