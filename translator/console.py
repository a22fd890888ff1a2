"""What is said on standard error, as text or as one JSON document."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable
from typing import TextIO

from translator.diagnostics import Diagnostic, Severity
from translator.render.excerpts import Excerpts


class Console:
    """Shows diagnostics as the options ask."""

    def __init__(self, *, as_json: bool, verbose: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.verbose = verbose
        self.quiet = quiet
        self.texts: dict[str, str] = {}
        """Content of the files that were read, by the name that diagnostics use."""

    @property
    def excerpts(self) -> Excerpts:
        """The lines of the files read so far."""
        return Excerpts(self.texts)

    def tell(
        self,
        diagnostics: Iterable[Diagnostic],
        accepted: Collection[str] = (),
        outcome: str | None = None,
    ) -> None:
        """Shows diagnostics, a line that counts them, and how it ended."""
        found = list(diagnostics)
        shown = [d for d in found if self._shows(d)]
        if self.as_json:
            from translator.render.json import diagnostics_data, dumps

            sys.stderr.write(dumps(diagnostics_data(shown)))
            return
        from translator.render.text import TextRenderer, summary

        renderer = TextRenderer(
            self.excerpts, colour=wants_colour(sys.stderr), lines_of_notes=self.verbose
        )
        lines = renderer.diagnostics(shown, accepted)
        hidden = 0 if self.quiet else len(found) - len(shown)
        ending = [text for text in (summary(shown, hidden), outcome) if text]
        if ending and (shown or outcome):
            lines.append("; ".join(ending))
        if lines:
            sys.stderr.write("\n".join(lines) + "\n")

    def _shows(self, diagnostic: Diagnostic) -> bool:
        if self.quiet:
            return diagnostic.severity is Severity.ERROR
        return self.verbose or not diagnostic.verbose


def wants_colour(stream: TextIO) -> bool:
    """On a terminal, unless NO_COLOR is set; anywhere with FORCE_COLOR."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
