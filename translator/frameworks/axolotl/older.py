"""Shapes of older files, brought into today's before the table reads them.

Only the tree changes; every value keeps its place in the file.
"""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.lookup import old_spelling
from translator.reading import Reader
from translator.tree import Node

_LISTS = ("datasets", "test_datasets", "pretraining_dataset")


def modernise(reader: Reader) -> None:
    """Makes lists of single data sets, data sets of bare paths, and plain names of FSDP's."""
    _strip_prefixes(reader)
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


def _strip_prefixes(reader: Reader) -> None:
    """``fsdp_config.fsdp_offload_params`` is ``fsdp_config.offload_params`` today
    (axolotl/utils/schemas/validation.py: check_fsdp_config_kwargs_prefix)."""
    config = reader.peek("fsdp_config")
    if config is None or not config.is_mapping:
        return
    children: dict[str, Node] = config.value
    for name in [n for n in children if n.startswith("fsdp_") and n != "fsdp_version"]:
        present = name.removeprefix("fsdp_")
        node = children[name]
        if node.value is not None:
            old_spelling(reader, ("fsdp_config", name), node, f"now fsdp_config.{present}")
        children.setdefault(present, node)
        del children[name]
