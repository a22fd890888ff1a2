"""The strength of the reference in a preference objective is out of the usual.

What it does
Looks for a beta of 0 or below, or of 5 or more, for DPO and KTO.

Why it matters
With 0 nothing holds the model to its reference; the loss is log 2 and has no gradient. Large
values leave it where it is.

When it is fine
For SimPO, ORPO and CPO, whose beta is another thing; they are left out.

References
arXiv:2305.18290; trl/trainer/dpo_config.py (0.1).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import LabelObjective, PreferenceObjective
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN114",
    name="preference-beta",
    severity=Severity.WARNING,
    words=("beta",),
    bad={
        "axolotl": "rl: dpo\nrl_beta: 10  # <-\ndatasets:\n  - path: a/b\n    type: chat_template.default\n"
    },
    good={
        "axolotl": "rl: dpo\nrl_beta: 0.1\ndatasets:\n  - path: a/b\n    type: chat_template.default\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at beta."""
    objective = file.recipe.objective
    pairs = isinstance(objective, PreferenceObjective) and objective.method in ("dpo", "ipo")
    if not pairs and not isinstance(objective, LabelObjective):
        return
    beta = getattr(objective, "beta", 0.1)
    if not 0 < beta < 5 and file.written("objective.beta"):
        yield RULE.at(file, file.where("objective.beta"), f"beta is {beta:g}; 0.01 to 0.5 is usual")
