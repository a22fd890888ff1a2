"""What is trained beside or inside the adapter contradicts it.

What it does
Looks at layer patterns without layers, unfrozen parameters beside chosen layers, two ways to
group learning rates, dropout on raw parameters, fused modules, and target names that are no
patterns.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_lr_groups`, `check_frozen`,
`check_peft_layers_pattern`, `check_fused_lora`; peft.py; config.py,
`check_lora_target_modules_regex` (0.19).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG123",
    name="adapter-parts",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("peft_layers", "lr_groups", "lora_target", "fuse_mlp", "onebit"),
    bad={"axolotl": "peft_layers_pattern: [layers]  # <-\n"},
    good={"axolotl": "peft_layers_pattern: [layers]\npeft_layers_to_transform: [0, 1]\n"},
)


def targets(file: File) -> list[object]:
    """The names in a list of targets; one text alone is not looked at by Axolotl."""
    named = file.value("lora_target_modules")
    return named if isinstance(named, list) else []


def pattern(text: str) -> bool:
    """Whether a name is a regular expression, as PEFT takes it."""
    try:
        re.compile(text)
    except re.error:
        return False
    return True


CHECKS = (
    Refusal(
        lambda f: f.on("lr_groups") and f.on("loraplus_lr_ratio"),
        ("lr_groups",),
        "lr_groups and loraplus_lr_ratio exclude each other",
    ),
    Refusal(
        lambda f: (
            f.on("adapter") and f.on("peft_layers_to_transform") and f.on("unfrozen_parameters")
        ),
        ("unfrozen_parameters",),
        "unfrozen_parameters does not go with peft_layers_to_transform",
    ),
    Refusal(
        lambda f: f.on("peft_layers_pattern") and not f.on("peft_layers_to_transform"),
        ("peft_layers_pattern",),
        "peft_layers_pattern needs peft_layers_to_transform",
    ),
    Refusal(
        lambda f: f.value("adapter") in ("lora", "qlora") and f.on("flash_attn_fuse_mlp"),
        ("flash_attn_fuse_mlp",),
        "fused modules take no adapter",
    ),
    Refusal(
        lambda f: f.value("adapter") in ("lora", "qlora") and f.on("use_onebitllms"),
        ("use_onebitllms",),
        "use_onebitllms takes no adapter",
    ),
    Refusal(
        lambda f: f.on("lora_target_parameters") and f.on("lora_dropout"),
        ("lora_dropout",),
        "adapters on raw parameters have no dropout",
        "lora_dropout: 0",
    ),
    Refusal(
        lambda f: any(isinstance(n, str) and not pattern(n) for n in targets(f)),
        ("lora_target_modules",),
        "lora_target_modules: {} holds what is no regular expression",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
