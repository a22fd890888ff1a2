"""One JSON object a line and finding, for streams."""

from __future__ import annotations

import json

from translator.lint.report import Report
from translator.render.json import diagnostic_data


def jsonl(report: Report) -> str:
    """The objects of ``--format json``, one on each line."""
    return "".join(
        json.dumps(diagnostic_data(finding), ensure_ascii=False) + "\n"
        for finding in report.findings
    )
