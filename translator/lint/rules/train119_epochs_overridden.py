"""The run ends after a number of steps, whatever the epochs say.

What it does
Looks for `max_steps` beside `num_train_epochs`.

Why it matters
`max_steps` counts alone. The 60 steps of a notebook's first try are often still there when the epochs
are set for the real run.

When it is fine
When the steps are what is meant: the epochs can go.

References
transformers/training_args.py, `max_steps`: *overrides num_train_epochs*.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN119",
    name="epochs-overridden",
    severity=Severity.NOTE,
    formats=("unsloth",),
    words=("num_train_epochs",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        max_steps=60,\n        num_train_epochs=3,  # <-\n        learning_rate=2e-4,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        num_train_epochs=3,\n        learning_rate=2e-4,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the epochs."""
    steps, epochs = file.value("args.max_steps"), file.value("args.num_train_epochs")
    if isinstance(steps, int) and steps > 0 and isinstance(epochs, int | float):
        yield RULE.at(
            file,
            file.at("args.num_train_epochs"),
            f"num_train_epochs={epochs:g} counts for nothing: the run ends after max_steps={steps}",
        )
