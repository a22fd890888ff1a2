"""Liger is asked for and has no kernels for the model.

What it does
Compares the model's family with those that Liger and Axolotl's plugin have layers for.

Why it matters
The layers stay as they are, so that the memory that was hoped for is not saved. For the fused loss
Axolotl replaces the model's `forward` by one that does not name its inputs: the trainer takes them
for unused and drops them from rows that are not packed, and training ends with the first batch.

When it is fine
With packed rows, or `remove_unused_columns: false`, the generic loss works.

References
liger_kernel/transformers/monkey_patch.py, `MODEL_TYPE_TO_APPLY_LIGER_FN` (0.8.1);
axolotl/integrations/liger/plugin.py and models/base.py, `patch_lce_forward`;
axolotl/core/trainers/base.py, `_get_dataloader` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.catalog.liger import supported
from translator.catalog.models import facts, model_types
from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG135",
    name="liger-without-kernels",
    severity=Severity.WARNING,
    formats=("axolotl",),
    words=("liger_",),
    bad={
        "axolotl": "base_model: LiquidAI/LFM2-1.2B\nplugins:\n  - axolotl.integrations.liger.LigerPlugin\nliger_rms_norm: true  # <-\nliger_fused_linear_cross_entropy: true  # <-\n"
    },
    good={
        "axolotl": "base_model: Qwen/Qwen3-1.7B\nplugins:\n  - axolotl.integrations.liger.LigerPlugin\nliger_rms_norm: true\nliger_fused_linear_cross_entropy: true\n"
    },
)

LAYERS = ("liger_rope", "liger_rms_norm", "liger_glu_activation", "liger_layer_norm")
LOSS = "liger_fused_linear_cross_entropy"


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for the layers that are not fused, one for a loss that loses its inputs."""
    asked = [key for key in LAYERS if file.on(key)]
    loses = file.on(LOSS) and not file.on("sample_packing", "pretraining_dataset")
    loses = loses and file.value("remove_unused_columns") is not False
    if not asked and not loses:
        return
    known = facts(file.recipe.model.id)
    if known is None or any(supported(name, "axolotl") for name in model_types(known.family)):
        return
    if asked:
        verb = "has" if len(asked) == 1 else "have"
        yield RULE.at(
            file,
            file.at(asked[0]),
            f"{', '.join(asked)} {verb} no effect: Liger has no layers for {known.id} ({known.family})",
        )
    if loses:
        yield RULE.at(
            file,
            file.at(LOSS),
            f"Axolotl's generic patch of {known.id} ({known.family}) loses the inputs of rows that "
            "are not packed; training ends with the first batch",
            help="set remove_unused_columns: false, or sample_packing: true",
            severity=Severity.ERROR,
        )
