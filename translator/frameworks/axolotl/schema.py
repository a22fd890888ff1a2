"""What Axolotl's schema accepts for each key, from the recorded list of all keys."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.reading import Reader
from translator.tree import Address, Node, Unresolved, spell


@cache
def _recorded() -> dict[str, Any]:
    with open(os.path.join(os.path.dirname(__file__), "keys.json"), encoding="utf-8") as stream:
        content: dict[str, Any] = json.load(stream)
    return content


def recorded_keys() -> dict[str, dict[str, Any]]:
    """Every key of the input schema: ``datasets[].type.format`` -> type and default."""
    keys: dict[str, dict[str, Any]] = _recorded()["keys"]
    return keys


def plugin_keys() -> dict[str, dict[str, dict[str, Any]]]:
    """Plugin -> the keys that exist with it only."""
    plugins: dict[str, dict[str, dict[str, Any]]] = _recorded()["plugins"]
    return plugins


@cache
def all_keys() -> frozenset[str]:
    """Every spelling that the schema or one of the plugins knows."""
    return frozenset((*recorded_keys(), *(key for keys in plugin_keys().values() for key in keys)))


_BOOLEANS = {"true", "false", "yes", "no", "on", "off", "1", "0", "t", "f", "y", "n"}


_literal = cache(ast.literal_eval)


def _accepts(kind: str, value: object) -> bool:
    """Whether pydantic takes a YAML value for a type, coercing as it does by default."""
    if kind == "any":
        return True
    if kind.startswith("list["):
        return isinstance(value, list) and all(_accepts(kind[5:-1], v) for v in value)
    if kind.startswith(("'", '"')):
        return bool(value == _literal(kind))
    if kind == "dict":
        return isinstance(value, dict)
    if kind == "str":
        return isinstance(value, str)
    if kind == "bool":
        return isinstance(value, bool) or (
            value in (0, 1) if isinstance(value, int | float) else str(value).lower() in _BOOLEANS
        )
    try:
        real = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return kind == "float" or (kind == "int" and real.is_integer())


def check_kinds(reader: Reader) -> None:
    """Reports values of a type that Axolotl refuses and that were read by their meaning."""
    told = {d.span for d in reader.diagnostics if d.code == Code.BAD_VALUE.code}
    known = recorded_keys()
    for pattern, address, node in _typed(reader.tree):
        record = known.get(pattern)
        if record is None or node.span in told:
            continue
        if node.value is None:
            if record.get("null") is False:
                name = spell(address)
                message = f"{name}: Axolotl refuses the key without a value"
                reader.say(Code.BAD_VALUE, Severity.WARNING, message, node, key=name)
            continue
        value = node.plain()
        if not any(_accepts(kind, value) for kind in record["type"]):
            name = spell(address)
            kinds = " or ".join(record["type"][:4])
            reader.say(
                Code.BAD_VALUE,
                Severity.WARNING,
                f"{name}: Axolotl refuses {value!r}, it wants {kinds}",
                node,
                key=name,
            )


def _typed(
    node: Node, pattern: str = "", address: Address = ()
) -> Iterator[tuple[str, Address, Node]]:
    """What the list of keys calls a place (``datasets[].path``), its address, and its node."""
    if isinstance(node.value, Unresolved):
        return
    if address:
        yield pattern, address, node
    if isinstance(node.value, dict):
        for name, child in node.value.items():
            below = f"{pattern}.{name}" if pattern else name
            yield from _typed(child, below, (*address, name))
    elif isinstance(node.value, list):
        for position, child in enumerate(node.value):
            if child.is_mapping:
                yield from _typed(child, f"{pattern}[]", (*address, position))
