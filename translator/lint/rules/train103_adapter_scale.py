"""The scale of the adapter is far from what is usual.

What it does
Computes what the update is multiplied with: alpha / rank, or alpha / sqrt(rank) with `rslora`,
and tells when it is above 16, or 0.06 or less.

Why it matters
The scale multiplies the learning rate of the adapter. Switching rsLoRA on without lowering alpha
multiplies it by the square root of the rank; copying alpha and raising the rank divides it.

When it is fine
When rate and scale were chosen together.

References
peft/tuners/lora/layer.py, `update_layer`; arXiv:2312.03732.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN103",
    name="adapter-scale",
    severity=Severity.WARNING,
    bad={
        "axolotl": "adapter: lora\nlora_r: 8\nlora_alpha: 256  # <-\nlora_target_linear: true\n",
        "torchtune": "model:\n  _component_: torchtune.models.llama3_1.lora_llama3_1_8b\n  lora_attn_modules: [q_proj]\n  apply_lora_to_mlp: true\n  lora_rank: 128\n  lora_alpha: 4  # <-\n",
    },
    good={
        "axolotl": "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n",
        "torchtune": "model:\n  _component_: torchtune.models.llama3_1.lora_llama3_1_8b\n  lora_attn_modules: [q_proj]\n  apply_lora_to_mlp: true\n  lora_rank: 128\n  lora_alpha: 128\n",
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at alpha."""
    adapter = file.recipe.adapter
    if adapter is None or adapter.rank < 1:
        return
    divisor = sqrt(adapter.rank) if adapter.rank_stabilized else adapter.rank
    scale = adapter.alpha / divisor
    if 0.06 < scale <= 16:
        return
    formula = "alpha / sqrt(rank)" if adapter.rank_stabilized else "alpha / rank"
    yield RULE.at(
        file,
        file.where("adapter.alpha", "adapter.rank_stabilized", "adapter.rank"),
        f"{formula} is {scale:.3g} (alpha {adapter.alpha:g}, rank {adapter.rank}): "
        f"the adapter learns {'much faster' if scale > 16 else 'next to nothing'}",
        help="1 or 2 is usual",
    )
