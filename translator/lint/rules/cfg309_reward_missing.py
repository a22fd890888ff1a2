"""A trainer of GRPO has nothing to reward answers with.

What it does
Looks for TRL's `GRPOTrainer` without `reward_funcs` and without an `environment_factory`, which may
bring a reward of its own.

Why it matters
TRL ends with *No reward source provided*, older versions with a TypeError. Rewards given to
`GRPOConfig` are none: Unsloth drops keywords that it does not have.

When it is fine
Never.

References
trl/trainer/grpo_trainer.py:690 (1.9.0).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG309",
    name="reward-missing",
    severity=Severity.ERROR,
    words=("GRPOTrainer",),
    formats=("unsloth",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import GRPOConfig, GRPOTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("acme/prompts", split="train")\n\n\ndef reward(completions, **rest):\n    return [len(text) for text in completions]\n\n\ntrainer = GRPOTrainer(  # <-\n    model=model,\n    train_dataset=dataset,\n    args=GRPOConfig(\n        max_steps=60,\n        learning_rate=5e-6,\n        num_generations=8,\n        per_device_train_batch_size=8,\n        gradient_accumulation_steps=1,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import GRPOConfig, GRPOTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("acme/prompts", split="train")\n\n\ndef reward(completions, **rest):\n    return [len(text) for text in completions]\n\n\ntrainer = GRPOTrainer(\n    model=model,\n    train_dataset=dataset,\n    reward_funcs=[reward],\n    args=GRPOConfig(\n        max_steps=60,\n        learning_rate=5e-6,\n        num_generations=8,\n        per_device_train_batch_size=8,\n        gradient_accumulation_steps=1,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n'
    },
)

_OF_TRL = re.compile(
    r"\bfrom\s+trl[\w.]*\s+import\s+(\([^)]*|.*)\bGRPOTrainer\b|\btrl\.GRPOTrainer\b"
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the trainer."""
    if file.value("trainer.class") != "GRPOTrainer" or file.node("trainer.base") is not None:
        return  # a trainer of the script's own may bring the rewards itself
    if file.given("trainer.reward_funcs", "trainer.environment_factory", "trainer.**"):
        return
    if _OF_TRL.search(file.document.text) is None:
        return  # there are others of that name
    yield RULE.at(
        file,
        file.at(),
        "GRPOTrainer gets no reward_funcs: it does not start without a reward",
        help="reward_funcs=[...] of the trainer, not of its configuration",
    )
