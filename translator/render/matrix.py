"""The compatibility matrix as text, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from translator.lens import Coverage
from translator.matrix import Line, counts
from translator.render.json import VERSION
from translator.render.text import table

_MARKS = {"carried": "yes", "approximated": "nearly", "refused": "no"}


def matrix_text(lines: Sequence[Line]) -> str:
    """A table of the fields, then the reasons for everything that is not simply carried."""
    names = list(lines[0].frameworks)
    rows = [(line.field, *(_MARKS[line.frameworks[n].status] for n in names)) for line in lines]
    reasons = [
        f"{line.field}, {name}: {_MARKS[coverage.status]}; {coverage.why}"
        for line in lines
        for name, coverage in line.frameworks.items()
        if coverage.why
    ]
    body = [*table(rows, ("field", *names)), "", *reasons, "", *counts_text(lines)]
    return "\n".join(body) + "\n"


def counts_text(lines: Sequence[Line]) -> list[str]:
    """``axolotl: 140 carried, 3 approximated, 9 refused``, a line each."""
    return [
        f"{name}: " + ", ".join(f"{number} {status}" for status, number in total.items())
        for name, total in counts(lines).items()
    ]


def matrix_markdown(lines: Sequence[Line]) -> str:
    """A section for each part of the recipe, a row for each field."""
    names = list(lines[0].frameworks)
    text = [
        "# Compatibility matrix",
        "",
        "Made by `ftx matrix --format markdown` from the tables that do the conversions.",
        "",
        "*yes*: carried as it is. *nearly*: told in the nearest way, with a warning or a note when",
        "that makes a difference. *no*: a value other than the framework's own is an error, which",
        "`--allow` accepts. A field with `=` is one of several alternatives.",
        "",
        *(f"- {line}" for line in counts_text(lines)),
    ]
    part = None
    for line in lines:
        head = line.field.partition(".")[0].partition("=")[0]
        if head != part:
            part = head
            text += ["", f"## {part}", "", f"| field | {' | '.join(names)} |"]
            text += ["|---" * (len(names) + 1) + "|"]
        cells = " | ".join(_cell(line.frameworks[name]) for name in names)
        text.append(f"| `{line.field}` | {cells} |")
    return "\n".join(text) + "\n"


def _cell(coverage: Coverage) -> str:
    keys = f" `{coverage.key}`" if coverage.key and coverage.status != "refused" else ""
    why = f": {coverage.why}" if coverage.why else ""
    return f"{_MARKS[coverage.status]}{keys}{why}".replace("|", "\\|").replace("\n", " ")


def matrix_data(lines: Sequence[Line]) -> dict[str, Any]:
    """The matrix for programs; ``ftx schema matrix`` describes it."""
    return {
        "ftx": VERSION,
        "fields": [
            {
                "field": line.field,
                "frameworks": {
                    name: {"status": c.status, "key": c.key or None, "why": c.why or None}
                    for name, c in line.frameworks.items()
                },
            }
            for line in lines
        ],
        "counts": counts(lines),
    }
