"""Differences between two runs as text and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from translator.comparison import Difference, Side
from translator.document import Document
from translator.render.excerpts import Excerpts
from translator.render.json import VERSION
from translator.render.text import visible

_HEADINGS = {
    "training": "what is learned",
    "performance": "speed and memory",
    "bookkeeping": "what is kept and told of the run",
}
_LONGEST = 100


def differences_text(
    differences: Sequence[Difference], left: Document, right: Document, excerpts: Excerpts
) -> str:
    """Each field with both values and where they stand, by what they change."""
    if not differences:
        return f"{visible(left.path)} and {visible(right.path)} mean the same\n"
    names = visible(left.path), visible(right.path)
    lines = [f"--- {names[0]} ({left.format})", f"+++ {names[1]} ({right.format})"]
    heading = None
    for difference in differences:
        if difference.effect != heading:
            heading = difference.effect
            lines += ["", f"{_HEADINGS[heading]}:"]
        lines.append(f"  {difference.field}")
        for sign, side in (("-", difference.left), ("+", difference.right)):
            lines.append(f"    {sign} {_shown(side.value)}  ({_origin(side, excerpts)})")
    number = len(differences)
    lines += ["", f"{number} difference{'s' if number > 1 else ''} in meaning"]
    return "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    """A value on one line; a part as its kind and its settings."""
    if isinstance(value, dict):
        kind = value.get("kind")
        settings = ", ".join(f"{k} {_shown(v)}" for k, v in value.items() if k != "kind")
        text = f"{kind}: {settings}" if kind and settings else kind or settings
    elif isinstance(value, list):
        text = ", ".join(_shown(element) for element in value) or "none"
    elif value is None or isinstance(value, bool):
        text = {None: "none", True: "yes", False: "no"}[value]
    elif isinstance(value, str):
        text = value if value.isprintable() and value else json.dumps(value, ensure_ascii=False)
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2]} …"


def _origin(side: Side, excerpts: Excerpts) -> str:
    """Where a value stands in its file, which the head of the list has named."""
    origin = side.origin
    key = "" if origin.key is None else visible(origin.key)
    if origin.span is not None:
        place = excerpts.line(side.file, origin.span)
        return f"{place}: {key}" if key else place
    if origin.written:
        return key or "written"
    return f"default, {origin.why}" if origin.why else "default"


def differences_data(
    differences: Sequence[Difference], left: Document, right: Document
) -> dict[str, Any]:
    """The same for programs; ``ftx schema diff`` describes it."""
    return {
        "ftx": VERSION,
        "left": {"format": left.format, "file": left.path},
        "right": {"format": right.format, "file": right.path},
        "differences": [
            {
                "field": difference.field,
                "effect": difference.effect,
                "left": _side(difference.left),
                "right": _side(difference.right),
            }
            for difference in differences
        ],
    }


def _side(side: Side) -> dict[str, Any]:
    span = side.origin.span
    return {
        "value": side.value,
        "written": side.origin.written,
        "file": side.file,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "key": side.origin.key,
        "why": side.origin.why,
    }
