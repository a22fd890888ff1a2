"""Quantised weights are sharded in a way that is known to fail or to save little.

What it does
Looks for 8-bit weights under DeepSpeed ZeRO-3 or FSDP2, and for 4-bit weights under ZeRO-3.

Why it matters
The states of bitsandbytes' 8-bit weights are no plain tensors that could be split. 4-bit weights
are split where their storage type is that of the computation (Axolotl's default), but every rank
first loads the whole model, which is where runs of large models end (axolotl#1717).

When it is fine
When the whole model fits into each device while it is loaded. FSDP with 4-bit weights, which is how
70B models are trained on two cards, is not told of.

References
axolotl-ai-cloud/axolotl#1717; huggingface/alignment-handbook#42; PEFT, documentation of
bitsandbytes with DeepSpeed and FSDP.
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
    if quantization.kind == "int8" and strategy != "fsdp1":
        yield RULE.at(
            file,
            place,
            f"8-bit weights under {strategy}: they are known not to be split",
            help="4-bit weights under FSDP, or 16-bit ones",
        )
    elif strategy == "zero3" and quantization.kind in ("nf4", "fp4"):
        yield RULE.at(
            file,
            place,
            "4-bit weights under ZeRO-3: every device loads the whole model before it is split",
            severity=Severity.NOTE,
            help="FSDP loads it on one rank",
        )
