"""Edits of a notebook's joined code, as edits of its JSON that change no other byte."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from translator.diagnostics import Edit

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u....|\\.|.", re.S
)


class _Piece(NamedTuple):
    """A string of JSON that holds code: where it begins in the joined code, and where the text
    between its quotes lies in the file."""

    code: int
    start: int
    end: int


class NotebookEdits:
    """Translates edits for one notebook's text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._pieces = list(_pieces(text))

    def translate(self, edit: Edit) -> Edit | None:
        """The edit of the file; None for one that reaches over several strings of JSON."""
        position = bisect_right([piece.code for piece in self._pieces], edit.start) - 1
        if position < 0:
            return None
        piece = self._pieces[position]
        places = self._places(piece)
        first, last = edit.start - piece.code, edit.end - piece.code
        if last >= len(places):
            return None
        written = json.dumps(edit.text, ensure_ascii=self.text.isascii())[1:-1]
        return Edit(start=places[first], end=places[last], text=written)

    def _places(self, piece: _Piece) -> list[int]:
        """Where each character of a string lies, and where it ends."""
        found = [m.start() for m in _ESCAPE.finditer(self.text, piece.start, piece.end)]
        return [*found, piece.end]


def _pieces(text: str) -> Iterator[_Piece]:
    """The strings of the code cells, in the order of the joined code."""
    code = 0
    for cell in _code_cells(text):
        for start, end in cell:
            yield _Piece(code, start, end)
            code += len(json.loads(text[start - 1 : end + 1]))
        code += 1  # the line break between cells


def _code_cells(text: str) -> Iterator[list[tuple[int, int]]]:
    """For each code cell, where its source's strings lie, quotes excluded."""
    cells: dict[int, list[tuple[int, int]]] = {}
    code: set[int] = set()
    for path, start, end in _strings(text):
        if len(path) < 3 or path[0] != "cells" or not isinstance(path[1], int):
            continue
        if path[2] == "source":
            cells.setdefault(path[1], []).append((start, end))
        elif path[2:] == ("cell_type",) and text[start:end] == "code":
            code.add(path[1])
    for number in sorted(code):
        yield cells.get(number, [])


def _strings(text: str) -> Iterator[tuple[tuple[str | int, ...], int, int]]:
    """Every string value of a JSON text: the keys and positions that lead to it, and its place."""
    path: list[str | int] = []
    is_key = False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == "{":
            path.append("")
            is_key = True
        elif token == "[":
            path.append(0)
        elif token in "}]":
            path.pop()
            is_key = False
        elif token == ",":
            inside = path[-1]
            is_key = isinstance(inside, str)
            if isinstance(inside, int):
                path[-1] = inside + 1
        elif token.startswith('"') and is_key:
            path[-1] = json.loads(token)
            is_key = False
        elif token.startswith('"'):
            yield tuple(path), match.start() + 1, match.end() - 1
