"""Updates of the adapter are too small for the format it is kept in.

What it does
Looks for an adapter that is kept in bfloat16 (torchtune with `dtype: bf16`) and a learning rate
of 1e-5 or less.

Why it matters
bfloat16 has 8 bits of precision: a change below about 0.4 % of a weight is rounded away, so most
updates of such a rate do nothing. Axolotl and Unsloth keep adapters in float32.

When it is fine
With an optimizer that rounds stochastically.

References
torchtune/modules/peft/lora.py (the adapter takes the model's dtype); axolotl
`peft_autocast_adapter_dtype`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import PreferenceObjective
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN110",
    name="tiny-steps-in-bfloat16",
    severity=Severity.WARNING,
    bad={"torchtune": "optimizer:\n  _component_: torch.optim.AdamW\n  lr: 5e-6  # <-\n"},
    good={"torchtune": "optimizer:\n  _component_: torch.optim.AdamW\n  lr: 3e-4\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the rate."""
    adapter, optimizer = file.recipe.adapter, file.recipe.optimizer
    if adapter is None or adapter.dtype != "bfloat16" or optimizer.learning_rate > 1e-5:
        return
    if isinstance(file.recipe.objective, PreferenceObjective):
        return
    yield RULE.at(
        file,
        file.where("optimizer.learning_rate"),
        f"steps of {optimizer.learning_rate:g} are mostly rounded away: "
        "the adapter is kept in bfloat16",
        help="a larger rate, or dtype: fp32",
    )
