"""Full fine-tuning of weights that are asked for in 4 bits.

What it does
Looks for `full_finetuning=True` beside `load_in_4bit=True` or `load_in_8bit=True`.

Why it matters
Unsloth prints that the 4 bits do not count and loads 16: several times the memory that the script
seems to ask for.

When it is fine
Never; say what is meant.

References
unsloth/models/loader.py, `full_finetuning`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG303",
    name="full-training-quantized",
    severity=Severity.WARNING,
    words=("full_finetuning",),
    formats=("unsloth",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n    full_finetuning=True,  # <-\n    load_in_4bit=True,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-5,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n    full_finetuning=True,\n    load_in_4bit=False,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-5,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the switch."""
    asked = file.on("load.load_in_4bit", "load.load_in_8bit")
    if file.value("load.full_finetuning") is True and asked:
        yield RULE.at(
            file,
            file.at("load.full_finetuning"),
            f"full_finetuning=True overrides {asked.removeprefix('load.')}=True",
            help=f"{asked.removeprefix('load.')}=False, or no full_finetuning",
        )
