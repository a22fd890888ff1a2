"""The weights leave little of the card for everything else.

What it does
Computes the same bound as `MEM101` and tells where it takes more than 85 % of the card.

Why it matters
Activations, the logits and the driver's context need several GiB; the run will most likely end
out of memory.

When it is fine
With short sequences and checkpointing.

References
See MEM101.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.cards import card
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.lint.weights import least_gib

RULE = Rule(
    code="MEM102",
    name="tight",
    severity=Severity.WARNING,
    options=("gpu",),
    settings={"gpu": "rtx4080"},
    bad={
        "axolotl": "base_model: meta-llama/Llama-3.1-8B  # <-\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
    },
    good={
        "axolotl": "base_model: meta-llama/Llama-3.2-1B\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the model."""
    if file.options.gpu is None:
        return
    named, least = card(file.options.gpu), least_gib(file)
    if least is None or not 0.85 * named.gib < least <= named.gib:
        return
    yield RULE.at(
        file,
        file.where("model.id"),
        f"at least {least:.1f} of {named.gib:g} GiB for weights and their training state alone",
    )
