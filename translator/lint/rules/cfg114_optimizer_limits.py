"""An optimizer that does not work with the adapter or the sharding of the file.

What it does
Looks at `muon`, `polora`, `q_galore_adamw8bit` and the `flash_` optimizers beside DeepSpeed,
FSDP1, adapters and settings that they ignore.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_muon_deepspeed_fsdp`, `check_polora`, `check_qgalore`,
`check_flashoptim_deepspeed_fsdp` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.axolotl import fsdp_version
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG114",
    name="optimizer-limits",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("muon", "polora", "galore", "flash_", "tensor_parallel_size"),
    bad={"axolotl": "optimizer: muon  # <-\ndeepspeed: zero2.json\n"},
    good={"axolotl": "optimizer: muon\n"},
)
NOT_WITH_POLORA = (
    "lora_modules_to_save", "unfrozen_parameters", "peft_use_dora", "peft_trainable_token_indices",
    "lisa_step_interval", "reward_model", "process_reward_model", "loraplus_lr_ratio", "lr_groups",
    "embedding_lr", "embedding_lr_scale", "relora_steps",
)  # fmt: skip


def special(file: File) -> bool:
    """Whether the optimizer is one of those that shard in one way only."""
    name = str(file.value("optimizer") or "")
    return name in ("muon", "polora", "q_galore_adamw8bit") or name.startswith("flash_")


CHECKS = (
    Refusal(
        lambda f: special(f) and f.on("deepspeed"),
        ("optimizer",),
        "optimizer: {} does not work with DeepSpeed",
    ),
    Refusal(
        lambda f: special(f) and f.on("fsdp", "fsdp_config") and fsdp_version(f) != "2",
        ("optimizer",),
        "optimizer: {} works with FSDP2 alone",
        "fsdp_version: 2",
    ),
    Refusal(
        lambda f: f.value("optimizer") == "polora" and f.value("adapter") not in ("lora", "qlora"),
        ("optimizer",),
        "polora updates adapters alone, and there is none",
    ),
    Refusal(
        lambda f: f.value("optimizer") == "polora" and f.on(*NOT_WITH_POLORA),
        ("optimizer",),
        "polora would not train or not heed what the file asks for beside it: "
        + ", ".join(NOT_WITH_POLORA),
    ),
    Refusal(
        lambda f: f.value("optimizer") == "polora" and (f.value("tensor_parallel_size") or 1) > 1,
        ("optimizer",),
        "polora does not work with tensor parallelism",
    ),
    Refusal(
        lambda f: f.value("optimizer") == "q_galore_adamw8bit" and f.on("adapter"),
        ("optimizer",),
        "q_galore_adamw8bit trains all weights, and there is an adapter",
    ),
    Refusal(
        lambda f: (
            f.value("optimizer") == "q_galore_adamw8bit"
            and f.on("fsdp", "fsdp_config")
            and fsdp_version(f) == "2"
            and f.value("fsdp_config.use_orig_params") is not True
        ),
        ("optimizer",),
        "q_galore_adamw8bit needs fsdp_config.use_orig_params: true",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
