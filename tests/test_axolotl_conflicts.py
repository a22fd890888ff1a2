"""What Axolotl refuses is said, and nothing else is (tests/oracles asks Axolotl for the same)."""

from __future__ import annotations

from typing import Any

import pytest
from axolotl_conflicts import PLAIN, REFUSED, text_of

from translator.api import loads
from translator.codes import Code
from translator.diagnostics import Diagnostic


def told(text: str, *codes: Code) -> list[Diagnostic]:
    wanted = {code.code for code in codes}
    return [d for d in loads(text, name="x.yml", format="axolotl").diagnostics if d.code in wanted]


@pytest.mark.parametrize(("key", "changes"), REFUSED)
def test_a_refused_combination_is_told_at_its_key(key: str, changes: dict[str, Any]) -> None:
    text = text_of(changes)
    found = [d for d in told(text, Code.CONTRADICTION) if d.key == key]
    assert len(found) == 1
    assert found[0].span is not None
    assert text.splitlines()[found[0].span.line - 1].strip().startswith(key.rpartition(".")[2])


def test_a_plain_file_has_none() -> None:
    assert (
        told(text_of({}), Code.CONTRADICTION, Code.BAD_VALUE, Code.STOPS_LATER, Code.MISSING_KEY)
        == []
    )


@pytest.mark.parametrize(
    ("kind", "hint"),
    [("jsonl", "ds_type: jsonl"), ("chat_templat", "chat_template"), ("alpaka", "alpaca")],
)
def test_an_unknown_prompt_type_comes_with_advice(kind: str, hint: str) -> None:
    text = text_of({"datasets": [{"path": "acme/rows", "type": kind}]})
    (found,) = told(text, Code.STOPS_LATER)
    assert found.help is not None
    assert hint in found.help
    assert found.span is not None
    assert kind in text.splitlines()[found.span.line - 1]


@pytest.mark.parametrize("kind", ["alpaca", "acme_rows.strategy", "bradley_terry.chat_template"])
def test_known_and_own_prompt_types_are_left_alone(kind: str) -> None:
    text = text_of({"datasets": [{"path": "acme/rows", "type": kind}]})
    assert told(text, Code.STOPS_LATER) == []


@pytest.mark.parametrize(
    ("method", "kind", "hint"),
    [
        ("dpo", "chatml.intel_prefilled", "chatml.intel"),
        ("kto", "chatml.icr", "chatml"),
        ("orpo", "chat_template.argila", "chat_template.argilla"),
    ],
)
def test_an_unknown_transform_comes_with_advice(method: str, kind: str, hint: str) -> None:
    changes = {"rl": method, "datasets": [{"path": "acme/rows", "type": kind}]}
    (found,) = told(text_of({**changes, "remove_unused_columns": False}), Code.STOPS_LATER)
    assert found.help is not None
    assert hint in found.help


def test_local_files_are_told_by_format_and_name() -> None:
    one = {"path": "data/rows.parquet", "type": "completion"}
    several = {"path": ".", "ds_type": "csv", "data_files": ["a.csv", "b.csv"], "type": "alpaca"}
    hub = {"path": "acme/rows", "data_files": ["part.json"], "type": "alpaca"}
    document = loads(text_of({"datasets": [one, several, hub]}), name="x.yml", format="axolotl")
    found = [(s.path, s.files, s.file_format) for s in document.recipe.data.sources]
    assert found == [
        ("parquet", ("data/rows.parquet",), "parquet"),
        ("csv", ("a.csv", "b.csv"), "csv"),
        ("acme/rows", ("part.json",), None),
    ]


def test_a_format_is_no_path() -> None:
    text = text_of({"datasets": [{"path": "json", "data_files": ["a.json"], "type": "alpaca"}]})
    (found,) = told(text, Code.STOPS_LATER)
    assert "path: ." in found.message
    assert PLAIN["datasets"][0]["path"] not in text
