"""Quantised loading and the adapter do not fit together.

What it does
Looks for `load_in_4bit` or `load_in_8bit` without an adapter, `adapter: qlora` without
`load_in_4bit: true`, and qlora with 8 bits or GPTQ.

Why it matters
`axolotl train` ends with an error: weights of 4 or 8 bits cannot be trained themselves.

When it is fine
Never.

References
axolotl/utils/schemas/peft.py, `validate_adapter` and `validate_qlora` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG106",
    name="quantization-without-adapter",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("load_in_", "qlora"),
    bad={"axolotl": "load_in_4bit: true  # <-\n"},
    good={
        "axolotl": "load_in_4bit: true\nadapter: qlora\nlora_r: 16\nlora_alpha: 32\nlora_target_linear: true\n"
    },
)

CHECKS = (
    Refusal(
        lambda f: (
            not f.on("adapter") and not f.on("inference") and f.on("load_in_4bit", "load_in_8bit")
        ),
        ("load_in_4bit", "load_in_8bit"),
        "quantised weights cannot be trained themselves, and there is no adapter",
        "adapter: qlora, or no load_in_4bit and load_in_8bit",
    ),
    Refusal(
        lambda f: f.value("adapter") == "qlora" and f.on("load_in_8bit"),
        ("load_in_8bit",),
        "adapter: qlora means 4 bits; with 8 bits Axolotl wants adapter: lora",
    ),
    Refusal(
        lambda f: f.value("adapter") == "qlora" and f.on("gptq"),
        ("gptq",),
        "adapter: qlora does not load GPTQ weights",
        "adapter: lora",
    ),
    Refusal(
        lambda f: (
            f.value("adapter") == "qlora" and not f.on("load_in_4bit") and not f.on("merge_lora")
        ),
        ("load_in_4bit", "adapter"),
        "adapter: qlora needs load_in_4bit: true",
    ),
    Refusal(
        lambda f: f.value("adapter") == "qlora" and f.on("merge_lora") and f.on("load_in_4bit"),
        ("merge_lora",),
        "an adapter cannot be merged into weights of 4 bits",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
