"""One source, checked: read, looked at by the rules, and freed of what is not to be told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import cache, lru_cache

from translator import api
from translator.codes import Code
from translator.detect import not_a_config
from translator.diagnostics import Diagnostic, Fix, Severity
from translator.document import Document
from translator.errors import FtxError, NotAConfigError
from translator.lint.context import File, Options
from translator.lint.explaining import without_what_is_explained
from translator.lint.placeholders import of_template, without_placeholders
from translator.lint.reading import told_by_lint
from translator.lint.registry import Entry, check_of, code_or_prefix, entries
from translator.lint.settings import Settings
from translator.lint.suppress import Suppressions
from translator.record import Struct, replace
from translator.source import Source


class Checked(Struct):
    """What is to be told about one file.

    ``format`` is None for a file that is no configuration of ours (``findings`` then says so).
    """

    path: str
    text: str
    format: str | None
    findings: list[Diagnostic]
    silenced: int = 0


def check_source(
    source: Source, settings: Settings, format: str | None = None, *, known: bool = True
) -> Checked:
    """Reads a source and runs the rules over it; never raises for anything in it.

    ``known=False`` says that nobody has called the file a configuration: one that is none has no
    findings then.
    """
    try:
        document = api.load_source(source, format=format, as_written=True)
    except NotAConfigError as error:
        found = list(error.diagnostics) if known else []
        return Checked(path=source.path, text=source.text, format=None, findings=found)
    except FtxError as error:
        told = (of_template(diagnostic) for diagnostic in error.diagnostics)
        findings = [d for d in told if settings.active(d.code)]
        return Checked(path=source.path, text=source.text, format="?", findings=findings)
    if format is None and document.format == "axolotl":
        from translator.lint.own_trainers import of_own_trainer

        if of_own_trainer(document):
            found = [not_a_config(source, "a program of its repository loads it")] if known else []
            return Checked(path=source.path, text=source.text, format=None, findings=found)
    return check_document(document, settings)


def check_document(document: Document, settings: Settings) -> Checked:
    """The findings about a document."""
    off = settings.ignored_in(document.path)
    options = Options(
        gpu=settings.gpu,
        gpus=settings.gpus,
        nodes=settings.nodes,
        portable_to=settings.portable_to,
    )
    suppressions = Suppressions(document.text, document.path, code_or_prefix)
    found: list[Diagnostic] = []
    silenced = 0
    in_file = _in_notebook(document) if document.path.endswith(".ipynb") else None
    file = File(document, options)
    everything = without_placeholders(list(_all(file, settings)), document)
    everything = without_what_is_explained(everything, file)
    for diagnostic in _told_once(everything):
        opt_in = diagnostic.code in _opt_in()
        if not settings.active(diagnostic.code, opt_in=opt_in):
            continue
        if off and diagnostic.code.startswith(off):
            continue
        if suppressions and suppressions.silences(diagnostic):
            silenced += 1
            continue
        if diagnostic.fix is not None and in_file is not None:
            diagnostic = replace(diagnostic, fix=in_file(diagnostic.fix))
        found.append(settings.graded(diagnostic))
    if suppressions:
        found += _about_comments(suppressions, settings, off, document.format)
    return Checked(
        path=document.path,
        text=document.text,
        format=document.format,
        findings=sorted(dict.fromkeys(found), key=_in_file_order),
        silenced=silenced,
    )


def _in_notebook(document: Document) -> Callable[[Fix], Fix | None]:
    """Rules see the code of a notebook; its fixes go into the strings of JSON that hold it."""
    from translator.syntax.notebook_edits import NotebookEdits

    edits = NotebookEdits(document.text)

    def translated(fix: Fix) -> Fix | None:
        found = [edits.translate(edit) for edit in fix.edits]
        whole = tuple(edit for edit in found if edit is not None)
        return replace(fix, edits=whole) if len(whole) == len(found) else None

    return translated


def _all(file: File, settings: Settings) -> Iterator[Diagnostic]:
    """Everything there is to find, wanted or not: what a rule that is switched off would have said
    shall not come back in a reader's words."""
    document, options = file.document, file.options
    text = document.text
    for diagnostic in told_by_lint(document.diagnostics):
        yield diagnostic if diagnostic.span else replace(diagnostic, span=file.top)
    for entry in _entries_for(document.format, options):
        if entry.words and not _any_in(entry.words, text):
            continue
        if entry.opt_in and not settings.active(entry.code, opt_in=True):
            continue
        yield from check_of(entry.module)(file)
    if options.portable_to is not None and options.portable_to != document.format:
        for loss in api.convert(document, options.portable_to, strict=False).losses:
            yield loss if loss.span else replace(loss, span=file.top)


def _any_in(words: tuple[str, ...], text: str) -> bool:
    for word in words:  # noqa: SIM110  # a loop takes half the time of any() here
        if word in text:
            return True
    return False


@lru_cache(maxsize=64)
def _entries_for(format: str, options: Options) -> tuple[Entry, ...]:
    """The rules for a format that have what they ask for among the options."""
    return tuple(
        entry
        for entry in entries()
        if format in entry.formats
        and (not entry.options or any(getattr(options, name) is not None for name in entry.options))
    )


@cache
def _rules() -> frozenset[str]:
    return frozenset(entry.code for entry in entries())


@cache
def _opt_in() -> frozenset[str]:
    return frozenset(entry.code for entry in entries() if entry.opt_in)


_FULLER = (Code.NO_EFFECT.code, Code.SURPRISE.code)
"""What a reader notes in passing, and rules are made for."""


def _told_once(findings: list[Diagnostic]) -> list[Diagnostic]:
    """Without what a reader says of a place where a rule has found the same fault: a rule's
    message is the fuller one."""
    rules = _rules()
    told = [d for d in findings if d.code in rules]
    graver = [d for d in told if d.severity is Severity.ERROR or d.code.startswith("DATA")]
    mended = [d for d in told if d.fix is not None]

    def repeats(finding: Diagnostic) -> bool:
        if finding.code in rules or not finding.code.startswith("CFG"):
            return False
        among = [*graver, *mended] if finding.severity is Severity.NOTE else graver
        among = told if finding.code in _FULLER else among
        return any(
            d.severity.rank <= finding.severity.rank
            and (d.span == finding.span or d.key == finding.key)
            for d in among
        )

    return [d for d in findings if not repeats(d)]


def _about_comments(
    suppressions: Suppressions, settings: Settings, off: Collection[str], format: str
) -> Iterator[Diagnostic]:
    idle = {
        e.code for e in entries() if e.options and not any(getattr(settings, o) for o in e.options)
    }

    def looked_for(code: str) -> bool:
        elsewhere = code.startswith("XLT") and settings.portable_to in (None, format)
        return settings.active(code) and code not in idle and not elsewhere

    for diagnostic in [*suppressions.problems, *suppressions.unused(looked_for)]:
        if settings.active(diagnostic.code) and diagnostic.code not in off:
            yield settings.graded(diagnostic)


def _in_file_order(diagnostic: Diagnostic) -> tuple[int, int, str]:
    span = diagnostic.span
    return (span.start if span else 0, diagnostic.severity.rank, diagnostic.code)


def renamed(checked: Checked, path: str) -> Checked:
    """The same findings about a file of another name (as a cache keeps them)."""
    return replace(checked, path=path, findings=[replace(d, file=path) for d in checked.findings])
