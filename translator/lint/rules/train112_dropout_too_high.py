"""The dropout of the adapter throws half of its input away.

What it does
Looks for an adapter dropout of 0.5 or more.

Why it matters
Values of 0 to 0.1 are trained with; 0.5 is nearly always 0.05 mistyped.

When it is fine
In an ablation.

References
QLoRA (arXiv:2305.14314), section 4: 0.05 to 0.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN112",
    name="dropout-too-high",
    severity=Severity.WARNING,
    words=("dropout",),
    bad={
        "axolotl": "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\nlora_dropout: 0.5  # <-\n"
    },
    good={
        "axolotl": "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\nlora_dropout: 0.05\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the dropout."""
    adapter = file.recipe.adapter
    if adapter is None or 0 <= adapter.dropout < 0.5:
        return
    impossible = not 0 <= adapter.dropout <= 1
    usual = "it is a share from 0 to 1" if impossible else "up to 0.1 is usual"
    yield RULE.at(
        file,
        file.where("adapter.dropout"),
        f"an adapter dropout of {adapter.dropout:g}; {usual}",
        severity=Severity.ERROR if impossible else None,
    )
