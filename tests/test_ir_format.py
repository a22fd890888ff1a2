"""The IR as a file: what is written is read back, and bad files are refused with a path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from strategies import recipes

from translator import Document, Origin, Severity, UnreadableError, convert, load, loads
from translator.diagnostics import Diagnostic
from translator.document import Leftover
from translator.fields import to_json
from translator.ir import Recipe
from translator.schema import shipped
from translator.spans import Span
from translator.tree import Unresolved

SAMPLE = Path(__file__).parent.parent / "fixtures" / "corpus_sample"
AXOLOTL = SAMPLE / "axolotl" / "lora_chat_llama3.yaml"
SPAN = Span(4, 6, 1, 5, 1, 7)


def _validator() -> Any:
    return jsonschema.Draft202012Validator(json.loads(shipped("ir")))


def _document(recipe: Recipe) -> Document:
    return Document(
        path="proto.py",
        format="unsloth",
        text="",
        recipe=recipe,
        origins={
            "seed": Origin(written=True, span=SPAN, key="random_state", comment="lucky"),
            "optimizer": Origin(written=False, why="trl/x.py:1"),
        },
        diagnostics=(
            Diagnostic(
                code="CFG001",
                severity=Severity.WARNING,
                message="odd",
                file="proto.py",
                span=SPAN,
                key="k",
                help="look",
                verbose=True,
            ),
        ),
        leftovers=(
            Leftover(
                key="a", value={"b": [1, None, "c"]}, span=None, why="w", severity=Severity.NOTE
            ),
            Leftover(
                key="e",
                value=Unresolved("f(x)", ("x",)),
                span=SPAN,
                why="w",
                severity=Severity.ERROR,
            ),
        ),
        facts={"recipe": "lora"},
    )


@given(recipes())
def test_what_is_written_is_read_back(recipe: Recipe) -> None:
    document = _document(recipe)
    text = convert(document, "ir").text
    again = loads(text)
    assert again == document
    assert convert(again, "ir").text == text


@given(recipes())
def test_what_is_written_fits_the_schema(recipe: Recipe) -> None:
    _validator().validate(json.loads(convert(_document(recipe), "ir").text))


def test_a_recipe_alone_is_enough() -> None:
    recipe = load(AXOLOTL).recipe
    document = loads(json.dumps({"ftx": 1, "recipe": to_json(recipe)}))
    assert document.recipe == recipe
    assert document.origin("optimizer.learning_rate").written


NO_TRAINING = ("generation.yaml", "inference_only.py", "config_beside.yaml")
FILES = [f for f in sorted(SAMPLE.glob("*/*")) if f.name not in NO_TRAINING]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_a_detour_over_the_ir_changes_nothing(file: Path) -> None:
    document = load(file)
    through = loads(convert(document, "ir", strict=False).text)
    for target in {"axolotl", "torchtune", "unsloth"} - {document.format}:
        straight = convert(document, target, strict=False)
        detour = convert(through, target, strict=False)
        assert detour.text == straight.text
        assert detour.files == straight.files
        assert detour.diagnostics == straight.diagnostics


def _broken(change: dict[str, Any], **parts: Any) -> str:
    data = json.loads(convert(load(AXOLOTL), "ir").text)
    for path, value in change.items():
        place = data["recipe"]
        *parents, last = path.split(".")
        for step in parents:
            place = place[int(step)] if step.isdecimal() else place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return json.dumps({**data, **parts})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_broken({"adapter.rank": "16"}), r"adapter\.rank must be a whole number, not '16'"),
        (_broken({"adapter.rnak": 16}), r"adapter has no field 'rnak'"),
        (_broken({"schedule.warmup.kind": "never"}), r"schedule\.warmup\.kind must be one of"),
        (_broken({"model": None}), r"model is missing"),
        (_broken({"data.sources.0.path": 3}), r"data\.sources\[0\]\.path must be text, not 3"),
        (
            _broken({}, origins={"seed": {"written": "yes"}}),
            r"origins\.seed\.written: 'yes' is not of type 'boolean'",
        ),
        (_broken({}, leftovers=[{"key": "a"}]), r"leftovers\[0\]: 'value' is a required"),
        (_broken({}, ftx=2), r"has IR format 2; this ftx reads 1"),
        (_broken({}, extra=1), r"'extra' was unexpected"),
        (_broken({}, diagnostics=[{"code": "XLT1"}]), r"diagnostics\[0\]"),
        ('{"ftx": 1, "recipe": {"a": NaN}}', "NaN is no JSON number"),
        ('{"ftx": 1, "recipe": [}', "not valid JSON"),
        ('{"ftx": 1, "recipe": ' + '{"a":' * 50_000, "nested too deeply"),
    ],
)
def test_a_bad_file_is_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(UnreadableError, match=message) as caught:
        loads(text, name="x.ir.json")
    assert caught.value.exit_code == 2
    assert len(caught.value.diagnostics) == 1


def test_what_does_not_fit_is_pointed_at() -> None:
    text = json.dumps(json.loads(_broken({"adapter.rank": "16"})), indent=1)
    with pytest.raises(UnreadableError) as caught:
        loads(text, name="x.ir.json")
    span = caught.value.diagnostics[0].span
    assert span is not None
    assert text[span.start : span.end].strip() == '"16"'
    assert span.line == text[: span.start].count("\n") + 1


def test_set_takes_fields_of_the_recipe() -> None:
    text = convert(load(AXOLOTL), "ir").text
    given_values = {"optimizer.learning_rate": "0.5", "data.sources[0].path": "x/y"}
    document = loads(text, set=given_values)
    assert document.recipe.optimizer.learning_rate == 0.5
    assert document.recipe.data.sources[0].path == "x/y"
    assert document.origin("optimizer.learning_rate").written
    with pytest.raises(UnreadableError, match=r"no field optimizer\.rate"):
        loads(text, set={"optimizer.rate": "1"})
