"""Shapes of older files, brought into today's before the table reads them.

Only the tree changes; every value keeps its place in the file.
"""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.schema import recorded_keys
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
    former = [n for n in children if n.startswith("fsdp_") and n != "fsdp_version"]
    # what is no key without it either is told of as that
    kept = [n for n in former if f"fsdp_config.{n.removeprefix('fsdp_')}" in recorded_keys()]
    if kept:
        message = f"fsdp_config: {_and_more(kept)} written without fsdp_ now"
        place = Node(None, config.key_span or config.span)
        reader.say(Code.OLD_SPELLING, Severity.NOTE, message, place, key="fsdp_config")
    for name in former:
        children.setdefault(name.removeprefix("fsdp_"), children[name])
        del children[name]


def _and_more(names: list[str]) -> str:
    return f"{names[0]} is" if len(names) == 1 else f"{names[0]} and {len(names) - 1} more are"
