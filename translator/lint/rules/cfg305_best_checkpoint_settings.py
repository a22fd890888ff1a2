"""The best checkpoint is asked for, but checkpoints and evaluations do not meet.

What it does
Looks for `load_best_model_at_end=True` with strategies of evaluation and saving that differ, or
with `save_steps` that is no multiple of `eval_steps`.

Why it matters
transformers ends with a ValueError.

When it is fine
Never.

References
transformers/training_args.py, `__post_init__`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG305",
    name="best-checkpoint-settings",
    severity=Severity.ERROR,
    words=("load_best_model_at_end",),
    formats=("unsloth",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    eval_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        load_best_model_at_end=True,  # <-\n        eval_strategy="steps",\n        save_strategy="epoch",\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    eval_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        load_best_model_at_end=True,\n        eval_strategy="epoch",\n        save_strategy="epoch",\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the switch."""
    if file.value("args.load_best_model_at_end") is not True:
        return
    evaluated = file.value("args.eval_strategy") or file.value("args.evaluation_strategy") or "no"
    saved = file.value("args.save_strategy") or "steps"
    place = file.at("args.load_best_model_at_end")
    if not isinstance(evaluated, str) or not isinstance(saved, str) or saved == "best":
        return
    if evaluated != saved:
        message = (
            f"load_best_model_at_end with eval_strategy={evaluated!r}, save_strategy={saved!r}"
        )
        yield RULE.at(file, place, message, help="the two must agree")
        return
    steps, every = file.value("args.save_steps"), file.value("args.eval_steps")
    whole = isinstance(steps, int) and isinstance(every, int) and every > 0
    if evaluated == "steps" and whole and steps % every:
        yield RULE.at(file, place, f"save_steps={steps} is no multiple of eval_steps={every}")
