"""The real Unsloth trains what ftx writes for it as Axolotl and torchtune train theirs.

Unsloth cannot be imported without a GPU. ``recorded/h200.json`` holds what ``record.py`` saw on
one: every case of ``cases.ON_GPU``, as it is and as converted. The tests here hold it to what ftx
says; the one marked ``gpu`` makes it anew where there is a GPU.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "oracles" / "equivalence"))

from cases import ALL, ON_GPU, Case

from translator.frameworks.unsloth.defaults import ARGUMENTS
from translator.versions import SPOKEN

HERE = Path(__file__).parent
RECORDED: dict[str, Any] = json.loads((HERE / "recorded" / "h200.json").read_text("utf-8"))
FIRST_LOSS = 0.03
"""In nats: bfloat16 has 8 bits of mantissa, and the two NF4 quantisers round 0.025 apart."""
LATER_LOSSES = 0.15

CASES = [case for case in ALL if case.name in ON_GPU]
PAIRS = [pytest.param(c, t, id=f"{c.name}-{t}") for c in CASES for t in c.targets]


def differing(record: dict[str, Any], case: Case, target: str) -> set[str]:
    """The aspects in which a recorded run differs from that of its source."""
    own, other = (record["runs"][case.name][name] for name in (case.source, target))
    apart = [abs(a - b) for a, b in zip(own["losses"], other["losses"], strict=False)]
    equal = {
        "masks": own["rows"] == other["rows"],
        "steps": len(own["losses"]) == len(other["losses"]),
        "targets": own["targets"] == other["targets"],
        "rates": own["rates"] == pytest.approx(other["rates"], rel=1e-9),
        "first loss": apart[0] < FIRST_LOSS,
        "later losses": max(apart) < LATER_LOSSES,
    }
    return {aspect for aspect, same in equal.items() if not same}


def check(record: dict[str, Any], case: Case, target: str) -> None:
    """Nothing differs but what ftx says; losses may hide in the noise of bfloat16."""
    for format in (case.source, target):
        run = record["runs"][case.name][format]
        assert "error" not in run
        assert len(run["losses"]) == 10
    named = set(case.differs.get(target, {}))
    losses = {"first loss", "later losses"}
    found = differing(record, case, target)
    assert found <= named | ({"later losses"} if "first loss" in named else set())
    assert found - losses == (named - losses) & {"masks", "steps", "targets", "rates"}


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_trained_the_same_on_a_gpu(case: Case, target: str) -> None:
    check(RECORDED, case, target)


def test_the_record_is_of_the_versions_spoken() -> None:
    for name in ("axolotl", "torchtune", "unsloth"):
        assert RECORDED["versions"][name].startswith(SPOKEN[name].current)


def test_imported_unsloth_has_the_defaults_that_scripts_are_read_with() -> None:
    for name, shown in RECORDED["config_defaults"].items():
        if name in ARGUMENTS:
            assert shown == repr(ARGUMENTS[name].patched), name


def test_imported_unsloth_has_the_recorded_signatures() -> None:
    recorded = RECORDED["signatures"]
    path = Path(__file__).parents[1] / "oracles" / "unsloth_signatures.json"
    names = json.loads(path.read_text("utf-8"))["calls"]
    assert sorted(names) == sorted(recorded["as recorded"] + recorded["wrapped or wider"])
    for name in ("FastLanguageModel.from_pretrained", "FastLanguageModel.get_peft_model",
                 "get_chat_template", "train_on_responses_only"):  # fmt: skip
        assert name in recorded["as recorded"]


@pytest.mark.gpu
def test_trains_the_same_on_this_gpu(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU, and environments as record.py says")
    out = tmp_path / "record.json"
    subprocess.run(
        [sys.executable, str(HERE / "record.py"), str(tmp_path / "work"), str(out)], check=True
    )
    record = json.loads(out.read_text("utf-8"))
    for case in CASES:
        for target in case.targets:
            check(record, case, target)
