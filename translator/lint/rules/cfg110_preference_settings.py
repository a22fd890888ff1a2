"""Settings of DPO and its relatives that contradict each other.

What it does
Looks at losses and weights of DPO, at beta given twice, at Liger's fused loss with IPO, and at
GDPO with the aggregation of GRPO.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_dpo`, `check_gdpo`, `check_dpo_use_liger_kernel`;
config.py, `check_beta_and_trl_beta_match` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG110",
    name="preference-settings",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("dpo", "beta", "gdpo"),
    bad={"axolotl": "rl: orpo\ndpo_loss_type: [sigmoid]  # <-\n"},
    good={"axolotl": "rl: dpo\ndpo_loss_type: [sigmoid]\n"},
)

CHECKS = (
    Refusal(
        lambda f: (
            f.value("rl") == "dpo"
            and f.value("dpo_loss_weights") is not None
            and f.value("dpo_loss_type") is None
        ),
        ("dpo_loss_weights",),
        "dpo_loss_weights needs dpo_loss_type",
    ),
    Refusal(
        lambda f: (
            f.value("rl") == "dpo"
            and f.value("dpo_loss_weights") is not None
            and f.value("dpo_loss_type") is not None
            and len(f.value("dpo_loss_weights")) != len(f.value("dpo_loss_type"))
        ),
        ("dpo_loss_weights",),
        "dpo_loss_type and dpo_loss_weights are not equally long",
    ),
    Refusal(
        lambda f: (
            f.value("rl") != "dpo"
            and (f.value("dpo_loss_type") is not None or f.value("dpo_loss_weights") is not None)
        ),
        ("dpo_loss_type", "dpo_loss_weights"),
        "dpo_loss_type and dpo_loss_weights are for rl: dpo alone",
    ),
    Refusal(
        lambda f: (
            f.on("dpo_use_liger_kernel")
            and (f.value("rl") == "ipo" or (f.value("dpo_loss_type") or [None])[0] == "ipo")
        ),
        ("dpo_use_liger_kernel",),
        "Liger's fused loss does not know ipo",
    ),
    Refusal(
        lambda f: (
            f.value("rl") == "gdpo"
            and f.value("trl.multi_objective_aggregation") == "sum_then_normalize"
        ),
        ("trl.multi_objective_aggregation",),
        "sum_then_normalize is how GRPO aggregates; rl is gdpo",
    ),
    Refusal(
        lambda f: f.on("beta") and f.on("trl.beta") and f.value("beta") != f.value("trl.beta"),
        ("beta",),
        "beta and trl.beta differ",
        "keep one of them",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
