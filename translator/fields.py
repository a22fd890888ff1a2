"""The names of everything a recipe holds, and recipes as flat and as JSON-ready data.

A *field* is a dotted path into :class:`translator.ir.Recipe` (``optimizer.learning_rate``). Where
the IR offers alternatives, each is a *case*: ``schedule.warmup=ratio``, and its own fields follow
it (``schedule.warmup=ratio.at_most``). Elements of a tuple of parts share one name
(``data.sources.path``). The list of fields is read off the dataclasses, so a field that is added
to the IR is missing from every framework's table until each says what it does with it.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin

from translator import ir
from translator.record import Record, with_default

Flat = dict[str, Any]

KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    dict: "an object",
    list: "a list",
    type(None): "nothing",
}
"""Kinds of values as people say them."""


def hints(part: type) -> dict[str, Any]:
    """The type of each attribute of an IR class, which evaluates its annotations as it loads."""
    return part.__annotations__


@cache
def parts_of(annotation: Any) -> tuple[type, ...]:
    """The IR dataclasses an annotation allows, looking through ``| None`` and tuples."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(part for option in get_args(annotation) for part in parts_of(option))
    if get_origin(annotation) is tuple:
        return parts_of(get_args(annotation)[0])
    return (annotation,) if isinstance(annotation, type) and issubclass(annotation, Record) else ()


def optional(annotation: Any) -> bool:
    """Whether an annotation allows None."""
    return type(None) in get_args(annotation)


@cache
def case_names(parts: tuple[type, ...]) -> dict[type, str]:
    """A short name for each alternative: class names without the words they all share."""
    words = {part: re.findall(r"[A-Z][a-z0-9]*", part.__name__) for part in parts}
    while all(len(w) > 1 for w in words.values()) and len({w[0] for w in words.values()}) == 1:
        words = {part: w[1:] for part, w in words.items()}
    while all(len(w) > 1 for w in words.values()) and len({w[-1] for w in words.values()}) == 1:
        words = {part: w[:-1] for part, w in words.items()}
    return {part: "_".join(w).lower() for part, w in words.items()}


def case_of(value: object, annotation: Any) -> str:
    """The case name of a value at a place that allows several."""
    return case_names(parts_of(annotation))[type(value)]


def _walk(part: type, prefix: str) -> Iterator[str]:
    for name, annotation in hints(part).items():
        path = f"{prefix}{name}"
        parts = parts_of(annotation)
        if not parts:
            yield path
        elif len(parts) == 1:
            if optional(annotation):
                yield path
            if path.endswith("validation=separate.sources"):
                yield path  # the same parts as data.sources; one entry says whether they go across
                continue
            yield from _walk(parts[0], f"{path}.")
        else:
            yield path
            for alternative, case in case_names(parts).items():
                yield f"{path}={case}"
                yield from _walk(alternative, f"{path}={case}.")


@cache
def all_fields() -> tuple[str, ...]:
    """Every field and case of a recipe, in the order of the IR."""
    return tuple(_walk(ir.Recipe, ""))


@cache
def _below() -> dict[str, list[str]]:
    """The fields below every dotted name, and the cases of every field that has some."""
    below: dict[str, list[str]] = {}
    for field in all_fields():
        for cut in re.finditer(r"[.=]", field):
            below.setdefault(field[: cut.start()], []).append(field)
    return below


def fields_below(name: str) -> list[str]:
    """Everything below a part or a field with cases: ``x.a``, ``x=case``, ``x=case.b``."""
    return _below().get(name, [])


def cases_of(field: str) -> list[str]:
    """The cases of a field and all below them."""
    return [name for name in fields_below(field) if name[len(field)] == "="]


def describe(field: str) -> str:
    """The bare dotted name of a field without case markers and list positions."""
    return re.sub(r"=\w+|\[\d+\]", "", field)


def flatten(recipe: ir.Recipe) -> Flat:
    """Every leaf of a recipe by its path; alternatives show as ``path: case`` beside their leaves,
    tuple elements by position (``data.sources[0].path``)."""
    flat: Flat = {}
    _flatten(recipe, "", flat)
    return flat


def _flatten(part: object, prefix: str, flat: Flat) -> None:
    for name, annotation in hints(cast("type", type(part))).items():
        value = getattr(part, name)
        path = f"{prefix}{name}"
        if not parts_of(annotation):
            flat[path] = value
        elif isinstance(value, tuple):
            for position, element in enumerate(value):
                _flatten(element, f"{path}[{position}].", flat)
        else:
            _flatten_one(value, annotation, path, flat)


def _flatten_one(value: object, annotation: Any, path: str, flat: Flat) -> None:
    if value is None:
        flat[path] = None
        return
    if len(parts_of(annotation)) > 1:
        flat[path] = case_of(value, annotation)
    elif optional(annotation):
        flat[path] = True
    _flatten(value, f"{path}.", flat)


def assemble(values: Mapping[str, Any]) -> ir.Recipe:
    """A recipe from values by field, as the rows of a lens supply them.

    A part that may be absent (``adapter``) is present when its own entry is true. Places with
    alternatives and tuples of parts are given whole.

    Raises:
        KeyError: a field has neither a value nor a default in the IR.
    """
    return ir.Recipe(**_arguments(ir.Recipe, "", values))


