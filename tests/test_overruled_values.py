"""Values that do not count, because another one does or because nobody reads them, are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from translator import LossError, convert
from translator.api import loads

AXOLOTL = """
base_model: meta-llama/Llama-3.1-8B
datasets:
  - {path: tatsu-lab/alpaca, type: alpaca}
learning_rate: 1e-4
"""
TORCHTUNE = """
model: {_component_: torchtune.models.llama3_1.llama3_1_8b}
tokenizer: {_component_: torchtune.models.llama3.llama3_tokenizer, path: /m/tokenizer.model}
dataset: {_component_: torchtune.datasets.chat_dataset, source: acme/chats,
          conversation_column: messages, conversation_style: openai, split: train, more}
checkpointer: {_component_: torchtune.training.FullModelHFCheckpointer, checkpoint_dir: /m,
               checkpoint_files: [a.safetensors], model_type: LLAMA3, output_dir: /o}
optimizer: {_component_: torch.optim.AdamW, lr: 2e-5}
batch_size: 2
epochs: 1
"""
SCRIPT = """
from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import SFTTrainer, SFTConfig
model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Qwen2.5-7B-Instruct")
rows = load_dataset("acme/text", split="train")
SFTTrainer(model=model, train_dataset=rows, packing=True, args=SFTConfig(packing=False)).train()
"""


def said(text: str, format: str) -> dict[str | None, str]:
    """What is told of each key."""
    document = loads(text, name="run", format=format)
    return {d.key: f"{d.code} {d.message}" for d in document.diagnostics}


@pytest.mark.parametrize("key", ["lora_r", "lora_alpha", "lora_dropout"])
def test_an_adapter_to_go_on_from_has_its_own_rank(key: str) -> None:
    more = f"adapter: lora\nlora_model_dir: ./before\nlora_r: 8\nlora_alpha: 16\n{key}: 0.5\n"
    more = more.replace(f"{key}: 8\n", "").replace(f"{key}: 16\n", "").replace("0.5", "32")
    assert said(AXOLOTL + more, "axolotl")[key].startswith(f"CFG004 {key} (32)")


def test_saves_in_an_epoch_say_when() -> None:
    more = "saves_per_epoch: 2\nsave_strategy: epoch\n"
    assert said(AXOLOTL + more, "axolotl")["save_strategy"].startswith("CFG004")


def test_both_flags_of_quantised_full_training_are_refused() -> None:
    told = said(f"{AXOLOTL}load_in_4bit: true\nload_in_8bit: true\n", "axolotl")
    assert "adapter: qlora" in told["load_in_4bit"]
    assert "adapter: lora" in told["load_in_8bit"]


def test_an_argument_that_is_given_in_two_places() -> None:
    """Unsloth sets what the trainer is given on its arguments (unsloth/trainer.py:1796, 2026.10.9)."""
    told = said(SCRIPT, "unsloth")
    assert told["args.packing"] == (
        "CFG004 args.packing (False) has no effect: trainer.packing (True) is taken"
    )
    assert loads(SCRIPT, name="run", format="unsloth").recipe.data.packing is not None


def test_a_chat_format_that_no_torchtune_has() -> None:
    given = TORCHTUNE.replace("more", "chat_format: torchtune.data.GemmaFormat")
    assert "torchtune.data.GemmaFormat" in said(given, "torchtune")["chat_format"]


def test_places_of_a_prompt_with_odd_names() -> None:
    document = loads(AXOLOTL, name="run", format="axolotl")
    (source,) = document.recipe.data.sources
    texts = {"with_input": "{instruction} {a b}: ", "without_input": "{class}: "}
    source = replace(source, rows=replace(source.rows, style=None, **texts))
    recipe = replace(document.recipe, data=replace(document.recipe.data, sources=(source,)))
    text = convert(replace(document, recipe=recipe), "unsloth", strict=False).text
    compile(text, "run.py", "exec")
    assert '**{"a b": ""}' in text


@pytest.mark.parametrize("name", ["format", "no_input_format"])
def test_a_prompt_with_a_place_that_axolotl_cannot_fill(name: str) -> None:
    prompt = AXOLOTL.replace(
        "type: alpaca", f'type: {{{name}: "Q: {{instruction}} A: {{output}}"}}'
    )
    told = [str(d.message) for d in loads(prompt, name="run", format="axolotl").diagnostics]
    assert any("has {output}, where Axolotl fills in" in message for message in told)


def test_a_prompt_for_rows_without_input_that_has_one() -> None:
    prompt = AXOLOTL.replace("type: alpaca", 'type: {no_input_format: "{instruction} {input}"}')
    assert "the run stops" in said(prompt, "axolotl")["datasets[0].type.no_input_format"]


@pytest.mark.parametrize("target", ["torchtune", "unsloth"])
def test_nothing_to_train_on_cannot_be_allowed(target: str) -> None:
    nothing = AXOLOTL.replace("datasets:\n  - {path: tatsu-lab/alpaca, type: alpaca}\n", "")
    with pytest.raises(LossError, match="no data set"):
        convert(loads(nothing, name="run", format="axolotl"), target, allow=["all"])
