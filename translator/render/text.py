"""Diagnostics for people: place, severity, code, message, the line itself, and what helps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from translator.diagnostics import Diagnostic, Severity
from translator.render.excerpts import Excerpts

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}


class TextRenderer:
    """``colour`` turns escape sequences on; ``excerpts`` supplies source lines, for notes only
    with ``lines_of_notes``."""

    def __init__(
        self, excerpts: Excerpts, *, colour: bool = False, lines_of_notes: bool = True
    ) -> None:
        self._excerpts = excerpts
        self._colour = colour
        self._lines_of_notes = lines_of_notes

    def diagnostics(
        self, diagnostics: Iterable[Diagnostic], accepted: Collection[str] = ()
    ) -> list[str]:
        """Lines of output; errors whose code is in ``accepted`` are marked as allowed."""
        lines: list[str] = []
        for diagnostic in diagnostics:
            lines += self.one(diagnostic, allowed=diagnostic.code in accepted)
        return lines

    def one(self, diagnostic: Diagnostic, *, allowed: bool = False) -> list[str]:
        """The lines of one diagnostic."""
        place = visible(self._excerpts.place(diagnostic.file, diagnostic.span))
        severity = diagnostic.severity
        label = self._paint(f"{severity.value}[{diagnostic.code}]", f"1;{_COLOURS[severity]}")
        mark = " (allowed)" if allowed and severity is Severity.ERROR else ""
        start = f"{self._paint(place, '1')}: " if place else ""
        message = diagnostic.message.removeprefix(f"{diagnostic.file} ") if place else ""
        lines = [f"{start}{label}{mark} {visible(message or diagnostic.message)}"]
        if diagnostic.span is not None and (self._lines_of_notes or severity is not Severity.NOTE):
            source = self._excerpts.lines(diagnostic.file, diagnostic.span)
            if source:
                lines.append(f"  {visible(source[0])}")
                lines.append(f"  {self._paint(source[1], _COLOURS[severity])}")
        if diagnostic.help:
            lines.append(f"  {self._paint('help:', '1')} {visible(diagnostic.help)}")
        return lines

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text


def visible(text: str) -> str:
    """Text on one line that a terminal shows as it is: what a file says is never a command to it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def summary(diagnostics: Iterable[Diagnostic], hidden: int = 0) -> str:
    """``2 errors, 1 warning, 5 notes``, and how many more ``-v`` would show."""
    counts = Counter(diagnostic.severity for diagnostic in diagnostics)
    parts = [_count(counts[severity], severity.value) for severity in Severity if counts[severity]]
    if hidden:
        parts.append(f"{hidden} more with -v")
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def table(rows: Iterable[tuple[str, ...]], head: tuple[str, ...]) -> list[str]:
    """Columns of text, aligned to the left, the last one free."""
    body = [head, *rows]
    widths = [max(len(row[column]) for row in body) for column in range(len(head) - 1)]
    lines = []
    for row in body:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return lines
