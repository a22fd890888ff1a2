"""Jupyter notebooks: the code cells in a row, as one module.

What only IPython understands (``!pip install``, ``%cd``, ``%%capture``) is blanked out, character
by character, so that every position stays right. The text before blanking is kept: it names the
versions that the notebook installs.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import UnreadableError
from translator.source import Source
from translator.syntax.python import Module, parse_code

_MAGIC = re.compile(r"\s*(?:!|%|\?|get_ipython\(\))|\s*\w[\w, ]*=\s*[!%](?!=)|.*[^\s#?]\?{1,2}\s*$")
_FOREIGN_CELL = re.compile(
    r"\s*%%(?:bash|sh|html|HTML|javascript|js|latex|markdown|svg|writefile|file|perl|ruby|script)\b"
)


@dataclass(frozen=True)
class Notebook:
    """The code of a notebook. ``raw`` has the magics that ``text`` has blanked out, line for line;
    ``starts`` are the first lines (1-based) of the cells, ``numbers`` their numbers among all
    cells of the notebook (1-based, as a reader counts them)."""

    text: str
    raw: str
    starts: tuple[int, ...]
    numbers: tuple[int, ...]

    def locate(self, line: int) -> str:
        """A line of ``text`` as the user knows it: ``cell 3, line 5``."""
        position = bisect_right(self.starts, line) - 1
        if position < 0:
            return f"line {line}"
        return f"cell {self.numbers[position]}, line {line - self.starts[position] + 1}"


def is_notebook(source: Source) -> bool:
    """Whether the text is a notebook's JSON; quick, never raises."""
    head = source.text[:2000].lstrip()
    return head.startswith("{") and '"cells"' in source.text


def read_notebook(source: Source) -> Notebook:
    """The code cells of a notebook.

    Raises:
        UnreadableError: no JSON, or no cells.
    """
    try:
        document: Any = json.loads(source.text)
    except ValueError as error:
        raise _refusal(source, f"is not a notebook: {error}") from None
    except RecursionError:
        raise _refusal(source, "is nested too deeply to be a notebook") from None
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise _refusal(source, "is not a notebook: it has no cells")
    codes: list[str] = []
    raws: list[str] = []
    starts: list[int] = []
    numbers: list[int] = []
    line = 1
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        raw = _cell_text(cell.get("source"))
        codes.append(blank_magics(raw))
        raws.append(raw)
        starts.append(line)
        numbers.append(number)
        line += raw.count("\n") + 1
    return Notebook("\n".join(codes), "\n".join(raws), tuple(starts), tuple(numbers))


def parse_notebook(source: Source) -> Module:
    """A notebook as one module; positions are those in the joined code cells.

    Raises:
        UnreadableError: no notebook, or code that is not Python.
    """
    notebook = read_notebook(source)
    return parse_code(source, notebook.text, notebook.locate)


def blank_magics(code: str) -> str:
    """A cell's code with IPython's own syntax replaced by blanks, and ``pass`` where a block would
    be left empty."""
    lines = code.split("\n")
    if _FOREIGN_CELL.match(next((line for line in lines if line.strip()), "")):
        return "\n".join(" " * len(line) for line in lines)
    continued = False
    inside: str | None = None
    for position, line in enumerate(lines):
        if inside is None and (continued or _MAGIC.match(line)):
            lines[position] = " " * len(line) if continued else _blank(line)
            continued = line.rstrip().endswith("\\")
            continue
        inside = _open_string(line, inside)
    return "\n".join(lines)


def _blank(line: str) -> str:
    indent = len(line) - len(line.lstrip())
    rest = len(line) - indent
    return line[:indent] + ("pass".ljust(rest) if rest >= 4 else "0".ljust(rest))[:rest]


def _open_string(line: str, inside: str | None) -> str | None:
    """The triple quote that is open after a line, if one is."""
    position = 0
    while position < len(line):
        if inside is not None:
            end = line.find(inside, position)
            if end == -1:
                return inside
            position, inside = end + 3, None
        elif line[position] == "#":
            return None
        elif line.startswith(('"""', "'''"), position):
            inside = line[position : position + 3]
            position += 3
        elif line[position] in "\"'":
            quote = line[position]
            position += 1
            while position < len(line) and line[position] != quote:
                position += 2 if line[position] == "\\" else 1
            position += 1
        else:
            position += 1
    return inside


def _cell_text(value: object) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _refusal(source: Source, message: str) -> UnreadableError:
    return UnreadableError(
        Diagnostic(
            code=Code.SYNTAX.code,
            severity=Severity.ERROR,
            message=f"{source.path} {message}",
            file=source.path,
        )
    )
