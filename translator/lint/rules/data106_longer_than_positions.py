"""Sequences are longer than the model has positions for.

What it does
Compares the longest sequence with the model's `max_position_embeddings`, where nothing rescales
the positions.

Why it matters
Positions that were never trained make the tail of long rows noise. Axolotl raises the limit in
the model's configuration without rescaling; torchtune ends with an error; Unsloth rescales by
itself, and is not told of.

When it is fine
With a change to the rotary embedding that ftx does not see.

References
axolotl/loaders/model.py; torchtune/modules/position_embeddings.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA106",
    name="longer-than-positions",
    severity=Severity.WARNING,
    formats=("axolotl", "torchtune"),
    bad={"axolotl": "base_model: Qwen/Qwen2.5-0.5B\nsequence_len: 65536  # <-\n"},
    good={"axolotl": "base_model: Qwen/Qwen2.5-0.5B\nsequence_len: 8192\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the length."""
    recipe = file.recipe
    longest = recipe.data.max_length
    known = file.model
    if longest is None or known is None or known.max_positions is None or known.assumed:
        return
    if longest <= known.max_positions or recipe.model.rope_scaling:
        return
    if known.family == "gpt2" and "gpt2" not in known.id.lower():
        return  # models of that architecture have as many positions as their authors gave them
    packing = recipe.data.packing
    if packing is not None and packing.fill != "wrapped":
        return  # positions begin anew with each row, and the rows may be short
    yield RULE.at(
        file,
        file.where("data.max_length"),
        f"{longest} tokens; {known.id} has positions for {known.max_positions}",
    )
