"""Each step sees one row.

What it does
Looks for a micro batch of 1 without accumulation, without packing, and without several devices.

Why it matters
The gradient of one row is noise mostly; the usual global batch is 8 to 128 rows.

When it is fine
With very long rows, or for a smoke test.

References
semantics of `micro_batch_size` and `gradient_accumulation_steps`, whose defaults in Axolotl are 1
and 1.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import OnlineObjective
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN116",
    name="single-row-steps",
    severity=Severity.NOTE,
    bad={"axolotl": "micro_batch_size: 1  # <-\ngradient_accumulation_steps: 1\n"},
    good={"axolotl": "micro_batch_size: 1\ngradient_accumulation_steps: 8\n"},
)

_LONG = 16384
"""Tokens of a row from which on one row holds as much as a usual batch."""


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the micro batch."""
    recipe, batching = file.recipe, file.recipe.batching
    if batching.micro_batch > 1 or batching.accumulation > 1 or recipe.data.packing is not None:
        return
    shared = recipe.parallelism.strategy not in ("single", "auto") or (file.options.gpus or 1) > 1
    if shared or (recipe.parallelism.gpus or 1) > 1:
        return
    if isinstance(recipe.objective, OnlineObjective) or recipe.optimizer.in_backward:
        return
    if (recipe.data.max_length or 0) >= _LONG:
        return
    yield RULE.at(
        file,
        file.where("batching.micro_batch", "batching.accumulation"),
        "one row makes a step: no accumulation, no packing, one device",
        help="accumulate, or raise the micro batch",
    )
