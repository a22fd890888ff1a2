"""Settings of EBFT that are missing or do not go together.

What it does
Looks for `rl: ebft` without its `ebft` block, and in strided mode for compilation with
checkpointing and for offloading with flex attention.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `EBFTValidationMixin` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.axolotl import attention
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG127",
    name="ebft-settings",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("ebft",),
    bad={"axolotl": "rl: ebft  # <-\n"},
    good={"axolotl": "rl: ebft\nebft:\n  mode: structured\n"},
)


def strided(file: File) -> bool:
    """Whether EBFT runs in its strided mode."""
    return bool(file.value("rl") == "ebft" and file.value("ebft.mode") == "strided")


CHECKS = (
    Refusal(
        lambda f: f.value("rl") == "ebft" and not f.on("ebft"),
        ("rl",),
        "rl: ebft needs a block ebft",
    ),
    Refusal(
        lambda f: (
            strided(f)
            and f.value("torch_compile") in (True, "auto")
            and f.on("gradient_checkpointing")
        ),
        ("torch_compile",),
        "strided EBFT cannot be compiled with gradient_checkpointing",
        "drop torch_compile: flex attention compiles itself",
    ),
    Refusal(
        lambda f: (
            strided(f)
            and f.value("activation_offloading") is True
            and attention(f) == "flex_attention"
        ),
        ("activation_offloading",),
        "strided EBFT on flex attention does not offload activations",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
