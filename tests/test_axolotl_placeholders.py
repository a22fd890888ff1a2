"""Templates for Axolotl: what stands in a placeholder's place is asked for, never guessed."""

from __future__ import annotations

import pytest

from translator import UnresolvedError, convert, loads
from translator.diagnostics import Severity

TEMPLATE = """\
base_model: ${BASE_MODEL}
datasets:
  - path: ${DATASET}
    type: alpaca
sequence_len: ${LENGTH}
micro_batch_size: "{{ batch }}"
num_epochs: 1
learning_rate: ${RATE}
output_dir: out/${RUN}
adapter: lora
lora_r: 16
lora_alpha: 32
lora_target_linear: true
"""
GIVEN = {
    "BASE_MODEL": "Qwen/Qwen2.5-0.5B",
    "DATASET": "tatsu-lab/alpaca",
    "LENGTH": "1024",
    "batch": "2",
    "RATE": "1e-4",
    "RUN": "first",
}


def test_a_placeholder_is_asked_for_by_its_name() -> None:
    with pytest.raises(UnresolvedError) as caught:
        convert(loads(TEMPLATE), "unsloth")
    errors = [d for d in caught.value.diagnostics if d.severity is Severity.ERROR]
    asked = {d.help for d in errors if d.code == "CFG005"}
    assert asked == {f"give it with --set {name}=VALUE" for name in GIVEN if name != "RUN"}, (
        "a folder's name blocks nothing"
    )
    assert {d.code for d in errors} == {"CFG005"}


def test_given_values_are_read_as_yaml() -> None:
    recipe = loads(TEMPLATE, set=GIVEN).recipe
    assert recipe.model.id == "Qwen/Qwen2.5-0.5B"
    assert recipe.data.max_length == 1024
    assert recipe.batching.micro_batch == 2
    assert recipe.optimizer.learning_rate == 1e-4
    assert recipe.checkpoints.directory == "out/first"


def test_a_template_keeps_its_text_but_for_what_is_given() -> None:
    text = convert(
        loads(TEMPLATE, set={"RATE": "1e-4", "adapter": "dora"}), "axolotl", strict=False
    ).text
    assert text == TEMPLATE.replace("${RATE}", "1e-4").replace("adapter: lora", "adapter: dora")


def test_a_comment_asks_for_nothing() -> None:
    text = TEMPLATE + "# made with ${lora_r}\n"
    kept = convert(loads(text, set={"lora_r": "8"}), "axolotl", strict=False).text
    assert kept == text.replace("lora_r: 16", "lora_r: 8")


def test_a_key_can_be_set_in_place_of_its_placeholder() -> None:
    given = {**GIVEN, "base_model": "Qwen/Qwen2.5-1.5B"}
    del given["BASE_MODEL"]
    assert loads(TEMPLATE, set=given).recipe.model.id == "Qwen/Qwen2.5-1.5B"
