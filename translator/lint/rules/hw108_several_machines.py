"""The framework does not run on several machines.

What it does
Compares `--nodes` with what the file is for: Unsloth's scripts and torchtune's single-device
recipes run on one machine.

Why it matters
Every machine would train a model of its own.

When it is fine
Never.

References
unsloth's documentation of multi-GPU training; torchtune's recipe registry.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="HW108",
    name="several-machines",
    severity=Severity.ERROR,
    options=("nodes",),
    settings={"nodes": 2},
    formats=("unsloth", "torchtune"),
    bad={"torchtune": "device: cuda\n"},
    good={"torchtune": "device: cuda\nfsdp_cpu_offload: false\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the top."""
    nodes = file.options.nodes
    if nodes is None or nodes < 2 or file.recipe.parallelism.strategy != "single":
        return
    yield RULE.at(
        file,
        file.at(),
        f"the run is written for one device, not for {nodes} machines",
        help="ftx convert --to axolotl",
    )
