"""Settings of activation checkpointing and offloading that contradict each other.

What it does
Looks at `activation_offloading` and `selective_checkpointing` without `gradient_checkpointing`,
at reentrant checkpointing of partly frozen models, and at models that know no checkpointing.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_activation_offloading_wo_gc`,
`check_selective_checkpointing`, `check_use_reentrant_mismatch`, `check_mpt_checkpointing`,
`check_rl_config_gradient_checkpointing` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.axolotl import gpus
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG116",
    name="checkpointing-settings",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("checkpointing", "activation_offloading"),
    bad={"axolotl": "activation_offloading: true  # <-\n"},
    good={"axolotl": "activation_offloading: true\ngradient_checkpointing: true\n"},
)
PRODUCTS = ("aten::mm", "aten::addmm", "aten::matmul", "aten::bmm")


def selective(file: File) -> bool:
    """Whether some activations are kept; an empty block asks for it as well."""
    return file.value("selective_checkpointing") not in (None, False)


CHECKS = (
    Refusal(
        lambda f: f.on("activation_offloading") and not f.on("gradient_checkpointing"),
        ("activation_offloading",),
        "activation_offloading needs gradient_checkpointing",
        "gradient_checkpointing: true",
    ),
    Refusal(
        lambda f: selective(f) and not f.on("gradient_checkpointing"),
        ("selective_checkpointing",),
        "selective_checkpointing needs gradient_checkpointing",
        "gradient_checkpointing: true",
    ),
    Refusal(
        lambda f: selective(f) and f.on("gradient_checkpointing_kwargs.use_reentrant"),
        ("selective_checkpointing",),
        "selective_checkpointing needs gradient_checkpointing_kwargs.use_reentrant: false",
    ),
    Refusal(
        lambda f: (
            selective(f)
            and f.on("gradient_checkpointing")
            and (
                f.on("activation_offloading")
                or str(f.value("gradient_checkpointing")).startswith("offload")
            )
            and f.value("activation_offloading") != "hidden_states"
        ),
        ("selective_checkpointing",),
        "selective_checkpointing goes with activation_offloading: hidden_states alone",
    ),
    Refusal(
        lambda f: (
            f.on("adapter")
            and f.on("gradient_checkpointing")
            and any(
                entry != "attention" and any(str(entry) in product for product in PRODUCTS)
                for entry in f.value("selective_checkpointing.save")
            )
        ),
        ("selective_checkpointing",),
        "matrix products cannot be saved with an adapter, which changes them in place",
        "save: [attention]",
    ),
    Refusal(
        lambda f: (
            f.on("unfrozen_parameters")
            and f.value("gradient_checkpointing_kwargs.use_reentrant") is True
        ),
        ("gradient_checkpointing_kwargs.use_reentrant",),
        "reentrant checkpointing does not work with unfrozen_parameters",
        "use_reentrant: false",
    ),
    Refusal(
        lambda f: f.on("gradient_checkpointing") and "mpt" in f.value("base_model").lower(),
        ("gradient_checkpointing",),
        "MPT models have no activation checkpointing",
    ),
    Refusal(
        lambda f: (
            f.on("rl")
            and f.on("gradient_checkpointing")
            and f.on("gradient_checkpointing_kwargs.use_reentrant")
            and f.on("load_in_4bit")
            and f.value("adapter") == "qlora"
            and gpus(f) > 1
        ),
        ("gradient_checkpointing_kwargs.use_reentrant",),
        "reentrant checkpointing does not work with QLoRA and rl on several devices",
        "use_reentrant: false",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
