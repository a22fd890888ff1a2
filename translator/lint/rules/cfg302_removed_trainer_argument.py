"""An argument that transformers 5 and TRL have removed.

What it does
Looks for trainer arguments that present versions do not take any more, unless the script itself
installs older ones.

Why it matters
transformers' own `TrainingArguments`, plain TRL and `UnslothTrainingArguments` end with a TypeError
(a warning; an error where the script installs transformers 5, a note where a requirements file or
pyproject.toml beside or above it asks for an older one). For TRL's configurations Unsloth 2026
moves a `warmup_ratio` to `warmup_steps` and drops the others with a print: an `evaluation_strategy`
is then no evaluation (a note).

When it is fine
With the versions that the script was written for.

References
transformers 5 removes `evaluation_strategy`, `warmup_ratio`, `group_by_length` and others (run);
unsloth/models/rl_config_compat.py; unsloth/trainer.py:908.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.unsloth.defaults import Flavour
from translator.frameworks.unsloth.rows import FLAVOUR
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

_LIBRARIES = ("trl", "transformers", "unsloth", "")
"""Where classes come from whose arguments are known; empty where a script does not say."""
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
    """A finding for each such argument, graver where the class refuses it."""
    given = [name for name in REMOVED if file.node(f"args.{name}") is not None]
    if not given or str(file.value("args.library") or "") not in _LIBRARIES or _older(file):
        return
    kind = str(file.value("args.base") or file.value("args.class") or "").rpartition(".")[2]
    declared = file.value("args.declared") or ()
    refused = file.document.facts.get(FLAVOUR) != Flavour.PATCHED.name
    severity = _severity(file) if refused else None
    for name in given:
        if name in declared:
            continue
        yield RULE.at(
            file,
            file.at_name(f"args.{name}"),
            f"{name} is gone in transformers 5" + (f", and {kind} refuses it" if refused else ""),
            help=REMOVED[name],
            severity=severity,
            fix=(
                file.rename("args.evaluation_strategy", "eval_strategy", safe=False)
                if name == "evaluation_strategy"
                else None
            ),
        )


def _older(file: File) -> bool:
    """Whether the script itself installs transformers before 5."""
    from translator.lint.pinned import asks_for_older

    pinned = _major(file)
    if pinned is not None:
        return pinned < 5
    lines = [line for line in file.document.text.splitlines() if "pip install" in line]
    return asks_for_older("\n".join(lines), "transformers", 5)


def _severity(file: File) -> Severity | None:
    """The class ends with a TypeError, for certain where the script installs such a version; a note
    is enough where the project asks for an older one."""
    from translator.lint.pinned import pinned_around

    if _major(file) is not None:
        return Severity.ERROR
    return None if pinned_around(file.around, "transformers", 5) else Severity.WARNING


def _major(file: File) -> int | None:
    """The version of transformers that the script installs."""
    pinned = str(file.value("script.versions.transformers") or "").partition(".")[0]
    return int(pinned) if pinned.isdecimal() else None
