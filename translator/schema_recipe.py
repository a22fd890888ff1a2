"""The IR's JSON Schema, read off its dataclasses."""

from __future__ import annotations

import ast
import inspect
import re
import types
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from translator import ir
from translator.fields import case_names, hints, optional, parts_of, to_json

DRAFT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def recipe_definitions() -> Schema:
    """A definition for each dataclass of the IR, by its name."""
    return {
        name: _definition(part)
        for name, part in vars(ir).items()
        if isinstance(part, type) and part.__module__ == ir.__name__
    }


def recipe_reference() -> Schema:
    """What stands for a whole recipe beside :func:`recipe_definitions`."""
    return {"$ref": "#/$defs/Recipe"}


def _definition(part: type) -> Schema:
    descriptions = _descriptions()[part.__name__]
    defaults = {f.name: f.default for f in fields(part)}
    properties: Schema = {}
    required = []
    for name, annotation in hints(part).items():
        properties[name] = _of(annotation)
        if text := descriptions.get(name):
            properties[name]["description"] = text
        if defaults[name] is MISSING:
            required.append(name)
        else:
            properties[name]["default"] = to_json(defaults[name], annotation)
    definition: Schema = {
        "type": "object",
        "description": descriptions[""],
        "properties": properties,
        "additionalProperties": False,
    }
    return {**definition, "required": required} if required else definition


def field_description(field: str) -> str:
    """What a field (``adapter.rank``) means, from the IR's docstrings; an empty text for one that
    is none."""
    part: type | None = ir.Recipe
    steps = re.sub(r"\[\d+\]", "", field).split(".")
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if part is None or step not in hints(part):
            return ""
        if following is None:
            return _descriptions()[part.__name__].get(step, "")
        inner = parts_of(hints(part)[step])
        part = next((p for p in inner if following in hints(p)), None)
    return ""


def _of(annotation: Any) -> Schema:
    """The schema of an annotation: of alternatives, tuples, literals and scalars."""
    if get_origin(annotation) is tuple:
        return _of_tuple(annotation)
    if get_origin(annotation) is Literal:
        return {"enum": list(get_args(annotation))}
    if get_origin(annotation) in (Union, types.UnionType):
        return _of_union(annotation)
    if parts_of(annotation):
        return {"$ref": f"#/$defs/{annotation.__name__}"}
    names = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return {"type": names[annotation]}


def _of_tuple(annotation: Any) -> Schema:
    arguments = get_args(annotation)
    if arguments[-1] is Ellipsis:
        return {"type": "array", "items": _of(arguments[0])}
    return {
        "type": "array",
        "prefixItems": [_of(argument) for argument in arguments],
        "minItems": len(arguments),
        "maxItems": len(arguments),
    }


def _of_union(annotation: Any) -> Schema:
    parts = parts_of(annotation)
    null: list[Schema] = [{"type": "null"}] if optional(annotation) else []
    if parts and not _tuples(annotation):
        return {"anyOf": [*_alternatives(parts), *null]}
    options = [_of(o) for o in get_args(annotation) if o is not type(None)]
    plain = [o["type"] for o in options if set(o) == {"type"}]
    if len(plain) == len(options):
        if null:
            plain.append("null")
        return {"type": plain if len(plain) > 1 else plain[0]}
    return {"anyOf": [*options, *null]}


def _tuples(annotation: Any) -> bool:
    return any(get_origin(option) is tuple for option in get_args(annotation))


def _alternatives(parts: tuple[type, ...]) -> list[Schema]:
    """References to parts; where there are several, each with the ``kind`` that tells it."""
    if len(parts) == 1:
        return [{"$ref": f"#/$defs/{parts[0].__name__}"}]
    return [_with_kind(part, case) for part, case in case_names(parts).items()]


def _with_kind(part: type, case: str) -> Schema:
    definition = _definition(part)
    return {
        **definition,
        "title": part.__name__,
        "properties": {"kind": {"const": case}, **definition["properties"]},
        "required": ["kind", *definition.get("required", [])],
    }


@cache
def _descriptions() -> dict[str, dict[str, str]]:
    """Docstrings of the IR's classes (under an empty name) and of their attributes."""
    found: dict[str, dict[str, str]] = {}
    for statement in ast.parse(inspect.getsource(ir)).body:
        if isinstance(statement, ast.ClassDef):
            texts = {"": _line(ast.get_docstring(statement) or "")}
            for before, after in zip(statement.body, statement.body[1:], strict=False):
                if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name):
                    texts[before.target.id] = _docstring(after)
            found[statement.name] = texts
    return found


def _docstring(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return _line(str(statement.value.value))
    return ""


def _line(text: str) -> str:
    return " ".join(text.split())
