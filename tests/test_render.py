"""How findings look: place, excerpt, caret, help, summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from translator import Diagnostic, Severity
from translator.render.excerpts import Excerpts
from translator.render.json import diagnostic_data
from translator.render.text import TextRenderer, summary, table
from translator.spans import LineIndex

TEXT = "base: a\nlr: 2e-5  # fast\nlist:\n  - über: x\n"


def _finding(text: str, part: str, **more: object) -> Diagnostic:
    start = text.index(part)
    fields: dict[str, object] = {
        "code": "XLT402",
        "severity": Severity.ERROR,
        "message": "said",
        "file": "a.yaml",
        "span": LineIndex(text).span(start, start + len(part)),
    }
    return Diagnostic(**{**fields, **more})  # type: ignore[arg-type]


def _lines(text: str, finding: Diagnostic, *, colour: bool = False) -> list[str]:
    return TextRenderer(Excerpts({"a.yaml": text}), colour=colour).one(finding)


def test_the_value_is_underlined() -> None:
    assert _lines(TEXT, _finding(TEXT, "2e-5", help="look")) == [
        "a.yaml:2:5: error[XLT402] said",
        "  2 | lr: 2e-5  # fast",
        "    |     ^^^^",
        "  help: look",
    ]


def test_columns_count_characters() -> None:
    assert _lines(TEXT, _finding(TEXT, "x"))[1:] == [
        "  4 |   - über: x",
        "    |           ^",
    ]


def test_tabs_and_windows_line_ends_keep_the_caret_in_place() -> None:
    text = "a:\t1\r\nb:\t22\r\n"
    assert _lines(text, _finding(text, "22"))[1:] == ["  2 | b: 22", "    |    ^^"]


def test_several_lines_are_underlined_to_the_end_of_the_first() -> None:
    text = "key:\n  - one two\n  - three\n"
    assert _lines(text, _finding(text, "- one two\n  - three"))[1:] == [
        "  2 |   - one two",
        "    |   ^^^^^^^^^",
    ]


def test_a_long_line_is_cut_around_the_value() -> None:
    text = "x: [" + "1, " * 400 + "NEEDLE, " + "2, " * 400 + "]\n"
    _, source, caret = _lines(text, _finding(text, "NEEDLE"))
    assert len(source) < 120
    start = caret.index("^")
    assert source[start : start + caret.count("^")] == "NEEDLE"


def test_without_a_span_only_the_file_is_named() -> None:
    finding = _finding(TEXT, "lr", span=None, message="a.yaml is empty")
    assert _lines(TEXT, finding) == ["a.yaml: error[XLT402] is empty"]
    nowhere = _finding(TEXT, "lr", span=None, file="")
    assert _lines(TEXT, nowhere) == ["error[XLT402] said"]


def test_a_file_that_cannot_be_opened_has_no_excerpt() -> None:
    assert TextRenderer(Excerpts({})).one(_finding(TEXT, "2e-5")) == [
        "a.yaml:2:5: error[XLT402] said"
    ]


def test_a_file_is_opened_when_it_is_pointed_at(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(f"\ufeff{TEXT}", encoding="utf-8")
    finding = _finding(TEXT, "2e-5", file=str(file))
    assert TextRenderer(Excerpts({})).one(finding)[1] == "  2 | lr: 2e-5  # fast"


def test_a_notebook_is_told_by_cell() -> None:
    cells = [
        {"cell_type": "markdown", "source": "# title"},
        {"cell_type": "code", "source": ["import unsloth\n"]},
        {"cell_type": "code", "source": ["a = 1\n", "lr = 2e-5"]},
    ]
    code = "import unsloth\n\na = 1\nlr = 2e-5"
    lines = _lines(json.dumps({"cells": cells}), _finding(code, "2e-5"))
    assert lines[0] == "a.yaml:cell 3, line 2:6: error[XLT402] said"
    assert lines[1].endswith("| lr = 2e-5")


@pytest.mark.parametrize(
    ("severity", "colour"),
    [(Severity.ERROR, "31"), (Severity.WARNING, "33"), (Severity.NOTE, "36")],
)
def test_colours_tell_severities_apart(severity: Severity, colour: str) -> None:
    finding = _finding(TEXT, "2e-5", severity=severity)
    coloured = _lines(TEXT, finding, colour=True)
    assert f"\x1b[1;{colour}m{severity.value}[XLT402]\x1b[0m" in coloured[0]
    assert "\x1b" not in "".join(_lines(TEXT, finding))


def test_what_a_file_says_is_no_command_to_the_terminal() -> None:
    text = "lr: \x1b[2Jx\n"
    finding = _finding(text, "x", message="lr (\x1b[2J\n\u202ex): odd", file="a\nb.yaml")
    lines = TextRenderer(Excerpts({"a\nb.yaml": text})).one(finding)
    assert lines[0] == "a\\nb.yaml:1:9: error[XLT402] lr (\\x1b[2J\\n\\u202ex): odd"
    assert "\x1b" not in "".join(lines)


def test_notes_may_go_without_their_lines() -> None:
    note = _finding(TEXT, "2e-5", severity=Severity.NOTE)
    brief = TextRenderer(Excerpts({"a.yaml": TEXT}), lines_of_notes=False)
    assert brief.one(note) == ["a.yaml:2:5: note[XLT402] said"]
    assert len(brief.one(_finding(TEXT, "2e-5"))) == 3


def test_the_summary_counts() -> None:
    warning = _finding(TEXT, "lr", severity=Severity.WARNING)
    error = _finding(TEXT, "lr")
    assert summary([warning, error, error], hidden=3) == "2 errors, 1 warning, 3 more with -v"
    assert summary([]) == ""


def test_json_has_every_field_even_without_a_place() -> None:
    data = diagnostic_data(_finding(TEXT, "lr", span=None, key="k"))
    assert list(data) == [
        "code", "severity", "message", "file", "line", "column", "end_line", "end_column",
        "field", "key", "help",
    ]  # fmt: skip
    assert data["line"] is None
    placed = diagnostic_data(_finding(TEXT, "2e-5"))
    assert (placed["line"], placed["column"]) == (2, 5)
    assert (placed["end_line"], placed["end_column"]) == (2, 9)


def test_a_table_is_aligned() -> None:
    assert table([("a", "1"), ("long", "2")], ("name", "x")) == ["name  x", "a     1", "long  2"]
