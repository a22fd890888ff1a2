"""The result in every format, as the programs that read it want it."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as Xml
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ftx_process import ROOT, ftx

from lint.examples import whole

TEXT, _ = whole(
    "axolotl",
    "# naïve ünïcode\nattn_implementation: flash\nlearning_rat: 1\nbatch_size: 8\ntf32: 'a<b>&\"c'\n",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a b"
    folder.mkdir()
    (tmp_path / "ftx.toml").write_text("", encoding="utf-8")
    (folder / "run, one.yaml").write_text(TEXT, encoding="utf-8")
    return tmp_path


def told(project: Path, style: str) -> str:
    done = ftx("lint", "--no-cache", "--format", style, cwd=project)
    assert done.code == 1
    assert done.err == ""
    return done.out


def test_json_is_as_its_schema_says(project: Path) -> None:
    schema = json.loads((ROOT / "schemas" / "diagnostics.schema.json").read_text("utf-8"))
    data = json.loads(told(project, "json"))
    jsonschema.validate(data, schema)
    assert any("fix" in entry for entry in data["diagnostics"])
    lines = [json.loads(line) for line in told(project, "jsonl").splitlines()]
    assert lines == data["diagnostics"]


def test_concise_and_full_agree(project: Path) -> None:
    concise = told(project, "concise").splitlines()
    full = told(project, "full")
    for line in concise:
        place, _, rest = line.partition(": ")
        severity, code, message = rest.split(" ", 2)
        assert f"{place}: {severity}[{code}] {message}" in full
    assert "2 | attn_implementation: flash\n" in full
    assert "  |                      ^^^^^\n" in full


def test_sarif(project: Path) -> None:
    data = json.loads(told(project, "sarif"))
    assert data["version"] == "2.1.0"
    (run,) = data["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "ftx"
    assert run["columnKind"] == "unicodeCodePoints"
    assert set(data) == {"$schema", "version", "runs"}
    for number, rule in enumerate(driver["rules"]):
        assert re.fullmatch(r"[A-Z]+\d{3}", rule["id"])
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule.get("defaultConfiguration", {}).get("level", "none") in ("none", *LEVELS)
        assert [r["ruleId"] for r in run["results"] if r["ruleIndex"] == number]
    prints = [r["partialFingerprints"]["ftx/v1"] for r in run["results"]]
    assert len(set(prints)) == len(prints)
    for result in run["results"]:
        assert set(result) <= {
            "ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "fixes",
        }  # fmt: skip
        assert result["level"] in LEVELS
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"] == {
            "uri": "a%20b/run%2C%20one.yaml",
            "uriBaseId": "%SRCROOT%",
        }
        region_is_sound(place["region"])
        for each in result.get("fixes", []):
            for change in each["artifactChanges"]:
                for replacement in change["replacements"]:
                    region_is_sound(replacement["deletedRegion"])
                    assert isinstance(replacement["insertedContent"]["text"], str)


LEVELS = ("error", "warning", "note")


def region_is_sound(region: dict[str, Any]) -> None:
    assert set(region) == {"startLine", "startColumn", "endLine", "endColumn"}
    assert all(isinstance(value, int) and value >= 1 for value in region.values())
    assert region["endLine"] >= region["startLine"]


def test_fingerprints_do_not_move_with_the_lines(project: Path) -> None:
    def prints() -> set[str]:
        results = json.loads(told(project, "sarif"))["runs"][0]["results"]
        return {r["partialFingerprints"]["ftx/v1"] for r in results}

    before = prints()
    file = project / "a b" / "run, one.yaml"
    file.write_text(f"# one\n# two\n{TEXT}", encoding="utf-8")
    assert prints() == before


def test_gitlab(project: Path) -> None:
    data = json.loads(told(project, "gitlab"))
    assert data
    for entry in data:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert entry["location"]["path"] == "a b/run, one.yaml"
        assert entry["location"]["lines"]["begin"] >= 1
    assert len({entry["fingerprint"] for entry in data}) == len(data)


def test_github(project: Path) -> None:
    lines = told(project, "github").splitlines()
    assert lines
    for line in lines:
        match = re.fullmatch(r"::(error|warning|notice) ([^:]+)::(.+)", line)
        assert match, line
        properties = dict(part.split("=", 1) for part in match[2].split(","))
        assert properties["file"] == "a b/run%2C one.yaml"
        assert int(properties["line"]) >= 1
        assert "%0A" not in properties["title"]


def test_junit(project: Path) -> None:
    root = Xml.fromstring(told(project, "junit"))
    assert root.tag == "testsuites"
    cases = root.findall("./testsuite/testcase")
    failures = root.findall("./testsuite/testcase/failure")
    assert int(root.get("tests", "")) == len(cases) > len(failures) > 0
    assert int(root.get("failures", "")) == len(failures)
    for case in cases:
        assert case.get("name")
        assert case.get("classname") == "a b/run, one.yaml"
    for failure in failures:
        assert failure.get("message")


@pytest.mark.parametrize(
    "style", ["json", "jsonl", "sarif", "github", "gitlab", "junit", "concise"]
)
def test_nothing_found_is_well_formed_as_well(tmp_path: Path, style: str) -> None:
    done = ftx("lint", "--no-cache", "--isolated", "--format", style, cwd=tmp_path)
    assert done.code == 0
    if style in ("json", "sarif", "gitlab"):
        json.loads(done.out)
    elif style == "junit":
        Xml.fromstring(done.out)
    else:
        assert done.out == ""


def test_output_to_a_file(project: Path) -> None:
    done = ftx("lint", "--no-cache", "--format", "sarif", "-o", "found.sarif", cwd=project)
    assert done.out == ""
    assert json.loads((project / "found.sarif").read_text("utf-8"))["version"] == "2.1.0"


def test_statistics(project: Path) -> None:
    done = ftx("lint", "--no-cache", "--statistics", cwd=project)
    assert "1  CFG101  batch-fields\n" in done.out


def test_a_baseline_leaves_what_is_new(project: Path) -> None:
    assert ftx("lint", "--no-cache", "--write-baseline", "known.json", cwd=project).code == 0
    assert ftx("lint", "--no-cache", "--baseline", "known.json", cwd=project).code == 0
    file = project / "a b" / "run, one.yaml"
    file.write_text(f"{TEXT}save_steps: 3\nsaves_per_epoch: 1\n", encoding="utf-8")
    done = ftx("lint", "--no-cache", "--baseline", "known.json", "--format", "concise", cwd=project)
    assert done.code == 1
    assert {line.split(": ")[1].split()[1] for line in done.out.splitlines()} == {"CFG103"}
