"""One recipe told in every tongue means the same, up to what is listed beside it."""

from __future__ import annotations

import json
from functools import cache
from itertools import combinations, permutations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from translator import Conversion, Document, convert, diff, load, loads

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

RECIPES = Path(__file__).parent.parent / "fixtures" / "recipes"
FILES = {"axolotl": "axolotl.yaml", "torchtune": "torchtune.yaml", "unsloth": "unsloth.py"}
CASES = sorted(folder.name for folder in RECIPES.iterdir() if folder.is_dir())


def tongues(case: str) -> list[str]:
    return [name for name, file in FILES.items() if (RECIPES / case / file).exists()]


PAIRS = [(case, *pair) for case in CASES for pair in combinations(tongues(case), 2)]
WAYS = [(case, *pair) for case in CASES for pair in permutations(tongues(case), 2)]


@cache
def document(case: str, tongue: str) -> Document:
    return load(RECIPES / case / FILES[tongue])


@cache
def conversion(case: str, source: str, target: str) -> Conversion:
    return convert(document(case, source), to=target, stem="run")


def listed(case: str) -> dict[str, dict[str, str]]:
    """The fields that two tongues of a case tell differently, each with the reason."""
    text = (RECIPES / case / "differences.json").read_text("utf-8")
    found: dict[str, dict[str, str]] = json.loads(text)
    return found


@pytest.mark.parametrize(("case", "tongue"), [(c, t) for c in CASES for t in tongues(c)])
def test_is_recognised(case: str, tongue: str) -> None:
    found = document(case, tongue)
    assert found.format == tongue
    assert not [d.message for d in found.diagnostics if d.severity.value == "error"]


@pytest.mark.parametrize(("case", "left", "right"), PAIRS)
def test_tongues_mean_the_same(case: str, left: str, right: str) -> None:
    found = {d.field for d in diff(document(case, left), document(case, right))}
    assert found == set(listed(case)[f"{left} {right}"])


def test_every_listed_difference_has_a_reason() -> None:
    for case in CASES:
        for pair, fields in listed(case).items():
            assert tuple(pair.split()) in combinations(FILES, 2)
            for field, reason in fields.items():
                assert len(reason.split()) > 3, f"{case}, {pair}, {field}"


@pytest.mark.parametrize(("case", "source", "target"), WAYS)
def test_is_written_without_allowing_anything(case: str, source: str, target: str) -> None:
    assert not [d.message for d in conversion(case, source, target).refused]


@pytest.mark.parametrize(("case", "source", "target"), WAYS)
def test_what_changes_on_the_way_is_said(case: str, source: str, target: str) -> None:
    written = conversion(case, source, target)
    back = loads(written.text, name=f"run.{target}", format=target)
    said = [loss.field for loss in written.losses if loss.field]
    unsaid = [
        found
        for found in diff(written.document, back)
        if not any(_within(found.field, field) or _within(field, found.field) for field in said)
    ]
    assert not [(d.field, d.left.value, d.right.value) for d in unsaid]


def _within(field: str, part: str) -> bool:
    part = part.partition("=")[0]
    return field == part or field.startswith((f"{part}.", f"{part}["))


SHOWN = [
    ("alpaca_qlora", "unsloth", "axolotl"),
    ("alpaca_qlora", "unsloth", "torchtune"),
    ("chat_lora", "axolotl", "unsloth"),
    ("chat_lora", "torchtune", "axolotl"),
    ("completion_full", "axolotl", "torchtune"),
    ("dpo_lora", "torchtune", "unsloth"),
]


@pytest.mark.parametrize(("case", "source", "target"), SHOWN)
def test_what_is_written(
    case: str,
    source: str,
    target: str,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(RECIPES / case)
    written = convert(load(FILES[source]), to=target, stem="run")
    said = [
        f"{d.severity.value} {d.code} {d.field}: {d.message}"
        for d in written.diagnostics
        if not d.verbose
    ]
    assert written.text == snapshot(name="text")
    assert dict(written.files) == snapshot(name="files")
    assert said == snapshot(name="said")


def test_the_trap_is_seen() -> None:
    """Two files with the same numbers: what is not written makes them different runs."""
    fields = {d.field for d in diff(document("trap", "axolotl"), document("trap", "unsloth"))}
    assert {
        "data.sources[0].supervision.prompt",
        "schedule.shape",
        "optimizer.weight_decay",
        "data.overlong",
    } <= fields
