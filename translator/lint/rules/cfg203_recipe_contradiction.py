"""Keys that a recipe of torchtune refuses together.

What it does
Looks for updates inside the backward pass together with gradient accumulation or clipping, and
for offloaded activations without checkpointing.

Why it matters
The recipe ends with a RuntimeError.

When it is fine
Never.

References
torchtune 0.6.1, recipes/full_finetune_single_device.py and
recipes/lora_finetune_single_device.py, `__init__`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG203",
    name="recipe-contradiction",
    severity=Severity.WARNING,
    formats=("torchtune",),
    words=("optimizer_in_bwd", "enable_activation_offloading"),
    bad={
        "torchtune": "optimizer_in_bwd: true  # <-\ngradient_accumulation_steps: 4\nclip_grad_norm: null\nmodel:\n  _component_: torchtune.models.llama3_1.llama3_1_8b\n"
    },
    good={
        "torchtune": "optimizer_in_bwd: true\ngradient_accumulation_steps: 1\nclip_grad_norm: null\nmodel:\n  _component_: torchtune.models.llama3_1.llama3_1_8b\n"
    },
)

CHECKS = (
    Refusal(
        lambda f: f.on("optimizer_in_bwd") and (f.value("gradient_accumulation_steps") or 1) > 1,
        ("optimizer_in_bwd",),
        "an update inside the backward pass leaves nothing to accumulate",
        "gradient_accumulation_steps: 1",
    ),
    Refusal(
        lambda f: f.on("optimizer_in_bwd") and f.value("clip_grad_norm") is not None,
        ("clip_grad_norm",),
        "gradients cannot be clipped when they are used inside the backward pass",
        "clip_grad_norm: null",
    ),
    Refusal(
        lambda f: (
            f.on("enable_activation_offloading") and not f.on("enable_activation_checkpointing")
        ),
        ("enable_activation_offloading",),
        "activations can be offloaded only where they are checkpointed",
        "enable_activation_checkpointing: true",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
