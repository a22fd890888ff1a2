"""Where something stands in a file.

The one place that knows how positions are counted: parsers report what their libraries use
(0-based lines, character or byte columns); everything else in ftx sees :class:`Span`.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of characters in one file.

    ``start`` and ``end`` are 0-based character offsets into the decoded text (after a byte order
    mark, if there is one); lines and columns are 1-based and count characters, the end exclusive.
    """

    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int


NOWHERE = Span(0, 0, 0, 0, 0, 0)
"""Of a value that no file holds: the user gave it on the command line."""


class LineIndex:
    """Turns offsets and (line, column) pairs of one text into spans."""

    def __init__(self, text: str) -> None:
        self._length = len(text)
        self._starts = [0]
        position = text.find("\n")
        while position != -1:
            self._starts.append(position + 1)
            position = text.find("\n", position + 1)
        self._text = text
        self._ascii = text.isascii()

    def span(self, start: int, end: int) -> Span:
        """The span of the characters ``start`` (inclusive) to ``end`` (exclusive), 0-based."""
        line, column = self._position(start)
        end_line, end_column = self._position(end)
        return Span(start, end, line, column, end_line, end_column)

    def offset(self, line: int, byte_column: int) -> int:
        """The offset of a 1-based line and a 0-based UTF-8 *byte* column, as `ast` counts."""
        start = self._starts[line - 1]
        if self._ascii:
            return start + byte_column
        end = self._starts[line] if line < len(self._starts) else self._length
        text = self._text[start:end]
        if text.isascii():
            return start + byte_column
        return start + len(text.encode("utf-8")[:byte_column].decode("utf-8", "ignore"))

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
