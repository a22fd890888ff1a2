"""The prompt counts in the loss because nothing says otherwise.

What it does
Looks for prompts that are trained because of a default: `train_on_input` of torchtune's Alpaca
data sets.

Why it matters
Axolotl masks prompts by default, torchtune's Alpaca builder trains them: the same data gives
another loss curve (axolotl#1068: 2.8 against half of it).

When it is fine
When it is meant; then say so.

References
torchtune/datasets/_alpaca.py (`train_on_input: bool = True`); axolotl-ai-cloud/axolotl#1068.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA110",
    name="prompt-trained-by-default",
    severity=Severity.NOTE,
    quiet=True,
    words=("alpaca",),
    formats=("torchtune",),
    bad={
        "torchtune": "dataset:\n  _component_: torchtune.datasets.alpaca_dataset  # <-\n  packed: false\n"
    },
    good={
        "torchtune": "dataset:\n  _component_: torchtune.datasets.alpaca_dataset\n  packed: false\n  train_on_input: false\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each data set."""
    for address, _ in file.elements("dataset"):
        component = file.value((*address, "_component_")) or ""
        if "alpaca" not in str(component) or file.node((*address, "train_on_input")) is not None:
            continue
        yield RULE.at(
            file,
            file.at((*address, "_component_")),
            "the prompt is trained as well: train_on_input is true unless it is said",
            help="train_on_input: false trains the answers alone",
        )
