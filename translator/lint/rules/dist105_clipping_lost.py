"""Gradients are to be clipped, and DeepSpeed does not know.

What it does
Reads the DeepSpeed file that lies where the configuration says, and looks for a `max_grad_norm` in the
configuration without a `gradient_clipping` there.

Why it matters
Under DeepSpeed its engine clips, by its own file. Without the key it does not clip at all, whatever the
configuration says.

When it is fine
Never: `"gradient_clipping": "auto"` takes the number over.

References
accelerate/accelerator.py, `clip_grad_norm_`: under DeepSpeed it hands on nothing;
transformers/integrations/deepspeed.py fills `"auto"` only.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.axolotl import deepspeed
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DIST105",
    name="clipping-lost",
    severity=Severity.WARNING,
    formats=("axolotl",),
    words=("deepspeed",),
    bad={"axolotl": "deepspeed: ds.json\nmax_grad_norm: 0.5  # <-\n"},
    good={"axolotl": "deepspeed: ds.json\n"},
    beside={"ds.json": '{"zero_optimization": {"stage": 2}}\n'},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the norm."""
    found = deepspeed(file) if file.on("max_grad_norm") else None
    if found is not None and "gradient_clipping" not in found[1]:
        yield RULE.at(
            file,
            file.at("max_grad_norm"),
            f"{found[0]} has no gradient_clipping: DeepSpeed does not clip",
            help='"gradient_clipping": "auto"',
        )
