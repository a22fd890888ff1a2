"""Fused kernels for adapters where they cannot work.

What it does
Looks for `lora_mlp_kernel`, `lora_qkv_kernel` and `lora_o_kernel` beside 8-bit weights,
`trust_remote_code` and FSDP1 on several devices.

Why it matters
`axolotl train` ends with an error. Left out, the keys are switched on by Axolotl where they work.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_lora_kernels_8bit`,
`check_lora_kernels_trust_remote_code`; config.py, `check_multigpu_lora_kernels` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.axolotl import fsdp_version, gpus
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG115",
    name="adapter-kernels",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("_kernel",),
    bad={
        "axolotl": "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\nload_in_8bit: true\nlora_mlp_kernel: true  # <-\n"
    },
    good={
        "axolotl": "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\nlora_mlp_kernel: true\n"
    },
)
KERNELS = ("lora_mlp_kernel", "lora_qkv_kernel", "lora_o_kernel")

CHECKS = (
    Refusal(
        lambda f: f.on(*KERNELS) and f.value("adapter") == "lora" and f.on("load_in_8bit"),
        KERNELS,
        "fused adapter kernels do not work on 8-bit weights",
    ),
    Refusal(
        lambda f: f.on(*KERNELS) and f.on("trust_remote_code"),
        KERNELS,
        "fused adapter kernels do not work with trust_remote_code",
    ),
    Refusal(
        lambda f: (
            f.on(*KERNELS, "lora_embedding_kernel")
            and gpus(f) > 1
            and f.value("fsdp_config") is not None
            and fsdp_version(f) != "2"
        ),
        KERNELS,
        "fused adapter kernels do not work with FSDP1",
        "fsdp_version: 2",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
