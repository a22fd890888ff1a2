"""The DeepSpeed file says another batch or number format than the configuration.

What it does
Reads the JSON file that `deepspeed` names, if it lies on this machine, and compares micro batch,
accumulation, clipping and number formats, unless they are `auto`.

Why it matters
transformers ends with *Please correct the following DeepSpeed config values that mismatch
TrainingArguments values*; without `gradient_clipping` DeepSpeed does not clip, whatever
`max_grad_norm` says.

When it is fine
Never; `auto` takes over what the configuration says.

References
transformers/integrations/deepspeed.py; DeepSpeed's configuration JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from translator.diagnostics import Diagnostic, Severity
from translator.lint.axolotl import deepspeed
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DIST102",
    name="deepspeed-contradicts",
    severity=Severity.ERROR,
    words=("deepspeed",),
    formats=("axolotl",),
    bad={"axolotl": "deepspeed: ds.json  # <-\nmicro_batch_size: 2\n"},
    beside={
        "ds.json": '{"train_micro_batch_size_per_gpu": 4, "zero_optimization": {"stage": 2}}\n'
    },
    good={"axolotl": "deepspeed: ds.json\nmicro_batch_size: 4\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each value that differs."""
    found = deepspeed(file)
    if found is None:
        return
    name, content = found
    batching, optimizer = file.recipe.batching, file.recipe.optimizer
    said: list[tuple[str, object, object]] = [
        ("train_micro_batch_size_per_gpu", content.get("train_micro_batch_size_per_gpu"),
         batching.micro_batch),
        ("gradient_accumulation_steps", content.get("gradient_accumulation_steps"),
         batching.accumulation),
        ("gradient_clipping", content.get("gradient_clipping"), optimizer.max_grad_norm or 0),
        ("bf16.enabled", _enabled(content, "bf16"), file.recipe.precision.compute == "bfloat16"),
    ]  # fmt: skip
    for key, theirs, ours in said:
        if theirs in (None, "auto") or theirs == ours:
            continue
        if key == "bf16.enabled" and file.recipe.precision.compute == "auto":
            continue
        yield RULE.at(
            file,
            file.at("deepspeed"),
            f"{name} says {key}: {theirs}, the configuration {ours}",
            help="auto takes over what the configuration says",
        )


def _enabled(content: dict[str, Any], name: str) -> object:
    part = content.get(name)
    return part.get("enabled") if isinstance(part, dict) else None
