"""A source that has been read: the recipe, where each part of it came from, and what is left."""

from __future__ import annotations

from collections.abc import Mapping

from translator.diagnostics import Diagnostic, Severity
from translator.ir import Recipe
from translator.record import Record, field
from translator.spans import Span
from translator.tree import Address, Node


class Origin(Record, often=True):
    """Where a value of the recipe came from.

    ``written`` says whether the source states it; else it is the framework's default and ``why``
    cites where that default was seen (a package-relative file and line, or a run).
    """

    written: bool
    span: Span | None = None
    key: str | None = None
    """The key as the source spells it."""
    why: str | None = None
    comment: str | None = None
    """The user's comment at the end of the key's line."""
    text: str | None = None
    """The value in the source's own words, for a document whose text is not at hand."""


class Leftover(Record):
    """A key of the source that has no place in the recipe.

    Same-format writing keeps it, every other conversion reports it with ``severity``.
    """

    key: str
    value: object
    span: Span | None
    why: str
    severity: Severity


class Document(Record):
    """One source file, understood.

    ``origins`` maps a field (see :mod:`translator.fields`) to its origin; a field inside a part
    that was set whole (``data.sources[0].rows``) has its own entry or that of the nearest part
    above. ``diagnostics`` are the findings of reading alone.
    """

    path: str
    format: str
    text: str
    recipe: Recipe
    origins: Mapping[str, Origin]
    diagnostics: tuple[Diagnostic, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    tree: Node | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    """What else the source tells that is no part of the recipe but helps a writer: the recipe
    name of a torchtune config, the training's line in a script."""
    code: str | None = None
    """What the spans count in, where that is not ``text``: a notebook's code cells in a row."""
    bom: bool = False
    """Whether the file begins with a byte order mark (which ``text`` leaves out)."""
    overrides: Mapping[str, str] = field(default_factory=dict)
    """The values that the user gave beside the file (``--set``)."""

    def origin(self, path: str) -> Origin:
        """The origin of a field, or of the nearest part around it."""
        while path:
            if path in self.origins:
                return self.origins[path]
            path = path[: path.rindex("[")] if path.endswith("]") else path.rpartition(".")[0]
        return Origin(written=False)

    def as_written(self, origin: Origin) -> str | None:
        """The source's own words for a value, when it stands on one line and is short."""
        span = origin.span
        if span is None or not origin.written or not self.text:
            return origin.text
        code = self.text if self.code is None else self.code
        text = code[span.start : span.end].strip()
        return text if text and "\n" not in text and len(text) <= SHORT else None


SHORT = 60
"""Characters of a value that messages quote as it stands."""


class Entry(Record):
    """One key to be written: its value, and the comment of the user's that goes with it."""

    address: Address
    value: object
    comment: str | None = None


class Conversion(Record):
    """The result of a conversion.

    ``text`` is the target file; ``files`` maps names of side files, to be put beside it, to their
    content. ``losses`` are the diagnostics about what could not be carried; ``diagnostics`` all
    of them, reading included, worst first.
    """

    text: str
    target: str
    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]
    losses: tuple[Diagnostic, ...]
    document: Document

    @property
    def refused(self) -> tuple[Diagnostic, ...]:
        """The errors among the diagnostics: what would train something else."""
        return tuple(d for d in self.diagnostics if d.severity is Severity.ERROR)
