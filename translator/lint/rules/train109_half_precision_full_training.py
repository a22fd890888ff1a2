"""All weights are trained in float16.

What it does
Looks for full fine-tuning whose computation is in float16.

Why it matters
Gradients of float16 weights cannot be unscaled: the trainer ends with `Attempting to unscale FP16
gradients`, or the loss becomes NaN.

When it is fine
Where the weights are loaded in float32 and float16 is used under autocast alone.

References
torch/amp/grad_scaler.py; axolotl/utils/schemas/validation.py, `check_fft_possible_bad_config`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.lint.weights import loaded_quantized

RULE = Rule(
    code="TRAIN109",
    name="half-precision-full-training",
    severity=Severity.WARNING,
    bad={"axolotl": "float16: true  # <-\nbf16: false\n"},
    good={"axolotl": "bf16: true\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the format."""
    recipe = file.recipe
    if recipe.adapter is not None or recipe.precision.compute != "float16":
        return
    if loaded_quantized(file):  # an adapter is meant, and that it is missing is told
        return
    if recipe.precision.weights == "float32" or not file.written("precision.compute"):
        return
    yield RULE.at(
        file,
        file.where("precision.compute"),
        "all weights are trained in float16, whose gradients cannot be unscaled",
        help="bfloat16, or an adapter",
    )
