"""A split is named that the data set does not have.

What it does
Data files that are named one by one have the single split `train`. Looks for another one beside them,
and for splits that well-known data sets of the Hub do not have.

Why it matters
The run ends with *Unknown split*, after the model has been loaded in a script.

When it is fine
With data files given by split (`{"train": ..., "test": ...}`), which is not told of, or when a data set
of the Hub has got another split since.

References
datasets.load_dataset; axolotl/utils/data/shared.py:305 (0.19): *Single-file paths always expose only a
"train" split*; the cards of the data sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.catalog.splits import splits_of
from translator.diagnostics import Diagnostic, Severity
from translator.ir import SeparateRows, Source
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA116",
    name="missing-split",
    severity=Severity.ERROR,
    bad={
        "axolotl": "datasets:\n  - path: rows.jsonl\n    ds_type: json\n    type: alpaca\n    split: validation  # <-\n"
    },
    good={
        "axolotl": "datasets:\n  - path: rows.jsonl\n    ds_type: json\n    type: alpaca\n    split: train\n"
    },
)


_READERS = ("json", "csv", "parquet", "arrow", "text")
_SPLIT = re.compile(r"\w+(\[[-\d%: ]*\])?")
_ENDING = re.compile(r"\.(jsonl?|csv|tsv|parquet|arrow|txt)(\.gz|\.zst)?$")


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each source."""
    data = file.recipe.data
    for number, source in enumerate(data.sources):
        yield from _look(file, source, f"data.sources[{number}]")
    if isinstance(data.validation, SeparateRows):
        for number, source in enumerate(data.validation.sources):
            yield from _look(file, source, f"data.validation.sources[{number}]")


def _look(file: File, source: Source, field: str) -> Iterator[Diagnostic]:
    parts = [part.strip() for part in source.split.split("+")]
    named = [part.partition("[")[0] for part in parts]
    place = file.where(f"{field}.split", f"{field}.path", f"{field}.files", field)
    if not all(_SPLIT.fullmatch(part) for part in parts):
        return
    if file.format == "unsloth" and not all(_quoted(file, name) for name in named):
        return  # a slice of the script's own rows
    if _single_files(file, source):
        odd = [name for name in named if name != "train"]
        if odd:
            what = source.files[0] if source.files else source.path
            message = f"{what} has the split train alone; there is no {odd[0]}"
            yield RULE.at(file, place, message, help="split: train")
        return
    known = splits_of(source.path)
    odd = [name for name in named if known and name not in known]
    if odd and not source.files and source.subset is None:
        message = f"{source.path} has no split {odd[0]}; it has {', '.join(known)}"
        yield RULE.at(file, place, message, severity=Severity.WARNING)


def _quoted(file: File, name: str) -> bool:
    return any(f"{mark}{name}" in file.document.text for mark in "\"'")


def _single_files(file: File, source: Source) -> bool:
    """Whether files are named that nothing assigns to splits."""
    if file.format == "unsloth" and _by_split(file):
        return False
    if source.path in _READERS:
        return bool(source.files) or file.format != "unsloth"
    return _ENDING.search(source.path) is not None and "*" not in source.path


def _by_split(file: File) -> bool:
    nodes = (file.node(f"data.{part}.load.data_files") for part in ("train", "eval"))
    return any(node is not None and not isinstance(node.value, str | list) for node in nodes)
