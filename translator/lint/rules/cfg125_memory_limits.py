"""Memory limits or offloading that exclude each other.

What it does
Looks at `max_memory` beside `gpu_memory_limit`, and at `ple_cpu_offload` beside sharding or
without quantised weights.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_mem_mismatch`; config.py, `check_ple_cpu_offload`
(0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG125",
    name="memory-limits",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("memory", "ple_cpu_offload"),
    bad={"axolotl": "max_memory:\n  0: 20GiB\ngpu_memory_limit: 20GiB  # <-\n"},
    good={"axolotl": "gpu_memory_limit: 20GiB\n"},
)

CHECKS = (
    Refusal(
        lambda f: f.value("max_memory") is not None and f.value("gpu_memory_limit") is not None,
        ("gpu_memory_limit",),
        "max_memory and gpu_memory_limit exclude each other",
    ),
    Refusal(
        lambda f: (
            f.on("ple_cpu_offload")
            and (
                f.value("fsdp_config") is not None
                or f.value("fsdp") is not None
                or f.on("deepspeed")
            )
        ),
        ("ple_cpu_offload",),
        "ple_cpu_offload works neither with FSDP nor with DeepSpeed",
    ),
    Refusal(
        lambda f: (
            f.on("ple_cpu_offload")
            and not (f.value("adapter") == "qlora" and f.on("load_in_4bit"))
            and not (f.value("adapter") == "lora" and f.on("load_in_8bit"))
        ),
        ("ple_cpu_offload",),
        "ple_cpu_offload needs qlora with load_in_4bit, or lora with load_in_8bit",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
