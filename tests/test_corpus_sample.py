"""Every file of the sample corpus, read and converted to every other format.

The real files are too many and not ours (``make corpus``); these are in their styles.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml
from corpus_run import TARGETS, files_in, looks_like, run
from syrupy.assertion import SnapshotAssertion  # noqa: TC002 (pytest reads it at run time)

from translator import Conversion, convert, load
from translator.api import loads
from translator.codes import Code
from translator.errors import NotAConfigError

SAMPLE = Path(__file__).parents[1] / "fixtures" / "corpus_sample"
NO_TRAINING = {"torchtune/generation.yaml", "unsloth/inference_only.py",
               "unsloth/config_beside.yaml"}  # fmt: skip
NAMES = [f.relative_to(SAMPLE).as_posix() for f in files_in([SAMPLE])]
TRAININGS = [name for name in NAMES if name not in NO_TRAINING]
CROSS = [(name, target) for name in TRAININGS for target in TARGETS if not name.startswith(target)]

LIVABLE = [
    ("axolotl/qlora_alpaca_2024.yml", "unsloth"),
    ("axolotl/lora_chat_llama3.yaml", "torchtune"),
    ("torchtune/llama3_1_8B_lora_single.yaml", "axolotl"),
    ("torchtune/llama3_2_3B_text_distributed.yaml", "axolotl"),
    ("unsloth/inline_alpaca.py", "axolotl"),
    ("unsloth/constants_responses_only.py", "torchtune"),
]
"""Conversions that must need no ``--allow``; what they write is in the snapshots."""


def told(name: str, target: str) -> Conversion:
    return convert(load(SAMPLE / name), target, strict=False, stem="run")


def test_the_sample_is_as_varied_as_it_says() -> None:
    count = {kind: sum(n.startswith(kind) for n in TRAININGS) for kind in TARGETS}
    assert count["axolotl"] >= 12
    assert count["torchtune"] >= 8
    assert count["unsloth"] >= 12


@pytest.mark.parametrize("name", TRAININGS)
def test_trainings_are_read(name: str) -> None:
    document = load(SAMPLE / name)
    assert document.format == name.partition("/")[0]
    assert looks_like((SAMPLE / name).read_text(encoding="utf-8")) == document.format


@pytest.mark.parametrize("name", sorted(NO_TRAINING))
def test_what_is_no_training_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotAConfigError) as caught:
        load(SAMPLE / name)
    assert Path(name).name in str(caught.value)


@pytest.mark.parametrize(("name", "target"), CROSS)
def test_conversions_are_files_of_their_format(name: str, target: str) -> None:
    result = told(name, target)
    if target == "unsloth":
        ast.parse(result.text)
    else:
        assert isinstance(yaml.safe_load(result.text), dict)
    assert Path(name).name in result.text[:400], "the head says where it comes from"
    again = loads(result.text, name="run", format=target)
    unknown = [d.message for d in again.diagnostics if d.code == Code.UNKNOWN_KEY.code]
    assert unknown == []


@pytest.mark.parametrize(("name", "target"), CROSS)
def test_losses_name_their_place(name: str, target: str) -> None:
    result = told(name, target)
    for loss in result.losses:
        assert loss.file.endswith(Path(name).name)
        assert loss.field or loss.key, loss.message
    lines = result.document.text.count("\n") + 1
    assert all(d.span is None or 1 <= d.span.line <= lines for d in result.diagnostics)


@pytest.mark.parametrize(("name", "target"), CROSS)
def test_conversions_are_the_same_every_time(name: str, target: str) -> None:
    assert told(name, target).text == told(name, target).text


@pytest.mark.parametrize(("name", "target"), LIVABLE)
def test_common_recipes_need_no_permission(
    name: str, target: str, snapshot: SnapshotAssertion
) -> None:
    result = convert(load(SAMPLE / name), target, stem="run")
    parts = [result.text, *(f"--- {n} ---\n{text}" for n, text in sorted(result.files.items()))]
    assert "\n".join(parts) == snapshot


def test_a_run_notes_what_became_of_each_file(tmp_path: Path) -> None:
    outcomes = {n: run(SAMPLE / n, TARGETS, tmp_path) for n in NAMES}
    assert {o.status for o in outcomes.values()} == {"read", "refused"}
    assert {n for n, o in outcomes.items() if o.status == "refused"} == NO_TRAINING
    attempts = [a for o in outcomes.values() for a in o.attempts]
    assert {a.status for a in attempts} <= {"written", "allow", "refused"}
    assert all(Path(a.file).is_file() for a in attempts if a.file)
