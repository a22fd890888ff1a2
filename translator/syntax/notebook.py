"""Jupyter notebooks: the code cells in a row, as one module.

What only IPython understands (``!pip install``, ``%cd``, ``%%capture``) is blanked out, character
by character, so that every position stays right, in cells that are no Python as they are. The text
before blanking is kept: it names the versions that the notebook installs.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from bisect import bisect_right
from typing import Any

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import UnreadableError
from translator.record import Record, replace
from translator.source import Source
from translator.spans import NOWHERE, Span
from translator.syntax.python import Module, parse_code

_MAGIC = re.compile(
    r"\s*(?:!|%|\?|get_ipython\(\))|\s*\w[\w, ]*=\s*[!%](?!=)|[^#'\"]*[^\s#'\"?]\?{1,2}\s*$"
)
_FOREIGN_CELL = re.compile(
    r"\s*%%(?:bash|sh|html|HTML|javascript|js|latex|markdown|svg|writefile|file|perl|ruby|script)\b"
)


_AUTOMAGIC = re.compile(
    r"(?:cat|cd|clear|conda|cp|env|less|load_ext|ls|mamba|man|matplotlib|mkdir|more|mv|pip|pwd"
    r"|reload_ext|rm|rmdir|run|time|uv|who|whos)(?:\s+[^\s=(].*|\s*)$"
)
"""Lines that IPython takes for a magic or a command of the shell without any sign before it."""
_SETS_UP = re.compile(
    r"from_pretrained|get_peft_model|LoraConfig|Trainer\b|TrainingArguments|SFTConfig|load_dataset"
    r"|train_on_responses_only|get_chat_template"
)


class Notebook(Record, kw_only=False):
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

    def cells(self) -> list[tuple[int, str]]:
        """The first line and the text of each cell."""
        lines = self.text.split("\n")
        ends = [*(start - 1 for start in self.starts[1:]), len(lines)]
        return [
            (start, "\n".join(lines[start - 1 : end]))
            for start, end in zip(self.starts, ends, strict=True)
        ]


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
    try:
        return parse_code(source, notebook.text, notebook.locate)
    except UnreadableError as error:
        if error.diagnostics[0].code != Code.SYNTAX.code:
            raise
        return _parse_cells(source, notebook, error)


def _parse_cells(source: Source, notebook: Notebook, error: UnreadableError) -> Module:
    """A notebook of which the code as a whole is no Python. Jupyter runs cell by cell: those that
    are none do not keep the others from running. ``error`` is raised when they would set up a
    part of the training."""
    cells = notebook.cells()
    broken: list[Span] = []
    for position, (start, cell) in enumerate(cells):
        for text in (cell, _blank_lines(cell, _AUTOMAGIC)):
            fault = _fault(source, text, start, notebook)
            if fault is None:
                cells[position] = start, text
                break
        else:
            if _SETS_UP.search(cell):
                raise error
            cells[position] = start, re.sub(r"[^\n]", " ", cell)
            broken.append(fault or NOWHERE)
    module = parse_code(source, "\n".join(text for _, text in cells), notebook.locate)
    return replace(module, passed_over=tuple(broken))


def _fault(source: Source, cell: str, start: int, notebook: Notebook) -> Span | None:
    """Where a cell is no Python, None where it is."""
    try:
        parse_code(source, "\n" * (start - 1) + cell, notebook.locate)
    except UnreadableError as error:
        return error.diagnostics[0].span or NOWHERE
    return None


def blank_magics(code: str) -> str:
    """A cell's code with IPython's own syntax replaced by blanks, and ``pass`` where a block would
    be left empty."""
    lines = code.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if _FOREIGN_CELL.match(first):
        return "\n".join(" " * len(line) for line in lines)
    if first[:1].isspace():
        code = _without_indent(code, first[: len(first) - len(first.lstrip())])
    blanked = _blank_lines(code, _MAGIC)
    return code if blanked != code and _is_python(code) else blanked


def _without_indent(code: str, indent: str) -> str:
    """A cell's code without the indent of its first line, which IPython takes off each line that
    has it (IPython/core/inputtransformer2.py, ``leading_indent``). The indent's last character
    becomes a form feed: from there Python counts anew, and every column stays right."""
    lines = code.split("\n")
    inside: str | None = None
    for position, line in enumerate(lines):
        if inside is None and line.startswith(indent):
            lines[position] = f"{indent[:-1]}\f{line[len(indent) :]}"
        inside = _open_string(line, inside)
    return "\n".join(lines)


def _is_python(code: str) -> bool:
    """Whether a cell is Python as it is: what looks like a magic may go on a line before it, or
    end in a comment."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _blank_lines(code: str, pattern: re.Pattern[str]) -> str:
    """A cell's code without the lines that match, outside of strings."""
    lines = code.split("\n")
    continued = False
    inside: str | None = None
    for position, line in enumerate(lines):
        if inside is None and (continued or pattern.match(line)):
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
