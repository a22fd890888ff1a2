"""Quantised weights are sharded in a way that is known to fail or to save little.

What it does
Looks for 8-bit and 4-bit weights under DeepSpeed ZeRO-3.

Why it matters
The states of bitsandbytes' 8-bit weights are no plain tensors that could be split. 4-bit weights
are split where their storage type is that of the computation (Axolotl's default), but every rank
first loads the whole model, which is where runs of large models end (axolotl#1717).

When it is fine
When the whole model fits into each device while it is loaded. FSDP, with which Axolotl splits both
kinds (axolotl/monkeypatch/fsdp2_qlora.py, 0.19), is not told of.

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
    words=("deepspeed",),
    bad={
        "axolotl": "adapter: lora\nload_in_8bit: true\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\ndeepspeed: deepspeed_configs/zero3.json  # <-\n"
    },
    good={
        "axolotl": "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\ndeepspeed: deepspeed_configs/zero3.json\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the sharding."""
    quantization = file.recipe.quantization
    if quantization is None or file.recipe.parallelism.strategy != "zero3":
        return
    place = file.where("parallelism.strategy")
    if file.format == "axolotl":
        place = file.at("deepspeed")
    if quantization.kind == "int8":
        yield RULE.at(
            file,
            place,
            "8-bit weights under ZeRO-3: they are known not to be split",
            help="FSDP, or 16-bit weights",
        )
    elif quantization.kind in ("nf4", "fp4"):
        yield RULE.at(
            file,
            place,
            "4-bit weights under ZeRO-3: every device loads the whole model before it is split",
            severity=Severity.NOTE,
        )
