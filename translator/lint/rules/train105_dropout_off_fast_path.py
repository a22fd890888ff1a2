"""Dropout in the adapter switches Unsloth's fast path off.

What it does
Looks for a `lora_dropout` other than 0 in a script for Unsloth.

Why it matters
Unsloth patches its fused layers in only where dropout is 0, and says so in one line among many.
The same holds for `bias` other than `none`.

When it is fine
When the dropout is worth the time.

References
unsloth/models/llama.py, `patch_peft_model`; unslothai/unsloth#2319, #2343.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN105",
    name="dropout-off-fast-path",
    severity=Severity.WARNING,
    words=("lora_dropout", "bias"),
    formats=("unsloth",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n    lora_dropout=0.05,  # <-\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n    lora_dropout=0,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for dropout, and one for biases."""
    adapter = file.recipe.adapter
    if adapter is None:
        return
    if adapter.dropout and file.written("adapter.dropout"):
        yield RULE.at(
            file,
            file.where("adapter.dropout"),
            f"lora_dropout={adapter.dropout:g}: Unsloth's fused layers work with 0 alone",
        )
    if adapter.bias != "none":
        yield RULE.at(
            file,
            file.where("adapter.bias"),
            f"bias={adapter.bias!r}: Unsloth's fused layers work with 'none' alone",
        )
