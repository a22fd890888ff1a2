"""Unsloth is imported after what it patches.

What it does
Looks for `import unsloth` below the imports of trl, transformers or peft.

Why it matters
Unsloth replaces parts of these libraries when it is imported; what was imported by name before
keeps the slow version, and Unsloth warns of it in one line among many.

When it is fine
Never; the order costs nothing.

References
unsloth/__init__.py, *Unsloth should be imported before trl, transformers, peft*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File, Place
from translator.lint.rule import Rule
from translator.spans import LineIndex, Span

RULE = Rule(
    code="CFG301",
    name="unsloth-imported-late",
    severity=Severity.WARNING,
    words=("unsloth",),
    formats=("unsloth",),
    bad={
        "unsloth": 'from trl import SFTConfig, SFTTrainer\nfrom unsloth import FastLanguageModel\nfrom datasets import load_dataset\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the top."""
    if file.value("script.unsloth") and file.value("script.unsloth_before_trl") is False:
        yield RULE.at(
            file,
            Place(_late_import(file) or file.top),
            "unsloth is imported after trl or transformers, which it patches",
            help="put the line first",
        )


def _late_import(file: File) -> Span | None:
    match = IMPORT.search(file.document.text)
    return LineIndex(file.document.text).span(*match.span(1)) if match else None


IMPORT = re.compile(r"^[ \t]*((?:from|import)[ \t]+unsloth\b[^\n]*)", re.M)
