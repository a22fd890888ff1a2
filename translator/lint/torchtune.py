"""What several rules ask about a torchtune configuration."""

from __future__ import annotations

from collections.abc import Iterator

from translator.lint.context import File
from translator.tree import Address, Node

_GROUPS = ("groupsize",)
_QAT = ("groupsize", "padding_allowed", "precision", "scales_precision")
_QAT4 = ("groupsize", "inner_k_tiles", "precision", "scales_precision")
QUANTIZERS = {
    f"torchtune.training.quantization.{name}": arguments
    for name, arguments in {
        "Int4WeightOnlyQuantizer": ("groupsize", "inner_k_tiles"),
        "Int8DynActInt4WeightQuantizer": _GROUPS,
        "Int4WeightOnlyQATQuantizer": _QAT4,
        "Int4WeightOnlyQATQuantizerModuleSwap": _QAT4,
        "Int8DynActInt4WeightQATQuantizer": _QAT,
        "Int8DynActInt4WeightQATQuantizerModuleSwap": _QAT,
    }.items()
}
"""Quantizers and their arguments, which torchtune hands on from torchao (0.15, by signature)."""


def components(file: File) -> Iterator[tuple[Address, str]]:
    """Every mapping with a ``_component_``, by its address, and the name in it."""
    tree = file.document.tree
    if tree is not None:
        yield from _below(tree, ())


def _below(node: Node, address: Address) -> Iterator[tuple[Address, str]]:
    if isinstance(node.value, dict):
        named = node.value.get("_component_")
        if named is not None and isinstance(named.value, str):
            yield address, named.value
        for key, child in node.value.items():
            yield from _below(child, (*address, key))
    elif isinstance(node.value, list):
        for position, child in enumerate(node.value):
            yield from _below(child, (*address, position))
