"""The lines of a file that a message points at."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from translator.spans import Span

_WIDTH = 100
_LIMIT = 8_000_000
_KEPT = 8
"""Files whose lines are held at a time; findings come file by file."""


class Excerpts:
    """Source lines by file name.

    ``texts`` are the files that were read already (standard input among them); others are opened
    when they are first pointed at.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)
        self._lines: dict[str, tuple[list[str], Callable[[int], str | None]]] = {}

    def place(self, file: str, span: Span | None) -> str:
        """``file:line:column``, with the cell for a notebook; the file alone without a span."""
        if span is None:
            return file
        cell = self._read(file)[1](span.line)
        return f"{file}:{cell}:{span.column}" if cell else f"{file}:{span.line}:{span.column}"

    def line(self, file: str, span: Span) -> str:
        """``line 12``, with the cell for a notebook."""
        return self._read(file)[1](span.line) or f"line {span.line}"

    def lines(self, file: str, span: Span) -> list[str]:
        """The line a span begins on, and a line that underlines the span in it."""
        lines = self._read(file)[0]
        if not 1 <= span.line <= len(lines):
            return []
        text = lines[span.line - 1].rstrip("\r\n").replace("\t", " ")
        if not text.strip():
            return []
        start = span.column - 1
        end = span.end_column - 1 if span.end_line == span.line else len(text)
        first = max(0, min(start - 20, len(text) - _WIDTH)) if len(text) > _WIDTH else 0
        shown = text[first : first + _WIDTH]
        width = max(1, min(end, first + _WIDTH) - start)
        gutter = str(span.line)
        margin = " " * len(gutter)
        return [f"{gutter} | {shown}", f"{margin} | {' ' * (start - first)}{'^' * width}"]

    def _read(self, file: str) -> tuple[list[str], Callable[[int], str | None]]:
        if file not in self._lines:
            text = self._texts.get(file)
            if len(self._lines) == _KEPT:
                self._lines.clear()
            self._lines[file] = _split(_open(file) if text is None else text, file)
        return self._lines[file]


def _open(file: str) -> str:
    try:
        with open(file, encoding="utf-8-sig", errors="replace", newline="") as stream:
            return stream.read(_LIMIT)
    except (OSError, ValueError):
        return ""


def _split(text: str, file: str) -> tuple[list[str], Callable[[int], str | None]]:
    if text.lstrip()[:1] == "{" and '"cells"' in text:
        from translator.errors import FtxError
        from translator.source import Source
        from translator.syntax.notebook import read_notebook

        try:
            notebook = read_notebook(Source(path=file, text=text))
        except FtxError:
            pass
        else:
            return notebook.raw.split("\n"), notebook.locate
    return text.split("\n"), lambda _: None
