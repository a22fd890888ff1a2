"""What a reader says about a file, as lint tells it.

A reader grades by what its findings mean for a conversion. Lint asks another question, whether
the file does what its author wants where it stands: a framework that refuses to start is an
error, a value that only the running program knows is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.record import replace

_OF_CONVERSIONS = "XLT"
_OF_RULES = {Code.CONTRADICTION.code}
"""What rules look for themselves, each combination under its own code."""
STOPS = {Code.BAD_VALUE.code, Code.MISSING_KEY.code}
"""What a framework ends with an error for. The meaning is plain all the same, so it is a warning
to those who convert."""
_ASIDE = {Code.UNRESOLVED.code, Code.ASSUMED.code}
"""Gaps in what ftx can know; no fault of the file's."""


def told_by_lint(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings of reading with the severity they have for lint."""
    for diagnostic in diagnostics:
        if diagnostic.code.startswith(_OF_CONVERSIONS) or diagnostic.code in _OF_RULES:
            continue
        if diagnostic.help and "--set" in diagnostic.help:
            diagnostic = replace(diagnostic, help=None)  # lint takes no values
        if diagnostic.code in _ASIDE:
            yield replace(diagnostic, severity=Severity.NOTE, verbose=True)
        elif diagnostic.code in STOPS:
            yield replace(diagnostic, severity=Severity.ERROR)
        elif diagnostic.code == Code.STOPS_LATER.code:
            # what is installed where it runs may know it: another version, a plugin, a fork
            yield replace(diagnostic, severity=Severity.WARNING)
        else:
            yield diagnostic
