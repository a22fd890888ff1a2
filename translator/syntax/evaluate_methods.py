"""Methods of strings, lists and dicts, and those of foreign text (``column.strip()``)."""

from __future__ import annotations

import ast
import string
from collections.abc import Callable
from typing import Any

from translator.syntax.evaluate_files import is_path
from translator.syntax.evaluate_machine import MAX_ITEMS, MAX_TEXT, Machine
from translator.syntax.evaluate_operators import joined
from translator.syntax.evaluate_tables import is_table, listed
from translator.syntax.evaluate_values import (
    Arguments,
    Batch,
    Each,
    Instance,
    Known,
    Made,
    Many,
    Mapping,
    OpenFile,
    Operation,
    Sequence,
    Text,
    Unknown,
    Value,
    sequence,
)

_SAFE_TEXT = frozenset(
    [
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "title",
        "capitalize",
        "replace",
        "startswith",
        "endswith",
        "removeprefix",
        "removesuffix",
        "casefold",
        "isdigit",
        "count",
        "find",
        "split",
        "rsplit",
        "splitlines",
        "partition",
        "rpartition",
    ]
)


_DUMPS = frozenset(("model_dump", "dict", "_asdict"))
_OPENS = ("open", "read_text", "read_bytes")


def call_method(
    machine: Machine, receiver: Value, name: str, arguments: Arguments, node: ast.AST
) -> Value | None:
    """The result of a method of a known value, None when it cannot be followed."""
    if isinstance(receiver, Known) and isinstance(receiver.value, str):
        if name in _OPENS:  # a path that the user gave as text
            return OpenFile(receiver, at=node)
        return _text_method(machine, receiver, name, arguments, node)
    if isinstance(receiver, Text) and name == "format":
        return None
    if isinstance(receiver, Mapping):
        method = _DICT.get(name)
        return method(machine, receiver, arguments, node) if method else None
    if isinstance(receiver, Sequence):
        method = _LIST.get(name)
        return method(machine, receiver, arguments, node) if method else None
    if isinstance(receiver, Batch) and name in ("get", "items", "keys"):
        key = arguments.value("key", 0)
        return machine.item(receiver, key, node) if name == "get" and key is not None else None
    if isinstance(receiver, OpenFile) and name in ("read", "strip", "rstrip", "decode"):
        return receiver
    if isinstance(receiver, OpenFile) and name in ("readlines", "splitlines", "split"):
        return receiver.rows
    if name in _OPENS and isinstance(receiver, Made | Operation) and is_path(receiver):
        return OpenFile(receiver, at=node)
    if isinstance(receiver, OpenFile) and name in ("write", "close"):
        return Known(None, at=node)
    if isinstance(receiver, Instance) and name == "get":
        return machine.unknown(node)
    return None


def fields_of(made: Instance, name: str, arguments: Arguments, node: ast.AST) -> Mapping | None:
    """``model_dump()`` of pydantic, ``dict()`` of its first version, ``_asdict()``; None where it is
    none of these, or where what its arguments choose is not known."""
    given = arguments.keywords
    if made.type is None or not made.type.is_dataclass or name not in _DUMPS:
        return None
    if arguments.positional or arguments.more or set(given) - {"exclude_none"}:
        return None
    bare = given["exclude_none"].value if given else Known(False)
    if not isinstance(bare, Known):
        return None
    entries: dict[Any, Value] = {}
    for key in (key for part in reversed(made.type.lineage()) for key in part.fields):
        value = made.attributes.get(key)
        if value is None:
            return None
        if isinstance(value, Instance):
            value = fields_of(value, name, arguments, node) or value
        if not (bare.value and isinstance(value, Known) and value.value is None):
            entries[key] = value
    return Mapping(entries, at=node)


# -- strings --------------------------------------------------------------------------------------


