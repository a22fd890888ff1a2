"""Sequences shared by devices without what that needs.

What it does
With `context_parallel_size` above 1, Axolotl wants `attn_implementation: flash_attention_2`, and
one packed sequence at a time.

Why it matters
`axolotl train` ends with an error: ring attention is written for that kernel alone.

When it is fine
With `use_glm_dsa_kernels`, which bring their own.

References
axolotl/utils/schemas/validation.py, `check_context_parallel_size` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.axolotl import attention
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG126",
    name="context-parallel-settings",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("context_parallel_size", "sequence_parallel_degree"),
    bad={"axolotl": "context_parallel_size: 2  # <-\n"},
    good={"axolotl": "context_parallel_size: 2\nattn_implementation: flash_attention_2\n"},
)


def devices(file: File) -> int:
    """Devices that share a sequence."""
    return int(file.value("context_parallel_size") or file.value("sequence_parallel_degree") or 1)


CHECKS = (
    Refusal(
        lambda f: (
            devices(f) > 1
            and not f.on("use_glm_dsa_kernels")
            and attention(f) != "flash_attention_2"
        ),
        ("context_parallel_size", "sequence_parallel_degree"),
        "sequences can be shared with attn_implementation: flash_attention_2 alone",
        "attn_implementation: flash_attention_2",
    ),
    Refusal(
        lambda f: (
            devices(f) > 1
            and not f.on("use_glm_dsa_kernels")
            and f.on("sample_packing")
            and f.value("micro_batch_size") > 1
        ),
        ("micro_batch_size",),
        "packed sequences that devices share come one at a time, not {}",
        "micro_batch_size: 1",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
