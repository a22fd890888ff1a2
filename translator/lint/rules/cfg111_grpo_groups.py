"""The batch of GRPO cannot be divided into groups of answers.

What it does
With `rl: grpo`, rows of a step (`trl.generation_batch_size`, else `micro_batch_size` times
`gradient_accumulation_steps`) must be a multiple of `trl.num_generations`, which must be at least
2.

Why it matters
`axolotl train` ends with an error; with one answer for each prompt there would be no advantage to
learn from.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_grpo_batch_size_divisibility`,
`check_grpo_liger_sequence_parallel` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG111",
    name="grpo-groups",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("grpo",),
    bad={
        "axolotl": "rl: grpo\nmicro_batch_size: 2\ngradient_accumulation_steps: 3\ntrl:\n  num_generations: 4  # <-\n"
    },
    good={
        "axolotl": "rl: grpo\nmicro_batch_size: 2\ngradient_accumulation_steps: 4\ntrl:\n  num_generations: 4\n"
    },
)


def answers(file: File) -> Any:
    """Answers for each prompt, when this is GRPO and the file says."""
    number = file.value("trl.num_generations")
    return number if file.value("rl") == "grpo" and isinstance(number, int) else None


def rows(file: File) -> int:
    """Rows of a step on one device."""
    named = file.value("trl.generation_batch_size")
    if named is not None:
        return int(named)
    return int(file.value("micro_batch_size") or 1) * int(
        file.value("gradient_accumulation_steps") or 1
    )


CHECKS = (
    Refusal(
        lambda f: answers(f) is not None and answers(f) < 2,
        ("trl.num_generations",),
        "trl.num_generations: {} answers leave no group to compare in",
        "at least 2",
    ),
    Refusal(
        lambda f: answers(f) is not None and answers(f) >= 2 and rows(f) % answers(f) != 0,
        ("trl.num_generations",),
        "the rows of a step are no multiple of trl.num_generations: {}",
        "choose micro_batch_size and gradient_accumulation_steps accordingly",
    ),
    Refusal(
        lambda f: (
            f.value("rl") == "grpo"
            and f.on("trl.use_liger_loss")
            and f.value("context_parallel_size") > 1
        ),
        ("trl.use_liger_loss",),
        "GRPO with Liger's loss does not split sequences over devices",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
