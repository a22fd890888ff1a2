"""An adapter on a part of a Mamba layer that PEFT refuses.

What it does
Looks for `out_proj` or `conv1d` among the targets of an adapter, or for all linear layers, where the
model is of a family whose Mamba layers PEFT guards.

Why it matters
The kernels of these layers take the weights of `out_proj` themselves and go past an adapter on it.
PEFT ends with an error before the first step.

When it is fine
Unsloth leaves these parts out by itself. Granite 4.0 H and Bamba are not guarded; there the adapter
is made, and without effect where mamba-ssm is installed.

References
peft/tuners/tuners_utils.py, `_check_lora_target_modules_mamba` (0.20); huggingface/peft#2562;
unsloth_zoo/peft_utils.py, `MAMBA_ONLY_LEAVES` (2026.10.9);
transformers/models/granitemoehybrid/modeling_granitemoehybrid.py, `outproj_weight`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.catalog.models import facts
from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG134",
    name="adapter-on-mamba",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("out_proj", "conv1d", "lora_target_linear"),
    bad={
        "axolotl": "base_model: tiiuae/Falcon-H1-1.5B-Base\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true  # <-\n"
    },
    good={
        "axolotl": "base_model: tiiuae/Falcon-H1-1.5B-Base\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_modules: [q_proj, k_proj, v_proj, o_proj, in_proj]\n"
    },
)

GUARDED = frozenset(("falcon_h1", "nemotron_h", "mamba", "mamba2", "falcon_mamba"))
REFUSED = ("out_proj", "conv1d")


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the targets."""
    adapter = file.recipe.adapter
    if adapter is None:
        return
    named = [name for name in REFUSED if name in adapter.modules]
    if not named and "all-linear" not in adapter.modules:
        return
    known = facts(file.recipe.model.id)
    if known is None or known.family not in GUARDED:
        return
    what = " and ".join(named) or "every linear layer, out_proj among them"
    others = [name for name in known.linear_modules if name not in REFUSED]
    yield RULE.at(
        file,
        file.where("adapter.modules"),
        f"PEFT refuses adapters on {what}: {known.id} has Mamba layers, whose kernels go past them",
        help=f"name the others: {', '.join(others)}" if others else None,
    )
