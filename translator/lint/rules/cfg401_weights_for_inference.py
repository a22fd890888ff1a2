"""The weights are in a format that cannot be trained.

What it does
Looks for models whose names say GGUF, EXL2, MLX, ONNX or CTranslate2.

Why it matters
These are made for inference. transformers and torchtune find no weights of theirs in such a repository:
the run ends while it loads.

When it is fine
When the repository holds safetensors as well, or with `gguf_file`, from which transformers restores
full weights.

References
transformers, `from_pretrained`: *does not appear to have a file named pytorch_model.bin or
model.safetensors*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG401",
    name="weights-for-inference",
    severity=Severity.WARNING,
    words=("GGUF", "gguf", "exl2", "EXL2", "mlx", "MLX", "onnx", "ONNX", "ct2"),
    bad={"axolotl": "base_model: TheBloke/Mistral-7B-v0.1-GGUF  # <-\n"},
    good={"axolotl": "base_model: mistralai/Mistral-7B-v0.1\n"},
)


_FORMAT = re.compile(r"(?:^mlx-community/|[-_./])(gguf|exl2|mlx|onnx|ct2)\b", re.IGNORECASE)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the model."""
    model = file.recipe.model.id
    found = _FORMAT.search(model) or re.match(r"(mlx)-community/", model)
    if found is None or "gguf_file" in file.document.text:
        return
    yield RULE.at(
        file,
        file.where("model.id", "model.directory"),
        f"{model} holds weights for inference ({found[1].upper()}), which cannot be trained",
        help="the repository of the 16-bit weights",
    )
