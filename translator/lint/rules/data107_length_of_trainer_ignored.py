"""The length given to the trainer is not the one that counts.

What it does
Looks for a `max_length` in `SFTConfig` that differs from the `max_seq_length` that the model was
loaded with.

Why it matters
Unsloth's patched trainer overwrites `max_length` by the model's length, and without Unsloth a
length given to the wrong class falls back to 1024: rows are cut without a word
(unslothai/unsloth#2904).

When it is fine
Never; say the same in both places.

References
unsloth/models/rl.py; trl/trainer/sft_config.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA107",
    name="length-of-trainer-ignored",
    severity=Severity.WARNING,
    words=("max_length",),
    formats=("unsloth",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        max_length=4096,  # <-\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        max_length=2048,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the trainer's length."""
    loaded, given = file.value("load.max_seq_length"), file.value("args.max_length")
    if file.document.facts.get("flavour") != "PATCHED":
        return
    if not isinstance(loaded, int) or not isinstance(given, int) or loaded == given:
        return
    if file.value("args.max_seq_length") is not None:
        return
    yield RULE.at(
        file,
        file.at("args.max_length"),
        f"max_length={given} is overwritten by max_seq_length={loaded} of from_pretrained",
        help=f"load the model with max_seq_length={given}, if that is meant",
    )
