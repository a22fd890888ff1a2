"""A checkpointer is not told where to write.

What it does
Looks for checkpointers without `output_dir` in configurations of recipes that torchtune 0.6.1 has.

Why it matters
0.6.1 ends with *missing a required argument: 'output_dir'*; the main branch gave it a default.

When it is fine
With torchtune's main branch.

References
torchtune/training/checkpointing/_checkpointer.py:366 (0.6.1).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.torchtune.components import REQUIRED, component, in_version
from translator.lint.commands_around import given_by_commands
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.lint.torchtune import components
from translator.tree import spell

RULE = Rule(
    code="CFG206",
    name="checkpointer-without-output",
    severity=Severity.ERROR,
    formats=("torchtune",),
    words=("Checkpointer",),
    bad={
        "torchtune": "checkpointer:\n  _component_: torchtune.training.FullModelHFCheckpointer  # <-\n  checkpoint_dir: /tmp/Meta-Llama-3.1-8B-Instruct\n  checkpoint_files: [model.safetensors]\n  model_type: LLAMA3\n"
    },
    good={
        "torchtune": "checkpointer:\n  _component_: torchtune.training.FullModelHFCheckpointer\n  checkpoint_dir: /tmp/Meta-Llama-3.1-8B-Instruct\n  checkpoint_files: [model.safetensors]\n  model_type: LLAMA3\n  output_dir: /tmp/out\n"
    },
)


_WRITING = (
    "FullModelHFCheckpointer",
    "FullModelMetaCheckpointer",
    "FullModelTorchTuneCheckpointer",
)


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each checkpointer."""
    if not in_version(str(file.document.facts.get("recipe")), "0.6.1") or _needs_main(file):
        return
    for address, path in components(file):
        node = file.node(address)
        given = node.value if node is not None and node.is_mapping else {}
        if path.rpartition(".")[2] not in _WRITING or "output_dir" in given:
            continue
        known = component(path)
        if known is not None and known.parameters.get("output_dir") == REQUIRED:
            continue  # in every version: CFG202 tells
        if f"{spell(address)}.output_dir" not in given_by_commands(file):
            yield RULE.at(
                file,
                file.at((*address, "_component_")),
                f"{path.rpartition('.')[2]} of torchtune 0.6.1 needs output_dir",
                help="output_dir: ${output_dir}",
            )


def _needs_main(file: File) -> bool:
    """Whether the file says what 0.6.1 has not: it is written for the main branch."""
    for address, path in components(file):
        known = component(path)
        node = file.node(address)
        given = node.value if node is not None and node.is_mapping else {}
        if known is None:
            continue
        if known.versions == ("main",) or any(known.since.get(name) == "main" for name in given):
            return True
    return False
