"""Early stopping without evaluation and saving steps that fit together.

What it does
With `early_stopping_patience`, Axolotl wants `save_steps` and `eval_steps`, and the first must be
a multiple of the second. `evals_per_epoch` and strategies by epoch do not count.

Why it matters
`axolotl train` ends with an error. Early stopping looks at the metric of saved checkpoints, so
each save must fall on an evaluation.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_early_stopping` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG105",
    name="early-stopping-steps",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("early_stopping_patience",),
    bad={"axolotl": "early_stopping_patience: 3  # <-\nevals_per_epoch: 4\n"},
    good={
        "axolotl": "early_stopping_patience: 3\neval_steps: 50\nsave_steps: 100\nval_set_size: 0.1\n"
    },
)

CHECKS = (
    Refusal(
        lambda f: (
            f.on("early_stopping_patience") and not (f.on("save_steps") and f.on("eval_steps"))
        ),
        ("early_stopping_patience",),
        "early stopping needs save_steps and eval_steps, the first a multiple of the second",
    ),
    Refusal(
        lambda f: (
            f.on("early_stopping_patience")
            and f.on("save_steps")
            and f.on("eval_steps")
            and f.value("save_steps") % f.value("eval_steps") != 0
        ),
        ("save_steps",),
        "save_steps: {} is no multiple of eval_steps, which early stopping needs",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
