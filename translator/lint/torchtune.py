"""What several rules ask about a torchtune configuration."""

from __future__ import annotations

from collections.abc import Iterator

from translator.lint.context import File
from translator.tree import Address, Node


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
