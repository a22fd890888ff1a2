"""An argument that transformers 5 and TRL have removed.

What it does
Looks for trainer arguments that present versions do not take any more, unless the script itself
installs older ones.

Why it matters
Plain TRL ends with a TypeError. Unsloth 2026 moves a `warmup_ratio` to `warmup_steps` and drops the
others with a print: an `evaluation_strategy` is then no evaluation.

When it is fine
With the versions that the script was written for.

References
transformers 5 removes `evaluation_strategy`, `warmup_ratio`, `group_by_length` and others (run);
unsloth/models/rl_config_compat.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG302",
    name="removed-trainer-argument",
    severity=Severity.NOTE,
    words=(
        "evaluation_strategy",
        "warmup_ratio",
        "group_by_length",
        "overwrite_output_dir",
        "save_safetensors",
        "logging_dir",
        "fp16_opt_level",
        "no_cuda",
        "include_tokens_per_second",
    ),
    formats=("unsloth",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        evaluation_strategy="no",  # <-\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        eval_strategy="no",\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
)

REMOVED = {
    "evaluation_strategy": "eval_strategy",
    "warmup_ratio": "warmup_steps, which takes a share below 1 as well",
    "group_by_length": "train_sampling_strategy",
    "overwrite_output_dir": None,
    "save_safetensors": None,
    "logging_dir": None,
    "fp16_opt_level": None,
    "no_cuda": "use_cpu",
    "jit_mode_eval": None,
    "include_tokens_per_second": None,
}


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each such argument."""
    pinned = str(file.value("script.versions.transformers") or "")
    if pinned and int(pinned.split(".")[0] or 5) < 5:
        return
    for name, instead in REMOVED.items():
        if file.node(f"args.{name}") is None:
            continue
        yield RULE.at(
            file,
            file.at(f"args.{name}"),
            f"{name} is gone in transformers 5",
            help=f"{instead}" if instead else None,
            fix=(
                file.rename("args.evaluation_strategy", "eval_strategy", safe=False)
                if name == "evaluation_strategy"
                else None
            ),
        )
