"""Checked files as plain rows, which a cache keeps and a worker sends."""

from __future__ import annotations

from typing import Any

from translator.diagnostics import Applicability, Diagnostic, Edit, Fix, Severity
from translator.lint.checking import Checked
from translator.spans import Span

Row = list[Any]
_SEVERITY = {severity.value: severity for severity in Severity}
_APPLICABILITY = {each.value: each for each in Applicability}


def row_of(checked: Checked) -> Row:
    """Everything but the text, as lists, texts and numbers."""
    findings = [_finding_row(d) for d in checked.findings]
    return [checked.path, checked.format, checked.silenced, findings]


def checked_of(row: Row, text: str) -> Checked:
    """The checked file behind a row."""
    path, format, silenced, findings = row
    return Checked(
        path=path,
        text=text,
        format=format,
        findings=[_finding_of(r, path) for r in findings],
        silenced=silenced,
    )


def _finding_row(d: Diagnostic) -> Row:
    s, fix = d.span, d.fix
    return [
        d.code, d.severity.value, d.message, d.field, d.key, d.help, d.verbose,
        s and [s.start, s.end, s.line, s.column, s.end_line, s.end_column],
        fix and [fix.message, fix.applicability.value, [[e.start, e.end, e.text] for e in fix.edits]],
    ]  # fmt: skip


def _finding_of(row: Row, path: str) -> Diagnostic:
    code, severity, message, field, key, help, verbose, span, fix = row
    return Diagnostic(
        code=code,
        severity=_SEVERITY[severity],
        message=message,
        file=path,
        span=Span(*span) if span else None,
        field=field,
        key=key,
        help=help,
        verbose=verbose,
        fix=_fix_of(fix) if fix else None,
    )


def _fix_of(row: Row) -> Fix:
    message, applicability, edits = row
    return Fix(
        message=message,
        applicability=_APPLICABILITY[applicability],
        edits=tuple(Edit(start=start, end=end, text=text) for start, end, text in edits),
    )
