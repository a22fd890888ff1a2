"""The results would be written into the folder of the weights.

What it does
Compares `output_dir` of a checkpointer with its `checkpoint_dir`.

Why it matters
torchtune refuses to start when the first is the second or lies below it: it would copy the copies.

When it is fine
Never.

References
torchtune/training/checkpointing/_utils.py:584 (0.6.1), `check_outdir_not_in_ckptdir`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.lint.torchtune import components

RULE = Rule(
    code="CFG205",
    name="output-inside-checkpoint",
    severity=Severity.ERROR,
    formats=("torchtune",),
    words=("checkpoint_dir",),
    bad={
        "torchtune": "checkpointer:\n  _component_: torchtune.training.FullModelHFCheckpointer\n  checkpoint_dir: /tmp/Meta-Llama-3.1-8B-Instruct\n  checkpoint_files: [model.safetensors]\n  model_type: LLAMA3\n  output_dir: /tmp/Meta-Llama-3.1-8B-Instruct/out  # <-\n"
    },
    good={
        "torchtune": "checkpointer:\n  _component_: torchtune.training.FullModelHFCheckpointer\n  checkpoint_dir: /tmp/Meta-Llama-3.1-8B-Instruct\n  checkpoint_files: [model.safetensors]\n  model_type: LLAMA3\n  output_dir: /tmp/out\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each checkpointer."""
    for address, path in components(file):
        weights = file.value((*address, "checkpoint_dir"))
        output = file.value((*address, "output_dir"))
        if not isinstance(weights, str) or not isinstance(output, str):
            continue
        if "Checkpointer" not in path or not weights or "$" in weights + output:
            continue
        if _is_inside(output, weights):
            yield RULE.at(
                file,
                file.at((*address, "output_dir")),
                f"{output} is or lies in checkpoint_dir ({weights}), which torchtune refuses",
            )


def _is_inside(path: str, folder: str) -> bool:
    if path.startswith("/") != folder.startswith("/"):
        return False
    around = _steps(folder)
    return _steps(path)[: len(around)] == around


def _steps(path: str) -> list[str]:
    return [step for step in path.split("/") if step not in ("", ".")]
