"""The run uses fewer devices than there are.

What it does
Compares `--gpus` with what the file runs on: torchtune's recipes for one device, and scripts for
Unsloth, which runs on one.

Why it matters
The other devices stay idle, and a script that is launched on several does the same work on each.

When it is fine
When the other devices do something else.

References
torchtune's recipes `*_single_device`; unsloth/models/loader.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="HW105",
    name="devices-unused",
    severity=Severity.WARNING,
    options=("gpus",),
    settings={"gpus": 2},
    formats=("torchtune", "unsloth"),
    bad={"torchtune": "device: cuda\n"},
    good={
        "torchtune": "device: cuda\nfsdp_cpu_offload: false\n",
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the top."""
    gpus = file.options.gpus
    if gpus is None or gpus < 2 or file.recipe.parallelism.strategy != "single":
        return
    recipe = file.document.facts.get("recipe")
    what = f"the recipe {recipe}" if recipe else "the run"
    yield RULE.at(
        file,
        file.at(),
        f"{what} uses one of {gpus} devices",
        help="its distributed counterpart" if recipe else "ftx convert --to axolotl",
    )
