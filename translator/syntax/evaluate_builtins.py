"""Functions of Python itself, on values."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from translator.syntax.evaluate_machine import MAX_ITEMS, Machine
from translator.syntax.evaluate_tables import is_table, listed
from translator.syntax.evaluate_values import (
    Arguments,
    Capability,
    Each,
    Foreign,
    Function,
    Instance,
    Known,
    Many,
    Mapping,
    Operation,
    Sequence,
    Text,
    Value,
    sequence,
    truth,
)

Handler = Callable[[Any, Arguments, ast.AST], Value | None]
"""Gives the result of a call, or None when it cannot be followed."""


def _convert(kind: type) -> Handler:
    def handler(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
        if not arguments.positional and not arguments.more:
            return Known(kind(), at=node)
        value = arguments.value("object", 0)
        if kind is str and isinstance(value, Foreign | Text):
            return value
        if isinstance(value, Capability):
            return value if kind is bool else None
        if kind is bool and value is not None:
            known = truth(value)
            return None if known is None else Known(known, at=value.at)
        if not isinstance(value, Known) or len(arguments.positional) != 1:
            return None
        if isinstance(value.value, str) and len(value.value) > 400 and kind is not str:
            return None
        try:
            return Known(kind(value.value), at=value.at, note=value.note)
        except (TypeError, ValueError, OverflowError):
            return None

    return handler


def _numbers(function: Callable[..., Any]) -> Handler:
    def handler(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
        values = [a.value for a in arguments.positional]
        if len(values) == 1 and isinstance(values[0], Sequence) and values[0].each is None:
            whole = function not in (round, abs)
            items = list(values[0].items) if whole else values
        else:
            items = values
        numbers: list[Any] = [v.value for v in items if isinstance(v, Known)]
        if len(numbers) != len(items) or not numbers or arguments.keywords or arguments.more:
            return None
        try:
            result = function(numbers) if function is sum else function(*numbers)
        except (TypeError, ValueError, OverflowError):
            return None
        return Known(result, at=node)

    return handler


def _len(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    value = arguments.value("obj", 0)
    if isinstance(value, Known) and isinstance(value.value, str | bytes):
        return Known(len(value.value), at=node)
    if isinstance(value, Sequence) and value.each is None:
        return Known(len(value.items), at=node)
    if isinstance(value, Mapping) and not value.more:
        return Known(len(value.entries), at=node)
    return None if value is None else Operation("len", (value,), at=node)


def as_dict(machine: Any, arguments: Arguments, node: ast.AST) -> Value | None:
    result = Mapping({}, at=node)
    for argument in arguments.positional:
        if isinstance(argument.value, Sequence):
            for pair in argument.value.items:
                if not isinstance(pair, Sequence) or len(pair.items) != 2:
                    return None
                key = pair.items[0]
                if not isinstance(key, Known):
                    return None
                result.entries[key.value] = pair.items[1]
        else:
            machine.merge_into(result, argument.value)
    for name, argument in arguments.keywords.items():
        result.entries[name] = argument.value
        if argument.key is not None:
            result.keys[name] = argument.key
    if arguments.more:
        result.slots["more"] = (*result.more, *arguments.more)
    return result


def _list_as(kind: str) -> Handler:
    def handler(machine: Any, arguments: Arguments, node: ast.AST) -> Value | None:
        if not arguments.positional:
            return sequence(kind, (), node)
        value = arguments.value("iterable", 0)
        if isinstance(value, Sequence):
            slots = {name: slot for name, slot in value.slots.items() if name != "range"}
            return Sequence(kind, slots, at=value.at, note=value.note)
        if isinstance(value, Mapping | Known):
            items = machine.elements(value)
            return None if items is None else sequence(kind, items, node)
        return None if value is None or is_table(value) else listed(value)

    return handler


def _sorted(machine: Any, arguments: Arguments, node: ast.AST) -> Value | None:
    value = arguments.value("iterable", 0)
    if not isinstance(value, Sequence) or value.each is not None or arguments.keywords:
        return None
    if not all(isinstance(i, Known) for i in value.items):
        return None
    try:
        ordered = sorted(value.items, key=lambda i: i.value)  # type: ignore[attr-defined]
    except TypeError:
        return None
    return sequence("list", tuple(ordered), node)


def _range(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    bounds = [a.value for a in arguments.positional]
    from_start = len(bounds) == 1 or (
        len(bounds) == 2 and isinstance(bounds[0], Known) and bounds[0].value == 0
    )
    last = bounds[-1] if from_start else None
    if isinstance(last, Operation) and last.operator == "len":
        many = last.operands[0]
        each = listed(many)
        source = each.source if each is not None else many
        return Many(source, Each(source), at=node)
    plain = [b.value for b in bounds if isinstance(b, Known) and isinstance(b.value, int)]
    if len(plain) != len(bounds) or not plain:
        return None
    try:
        numbers = range(*plain)
    except (TypeError, ValueError):
        return None
    try:
        if len(numbers) > MAX_ITEMS:
            return None
    except OverflowError:
        return None
    made = sequence("list", tuple(Known(n, at=node) for n in numbers), node)
    made.slots["range"] = tuple(plain)
    return made


def _zip(machine: Any, arguments: Arguments, node: ast.AST) -> Value | None:
    values = [a.value for a in arguments.positional]
    manys = [m for m in map(listed, values) if m is not None]
    if manys and len(manys) == len(values):
        elements = tuple(m.element for m in manys)
        return Many(manys[0].source, sequence("tuple", elements, node), at=node)
    rows = [machine.elements(value) for value in values]
    if any(row is None for row in rows):
        if not values:
            return None
        elements = tuple(machine.any_element(value) for value in values)
        return Many(values[0], sequence("tuple", elements, node), at=node)
    pairs = tuple(sequence("tuple", tuple(pair), node) for pair in zip(*rows, strict=False))
    return sequence("list", pairs, node)


def _enumerate(machine: Any, arguments: Arguments, node: ast.AST) -> Value | None:
    value = arguments.value("iterable", 0)
    if value is None:
        return None
    items = machine.elements(value)
    if items is None:
        each = listed(value)
        source = each.source if each is not None else value
        element = machine.any_element(value)
        pair = sequence("tuple", (Each(source, at=node), element), node)
        return Many(source, pair, at=node)
    numbered = tuple(
        sequence("tuple", (Known(position, at=node), item), node)
        for position, item in enumerate(items)
    )
    return sequence("list", numbered, node)


def _map(machine: Any, arguments: Arguments, node: ast.AST) -> Value | None:
    function, values = arguments.value("func", 0), arguments.value("iterable", 1)
    if values is None or not isinstance(function, Function) or len(arguments.positional) != 2:
        return None
    from translator.syntax.evaluate_values import Argument

    items = machine.elements(values)
    if items is None or len(items) > 100:
        return None
    results = [machine.call(function, Arguments((Argument(i),)), node) for i in items]
    return sequence("list", tuple(results), node)


def _all_any(wanted: bool) -> Handler:
    def handler(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
        values = arguments.value("iterable", 0)
        if not isinstance(values, Sequence) or values.each is not None:
            return None
        known = [truth(item) for item in values.items]
        if wanted in known:
            return Known(wanted, at=node)
        return None if None in known else Known(not wanted, at=node)

    return handler


def _getattr(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    base, name = arguments.value("object", 0), arguments.value("name", 1)
    default = arguments.value("default", 2)
    if base is None or not isinstance(name, Known):
        return None
    key = str(name.value)
    if isinstance(base, Instance) and default is not None:
        known = key in base.attributes or (base.type is not None and base.type.find(key))
        return machine.attribute(base, key, node) if known else default
    return machine.attribute(base, key, node)


def _hasattr(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    base, name = arguments.value("object", 0), arguments.value("name", 1)
    if not isinstance(base, Instance) or not isinstance(name, Known):
        return None
    key = str(name.value)
    found = key in base.attributes or (base.type is not None and base.type.find(key) is not None)
    return Known(bool(found), at=node)


def _setattr(machine: Any, arguments: Arguments, node: ast.AST) -> Value | None:
    values = [a.value for a in arguments.positional]
    if len(values) == 3 and isinstance(values[1], Known):
        machine.set_attribute(values[0], str(values[1].value), values[2], node)
    return Known(None, at=node)


def _vars(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    value = arguments.value("obj", 0)
    if isinstance(value, Instance):
        return Mapping(dict(value.attributes), at=node)
    return value if isinstance(value, Mapping) else None


def _copy(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    value = arguments.value("x", 0)
    if isinstance(value, Mapping):
        slots = dict(value.slots)
        return Mapping(dict(value.entries), dict(value.keys), slots, at=value.at, note=value.note)
    if isinstance(value, Sequence):
        return Sequence(value.kind, dict(value.slots), at=value.at, note=value.note)
    if isinstance(value, Instance):
        return Instance(dict(value.attributes), value.type, value.hint, at=value.at)
    return value


def _replace(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    value = _copy(machine, arguments, node)
    if not isinstance(value, Instance):
        return None
    value.attributes.update({k: a.value for k, a in arguments.keywords.items()})
    return value


def _partial(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    function = arguments.value("func", 0)
    if not isinstance(function, Function) or len(arguments.positional) != 1:
        return None
    more = tuple((name, argument.value) for name, argument in arguments.keywords.items())
    return Function(
        function.node,
        function.scope,
        function.bound,
        function.owner,
        (*function.defaults, *more),
        at=function.at,
    )


def first_argument(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    return arguments.positional[0].value if arguments.positional else None


def _nothing(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    return Known(None, at=node)


BUILTINS: dict[str, Handler] = {
    "builtins.int": _convert(int),
    "builtins.float": _convert(float),
    "builtins.str": _convert(str),
    "builtins.bool": _convert(bool),
    "builtins.len": _len,
    "builtins.dict": as_dict,
    "builtins.list": _list_as("list"),
    "builtins.tuple": _list_as("tuple"),
    "builtins.set": _list_as("set"),
    "builtins.sorted": _sorted,
    "builtins.min": _numbers(min),
    "builtins.max": _numbers(max),
    "builtins.sum": _numbers(sum),
    "builtins.round": _numbers(round),
    "builtins.abs": _numbers(abs),
    "builtins.range": _range,
    "builtins.zip": _zip,
    "builtins.enumerate": _enumerate,
    "builtins.map": _map,
    "builtins.any": _all_any(True),
    "builtins.all": _all_any(False),
    "builtins.getattr": _getattr,
    "builtins.hasattr": _hasattr,
    "builtins.setattr": _setattr,
    "builtins.vars": _vars,
    "builtins.print": _nothing,
    "copy.deepcopy": _copy,
    "copy.copy": _copy,
    "dataclasses.asdict": _vars,
    "dataclasses.replace": _replace,
    "functools.partial": _partial,
    "typing.cast": lambda machine, arguments, node: arguments.value("val", 1),
}
"""By full name."""
