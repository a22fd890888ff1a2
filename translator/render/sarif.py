"""SARIF 2.1.0, as code scanning reads it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from translator import __version__
from translator.diagnostics import Diagnostic, Fix, Severity
from translator.lint.fingerprint import relative
from translator.lint.registry import described
from translator.lint.report import Report
from translator.render.json import dumps
from translator.spans import LineIndex

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"


def sarif(report: Report) -> str:
    """One run; paths are told from the root of the project, rules with their full text."""
    codes = sorted({finding.code for finding in report.findings})
    numbers = {code: number for number, code in enumerate(codes)}
    results = [
        _result(finding, fingerprint, report, numbers[finding.code])
        for finding, fingerprint in zip(report.findings, report.fingerprints(), strict=True)
    ]
    run = {
        "tool": {
            "driver": {
                "name": "ftx",
                "semanticVersion": __version__,
                "rules": [_rule(code) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str) -> dict[str, Any]:
    known = described(code)
    text = "\n\n".join(f"## {heading}\n{body}" for heading, body in known.sections)
    rule: dict[str, Any] = {
        "id": code,
        "name": "".join(part.capitalize() for part in known.name.split("-")),
        "shortDescription": {"text": known.summary},
        "help": {"text": text or known.summary, "markdown": text or known.summary},
        "properties": {"tags": [code.rstrip("0123456789")], "precision": "high"},
    }
    if known.rule is not None:
        rule["defaultConfiguration"] = {"level": known.rule.severity.value}
    return rule


def _result(finding: Diagnostic, print_: str, report: Report, number: int) -> dict[str, Any]:
    uri = quote(relative(finding.file, report.root))
    place: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": _ROOT}}
    if finding.span is not None:
        place["region"] = {
            "startLine": finding.span.line,
            "startColumn": finding.span.column,
            "endLine": finding.span.end_line,
            "endColumn": finding.span.end_column,
        }
    message = finding.message if finding.help is None else f"{finding.message} ({finding.help})"
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": number,
        "level": finding.severity.value if finding.severity is not Severity.NOTE else "note",
        "message": {"text": message},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"ftx/v1": print_},
    }
    if finding.fix is not None:
        result["fixes"] = [_fix(finding.fix, uri, report.text(finding.file))]
    return result


def _fix(fix: Fix, uri: str, text: str) -> dict[str, Any]:
    index = LineIndex(text)
    replacements = []
    for edit in fix.edits:
        span = index.span(edit.start, edit.end)
        replacements.append(
            {
                "deletedRegion": {
                    "startLine": span.line,
                    "startColumn": span.column,
                    "endLine": span.end_line,
                    "endColumn": span.end_column,
                },
                "insertedContent": {"text": edit.text},
            }
        )
    return {
        "description": {"text": fix.message},
        "artifactChanges": [
            {
                "artifactLocation": {"uri": uri, "uriBaseId": _ROOT},
                "replacements": replacements,
            }
        ],
    }
