"""The weights alone do not fit into the card.

What it does
Computes the least that a run must hold: the weights in their format and, for full fine-tuning,
their gradients and optimizer states, divided over the devices that share them. This is a bound
from the size in the model's name; `ftx estimate` says how much is really needed.

Why it matters
The run ends with *CUDA out of memory* after the download.

When it is fine
With offloading that ftx does not see.

References
Sizes of the formats: 16 bits 2 bytes, 8 bits 1, 4 bits about 0.56 with their scales; AdamW two
states of 4 bytes, or of 1 in 8 bits.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.cards import card
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.lint.weights import least_gib, parameters

RULE = Rule(
    code="MEM101",
    name="does-not-fit",
    severity=Severity.ERROR,
    options=("gpu",),
    settings={"gpu": "rtx4090"},
    bad={
        "axolotl": "base_model: meta-llama/Llama-3.1-70B  # <-\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
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
    if least is None or least <= named.gib:
        return
    size = parameters(file) or 0
    recipe = file.recipe
    instead = None
    if recipe.quantization is None and recipe.adapter is not None and size * 0.56e-9 < named.gib:
        instead = "4-bit weights would take about " + f"{size * 0.56 / 2**30:.0f} GiB"
    yield RULE.at(
        file,
        file.where("model.id"),
        f"at least {least:.0f} GiB on each device for weights and their training state; "
        f"{named.name} has {named.gib:g}",
        help=instead,
    )
