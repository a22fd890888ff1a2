"""ReLoRA without what it needs, or beside what it cannot work with.

What it does
Looks at `relora` without `jagged_restart_steps` or an adapter, and beside FSDP, DeepSpeed,
`one_cycle` and fused modules.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_relora` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG120",
    name="relora-settings",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("relora",),
    bad={
        "axolotl": "relora: true  # <-\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
    },
    good={
        "axolotl": "relora: true\njagged_restart_steps: 500\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
    },
)

CHECKS = (
    Refusal(
        lambda f: f.on("relora") and not f.on("jagged_restart_steps"),
        ("relora",),
        "relora needs jagged_restart_steps",
    ),
    Refusal(
        lambda f: (
            f.on("relora") and f.value("adapter") not in ("lora", "qlora") and not f.on("plugins")
        ),
        ("relora",),
        "relora restarts an adapter, and there is none",
    ),
    Refusal(
        lambda f: (
            f.on("relora") and f.on("fsdp", "fsdp_config", "deepspeed", "flash_attn_fuse_mlp")
        ),
        ("relora",),
        "relora works neither with FSDP, DeepSpeed nor fused modules",
    ),
    Refusal(
        lambda f: f.on("relora") and f.value("lr_scheduler") == "one_cycle",
        ("lr_scheduler",),
        "relora does not work with one_cycle",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
