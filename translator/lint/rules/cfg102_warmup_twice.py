"""The warm-up is given twice, or in a form that the trainer does not take.

What it does
Looks for `warmup_steps` beside `warmup_ratio`, and for `warmup_ratio` with `rl: simpo`.

Why it matters
`axolotl train` ends with an error: it does not choose between the two.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_warmup` and `check_simpo_warmup` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG102",
    name="warmup-twice",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("warmup_ratio",),
    bad={"axolotl": "warmup_steps: 10\nwarmup_ratio: 0.1  # <-\n"},
    good={"axolotl": "warmup_steps: 10\n"},
)

CHECKS = (
    Refusal(
        lambda f: f.on("warmup_steps") and f.on("warmup_ratio"),
        ("warmup_ratio",),
        "warmup_steps and warmup_ratio exclude each other",
        "keep one of them",
    ),
    Refusal(
        lambda f: f.value("rl") == "simpo" and f.on("warmup_ratio"),
        ("warmup_ratio",),
        "rl: simpo takes no warmup_ratio",
        "say warmup_steps",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
