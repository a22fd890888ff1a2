"""The weights are quantised though they would fit in 16 bits.

What it does
Estimates the same run with weights in 16 bits, and tells when that fits the card that `--gpu`
names.

Why it matters
Quantised weights are a little less exact, and each product has to unpack them: a step takes up to
half as long again.

When it is fine
For the sake of a larger batch, or to serve the adapter on quantised weights.

References
QLoRA (arXiv:2305.14314), section 4; `ftx estimate`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.estimate.report import GIB, estimate
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.record import replace

RULE = Rule(
    code="MEM104",
    name="quantized-without-need",
    severity=Severity.NOTE,
    options=("gpu",),
    settings={"gpu": "rtx4090"},
    words=("4bit", "8bit", "qlora"),
    bad={
        "axolotl": "base_model: Qwen/Qwen2.5-0.5B\nmicro_batch_size: 1\nadapter: qlora\nload_in_4bit: true  # <-\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
    },
    good={
        "axolotl": "base_model: Qwen/Qwen2.5-0.5B\nmicro_batch_size: 1\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the quantisation."""
    quantization, found = file.recipe.quantization, file.estimate
    if quantization is None or quantization.kind == "other" or found is None:
        return
    if "bnb-4bit" in (file.document.text if file.format != "unsloth" else ""):
        return
    recipe = replace(file.recipe, quantization=None)
    plain = replace(file.document, recipe=recipe)
    options = file.options
    other = estimate(plain, gpu=options.gpu, gpus=options.gpus)
    if other.judgements[0].verdict == "fits":
        yield RULE.at(
            file,
            file.where("quantization.kind", "quantization"),
            f"weights in 16 bits would fit as well: up to {other.reserved / GIB:.1f} GiB of "
            f"{other.judgements[0].gpu.mib / 1024:.0f}",
        )
