"""The card does not run FlashAttention.

What it does
Compares the attention implementation with the card that `--gpu` names: FlashAttention 2 wants
Ampere, FlashAttention 3 Hopper.

Why it matters
The first forward pass ends with *FlashAttention only supports Ampere GPUs or newer*.

When it is fine
Never on such a card.

References
Dao-AILab/flash-attention, README; axolotl-ai-cloud/axolotl#1359, #1571.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.cards import AMPERE, HOPPER, card
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="HW102",
    name="flash-attention-unsupported",
    severity=Severity.ERROR,
    options=("gpu",),
    settings={"gpu": "t4"},
    words=("flash",),
    bad={"axolotl": "attn_implementation: flash_attention_2  # <-\n"},
    good={"axolotl": "attn_implementation: sdpa\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the implementation."""
    attention = file.recipe.kernels.attention or ""
    if file.options.gpu is None or "flash" not in attention:
        return
    named = card(file.options.gpu)
    needed = HOPPER if "3" in attention else AMPERE
    if named.capability < needed:
        yield RULE.at(
            file,
            file.where("kernels.attention"),
            f"{attention} does not run on {named.name} (compute capability "
            f"{named.capability / 10}, at least {needed / 10} is needed)",
            help="sdpa",
        )
