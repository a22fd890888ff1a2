"""One line a finding, as compilers write them."""

from __future__ import annotations

from translator.lint.report import Report
from translator.render.excerpts import Excerpts


def concise(report: Report) -> str:
    """``run.yaml:12:1: error CFG105 message``."""
    places = Excerpts(report.texts)
    lines = []
    for finding in report.findings:
        message = finding.message.removeprefix(f"{finding.file} ")
        place = places.place(finding.file, finding.span)
        lines.append(f"{place}: {finding.severity.value} {finding.code} {message}\n")
    return "".join(lines)
