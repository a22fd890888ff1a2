"""The batch of GRPO is no multiple of its groups, and Unsloth raises it.

What it does
Compares `per_device_train_batch_size` times `gradient_accumulation_steps` with `num_generations`.

Why it matters
Unsloth sets the micro batch to `num_generations` with a print: memory, speed and the number of prompts
in a step are others than the script says. Plain TRL refuses to start.

When it is fine
When the raised batch fits.

References
unsloth/models/rl.py:3594 (2026.10.9).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import OnlineObjective
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG307",
    name="batch-raised-for-groups",
    severity=Severity.NOTE,
    formats=("unsloth",),
    words=("GRPO",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import GRPOConfig, GRPOTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("acme/prompts", split="train")\n\n\ndef reward(completions, **rest):\n    return [len(text) for text in completions]\n\n\ntrainer = GRPOTrainer(\n    model=model,\n    train_dataset=dataset,\n    reward_funcs=[reward],\n    args=GRPOConfig(\n        max_steps=60,\n        learning_rate=5e-6,\n        num_generations=8,\n        per_device_train_batch_size=1,  # <-\n        gradient_accumulation_steps=1,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import GRPOConfig, GRPOTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("acme/prompts", split="train")\n\n\ndef reward(completions, **rest):\n    return [len(text) for text in completions]\n\n\ntrainer = GRPOTrainer(\n    model=model,\n    train_dataset=dataset,\n    reward_funcs=[reward],\n    args=GRPOConfig(\n        max_steps=60,\n        learning_rate=5e-6,\n        num_generations=8,\n        per_device_train_batch_size=8,\n        gradient_accumulation_steps=1,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the number of answers or the batch."""
    objective, batching = file.recipe.objective, file.recipe.batching
    if not isinstance(objective, OnlineObjective) or file.open_ended:
        return
    if file.given("args.steps_per_generation", "args.generation_batch_size"):
        return
    named = file.value("args.per_device_train_batch_size")
    answers = file.value("args.num_generations")
    if (
        not isinstance(answers, int)
        or answers < 1
        or file.document.facts.get("flavour") != "PATCHED"
    ):
        return
    rows = (named if isinstance(named, int) else _DEFAULT) * batching.accumulation
    if rows % answers:
        yield RULE.at(
            file,
            file.at("args.per_device_train_batch_size", "args.num_generations"),
            f"the answers of a step ({rows}) are no multiple of num_generations={answers}: Unsloth "
            f"raises the micro batch to {answers}",
        )


_DEFAULT = 4
"""``per_device_train_batch_size`` of Unsloth's configurations: unsloth/models/rl.py (2026.10.9)."""