def _text_method(
    machine: Machine, receiver: Known, name: str, arguments: Arguments, node: ast.AST
) -> Value | None:
    text = receiver.value
    assert isinstance(text, str)
    if name == "format":
        return format_text(machine, receiver, arguments, node)
    if name == "join":
        return _join(receiver, arguments.value("iterable", 0), node)
    if name not in _SAFE_TEXT or arguments.keywords or arguments.more:
        return None
    plain: list[Any] = []
    for argument in arguments.positional:
        if isinstance(argument.value, Sequence):
            items = argument.value.items
            if not all(isinstance(i, Known) for i in items):
                return None
            plain.append(tuple(i.value for i in items if isinstance(i, Known)))
        elif isinstance(argument.value, Known):
            plain.append(argument.value.value)
        else:
            return None
    if (
        name == "replace"
        and len(plain) > 1
        and len(text) * (len(str(plain[1])) + 1) > MAX_TEXT * 50
    ):
        return None
    try:
        result = getattr(text, name)(*plain)
    except (TypeError, ValueError):
        return None
    if isinstance(result, list | tuple):
        if len(result) > MAX_ITEMS:
            return None
        items = tuple(Known(part, at=node) for part in result)
        return sequence("list" if isinstance(result, list) else "tuple", items, node)
    if isinstance(result, str) and len(result) > MAX_TEXT:
        return None
    return Known(result, at=receiver.at if result == text else node)


def format_text(
    machine: Machine, receiver: Known, arguments: Arguments, node: ast.AST
) -> Value | None:
    """``"…{}…{name}…".format(…)``; fields that are not known stay parts of the text."""
    if arguments.more or not isinstance(receiver.value, str):
        return None
    parts: list[Value] = []
    automatic = 0
    try:
        pieces = list(string.Formatter().parse(receiver.value))
    except ValueError:
        return None
    for literal, name, spec, conversion in pieces:
        parts.append(Known(literal, at=receiver.at))
        if name is None:
            continue
        if spec or conversion:
            return None
        if name == "":
            name, automatic = str(automatic), automatic + 1
        value = _field(machine, name, arguments, node)
        if value is None:
            return None
        parts.append(value)
    return joined(parts, node)


def _field(machine: Machine, name: str, arguments: Arguments, node: ast.AST) -> Value | None:
    if name.isdigit():
        position = int(name)
        if position >= len(arguments.positional):
            return None
        return arguments.positional[position].value
    first, bracket, rest = name.partition("[")
    value = arguments.value(first)
    if value is None or "." in name:
        return None
    return machine.item(value, Known(rest.rstrip("]")), node) if bracket else value


def _join(separator: Known, items: Value | None, node: ast.AST) -> Value | None:
    if not isinstance(items, Sequence) or items.each is not None:
        if isinstance(items, Many | Sequence):
            return Operation("join", (separator, items), at=node)
        return None
    parts: list[Value] = []
    for position, item in enumerate(items.items):
        parts += [separator, item] if position else [item]
    return joined(parts, node)


# -- dicts ----------------------------------------------------------------------------------------

Method = Callable[[Machine, Any, Arguments, ast.AST], Value | None]


def _dict_get(machine: Machine, receiver: Mapping, arguments: Arguments, node: ast.AST) -> Value:
    key = arguments.value("key", 0)
    default = arguments.value("default", 1) or Known(None, at=node)
    if not isinstance(key, Known):
        return machine.unknown(node)
    if key.value in receiver.entries:
        return receiver.entries[key.value]
    return Unknown((str(key.value),), at=node) if receiver.more else default


def _dict_pop(machine: Machine, receiver: Mapping, arguments: Arguments, node: ast.AST) -> Value:
    value = _dict_get(machine, receiver, arguments, node)
    key = arguments.value("key", 0)
    if isinstance(key, Known) and key.value in receiver.entries:
        from translator.syntax.evaluate_journal import MISSING

        machine.journal.put(receiver.entries, key.value, MISSING)
    return value


def _dict_setdefault(
    machine: Machine, receiver: Mapping, arguments: Arguments, node: ast.AST
) -> Value | None:
    key, default = arguments.value("key", 0), arguments.value("default", 1)
    if not isinstance(key, Known) or default is None:
        return None
    if key.value not in receiver.entries:
        machine.journal.put(receiver.entries, key.value, default)
    return receiver.entries[key.value]


def _dict_update(machine: Any, receiver: Mapping, arguments: Arguments, node: ast.AST) -> Value:
    for argument in arguments.positional:
        machine.merge_into(receiver, argument.value)
    for name, argument in arguments.keywords.items():
        machine.journal.put(receiver.entries, name, argument.value)
        if argument.key is not None:
            receiver.keys[name] = argument.key
    if arguments.more:
        machine.journal.put(receiver.slots, "more", (*receiver.more, *arguments.more))
    return Known(None, at=node)


