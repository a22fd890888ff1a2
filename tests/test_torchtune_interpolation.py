"""What ``${…}`` stands for in a torchtune file, as OmegaConf has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from translator.api import loads
from translator.codes import Code
from translator.document import Document

FILE = Path(__file__).parents[1] / "fixtures/corpus_sample/torchtune/llama3_1_8B_lora_single.yaml"


def with_rate(text: str, further: str = "") -> Document:
    """The sample with a learning rate of ``text``, and further keys at its end."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    lines = [f"  lr: {text}" if line.strip().startswith("lr:") else line for line in lines]
    return loads("\n".join([*lines, further, ""]), name="run.yaml", format="torchtune")


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("${my.rate}", 0.00025),
        ("${oc.select:my.rate,1e-5}", 0.00025),
        ("${oc.select:my.other,1e-5}", 1e-5),
        ("${oc.decode:'2e-5'}", 2e-5),
        ("${oc.decode:${oc.env:RATE,3e-5}}", 3e-5),
        ("${my.${which}}", 0.00025),
    ],
)
def test_a_rate_is_found(text: str, rate: float) -> None:
    document = with_rate(text, "my:\n  rate: 0.00025\nwhich: rate")
    assert document.recipe.optimizer.learning_rate == rate


def test_a_default_of_the_environment_is_told() -> None:
    document = with_rate("${oc.decode:${oc.env:RATE,3e-5}}")
    told = [d for d in document.diagnostics if d.key == "optimizer.lr"]
    assert [d.code for d in told] == [Code.ASSUMED.code]
    assert "RATE" in told[0].message


@pytest.mark.parametrize("text", ["${oc.env:RATE}", "${now:%Y}", "${missing}", "${optimizer.lr}"])
def test_what_the_file_does_not_tell_is_asked_for(text: str) -> None:
    document = with_rate(text)
    asked = [d for d in document.diagnostics if d.code == Code.UNRESOLVED.code]
    assert [(d.key, d.severity.value) for d in asked] == [("optimizer.lr", "error")]
    assert asked[0].help == "give it with --set optimizer.lr=VALUE"


def test_a_reference_asks_for_what_it_refers_to() -> None:
    document = with_rate("${rate}", "rate: ${oc.env:RATE}")
    asked = [d for d in document.diagnostics if d.field == "optimizer.learning_rate"]
    assert [d.help for d in asked] == ["give it with --set rate=VALUE"]


def test_a_recorded_run_is_read_as_it_was_written() -> None:
    import yaml

    plain = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    kept = {key: {"desc": None, "value": value} for key, value in plain.items()}
    kept |= {"wandb_version": 1, "_wandb": {"desc": None, "value": {"framework": "torch"}}}
    text = yaml.safe_dump(kept)
    document = loads(
        text, name="config.yaml", format="torchtune", recipe="lora_finetune_single_device"
    )
    direct = loads(
        yaml.safe_dump(plain),
        name="c.yaml",
        format="torchtune",
        recipe="lora_finetune_single_device",
    )
    assert document.recipe == direct.recipe
    assert not [d for d in document.diagnostics if d.code == Code.UNKNOWN_KEY.code]


def test_an_argument_that_no_one_reads_is_kept_aside() -> None:
    text = FILE.read_text(encoding="utf-8").replace("dataset:\n", "dataset:\n  data_dir: /rows\n")
    document = loads(text, name="run.yaml", format="torchtune")
    assert [left.key for left in document.leftovers] == ["dataset.data_dir"]


def test_an_empty_list_of_data_is_named() -> None:
    document = loads(
        FILE.read_text(encoding="utf-8"), name="run.yaml", format="torchtune", set={"dataset": "[]"}
    )
    told = [d.message for d in document.diagnostics if d.field == "data.sources"]
    assert told == ["dataset is empty: no data is named"]
