"""The run leaves most of the card empty.

What it does
Estimates the peak memory of one device and tells when less than a quarter of the card is ever
held, with a micro batch that is accumulated.

Why it matters
A larger micro batch with less accumulation trains the same steps faster.

When it is fine
When the card is shared.

References
`ftx estimate`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.estimate.report import GIB
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="MEM103",
    name="card-mostly-empty",
    severity=Severity.NOTE,
    options=("gpu",),
    settings={"gpu": "h100"},
    bad={
        "axolotl": "base_model: Qwen/Qwen2.5-0.5B\nmicro_batch_size: 1  # <-\ngradient_accumulation_steps: 16\nsequence_len: 512\nadapter: qlora\nload_in_4bit: true\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
    },
    good={
        "axolotl": "base_model: Qwen/Qwen2.5-0.5B\nmicro_batch_size: 16\ngradient_accumulation_steps: 1\nadapter: qlora\nload_in_4bit: true\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the micro batch."""
    found = file.estimate
    if found is None or file.recipe.batching.accumulation < 2:
        return
    device = found.judgements[0].gpu
    if found.reserved < 0.25 * device.bytes:
        yield RULE.at(
            file,
            file.where("batching.micro_batch"),
            f"at most {found.reserved / GIB:.1f} of {device.mib / 1024:.0f} GiB are ever held",
            help="a larger micro batch and less accumulation make the same steps in less time",
        )
