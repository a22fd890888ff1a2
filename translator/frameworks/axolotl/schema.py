"""What Axolotl's schema accepts for each key, from the recorded list of all keys."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.attention_flags import ATTENTION_FLAGS
from translator.reading import Reader
from translator.tree import Address, Node, Unresolved, spell


@cache
def _recorded() -> dict[str, Any]:
    with open(os.path.join(os.path.dirname(__file__), "keys.json"), encoding="utf-8") as stream:
        content: dict[str, Any] = json.load(stream)
    return content


@cache
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


def _accepts(kind: str, value: object) -> bool:
    """Whether pydantic takes a YAML value for a type, coercing as it does by default."""
    if kind == "any":
        return True
    if kind.startswith("list["):
        return isinstance(value, list) and all(_accepts(kind[5:-1], v) for v in value)
    if kind.startswith(("'", '"')):
        return bool(value == kind[1:-1])
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


@cache
def _certain(pattern: str) -> frozenset[type]:
    """The kinds of values that a key takes whatever they are: most need no closer look."""
    kinds = set(recorded_keys()[pattern]["type"])
    certain: set[type] = {kind for kind in (bool, str, float, dict) if kind.__name__ in kinds}
    return frozenset(certain | {int}) if kinds & {"int", "float"} else frozenset(certain)


def check_kinds(reader: Reader) -> None:
    """Reports values of a type that Axolotl refuses and that were read by their meaning."""
    told = {
        d.span
        for d in reader.diagnostics
        if d.code in (Code.BAD_VALUE.code, Code.MISSING_KEY.code) and d.span is not None
    }
    known = recorded_keys()
    places: list[_Place] = []
    _collect(reader.tree, "", (), places)
    for pattern, address, node in places:
        if type(node.value) in _certain(pattern) or node.span in told:
            continue
        if pattern in ATTENTION_FLAGS:  # taken away before Axolotl looks at kinds
            continue
        record = known[pattern]
        if node.value is None:
            if record.get("null") is False or _searched(reader, pattern):
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


def _searched(reader: Reader, pattern: str) -> bool:
    """Whether Axolotl looks for a word in the value of a key, be there one or not
    (axolotl/utils/schemas/validation.py:515, ``check_tokenizer_use_mistral_common``)."""
    if pattern not in ("base_model_config", "tokenizer_config"):
        return False
    said = reader.peek("tokenizer_use_mistral_common")
    model = reader.peek("base_model")
    found = model is not None and "magistral" in str(model.value).lower()
    return not found and (said is None or said.value is None)


_Place = tuple[str, Address, Node]
"""What the list of keys calls a place (``datasets[].path``), its address, and its node."""


def _collect(node: Node, pattern: str, address: Address, places: list[_Place]) -> None:
    """Adds the places of a tree that the list of keys has."""
    value = node.value
    if isinstance(value, Unresolved):
        return
    if pattern in recorded_keys():
        places.append((pattern, address, node))
    if isinstance(value, dict):
        for name, child in value.items():
            _collect(child, f"{pattern}.{name}" if pattern else name, (*address, name), places)
    elif isinstance(value, list):
        for position, child in enumerate(value):
            if child.is_mapping:
                _collect(child, f"{pattern}[]", (*address, position), places)
