"""The run does not fit into the card.

What it does
Estimates the peak memory of one device, as `ftx estimate` does, and tells when even what is alive
at once does not fit. Needs `--gpu`; rows are taken to reach the full length.

Why it matters
The run ends with *CUDA out of memory*, sometimes only at the first long row.

When it is fine
When all rows are much shorter than the limit. `ftx estimate FILE --gpu NAME --explain` has every
term.

References
`ftx estimate`, whose formulas are cited term by term.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.estimate.report import GIB
from translator.estimate.suggest import suggest
from translator.lint.context import File
from translator.lint.rule import Rule

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
        "axolotl": "base_model: meta-llama/Llama-3.2-1B\nmicro_batch_size: 1\nadapter: qlora\nload_in_4bit: true\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the model, with what would make it fit."""
    found = file.estimate
    if found is None or found.judgements[0].verdict != "does not fit":
        return
    device = found.judgements[0].gpu
    changes = suggest(found.work, device, file.format)
    yield RULE.at(
        file,
        file.where("model.id"),
        f"about {found.allocated / GIB:.1f} GiB are needed at the peak ({found.peak.name}); "
        f"{device.label} has {device.mib / 1024:.0f} GiB",
        help="; ".join(change.change for change in changes[:1]) or None,
    )
