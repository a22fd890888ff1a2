"""What every framework offers to the rest of ftx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from translator.diagnostics import Diagnostic
from translator.document import Document
from translator.record import Record, field
from translator.source import Source


class ReadOptions(Record):
    """What a user may add to a file on the command line.

    ``overrides`` are ``--set NAME=VALUE`` pairs, values still text: NAME is a dotted key of a YAML
    file, or a variable, argument or keyword of a script. ``at`` chooses a script's training by its
    line, ``recipe`` a torchtune recipe by name. ``as_written`` leaves placeholders of a template
    the texts that they are.
    """

    overrides: Mapping[str, str] = field(default_factory=dict)
    at: int | None = None
    recipe: str | None = None
    as_written: bool = False


class WriteOptions(Record):
    """``version`` pins the target (``0.6``), None for the current one; ``stem`` is the name,
    without ending, that the file will have, for side files and run hints."""

    version: str | None = None
    stem: str = "run"


class Written(Record):
    """A target file, its side files by name, and what could not be carried."""

    text: str
    losses: tuple[Diagnostic, ...]
    files: Mapping[str, str] = field(default_factory=dict)


class Framework(Protocol):
    """A format: a module of :mod:`translator.frameworks` that has these functions."""

    def recognise(self, source: Source) -> bool:
        """Whether a file looks like one of this format, from its content; quick, never raises."""

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Raises:
        UnreadableError: syntax errors.
        NotAConfigError: no training in it, or a kind that ftx does not read.
        """

    def write(self, document: Document, options: WriteOptions) -> Written:
        """Never raises for a recipe that cannot be told: the losses say so."""
