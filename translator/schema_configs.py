"""JSON Schemas of the frameworks' own files, so that editors complete and check them.

Draft 7, the newest that yaml-language-server reads. They are a little more generous than the
frameworks: what depends on other keys is for ``ftx lint``.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from translator.frameworks.axolotl.schema import plugin_keys, recorded_keys
from translator.frameworks.torchtune.components import (
    REQUIRED,
    all_keys,
    component,
    component_names,
)

Schema = dict[str, Any]
_DRAFT = "http://json-schema.org/draft-07/schema#"
_KINDS: Mapping[str, Schema] = {
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    # PyYAML reads 2e-5 as text, which Axolotl makes a number of
    "float": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[-+]?[\d.]+[eE]"}]},
    "dict": {"type": "object"},
    "any": {},
}


def axolotl_schema() -> Schema:
    """Of a file for ``axolotl train``: every key of 0.19 with its types, words and default."""
    root: Schema = {
        "$schema": _DRAFT,
        "title": "Axolotl 0.19",
        "description": "A configuration of Axolotl, as recorded from its own input schema.",
        "type": "object",
        "properties": {},
        "additionalProperties": True,
    }
    for key, record in recorded_keys().items():
        _place(root, key)["properties"][key.rpartition(".")[2]] = _value(record)
    for plugin, keys in plugin_keys().items():
        for key, record in keys.items():
            if "." in key:
                continue
            value = _value(record)
            value["description"] = f"Needs the plugin {plugin}."
            root["properties"].setdefault(key, value)
    return root


def _place(root: Schema, key: str) -> Schema:
    """The schema of the mapping that a key stands in; lists may hold the mapping or be it."""
    schema = root
    for step in key.split(".")[:-1]:
        name = step.removesuffix("[]")
        outer = schema["properties"].setdefault(name, {})
        inner = next((o for o in outer.setdefault("anyOf", []) if o.get("type") == "object"), None)
        if step.endswith("[]"):
            listed = next((o for o in outer["anyOf"] if o.get("type") == "array"), None)
            if listed is None or "properties" not in listed.get("items", {}):
                outer["anyOf"] = [o for o in outer["anyOf"] if o.get("type") != "array"]
                listed = {"type": "array", "items": {"type": "object", "properties": {}}}
                outer["anyOf"].append(listed)
            inner = listed["items"]
        elif inner is None:
            inner = {"type": "object"}
            outer["anyOf"].append(inner)
        assert inner is not None
        inner.setdefault("properties", {})
        schema = inner
    return schema


def _value(record: Mapping[str, Any]) -> Schema:
    words = [ast.literal_eval(kind) for kind in record["type"] if kind.startswith(("'", '"'))]
    options = [_kind(kind) for kind in record["type"] if not kind.startswith(("'", '"'))]
    if words:
        options.insert(0, {"enum": words})
    if record.get("null", True):
        options.append({"type": "null"})
    value: Schema = {"anyOf": options}
    if record.get("default") is not None:
        value["default"] = record["default"]
    return value


def _kind(kind: str) -> Schema:
    if kind.startswith("list["):
        return {"type": "array", "items": _kind(kind[5:-1])}
    return dict(_KINDS.get(kind, {}))


def torchtune_schema() -> Schema:
    """Of a file for ``tune run``: the keys of all recipes, and the arguments of all components."""
    names = component_names()
    conditions = []
    for name in names:
        known = component(name)
        if known is None or not known.arguments:
            continue
        then: Schema = {"properties": {a: _argument(known.parameters[a]) for a in known.arguments}}
        when = {"properties": {"_component_": {"const": name}}, "required": ["_component_"]}
        conditions.append({"if": when, "then": then})
    holder = {
        "type": "object",
        "properties": {
            "_component_": {"type": "string", "examples": list(names)},
        },
        "allOf": conditions,
    }
    either: Schema = {"anyOf": [{"$ref": "#/definitions/component"}, {}]}
    return {
        "$schema": _DRAFT,
        "title": "torchtune",
        "description": "A configuration of torchtune, 0.6.1 and main.",
        "type": "object",
        "properties": dict.fromkeys(sorted(all_keys()), either),
        "additionalProperties": True,
        "definitions": {"component": holder},
    }


def _argument(default: object) -> Schema:
    if default == REQUIRED:
        return {"description": "required"}
    if default is None or not isinstance(default, bool | int | float | str | list):
        return {}
    return {"default": default}
