"""Data is fetched without encryption.

What it does
Looks for data sets and files with an address that begins with `http://`.

Why it matters
Whoever sits between can change the rows that are learned from.

When it is fine
On the machine itself or within a closed network; such addresses are not told of.

References
datasets, `data_files` by URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="SEC104",
    name="plain-http",
    severity=Severity.WARNING,
    words=("http://",),
    bad={"axolotl": "datasets:\n  - path: http://example.org/rows.jsonl  # <-\n    type: alpaca\n"},
    good={"axolotl": "datasets:\n  - path: https://example.org/rows.jsonl\n    type: alpaca\n"},
)

NEAR = re.compile(r"http://(localhost|127\.|10\.|192\.168\.|\[::1\]|[\w-]+[:/])")


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each such source."""
    for number, source in enumerate(file.recipe.data.sources):
        for name in (source.path, *source.files):
            if name.startswith("http://") and not NEAR.match(name):
                field = f"data.sources[{number}]"
                yield RULE.at(
                    file,
                    file.where(f"{field}.path", field),
                    f"{name} is fetched without encryption",
                    help="https://",
                )