def _dict_copy(machine: Machine, receiver: Mapping, arguments: Arguments, node: ast.AST) -> Value:
    return Mapping(
        dict(receiver.entries),
        dict(receiver.keys),
        dict(receiver.slots),
        at=receiver.at,
        note=receiver.note,
    )


def _dict_items(
    machine: Machine, receiver: Mapping, arguments: Arguments, node: ast.AST
) -> Value | None:
    if receiver.more:
        return None
    pairs = tuple(
        sequence("tuple", (Known(key, at=receiver.keys.get(key)), value), node)
        for key, value in receiver.entries.items()
    )
    return sequence("list", pairs, node)


def _dict_keys(
    machine: Machine, receiver: Mapping, arguments: Arguments, node: ast.AST
) -> Value | None:
    if receiver.more:
        return None
    keys = tuple(Known(key, at=receiver.keys.get(key)) for key in receiver.entries)
    return sequence("list", keys, node)


def _dict_values(
    machine: Machine, receiver: Mapping, arguments: Arguments, node: ast.AST
) -> Value | None:
    return None if receiver.more else sequence("list", tuple(receiver.entries.values()), node)


_DICT: dict[str, Method] = {
    "get": _dict_get,
    "pop": _dict_pop,
    "setdefault": _dict_setdefault,
    "update": _dict_update,
    "copy": _dict_copy,
    "items": _dict_items,
    "keys": _dict_keys,
    "values": _dict_values,
}


# -- lists ----------------------------------------------------------------------------------------


def _list_append(
    machine: Machine, receiver: Sequence, arguments: Arguments, node: ast.AST
) -> Value | None:
    if len(arguments.positional) != 1:
        return None
    items: tuple[Value, ...] = (*receiver.items, arguments.positional[0].value)
    if len(items) > MAX_ITEMS:
        items = (machine.unknown(node),)
    machine.journal.put(receiver.slots, "items", items)
    return Known(None, at=node)


def _list_extend(
    machine: Machine, receiver: Sequence, arguments: Arguments, node: ast.AST
) -> Value | None:
    more = arguments.value("iterable", 0)
    if not isinstance(more, Sequence) or more.each is not None:
        each = listed(more)
        if each is None and more is not None and is_table(more):
            each = Many(more, Each(more, at=node), at=node)
        if each is not None and receiver.each is None:
            machine.journal.put(receiver.slots, "each", each)
            return Known(None, at=node)
        machine.journal.put(receiver.slots, "items", (*receiver.items, machine.unknown(node)))
        return Known(None, at=node)
    items = (*receiver.items, *more.items)
    if len(items) > MAX_ITEMS:
        items = (machine.unknown(node),)
    machine.journal.put(receiver.slots, "items", items)
    return Known(None, at=node)


def _list_insert(
    machine: Machine, receiver: Sequence, arguments: Arguments, node: ast.AST
) -> Value | None:
    position, value = arguments.value("index", 0), arguments.value("object", 1)
    if not isinstance(position, Known) or not isinstance(position.value, int) or value is None:
        return None
    items = list(receiver.items)
    items.insert(position.value, value)
    machine.journal.put(receiver.slots, "items", tuple(items))
    return Known(None, at=node)


def _list_copy(machine: Machine, receiver: Sequence, arguments: Arguments, node: ast.AST) -> Value:
    return Sequence(receiver.kind, dict(receiver.slots), at=receiver.at, note=receiver.note)


def _list_remove(
    machine: Machine, receiver: Sequence, arguments: Arguments, node: ast.AST
) -> Value | None:
    gone = arguments.value("value", 0)
    for position, item in enumerate(receiver.items):
        if isinstance(item, Known) and isinstance(gone, Known) and item.value == gone.value:
            rest = receiver.items[:position] + receiver.items[position + 1 :]
            machine.journal.put(receiver.slots, "items", rest)
            return Known(None, at=node)
    return None


_LIST: dict[str, Method] = {
    "append": _list_append,
    "add": _list_append,
    "extend": _list_extend,
    "update": _list_extend,
    "insert": _list_insert,
    "remove": _list_remove,
    "copy": _list_copy,
}
