"""The data set is smaller than one step.

What it does
Counts the rows of a JSON Lines file that lies where the configuration says, and compares them with
`batch_size` times `gradient_accumulation_steps`.

Why it matters
torchtune counts whole steps: with fewer rows than one step takes it runs through every epoch, updates
nothing and saves the weights that it loaded, without an error.

When it is fine
Never.

References
recipes/lora_finetune_single_device.py:329 (torchtune 0.6.1):
`len(dataloader) // gradient_accumulation_steps`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.local_data import count_rows, local_file
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN118",
    name="no-optimizer-step",
    severity=Severity.ERROR,
    formats=("torchtune",),
    words=(".jsonl", ".json"),
    bad={
        "torchtune": "gradient_accumulation_steps: 8  # <-\ndataset:\n  _component_: torchtune.datasets.alpaca_dataset\n  source: json\n  data_files: rows.jsonl\n"
    },
    good={
        "torchtune": "gradient_accumulation_steps: 1\ndataset:\n  _component_: torchtune.datasets.alpaca_dataset\n  source: json\n  data_files: rows.jsonl\n"
    },
    beside={
        "rows.jsonl": '{"instruction": "a", "input": "", "output": "b"}\n{"instruction": "a", "input": "", "output": "b"}\n{"instruction": "a", "input": "", "output": "b"}\n{"instruction": "a", "input": "", "output": "b"}\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the accumulation."""
    recipe = file.recipe
    if recipe.data.packing is not None or recipe.data.streaming or not recipe.data.sources:
        return
    batching = recipe.batching
    wanted = batching.micro_batch * batching.accumulation * (recipe.parallelism.gpus or 1)
    total = 0
    for source in recipe.data.sources:
        if source.split != "train":
            return
        for name in source.files or (source.path,):
            found = local_file(name, file.document.path)
            number = None if found is None else count_rows(found, wanted)
            if number is None:
                return
            total += number
    if total < wanted:
        yield RULE.at(
            file,
            file.at("gradient_accumulation_steps", "batch_size"),
            f"{total} rows make no step of {wanted}: nothing is trained",
        )
