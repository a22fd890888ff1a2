"""The run fits into the card only just.

What it does
Estimates the peak memory of one device and tells when what is alive fits, but what the allocator
may hold on to does not. Needs `--gpu`.

Why it matters
Fragmentation decides whether the run ends after an hour.

When it is fine
With `PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True`.

References
`ftx estimate`; torch.cuda, memory management.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.estimate.report import GIB
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="MEM102",
    name="tight",
    severity=Severity.WARNING,
    options=("gpu",),
    settings={"gpu": "t4"},
    bad={
        "axolotl": "base_model: meta-llama/Llama-3.1-8B  # <-\nmicro_batch_size: 2\n"
        "gradient_checkpointing: true\nadapter: qlora\nload_in_4bit: true\nlora_r: 16\n"
        "lora_alpha: 32\nlora_target_linear: true\n"
    },
    good={
        "axolotl": "base_model: meta-llama/Llama-3.2-1B\nmicro_batch_size: 1\nadapter: qlora\nload_in_4bit: true\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the model."""
    found = file.estimate
    if found is None or found.judgements[0].verdict != "tight":
        return
    device = found.judgements[0].gpu
    yield RULE.at(
        file,
        file.where("model.id"),
        f"{found.allocated / GIB:.1f} GiB alive at the peak, up to {found.reserved / GIB:.1f} GiB "
        f"held; {device.label} has {device.mib / 1024:.0f} GiB",
        help="PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True",
    )
