"""The settings that say when checkpoints are saved contradict each other.

What it does
Looks for `save_steps` beside `saves_per_epoch`, beside a `save_strategy` other than `steps`, and
for `save_strategy: best` without a metric.

Why it matters
`axolotl train` ends with an error before it loads anything.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_saves`; config.py,
`check_save_strategy_best_requires_metric` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG103",
    name="save-settings",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("save_s", "saves_per_epoch"),
    bad={"axolotl": "save_steps: 100  # <-\nsaves_per_epoch: 2\n"},
    good={"axolotl": "save_steps: 100\nsave_strategy: steps\n"},
)

CHECKS = (
    Refusal(
        lambda f: (
            f.on("save_strategy") and f.on("save_steps") and f.value("save_strategy") != "steps"
        ),
        ("save_strategy",),
        "save_strategy: {} does not go with save_steps",
        "save_strategy: steps, or no save_steps",
    ),
    Refusal(
        lambda f: f.on("saves_per_epoch") and f.on("save_steps"),
        ("save_steps",),
        "save_steps and saves_per_epoch exclude each other",
        "keep one of them",
    ),
    Refusal(
        lambda f: f.value("save_strategy") == "best" and not f.on("metric_for_best_model"),
        ("save_strategy",),
        "save_strategy: best needs metric_for_best_model",
        "metric_for_best_model: eval_loss",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
