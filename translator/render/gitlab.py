"""GitLab's code quality report, a list in the manner of Code Climate."""

from __future__ import annotations

from translator.diagnostics import Severity
from translator.lint.fingerprint import relative
from translator.lint.report import Report
from translator.render.json import dumps

_LEVELS = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def gitlab(report: Report) -> str:
    """A JSON list; each finding has a fingerprint of its own, free of line numbers."""
    return dumps(
        [
            {
                "description": f"{finding.code}: {finding.message}",
                "check_name": finding.code,
                "fingerprint": fingerprint,
                "severity": _LEVELS[finding.severity],
                "location": {
                    "path": relative(finding.file, report.root),
                    "lines": {
                        "begin": finding.span.line if finding.span else 1,
                        "end": finding.span.end_line if finding.span else 1,
                    },
                },
            }
            for finding, fingerprint in zip(report.findings, report.fingerprints(), strict=True)
        ]
    )
