"""JUnit's XML: one test case a finding, in one suite a file."""

from __future__ import annotations

import re
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from translator.diagnostics import Diagnostic, Severity
from translator.lint.fingerprint import relative
from translator.lint.report import Report

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """Errors are failures; warnings and notes are cases that pass with a message."""
    suites = []
    for path, group in groupby(report.findings, key=lambda finding: finding.file):
        findings = list(group)
        failures = sum(finding.severity is Severity.ERROR for finding in findings)
        name = _attribute(relative(path, report.root))
        cases = "".join(_case(finding, name) for finding in findings)
        suites.append(
            f'  <testsuite name={name} tests="{len(findings)}" failures="{failures}" errors="0" '
            f'skipped="0">\n{cases}  </testsuite>\n'
        )
    if not suites:
        suites = [
            '  <testsuite name="ftx" tests="1" failures="0" errors="0" skipped="0">\n'
            f'    <testcase name="{report.files} files without findings" classname="ftx"/>\n'
            "  </testsuite>\n"
        ]
    failures = sum(finding.severity is Severity.ERROR for finding in report.findings)
    total = max(1, len(report.findings))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<testsuites name="ftx" tests="{total}" failures="{failures}" errors="0">\n'
        f"{''.join(suites)}</testsuites>\n"
    )


def _case(finding: Diagnostic, name: str) -> str:
    span = finding.span
    place = f":{span.line}:{span.column}" if span else ""
    title = _attribute(f"{finding.code}{place}")
    message = _attribute(finding.message)
    text = escape(_NO_XML.sub("?", "\n".join(filter(None, (finding.message, finding.help)))))
    if finding.severity is Severity.ERROR:
        inner = f"<failure type={_attribute(finding.code)} message={message}>{text}</failure>"
    else:
        inner = f"<system-out>{finding.severity.value}: {text}</system-out>"
    return f"    <testcase name={title} classname={name}>{inner}</testcase>\n"


def _attribute(text: str) -> str:
    return quoteattr(_NO_XML.sub("?", text), {"\n": "&#10;"})
