"""The model is saved by a method that it does not have.

What it does
Looks for `model.save_pretrained_…` and `model.push_to_hub_…` by names that Unsloth puts on no model.

Why it matters
The script ends with an AttributeError when all of the training is done. What is left of it are
checkpoints, where they were kept.

When it is fine
When a library beside Unsloth adds the method.

References
unsloth/save.py:8797 (2026.10.9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File, Place
from translator.lint.rule import Rule
from translator.spans import LineIndex

RULE = Rule(
    code="TRAIN120",
    name="saving-method-missing",
    severity=Severity.WARNING,
    words=("model.save_pretrained_", "model.push_to_hub_"),
    formats=("unsloth",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained_lora("out")  # <-\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\nmodel.save_pretrained_merged("merged", tokenizer)\n'
    },
)

METHODS = (
    "save_pretrained_merged", "push_to_hub_merged", "save_pretrained_gguf", "push_to_hub_gguf",
    "save_pretrained_ggml", "push_to_hub_ggml", "save_pretrained_openvino",
    "push_to_hub_openvino", "save_pretrained_torchao",
)  # fmt: skip
CALLS = re.compile(r"^[^#\n]*?\bmodel\.((?:save_pretrained|push_to_hub)_\w+)\(", re.M)


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each call."""
    text = file.document.text
    index = LineIndex(text)
    for match in CALLS.finditer(text):
        if match[1] in METHODS or _made_here(match[1], text):
            continue
        yield RULE.at(
            file,
            Place(index.span(match.start(1), match.end(1))),
            f"a model has no {match[1]}: the script ends there, after its training",
            help="save_pretrained saves the adapter, save_pretrained_merged all weights",
        )


def _made_here(name: str, text: str) -> bool:
    """Whether a script defines the method, or asks whether it is there."""
    return re.search(rf"def {name}\b|\b{name}\s*=|[\"']{name}\\?[\"']", text) is not None
