"""Calls that do the same for every row: ``frame.apply``, a chat template over a list."""

from __future__ import annotations

import ast

from translator.syntax.evaluate_machine import Machine
from translator.syntax.evaluate_tables import is_frame, is_table, listed, of_one_row
from translator.syntax.evaluate_values import (
    Argument,
    Arguments,
    Attribute,
    Each,
    Function,
    Known,
    Many,
    Mapping,
    Sequence,
    Value,
)


def call_per_row(
    machine: Machine, function: Attribute, arguments: Arguments, node: ast.AST
) -> Value | None:
    """The list that such a call gives, None when it is none."""
    if function.name == "apply_chat_template":
        return _rendered(machine, function, arguments, node)
    if function.name in ("apply", "map", "progress_apply"):
        return _applied(machine, function, arguments, node)
    return None


def _rendered(
    machine: Machine, function: Attribute, arguments: Arguments, node: ast.AST
) -> Value | None:
    """``tokenizer.apply_chat_template`` on a list of conversations, one for each row."""
    given = arguments.value("conversation", 0) or arguments.value("messages")
    if isinstance(given, Sequence) and given.items:
        return None
    many = listed(given)
    if many is None or of_one_row(many.source) or isinstance(many.element, Mapping):
        return None
    rest = {k: a for k, a in arguments.keywords.items() if k not in ("conversation", "messages")}
    first = Argument(many.element, getattr(many.element, "at", None))
    passed = Arguments((first, *arguments.positional[1:]), rest, arguments.more)
    return Many(many.source, machine.make(function, passed, node), many.test, at=node)


def _applied(
    machine: Machine, function: Attribute, arguments: Arguments, node: ast.AST
) -> Value | None:
    """``frame.apply(f, axis=1)`` and ``frame["column"].apply(f)``."""
    given = arguments.value("func", 0)
    if not isinstance(given, Function):
        return None
    axis = arguments.value("axis", 1)
    on_rows = isinstance(axis, Known) and axis.value in (1, "columns")
    if is_table(function.base):
        if function.name == "map" or not on_rows or not is_frame(function.base):
            return None
        many: Many | None = Many(function.base, Each(function.base, at=node), at=node)
    else:
        many = listed(function.base)
    if many is None or of_one_row(many.source):
        return None
    named = {k: a for k, a in arguments.keywords.items() if k not in ("func", "axis", "args")}
    result = machine.call(given, Arguments((Argument(many.element),), named), node)
    maker = given if is_table(function.base) and not named and _takes_items(given) else None
    return Many(many.source, result, many.test, maker, at=node)


def _takes_items(function: Function) -> bool:
    """Whether a function does nothing with a row but take columns by name, which a row of a data
    frame and a dictionary answer alike."""
    given = function.node.args.args
    if len(given) != 1 or function.bound is not None:
        return False
    (first,) = given
    uses = taken = 0
    for part in ast.walk(function.node):
        if isinstance(part, ast.Name) and part.id == first.arg:
            uses += 1
        if isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name):
            named = isinstance(part.slice, ast.Constant) and isinstance(part.slice.value, str)
            loaded = isinstance(part.ctx, ast.Load)
            taken += part.value.id == first.arg and named and loaded
    return uses == taken
