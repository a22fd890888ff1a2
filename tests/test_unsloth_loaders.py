"""Who loads the model: Unsloth, whose defaults hold then, or transformers."""

from __future__ import annotations

import pytest

from translator import NotAConfigError, ir
from translator.api import loads

SCRIPT = """\
{first}
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

model = {loader}.from_pretrained("Qwen/Qwen2.5-7B-Instruct")
trainer = SFTTrainer(
    model=model,
    train_dataset=load_dataset("acme/rows", split="train"),
    peft_config=LoraConfig(r=8, target_modules="all-linear"),
    args=SFTConfig(max_steps=60, output_dir="out"),
)
trainer.train()
"""


def quantization(first: str, loader: str) -> ir.Quantization | None:
    text = SCRIPT.format(first=first, loader=loader)
    return loads(text, name="run.py", format="unsloth").recipe.quantization


def test_a_script_without_unsloth_is_refused_and_not_taken_for_4_bits() -> None:
    with pytest.raises(NotAConfigError, match="AutoModelForCausalLM loads"):
        quantization("import os", "AutoModelForCausalLM")


def test_the_4_bits_of_unsloth_hold_for_what_it_loads() -> None:
    imported = "from unsloth import FastLanguageModel"
    assert quantization(imported, "AutoModelForCausalLM") is None
    assert quantization(imported, "FastLanguageModel") == ir.Quantization(kind="nf4", double=True)


def test_the_length_of_unsloth_holds_for_what_it_loads() -> None:
    imported = "from unsloth import FastLanguageModel"
    lengths = {"AutoModelForCausalLM": 1024, "Qwen2ForCausalLM": 1024, "FastLanguageModel": 2048}
    for loader, length in lengths.items():
        text = SCRIPT.format(first=imported, loader=loader)
        assert loads(text, name="run.py", format="unsloth").recipe.data.max_length == length


@pytest.mark.parametrize("given", ["max_length=1024", "max_length=3000", "max_seq_length=3000"])
def test_the_length_of_the_arguments_counts_where_the_model_has_none(given: str) -> None:
    text = SCRIPT.format(first="import unsloth", loader="AutoModelForCausalLM")
    text = text.replace("max_steps=60", f"max_steps=60, {given}")
    document = loads(text, name="run.py", format="unsloth")
    assert document.recipe.data.max_length == int(given.rpartition("=")[2])
    assert document.origin("data.max_length").written
    assert not [d for d in document.diagnostics if d.code == "CFG008"]


@pytest.mark.parametrize(
    ("first", "arguments", "fate"),
    [
        ("import unsloth", "SFTConfig", "which drops it with a warning"),
        ("import trl, unsloth", "SFTConfig", "and SFTConfig refuses it"),
        ("import unsloth, transformers", "transformers.TrainingArguments",
         "and TrainingArguments refuses it"),
    ],
)  # fmt: skip
def test_what_becomes_of_a_misspelt_argument_is_told(first: str, arguments: str, fate: str) -> None:
    text = SCRIPT.format(first=first, loader="AutoModelForCausalLM")
    text = text.replace("args=SFTConfig(max_steps=60", f"args={arguments}(max_stepps=60")
    (told,) = (d for d in loads(text, name="run.py").diagnostics if d.code == "CFG001")
    assert told.message == f"args.max_stepps (60) is no key of Unsloth, {fate}"
