"""Micro batches of different lengths count alike in a step.

What it does
Looks for gradient accumulation in a framework that averages the loss of each micro batch first,
with rows that are not packed to one length.

Why it matters
Short rows then weigh more than long ones, and the same global batch gives another curve with
another split into micro batches (a loss of 2.4 against 4.75 at the first step in axolotl#3196).

When it is fine
With packed sequences, which are about equally long.

References
axolotl-ai-cloud/axolotl#3196; huggingface/trl#2175; unslothai/unsloth#3482.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN108",
    name="mean-of-means",
    severity=Severity.NOTE,
    quiet=True,
    bad={"axolotl": "micro_batch_size: 1\ngradient_accumulation_steps: 16  # <-\n"},
    good={"axolotl": "micro_batch_size: 16\ngradient_accumulation_steps: 1\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the accumulation."""
    batching = file.recipe.batching
    if batching.normalization != "micro_batch" or batching.accumulation < 2:
        return
    if file.recipe.data.packing is not None:
        return
    yield RULE.at(
        file,
        file.where("batching.accumulation"),
        f"the means of {batching.accumulation} micro batches count alike, however long their rows",
        help="a larger micro batch, or packing, comes nearer to a mean over tokens",
    )
