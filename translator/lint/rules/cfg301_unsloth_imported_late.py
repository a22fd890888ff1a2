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

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File, Place
from translator.lint.rule import Rule
from translator.spans import Span

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
    """One finding at the import."""
    if file.value("script.unsloth") and file.value("script.unsloth_before_trl") is False:
        place = file.at("script.unsloth_import").span
        text = file.document.text if file.document.code is None else file.document.code
        alone = place is not None and _is_statement(text, place)
        yield RULE.at(
            file,
            Place(place),
            "unsloth is imported after trl or transformers, which it patches",
            help="put the line first" if alone else "import unsloth at the top, before them",
        )


def _is_statement(text: str, place: Span) -> bool:
    """Whether a line is an import of unsloth's and no more, which can stand first as it is."""
    return place.column == 1 and text[place.start : place.end].startswith(STATEMENTS)


STATEMENTS = ("from unsloth", "import unsloth")
