"""Annotations of GitHub Actions: workflow commands on standard output."""

from __future__ import annotations

from translator.diagnostics import Severity
from translator.lint.fingerprint import relative
from translator.lint.report import Report

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github(report: Report) -> str:
    """One ``::error file=…,line=…::message`` a finding."""
    lines = []
    for finding in report.findings:
        span = finding.span
        parts = {"title": f"ftx {finding.code}", "file": relative(finding.file, report.root)}
        if span is not None:
            parts |= {"line": str(span.line), "endLine": str(span.end_line)}
            if span.line == span.end_line:  # GitHub takes columns within one line only
                parts |= {"col": str(span.column), "endColumn": str(span.end_column)}
        properties = ",".join(f"{name}={_property(value)}" for name, value in parts.items())
        message = finding.message if finding.help is None else f"{finding.message}\n{finding.help}"
        lines.append(f"::{_LEVELS[finding.severity]} {properties}::{_data(message)}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
