"""A data set is split into shards, and one of them is trained.

What it does
Looks for `shards` of a data set, without several entries that take the other shards.

Why it matters
`shards: 10` keeps every tenth row. It reads like a setting of how data is stored and leaves nine
tenths of the rows out, without a word in the log.

When it is fine
When a sample of the rows is what is wanted.

References
axolotl/utils/data/sft.py:404 (0.19), `dataset.shuffle(seed).shard(num_shards, index)`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA117",
    name="rows-left-out",
    severity=Severity.NOTE,
    formats=("axolotl",),
    words=("shards",),
    bad={
        "axolotl": "datasets:\n  - path: tatsu-lab/alpaca\n    type: alpaca\n    shards: 10  # <-\n"
    },
    good={"axolotl": "datasets:\n  - path: tatsu-lab/alpaca\n    type: alpaca\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each data set of which one shard is taken."""
    entries = [address for address, _ in file.elements("datasets")]
    taken = [file.value((*entry, "path")) for entry in entries]
    for entry, path in zip(entries, taken, strict=True):
        number = file.value((*entry, "shards"))
        if isinstance(number, int) and number > 1 and taken.count(path) == 1:
            yield RULE.at(
                file,
                file.at((*entry, "shards")),
                f"shards: {number} trains one row in {number} of {path}; the others are left out",
                help=f"split: train[:{max(1, 100 // number)}%] says so openly",
            )
