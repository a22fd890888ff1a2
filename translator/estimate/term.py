"""What is alive at one moment, term by term."""

from __future__ import annotations

from math import ceil

from translator.record import Record


class Term(Record):
    """One part of the peak. ``bytes`` on one device; ``formula`` and ``source`` say why."""

    name: str
    bytes: int
    formula: str
    source: str


class Instant(Record):
    """What is alive at one moment."""

    name: str
    terms: tuple[Term, ...]

    @property
    def bytes(self) -> int:
        """The sum of the terms."""
        return sum(term.bytes for term in self.terms)


def term(name: str, size: float, formula: str, source: str) -> Term:
    """A term of whole bytes, rounded up."""
    return Term(name=name, bytes=ceil(size), formula=formula, source=source)


def instant(name: str, *terms: Term) -> Instant:
    """A moment with those of the terms that are there."""
    return Instant(name=name, terms=tuple(each for each in terms if each.bytes))
