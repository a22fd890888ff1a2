"""A model type that torchtune does not have.

What it does
Compares `checkpointer.model_type` with torchtune's names, which choose how weights on disk are
called.

Why it matters
The recipe ends with an error before it loads the weights.

When it is fine
With a fork.

References
torchtune/training/checkpointing/_utils.py, `ModelType`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.torchtune.components import component
from translator.lint.context import File, Place
from translator.lint.rule import Rule
from translator.lint.torchtune import components
from translator.nearest import nearest
from translator.tree import Unresolved, spell

RULE = Rule(
    code="CFG204",
    name="unknown-model-type",
    severity=Severity.ERROR,
    words=("model_type",),
    formats=("torchtune",),
    bad={
        "torchtune": "checkpointer:\n  _component_: torchtune.training.FullModelHFCheckpointer\n  checkpoint_dir: /tmp/a\n  checkpoint_files: [model.safetensors]\n  model_type: LAMA3  # <-\n  output_dir: /tmp/out\n"
    },
    good={
        "torchtune": "checkpointer:\n  _component_: torchtune.training.FullModelHFCheckpointer\n  checkpoint_dir: /tmp/a\n  checkpoint_files: [model.safetensors]\n  model_type: LLAMA3\n  output_dir: /tmp/out\n"
    },
)

KNOWN = (
    "GEMMA", "GEMMA2", "LLAMA2", "LLAMA3", "LLAMA3_2", "LLAMA3_VISION", "LLAMA4", "MISTRAL",
    "PHI3_MINI", "PHI4", "REWARD", "QWEN2", "QWEN3", "CLIP_TEXT", "T5_ENCODER",
)  # fmt: skip


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each checkpointer."""
    for address, path in components(file):
        node = file.node(address)
        kind = node.value.get("model_type") if node is not None and node.is_mapping else None
        if kind is None or "Checkpointer" not in path or kind.value in KNOWN:
            continue
        if isinstance(kind.value, Unresolved):
            continue
        close = nearest(str(kind.value).upper(), KNOWN, 0.5)
        yield RULE.at(
            file,
            Place(kind.span, spell((*address, "model_type"))),
            f"model_type: {kind.value} is none of {', '.join(KNOWN)}",
            help=f"did you mean {close}?" if close else None,
            # a teacher's or a reference's is looked at when the recipe is set up
            severity=Severity.WARNING if _of_a_fork(file) or address != ("checkpointer",) else None,
        )


def _of_a_fork(file: File) -> bool:
    """Whether the model itself is none of torchtune's."""
    name = file.value("model._component_")
    return isinstance(name, str) and component(name) is None
