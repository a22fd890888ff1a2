"""``ftx lint --fix`` and ``--diff``: fixes put into files, or shown."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from translator.commands_lint import recheck
from translator.files import write_files
from translator.lint.checking import Checked
from translator.lint.fixing import fix, fixable
from translator.lint.report import Report
from translator.lint.running import Plan
from translator.record import replace
from translator.source import Source, read_source

if TYPE_CHECKING:
    from translator.commands_lint import Request


def fixed(checked: Iterable[Checked], report: Report, plan: Plan, request: Request) -> bool:
    """Fixes each file that has something to fix; whether any text changes.

    The report then holds what is left, and what was fixed. Files are written only with ``--fix``
    and without ``--diff``; text from standard input goes to standard output.
    """
    changed = False
    for each in checked:
        if not any(fixable(d, unsafe=request.unsafe) for d in each.findings):
            continue
        source = _source(each, request)
        result = fix(
            source.text,
            each.findings,
            lambda text, source=source: recheck(replace(source, text=text), plan),  # type: ignore[misc]
            unsafe=request.unsafe,
        )
        if result.text == source.text:
            continue
        changed = True
        if request.diff:
            sys.stdout.write(_diff(source, result.text))
            continue
        text = f"\ufeff{result.text}" if source.bom else result.text
        if request.paths == ("-",):
            sys.stdout.buffer.write(text.encode("utf-8"))
        else:
            write_files({Path(each.path): text}, force=True)
        report.texts[each.path] = result.text
        gone = {id(d) for d in each.findings}
        kept = [d for d in report.findings if id(d) not in gone]
        at = next((i for i, d in enumerate(report.findings) if id(d) in gone), len(kept))
        report.findings = [*kept[:at], *result.left, *kept[at:]]
        report.fixed += result.fixed
    if request.paths == ("-",) and not changed and not request.diff:
        for each in checked:
            sys.stdout.buffer.write(each.text.encode("utf-8"))
    return changed


def _source(each: Checked, request: Request) -> Source:
    if request.paths == ("-",):
        return Source(path=each.path, text=each.text)
    return read_source(each.path)


def _diff(source: Source, text: str) -> str:
    from difflib import unified_diff

    lines = unified_diff(
        source.text.splitlines(keepends=True),
        text.splitlines(keepends=True),
        source.path,
        source.path,
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
