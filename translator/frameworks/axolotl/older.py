"""Shapes of older files, brought into today's before the table reads them.

Only the tree changes; every value keeps its place in the file.
"""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.reading import Reader
from translator.tree import Node

_LISTS = ("datasets", "test_datasets", "pretraining_dataset")


def modernise(reader: Reader) -> None:
    """Makes lists of single data sets, and data sets of bare paths."""
    root: dict[str, Node] = reader.tree.value
    for name in _LISTS:
        node = root.get(name)
        if node is None or node.value is None:
            continue
        if not node.is_sequence:
            reader.say(
                Code.BAD_VALUE,
                Severity.NOTE if name == "pretraining_dataset" else Severity.WARNING,
                f"{name}: Axolotl 0.19 wants a list; read as a list of one",
                node,
                key=name,
            )
            node = root[name] = Node([node], node.span, node.key_span)
        for position, element in enumerate(node.value):
            if isinstance(element.value, str):
                element_type = "pretrain" if name == "pretraining_dataset" else None
                children = {"path": element}
                if element_type is None:
                    reader.say(
                        Code.BAD_VALUE,
                        Severity.WARNING,
                        f"{name}[{position}] ({element.value!r}): a path without a type",
                        element,
                        key=name,
                    )
                node.value[position] = Node(children, element.span)
