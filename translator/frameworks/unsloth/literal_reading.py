"""Rows that stand in a script itself."""

from __future__ import annotations

import json
from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.prepared import Prepared
from translator.reading import Reader
from translator.tree import Node

Plain = dict[str, Any]

MAX_LITERAL = 1_000_000
"""Characters of rows that are written to a file."""
ROWS_FILE = "rows.jsonl"


def literal(reader: Reader, node: Node) -> Prepared:
    """Rows that stand in the script: what is written for another framework gets them as a file."""
    rows = node.get(("rows",))
    plain = _as_rows(None if rows is None else rows.plain())
    repeated = node.get(("repeated",))
    times = repeated.value if repeated is not None and isinstance(repeated.value, int) else 1
    text = None if plain is None else "".join(f"{line}\n" for line in _lines(plain)) * times
    if plain is None or text is None or len(text) > MAX_LITERAL:
        message = "the rows stand in the script itself, and are no plain values"
        reader.say(Code.UNRESOLVED, Severity.ERROR, message, node, field="data.sources")
        return Prepared({"path": "script"}, unknown="rows of the script")
    names = [key.removeprefix("file:") for key in reader.facts if key.startswith("file:")]
    name = ROWS_FILE if not names else f"rows-{len(names) + 1}.jsonl"
    reader.facts[f"file:{name}"] = text
    message = f"the rows stand in the script itself; a conversion writes them to {name}"
    reader.say(Code.ASSUMED, Severity.NOTE, message, node, field="data.sources", verbose=True)
    keys = frozenset(key for row in plain for key in row)
    return Prepared({"path": "json", "data_files": name}, names=keys)


def _lines(rows: list[Plain]) -> list[str]:
    return [json.dumps(row, ensure_ascii=False) for row in rows]


def _as_rows(plain: object) -> list[Plain] | None:
    """A list of dicts, or a dict of lists, as rows."""
    if isinstance(plain, dict) and plain:
        columns = list(plain.values())
        if not all(isinstance(c, list) and len(c) == len(columns[0]) for c in columns):
            return None
        plain = [dict(zip(plain, values, strict=True)) for values in zip(*columns, strict=True)]
    if not isinstance(plain, list) or not plain or not all(isinstance(r, dict) for r in plain):
        return None
    return plain if _is_data(plain) else None


def _is_data(value: object) -> bool:
    if isinstance(value, list):
        return all(_is_data(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(k, str) and _is_data(v) for k, v in value.items())
    return value is None or isinstance(value, str | int | float | bool)
