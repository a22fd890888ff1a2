"""Evaluation is asked for, and there is nothing to evaluate on.

What it does
Looks for an `eval_strategy` other than `no` in a script whose trainer gets no `eval_dataset`.

Why it matters
transformers ends with *You have set args.eval_strategy ... but you didn't pass an eval_dataset*.

When it is fine
Never.

References
transformers/trainer.py, `__init__`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG304",
    name="evaluation-without-rows",
    severity=Severity.ERROR,
    words=("eval_strategy", "evaluation_strategy"),
    formats=("unsloth",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        eval_strategy="steps",  # <-\n        eval_steps=10,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        eval_strategy="no",\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the strategy."""
    strategy = file.value("args.eval_strategy") or file.value("args.evaluation_strategy")
    if strategy in (None, "no") or not isinstance(strategy, str):
        return
    text = file.document.text
    if file.node("data.eval") is not None or "eval_dataset" in text or file.open_ended:
        return
    yield RULE.at(
        file,
        file.at("args.eval_strategy", "args.evaluation_strategy"),
        f"eval_strategy={strategy!r}, and the trainer gets no eval_dataset",
    )
