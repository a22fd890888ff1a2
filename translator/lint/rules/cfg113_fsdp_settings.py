"""Settings of FSDP that contradict each other or the rest of the file.

What it does
Looks at the version, offloading, quantised weights, 8-bit optimizers, wrapping and other sharding
beside `fsdp_config`.

Why it matters
`axolotl train` ends with an error, and where it does not the ranks wait for one another for ever.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_fsdp_*`, `check_fsdp2_*`, `check_fsdp_deepspeed`,
`check_falcon_fsdp`; config.py, `check_fp32_norms`; fsdp.py (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.axolotl import fsdp, fsdp_version
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG113",
    name="fsdp-settings",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("fsdp", "fp32_norms"),
    bad={
        "axolotl": "fsdp_version: 2\nfsdp_config:\n  offload_params: false\noptimizer: adamw_bnb_8bit  # <-\n"
    },
    good={
        "axolotl": "fsdp_version: 2\nfsdp_config:\n  offload_params: false\noptimizer: adamw_torch_8bit\n"
    },
)

CHECKS = (
    Refusal(
        lambda f: f.on("fsdp") and f.on("deepspeed"),
        ("fsdp",),
        "fsdp and deepspeed exclude each other",
    ),
    Refusal(
        lambda f: f.on("fsdp") and "falcon" in f.value("base_model").lower(),
        ("fsdp",),
        "Falcon models cannot be sharded by FSDP",
    ),
    Refusal(
        lambda f: (
            f.on("fsdp_config")
            and fsdp_version(f) != "2"
            and fsdp(f, "offload_params")
            and "8bit" in str(f.value("optimizer"))
        ),
        ("optimizer",),
        "FSDP1 with offloaded parameters takes no 8-bit optimizer: {}",
    ),
    Refusal(
        lambda f: (
            f.on("fsdp_config")
            and fsdp_version(f) == "2"
            and f.value("optimizer") in ("adamw_8bit", "adamw_bnb_8bit")
        ),
        ("optimizer",),
        "FSDP2 cannot shard the states of {}",
        "optimizer: adamw_torch_8bit",
    ),
    Refusal(
        lambda f: (
            fsdp_version(f) == "2" and fsdp(f, "cpu_ram_efficient_loading") and f.on("load_in_4bit")
        ),
        ("fsdp_config.cpu_ram_efficient_loading", "fsdp_config.fsdp_cpu_ram_efficient_loading"),
        "FSDP2 hangs when one rank alone loads 4-bit weights",
        "cpu_ram_efficient_loading: false",
    ),
    Refusal(
        lambda f: f.value("fsdp_config.cpu_offload_pin_memory") is False and fsdp_version(f) != "2",
        ("fsdp_config.cpu_offload_pin_memory",),
        "FSDP1 cannot switch pinned memory off",
        "fsdp_version: 2",
    ),
    Refusal(
        lambda f: (
            f.value("fsdp_config.cpu_offload_pin_memory") is False
            and not f.on("fsdp_config.offload_params")
        ),
        ("fsdp_config.cpu_offload_pin_memory",),
        "cpu_offload_pin_memory: false needs offload_params: true",
    ),
    Refusal(
        lambda f: (
            f.value("fsdp_version") == 2
            and f.value("rl") in ("dpo", "kto", "orpo", "ipo")
            and f.on("load_in_4bit", "load_in_8bit")
        ),
        ("load_in_4bit", "load_in_8bit"),
        "FSDP2 does not load quantised weights for preference objectives",
        "DeepSpeed, or fsdp_version: 1",
    ),
    Refusal(
        lambda f: f.on("fp32_norms") and (f.value("fsdp_config") is None or fsdp_version(f) != "2"),
        ("fp32_norms",),
        "fp32_norms needs fsdp_config and fsdp_version: 2",
    ),
    Refusal(
        lambda f: (
            fsdp(f, "auto_wrap_policy") == "SIZE_BASED_WRAP" and not fsdp(f, "min_num_params")
        ),
        ("fsdp_config.auto_wrap_policy", "fsdp_config.fsdp_auto_wrap_policy"),
        "SIZE_BASED_WRAP needs min_num_params",
    ),
    Refusal(
        lambda f: (
            f.value("model_quantization_config") == "Mxfp4Config"
            and fsdp(f, "cpu_ram_efficient_loading")
        ),
        ("fsdp_config.cpu_ram_efficient_loading", "fsdp_config.fsdp_cpu_ram_efficient_loading"),
        "cpu_ram_efficient_loading does not work with Mxfp4Config",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
