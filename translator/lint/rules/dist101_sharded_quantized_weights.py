"""Quantised weights are sharded in a way that does not save their memory or does not work.

What it does
Looks for weights of 4 or 8 bits under DeepSpeed ZeRO-3 or FSDP. 8-bit weights cannot be sharded;
4-bit ones can under FSDP, where their storage type is that of the computation.

Why it matters
ZeRO-3 gathers and partitions by 16-bit elements; bitsandbytes' 8-bit states do not survive that.
With 4 bits every rank first loads the whole model (axolotl#1717, alignment-handbook#42).

When it is fine
With 4-bit weights under FSDP, which is how 70B models are trained on two cards; it is not told
of.

References
axolotl-ai-cloud/axolotl#1717; huggingface/alignment-handbook#42; bitsandbytes, documentation of
FSDP-QLoRA.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DIST101",
    name="sharded-quantized-weights",
    severity=Severity.WARNING,
    words=("deepspeed", "fsdp"),
    bad={
        "axolotl": "adapter: lora\nload_in_8bit: true\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\nfsdp_version: 2\nfsdp_config:  # <-\n  offload_params: false\n"
    },
    good={
        "axolotl": "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\nfsdp_version: 2\nfsdp_config:\n  offload_params: false\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the sharding."""
    quantization, strategy = file.recipe.quantization, file.recipe.parallelism.strategy
    if quantization is None or strategy not in ("zero3", "fsdp1", "fsdp2"):
        return
    place = file.where("parallelism.strategy")
    if file.format == "axolotl":
        place = file.at("deepspeed" if strategy == "zero3" else "fsdp_config", "fsdp")
    if quantization.kind == "int8":
        yield RULE.at(
            file,
            place,
            f"8-bit weights cannot be sharded ({strategy})",
            help="4-bit weights under FSDP, or 16-bit ones",
        )
    elif strategy == "zero3" and quantization.kind in ("nf4", "fp4"):
        yield RULE.at(
            file,
            place,
            "ZeRO-3 does not partition 4-bit weights: every device holds all of them",
            help="FSDP shards them; ZeRO-2 costs the same memory and less communication",
        )
