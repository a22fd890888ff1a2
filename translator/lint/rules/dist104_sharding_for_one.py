"""Sharding on one device.

What it does
Compares FSDP or ZeRO with `--gpus 1`.

Why it matters
There is nothing to share: it costs time, and memory for buffers.

When it is fine
To offload parameters or states to the host, which is not told of.

References
DeepSpeed and FSDP documentation.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DIST104",
    name="sharding-for-one",
    severity=Severity.WARNING,
    options=("gpus",),
    settings={"gpus": 1},
    bad={"axolotl": "fsdp_version: 2\nfsdp_config:  # <-\n  reshard_after_forward: true\n"},
    good={"axolotl": "micro_batch_size: 2\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the sharding."""
    parallel = file.recipe.parallelism
    alone = file.options.gpus == 1 and parallel.strategy.startswith(("fsdp", "zero"))
    if alone and not (parallel.offload_parameters or parallel.offload_optimizer):
        place = file.where("parallelism.strategy")
        if file.format == "axolotl":
            place = file.at("fsdp_config", "deepspeed", "fsdp")
        yield RULE.at(file, place, f"{parallel.strategy} on one device shares nothing")
