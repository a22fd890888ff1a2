"""``ftx lint``: which files, under which settings, and how the result is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from translator import api
from translator.console import Console, wants_colour
from translator.diagnostics import Diagnostic, Severity
from translator.errors import FtxError, NotAConfigError, bad_option
from translator.lint.checking import Checked, check_source
from translator.lint.report import Report
from translator.lint.running import Outcome, Plan, check, check_files
from translator.lint.settings import Finder, Settings
from translator.lint.values import codes, gpu
from translator.lint.walking import find
from translator.record import Record, replace
from translator.source import MAX_NOTEBOOK_BYTES, PathLike, Source, folder_of

if TYPE_CHECKING:
    from translator.lint.cache import Cache

T = TypeVar("T")
FORMATS = ("full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit")


class Request(Record):
    """The options of the command line; None and empty where it says nothing."""

    paths: tuple[str, ...]
    format: str | None = None
    stdin_filename: str | None = None
    skip_unknown: bool = False
    fix: bool = False
    unsafe: bool = False
    diff: bool = False
    style: str | None = None
    out: str | None = None
    exit_zero: bool = False
    statistics: bool = False
    verbose: bool = False
    quiet: bool = False
    config: str | None = None
    isolated: bool = False
    cache: bool = True
    write_baseline: str | None = None
    gitignore: bool = True
    options: tuple[tuple[str, object], ...] = ()
    """Settings that count in place of those of files, by their names in a file."""


def run_lint(console: Console, request: Request) -> int:
    """Runs it; the exit code."""
    try:
        return _Run(request).run()
    except FtxError as error:
        console.tell(error.diagnostics)
        return error.exit_code


class _Run:
    def __init__(self, request: Request) -> None:
        self.request = request
        self.finder = Finder(config=request.config, isolated=request.isolated)
        self.overrides = _overrides(request.options)
        self.here = self.settings(os.getcwd())
        fixing = request.fix or request.diff
        cached = request.cache and self.here.cache and not fixing
        self.plan = Plan(
            settings=self.settings,
            format=request.format,
            lenient=request.skip_unknown,
            cache=_cache(self.here.root) if cached else None,
        )

    def settings(self, folder: PathLike) -> Settings:
        """The settings of a folder, with what the command line says."""
        found = self.finder.of(folder)
        return self.overrides.get(id(found)) or self._with_options(found)

    def _with_options(self, found: Settings) -> Settings:
        changed = found
        for name, value in self.request.options:
            if name == "extend_select":
                value = (*found.extend_select, *_codes(value))
            elif name in ("select", "ignore"):
                value = _codes(value)
            elif name == "gpu":
                value = _value(gpu, value)
            changed = replace(changed, **{name: value})
        self.overrides[id(found)] = changed
        return changed

    def run(self) -> int:
        request = self.request
        outcome = self._standard_input() if request.paths == ("-",) else self._files()
        report = self._report(outcome.checked)
        if request.fix or request.diff:
            from translator.commands_fix import fixed

            changed = fixed(outcome.checked, report, self.plan, request)
        else:
            changed = False
        self._baseline(report)
        self._tell(report, outcome.unusable)
        return self._exit_code(report, outcome.unusable, changed)

    def _files(self) -> Outcome:
        files = find(
            self.request.paths or (".",),
            lambda path: self.here.excludes(path),
            respect_gitignore=self.request.gitignore,
        )
        return check_files(files, self.plan)

    def _standard_input(self) -> Outcome:
        name = self.request.stdin_filename
        data = sys.stdin.buffer.read(MAX_NOTEBOOK_BYTES + 1)
        source = api.decode_any(data, name or "<stdin>")
        if name is not None:
            source = replace(source, folder=folder_of(name))
        result = check(source, replace(self.plan, cache=None), lenient=self.plan.lenient)
        if isinstance(result, Diagnostic):
            return Outcome(checked=[], unusable=[result])
        return Outcome(checked=[result] if result else [], unusable=[])

    def _report(self, checked: Iterable[Checked]) -> Report:
        report = Report(findings=[], texts={}, root=self.here.root)
        for each in checked:
            report.files += 1
            report.silenced += each.silenced
            report.findings += each.findings
            if each.findings and each.text:
                report.texts[each.path] = each.text
        return report

    def _baseline(self, report: Report) -> None:
        if self.request.write_baseline is not None:
            from pathlib import Path

            from translator.files import write_files
            from translator.lint.baseline import baseline_text

            kept = [d for d in report.findings if not d.verbose]
            report.findings = kept
            text = baseline_text(report.fingerprints())
            write_files({Path(self.request.write_baseline): text}, force=True)
            report.known, report.findings = len(kept), []
        elif self.here.baseline is not None:
            from translator.lint.baseline import read_baseline

            known = read_baseline(os.path.join(self.here.root, self.here.baseline))
            prints = report.fingerprints()
            new = [d for d, p in zip(report.findings, prints, strict=True) if p not in known]
            report.known, report.findings = len(report.findings) - len(new), new

    def _tell(self, report: Report, unusable: Sequence[Diagnostic]) -> None:
        request = self.request
        every = len(report.findings)
        report.findings = [d for d in report.findings if self._shows(d)]
        hidden = 0 if request.quiet else every - len(report.findings)
        style = request.style or os.environ.get("FTX_OUTPUT_FORMAT") or "full"
        if request.statistics and style == "full":
            from translator.lint.registry import all_codes
            from translator.render.full import statistics

            text = statistics(report, all_codes())
        else:
            to_terminal = request.out is None and wants_colour(sys.stdout)
            text = rendered(report, style, colour=to_terminal, hidden=hidden)
        if request.out is not None and request.out != "-":
            from pathlib import Path

            from translator.files import write_files

            write_files({Path(request.out): text}, force=True)
        elif not self._text_is_the_product(style):
            _write(text)
        else:
            sys.stderr.write(text)
        if style != "github" and request.style is None and os.environ.get("GITHUB_ACTIONS"):
            from translator.render.github import github

            _write(github(report))
        for diagnostic in unusable:
            sys.stderr.write(f"ftx: {diagnostic.message}\n")

    def _text_is_the_product(self, style: str) -> bool:
        """Whether standard output holds a diff or a fixed text, so that findings go elsewhere."""
        fixed = self.request.fix and self.request.paths == ("-",)
        return fixed or (self.request.diff and style == "full")

    def _shows(self, diagnostic: Diagnostic) -> bool:
        if self.request.quiet:
            return diagnostic.severity is Severity.ERROR
        return self.request.verbose or not diagnostic.verbose

    def _exit_code(self, report: Report, unusable: Sequence[Diagnostic], changed: bool) -> int:
        if unusable:
            return 2
        if self.request.diff and not self.request.fix:
            return int(changed)
        if self.request.exit_zero or self.here.fail_on == "never":
            return 0
        limit = Severity(self.here.fail_on).rank
        return int(any(d.severity.rank <= limit and not d.verbose for d in report.findings))


def rendered(report: Report, style: str, *, colour: bool = False, hidden: int = 0) -> str:
    """A report in one of :data:`FORMATS`."""
    from importlib import import_module

    if style == "full":
        from translator.render.full import full

        return full(report, colour=colour, hidden=hidden)
    if style == "json":
        from translator.render.json import diagnostics_data, dumps

        return dumps(diagnostics_data(report.findings))
    text: str = getattr(import_module(f"translator.render.{style}"), style)(report)
    return text


def recheck(source: Source, plan: Plan) -> list[Diagnostic] | None:
    """The findings about a changed text; None when it cannot be read any more."""
    settings = plan.settings(source.folder or os.getcwd())
    try:
        checked = check_source(source, settings, plan.format)
    except (NotAConfigError, RecursionError):
        return None
    return None if checked.format in (None, "?") else checked.findings


def _cache(root: PathLike) -> Cache:
    from translator.lint.cache import Cache

    return Cache(root)


def _overrides(options: Iterable[tuple[str, object]]) -> dict[int, Settings]:
    for name, value in options:
        if name in ("select", "ignore", "extend_select"):
            _codes(value)  # says at once what is no code
    return {}


def _codes(value: object) -> tuple[str, ...]:
    return tuple(code for word in _words(value) for code in _value(codes, word))


def _value(read: Callable[[object], T], value: object) -> T:
    """A value of the command line.

    Raises:
        FtxError: it is none that the option takes.
    """
    try:
        return read(value)
    except ValueError as error:
        raise bad_option(str(error)) from None


def _words(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value),)


def _write(text: str) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
    sys.stdout.buffer.flush()