def _arguments(part: type, prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name, path, inner, may_be_absent in _assembled(part, prefix):
        if inner is None:
            if path in values:
                arguments[name] = values[path]
            elif not may_be_absent:
                raise KeyError(path)
        elif may_be_absent and not values.get(path):
            arguments[name] = None
        else:
            arguments[name] = inner(**_arguments(inner, f"{path}.", values))
    return arguments


@cache
def _assembled(part: type, prefix: str) -> list[tuple[str, str, type | None, bool]]:
    """Each attribute of an IR class and its field: the one part that it is assembled to, None for
    what is given whole; whether it may be left out."""
    found: list[tuple[str, str, type | None, bool]] = []
    defaults = with_default(part)
    for name, annotation in hints(part).items():
        parts = parts_of(annotation)
        if len(parts) != 1 or get_origin(annotation) is tuple:
            found.append((name, f"{prefix}{name}", None, name in defaults))
        else:
            found.append((name, f"{prefix}{name}", parts[0], optional(annotation)))
    return found


# --- JSON ----------------------------------------------------------------------------------------


def to_json(value: Any, annotation: Any = ir.Recipe) -> Any:
    """A recipe, or a part of one, as JSON-ready data; alternatives carry their case as ``kind``."""
    if isinstance(value, Record):
        data: dict[str, Any] = {}
        if len(parts_of(annotation)) > 1:
            data["kind"] = case_of(value, annotation)
        for name, inner in hints(type(value)).items():
            data[name] = to_json(getattr(value, name), inner)
        return data
    if isinstance(value, tuple):
        inner = get_args(annotation)[0] if get_origin(annotation) is tuple else annotation
        return [to_json(element, inner) for element in value]
    return value


def from_json(data: Any, annotation: Any = ir.Recipe, path: str = "") -> Any:
    """The inverse of :func:`to_json`.

    Raises:
        ValueError: naming the path of the first value that does not fit.
    """
    parts = parts_of(annotation)
    if data is None:
        if annotation is type(None) or optional(annotation):
            return None
        raise ValueError(f"{path or 'the recipe'} must not be null")
    whole = annotation if get_origin(annotation) is tuple else _tuple_in(annotation)
    if whole is not None:
        return _tuple_from_json(data, whole, path)
    if parts:
        return _part_from_json(data, parts, path)
    return _leaf_from_json(data, annotation, path)


def _tuple_in(annotation: Any) -> Any:
    return next((o for o in get_args(annotation) if get_origin(o) is tuple), None)


def _tuple_from_json(data: Any, annotation: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise ValueError(f"{path} must be a list, not {data!r}")
    arguments = get_args(annotation)
    if arguments[-1] is Ellipsis:
        inner = [arguments[0]] * len(data)
    elif len(arguments) == len(data):
        inner = list(arguments)
    else:
        raise ValueError(f"{path} must have {len(arguments)} elements, not {len(data)}")
    return tuple(
        from_json(element, kind, f"{path}[{position}]")
        for position, (element, kind) in enumerate(zip(data, inner, strict=True))
    )


def _part_from_json(data: Any, parts: tuple[type, ...], path: str) -> Any:
    if not isinstance(data, dict):
        raise ValueError(f"{path or 'the recipe'} must be an object, not {data!r}")
    part = parts[0]
    known = set(data)
    if len(parts) > 1:
        cases = {case: alternative for alternative, case in case_names(parts).items()}
        if data.get("kind") not in cases:
            raise ValueError(
                f"{path}.kind must be one of {', '.join(cases)}, not {data.get('kind')!r}"
            )
        part = cases[data["kind"]]
        known.discard("kind")
    names = hints(part)
    if unknown := sorted(known - set(names)):
        raise ValueError(f"{path or 'the recipe'} has no field {unknown[0]!r}")
    defaults = with_default(part)
    arguments = {}
    for name, annotation in names.items():
        inner = f"{path}.{name}" if path else name
        if name in data:
            arguments[name] = from_json(data[name], annotation, inner)
        elif name not in defaults:
            raise ValueError(f"{inner} is missing")
    return part(**arguments)


def _leaf_from_json(data: Any, annotation: Any, path: str) -> Any:
    options = (
        get_args(annotation)
        if get_origin(annotation) in (Union, types.UnionType)
        else (annotation,)
    )
    for option in options:
        if get_origin(option) is Literal:
            if data in get_args(option):
                return data
        elif option is float and isinstance(data, int | float) and not isinstance(data, bool):
            return data if int in options else float(data)
        elif option is not type(None) and type(data) is option:
            return data
    names = " or ".join(
        " or ".join(map(repr, get_args(o))) if get_origin(o) is Literal else KINDS[o]
        for o in options
    )
    text = repr(data)
    told = text if len(text) <= 120 else f"{text[:80]} … {text[-30:]}"
    raise ValueError(f"{path} must be {names}, not {told}")
