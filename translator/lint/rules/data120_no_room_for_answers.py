"""Prompt and answer together are longer than the model's sequence.

What it does
Adds `max_prompt_length` and `max_completion_length` of online training and compares the sum with the
`max_seq_length` that the model was loaded with.

Why it matters
Answers end where the sequence does, in the middle of a thought: rewards that look at the end of an
answer see none.

When it is fine
When prompts are far shorter than their limit.

References
unsloth/models/rl.py (2026.10.9); vLLM, `max_model_len`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import OnlineObjective
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA120",
    name="no-room-for-answers",
    severity=Severity.WARNING,
    formats=("unsloth",),
    words=("max_completion_length",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import GRPOConfig, GRPOTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("acme/prompts", split="train")\n\n\ndef reward(completions, **rest):\n    return [len(text) for text in completions]\n\n\ntrainer = GRPOTrainer(\n    model=model,\n    train_dataset=dataset,\n    reward_funcs=[reward],\n    args=GRPOConfig(\n        max_steps=60,\n        learning_rate=5e-6,\n        num_generations=8,\n        max_prompt_length=512,\n        max_completion_length=2048,  # <-\n        output_dir="out",\n    ),\n)\ntrainer.train()\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import GRPOConfig, GRPOTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("acme/prompts", split="train")\n\n\ndef reward(completions, **rest):\n    return [len(text) for text in completions]\n\n\ntrainer = GRPOTrainer(\n    model=model,\n    train_dataset=dataset,\n    reward_funcs=[reward],\n    args=GRPOConfig(\n        max_steps=60,\n        learning_rate=5e-6,\n        num_generations=8,\n        max_prompt_length=512,\n        max_completion_length=1024,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the answer's length."""
    if not isinstance(file.recipe.objective, OnlineObjective):
        return
    longest = file.value("load.max_seq_length")
    prompt = file.value("args.max_prompt_length") or 0
    answer = file.value("args.max_completion_length")
    if not all(isinstance(n, int) for n in (longest, prompt, answer)) or prompt + answer <= longest:
        return
    said = f"{prompt} tokens of prompt and {answer}" if prompt else f"{answer} tokens"
    yield RULE.at(
        file,
        file.at("args.max_completion_length"),
        f"{said} of answer do not fit into max_seq_length={longest}",
    )
