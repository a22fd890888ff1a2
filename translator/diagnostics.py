"""The one result type: everything ftx has to say about a file is a :class:`Diagnostic`."""

from __future__ import annotations

from enum import Enum

from translator.record import Record
from translator.spans import Span


class Severity(Enum):
    """What a finding does to the run."""

    ERROR = "error"
    """Something else is trained, or nothing is."""
    WARNING = "warning"
    """Speed, memory or a measurable drift: the same task, not the same curve."""
    NOTE = "note"
    """No effect on what is learned beyond noise."""

    @property
    def rank(self) -> int:
        """0 for an error, growing as severity falls; sorts the worst first."""
        return _ORDER.index(self)


_ORDER = [Severity.ERROR, Severity.WARNING, Severity.NOTE]


class Applicability(Enum):
    """Whether a fix may be applied without being looked at."""

    SAFE = "safe"
    """The framework makes the same run of the file as before."""
    UNSAFE = "unsafe"
    """The run changes: in exactly what the finding names."""


class Edit(Record):
    """The characters from ``start`` (inclusive) to ``end`` (exclusive) become ``text``; offsets
    are 0-based and count as those of :class:`translator.spans.Span` do."""

    start: int
    end: int
    text: str


class Fix(Record):
    """Edits that remove the cause of a finding; ``message`` says what they do."""

    message: str
    edits: tuple[Edit, ...]
    applicability: Applicability


class Diagnostic(Record, often=True):
    """One finding.

    ``code`` is stable and listed in :mod:`translator.codes`; ``file`` is the path as the user gave
    it; ``span`` is None when the finding is about something the file does not say (a default, a
    missing key). ``field`` is the IR field concerned, ``key`` the source's own spelling.
    ``verbose`` findings are shown only with ``-v``: they record that a key was understood and has
    no bearing on the conversion.
    """

    code: str
    severity: Severity
    message: str
    file: str
    span: Span | None = None
    field: str | None = None
    key: str | None = None
    help: str | None = None
    verbose: bool = False
    fix: Fix | None = None

    def __hash__(self) -> int:
        # hashing all ten values takes as long as finding what they say
        return hash((self.code, self.message, self.span))
