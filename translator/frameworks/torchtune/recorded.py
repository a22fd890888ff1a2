"""Configurations as Weights & Biases keeps them: ``files/config.yaml`` of a run's folder.

torchtune's logger hands the whole configuration over, and the folder keeps each top-level key as
``{desc: …, value: …}`` beside facts about the run (``_wandb``, ``wandb_version``).
"""

from __future__ import annotations

from translator.tree import Node

_OF_THE_RUN = ("_wandb", "wandb_version")
_WRAPPER = {"desc", "value"}


def as_written(tree: Node) -> Node:
    """The configuration that was recorded; any other tree as it is."""
    keys = tree.value if isinstance(tree.value, dict) else {}
    if "wandb_version" not in keys:
        return tree
    inner = {
        key: node.value["value"] if node.is_mapping and set(node.value) == _WRAPPER else node
        for key, node in keys.items()
        if key not in _OF_THE_RUN
    }
    return Node(value=inner, span=tree.span, raw=tree.raw)
