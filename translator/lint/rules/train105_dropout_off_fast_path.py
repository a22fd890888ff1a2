"""Dropout in the adapter switched Unsloth's fast path off until lately; trained biases still do.

What it does
Looks for a `lora_dropout` other than 0 in a script for Unsloth (a note, with `-v` only unless the
project asks for an older Unsloth), and for `bias` other than `none` (a warning).

Why it matters
Up to some version between 2026.8.19 and 2026.10.9 Unsloth patched its fused layers in only where
dropout is 0, and said so in one line among many. Biases switch them off to this day.

When it is fine
With Unsloth 2026.10, whose fused layers drop out as well; or when the dropout is worth the time.

References
unsloth/models/llama.py, `patch_peft_model` and `_fused_lora_skip_reason`; unsloth/kernels/fast_lora.py,
`FUSED_LORA_DROPOUT`; unslothai/unsloth#2319, #2343.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.pinned import asks_for_older, pinned_around
from translator.lint.rule import Rule
from translator.record import replace

_YEAR = 2026

RULE = Rule(
    code="TRAIN105",
    name="dropout-off-fast-path",
    severity=Severity.NOTE,
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
        found = RULE.at(
            file,
            file.where("adapter.dropout"),
            f"lora_dropout={adapter.dropout:g}: before 2026.10 Unsloth's fused layers work with 0 alone",
        )
        yield found if _older(file) else replace(found, verbose=True)
    if adapter.bias != "none":
        yield RULE.at(
            file,
            file.where("adapter.bias"),
            f"bias={adapter.bias!r}: Unsloth's fused layers work with 'none' alone",
            severity=Severity.WARNING,
        )


def _older(file: File) -> bool:
    """Whether the script or its project asks for an Unsloth of an earlier year."""
    lines = [line for line in file.document.text.splitlines() if "pip install" in line]
    if asks_for_older("\n".join(lines), "unsloth", _YEAR):
        return True
    return pinned_around(file.around, "unsloth", _YEAR)
