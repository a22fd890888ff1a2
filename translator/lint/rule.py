"""What a rule is: one file of :mod:`translator.lint.rules`.

A rule's module has a docstring (a first line that says what is wrong, then the headings *What it
does*, *Why it matters*, *When it is fine*, *References*), a constant ``RULE`` and a function
``check``. Its tests, its page, ``ftx explain`` and its entry in SARIF are made from these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from translator.diagnostics import Diagnostic, Fix, Severity
from translator.lint.context import File, Place
from translator.record import Record, field

HEADINGS = ("What it does", "Why it matters", "When it is fine", "References")
YAML = ("axolotl", "torchtune")
ALL = ("axolotl", "torchtune", "unsloth")


class Rule(Record):
    """One rule.

    ``code`` and ``name`` are stable and never re-used. ``words``: the rule has nothing to say
    about a file whose text holds none of them (an empty tuple: look at every file); such files do
    not even load its module. ``options`` are names of settings (``gpu``, ``portable_to``) without
    which it has nothing to say.

    ``bad`` and ``good`` are examples by format. Lines of a bad one that end in ``# <-`` are those
    that the rule points at. A YAML example holds the keys that matter; the rest of a complete file
    is added where it is tried out.
    """

    code: str
    name: str
    severity: Severity
    formats: tuple[str, ...] = ALL
    words: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    quiet: bool = False
    """Whether its findings are shown with ``-v`` only: true, but of many who do nothing wrong."""
    opt_in: bool = False
    """Whether the rule is looked for only when ``extend-select`` names it."""
    bad: Mapping[str, str] = field(default_factory=dict)
    good: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    """Files that lie beside the examples: name and content."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Settings under which the examples are tried out."""

    def at(
        self,
        file: File,
        place: Place,
        message: str,
        *,
        help: str | None = None,
        severity: Severity | None = None,
        fix: Fix | None = None,
    ) -> Diagnostic:
        """A finding of this rule."""
        return Diagnostic(
            code=self.code,
            severity=severity or self.severity,
            message=message,
            file=file.document.path,
            span=place.span,
            field=place.field,
            key=place.key,
            help=help,
            verbose=self.quiet,
            fix=fix,
        )


Check = Callable[[File], Iterator[Diagnostic]]
