"""How the frozen weights lie in memory: as the recipe has them stored, or as the checkpoint is."""

from __future__ import annotations

from typing import NamedTuple

from translator.catalog.identity import resolve
from translator.document import Document
from translator.estimate.workload import Storage
from translator.ir import Quantization

_ENDINGS: tuple[tuple[str, Storage], ...] = (
    ("nvfp4", "nvfp4"),
    ("mxfp4", "mxfp4"),
    ("fp8", "fp8"),
    ("gptq", "gptq4"),
    ("awq", "gptq4"),
    ("8bit", "int8"),
)
"""What the end of a repository's name says about the weights in it; bitsandbytes' 4 bits else."""


class Stored(NamedTuple):
    """The form of the frozen weights, and whether the checkpoint has it already."""

    base: Storage
    beforehand: bool


def stored(document: Document, said: list[str]) -> Stored:
    """The form of a document's frozen weights; ``said`` takes what the name alone tells."""
    recipe = document.recipe
    beforehand = "prequantized" in document.facts
    bits = resolve(recipe.model.id).bits
    if recipe.adapter is None or bits not in (4, 8):
        return Stored(_base(recipe.quantization), beforehand)
    if recipe.quantization is not None:
        return Stored(_base(recipe.quantization), True)
    if document.facts.get("dequantize"):
        return Stored("16bit", False)
    name = recipe.model.id.lower()
    base: Storage = next((kind for end, kind in _ENDINGS if end in name), "nf4-double")
    said.append(f"the weights are taken to stay in {bits} bits, which the model's name tells")
    return Stored(base, True)


def _base(quantization: Quantization | None) -> Storage:
    if quantization is None:
        return "16bit"
    if quantization.kind in ("nf4", "fp4"):
        return "nf4-double" if quantization.double else "nf4"
    return (
        "int8" if quantization.kind == "int8" else "fp8" if quantization.kind == "fp8" else "gptq4"
    )
