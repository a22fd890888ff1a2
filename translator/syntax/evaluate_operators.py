"""Operators on values: computed when both sides are known and small, remembered otherwise."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from translator.syntax.evaluate_machine import MAX_ITEMS, MAX_TEXT
from translator.syntax.evaluate_values import (
    Attribute,
    Capability,
    Each,
    External,
    Foreign,
    Item,
    Known,
    Loaded,
    Made,
    Many,
    Mapping,
    Operation,
    Sequence,
    Text,
    Value,
    same,
    sequence,
    truth,
)

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitOr: "|",
    ast.BitAnd: "&",
    ast.LShift: "<<",
    ast.RShift: ">>",
}

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "|": operator.or_,
    "&": operator.and_,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_MAX_NUMBER = 10**30
_MAX_POWER = 64


def binary(name: str, left: Value, right: Value, node: ast.AST) -> Value:
    """``left name right``."""
    if isinstance(left, Known) and isinstance(right, Known):
        return _scalars(name, left, right, node)
    if isinstance(left, Capability):
        return Capability(
            left.name,
            binary(name, left.then, right, node),
            binary(name, left.otherwise, right, node),
            at=node,
        )
    if name == "+":
        if isinstance(left, Sequence) and isinstance(right, Sequence) and left.kind == right.kind:
            return _concatenated(left, right, node)
        if _is_text(left) or _is_text(right):
            return joined([left, right], node)
    if name == "*" and isinstance(left, Sequence) and isinstance(right, Known):
        return _repeated(left, right, node)
    if name == "/" and isinstance(left, Made) and left.name in ("Path", "PurePath"):
        return Operation(name, (left, right), at=node)
    if name == "%" and isinstance(left, Known) and isinstance(left.value, str):
        return percent(left, right, node)
    return Operation(name, (left, right), at=node)


def _scalars(name: str, left: Known, right: Known, node: ast.AST) -> Value:
    a: Any = left.value
    b: Any = right.value
    if isinstance(a, str):
        if name == "+" and isinstance(b, str) and len(a) + len(b) <= MAX_TEXT:
            return Known(a + b, at=left.at if not b else right.at if not a else node)
        if name == "*" and isinstance(b, int) and len(a) * b <= MAX_TEXT:
            return Known(a * b, at=node)
        if name == "%":
            return percent(left, right, node)
        return Operation(name, (left, right), at=node)
    if isinstance(b, str) and name == "*" and isinstance(a, int) and len(b) * a <= MAX_TEXT:
        return Known(a * b, at=node)
    if not isinstance(a, int | float) or not isinstance(b, int | float):
        return Operation(name, (left, right), at=node)
    if abs(a) > _MAX_NUMBER or abs(b) > _MAX_NUMBER:
        return Operation(name, (left, right), at=node)
    if name in ("**", "<<") and abs(b) > _MAX_POWER:
        return Operation(name, (left, right), at=node)
    try:
        result = _ARITHMETIC[name](a, b)
    except (ArithmeticError, TypeError, ValueError, KeyError):
        return Operation(name, (left, right), at=node)
    if isinstance(result, complex):
        return Operation(name, (left, right), at=node)
    return Known(result, at=node)


def _concatenated(left: Sequence, right: Sequence, node: ast.AST) -> Value:
    if left.each is not None and (right.items or right.each is not None):
        return Operation("+", (left, right), at=node)
    if len(left.items) + len(right.items) > MAX_ITEMS:
        return Operation("+", (left, right), at=node)
    both = sequence(left.kind, left.items + right.items, node)
    each = left.each or right.each
    if each is not None:
        both.slots["each"] = each
    return both


def _repeated(left: Sequence, right: Known, node: ast.AST) -> Value:
    times = right.value
    if not isinstance(times, int) or len(left.items) * max(times, 0) > MAX_ITEMS:
        return Operation("*", (left, right), at=node)
    return sequence(left.kind, left.items * max(times, 0), node)


def percent(left: Known, right: Value, node: ast.AST) -> Value:
    """``"…%s…" % values``, for plain ``%s`` and ``%d``."""
    text = left.value
    if not isinstance(text, str):
        return Operation("%", (left, right), at=node)
    values = list(right.items) if isinstance(right, Sequence) else [right]
    pieces = text.replace("%%", "\0").replace("%d", "%s").split("%s")
    if len(pieces) != len(values) + 1 or any("%" in piece for piece in pieces):
        return Operation("%", (left, right), at=node)
    parts: list[Value] = [Known(pieces[0].replace("\0", "%"), at=left.at)]
    for value, piece in zip(values, pieces[1:], strict=True):
        parts += [value, Known(piece.replace("\0", "%"), at=left.at)]
    return joined(parts, node)


def _is_text(value: Value) -> bool:
    return isinstance(value, Text) or (isinstance(value, Known) and isinstance(value.value, str))


def joined(parts: list[Value], node: ast.AST | None) -> Value:
    """Strings one after the other: known when all of them are."""
    flat: list[Value] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Text) else (part,):
            if isinstance(piece, Known):
                text = piece.value if isinstance(piece.value, str) else str(piece.value)
                before = flat[-1] if flat else None
                if isinstance(before, Known) and isinstance(before.value, str):
                    if len(before.value) + len(text) > MAX_TEXT:
                        return Operation("+", tuple(parts), at=node)
                    at = piece.at if not before.value else before.at
                    flat[-1] = Known(before.value + text, at=at)
                else:
                    flat.append(Known(text, at=piece.at, note=piece.note))
            else:
                flat.append(piece)
    if len(flat) > MAX_ITEMS:
        return Operation("+", tuple(parts[:2]), at=node)
    flat = [p for p in flat if not (isinstance(p, Known) and p.value == "")]
    if not flat:
        return Known("", at=node)
    if len(flat) == 1 and isinstance(flat[0], Known):
        whole = all(p.at is flat[0].at for p in parts if isinstance(p, Known) and p.value != "")
        return Known(flat[0].value, at=flat[0].at if whole else node)
    return Text(tuple(flat), at=node)


def negate(value: Value, node: ast.AST) -> Value:
    """``not value``."""
    known = truth(value)
    if known is not None:
        return Known(not known, at=node)
    if isinstance(value, Capability):
        return Capability(
            value.name, negate(value.then, node), negate(value.otherwise, node), at=node
        )
    if isinstance(value, Operation) and value.operator == "not":
        return value.operands[0]
    return Operation("not", (value,), at=node)


def compare(kind: type[ast.cmpop], left: Value, right: Value, node: ast.AST) -> Value:
    """``left kind right``."""
    if kind in (ast.In, ast.NotIn):
        found = _contains(right, left)
        if found is not None:
            return Known(found is (kind is ast.In), at=node)
    elif isinstance(left, Known) and isinstance(right, Known):
        return _compare_scalars(kind, left.value, right.value, node)
    elif kind in (ast.Eq, ast.Is) and same(left, right) and not isinstance(left, Foreign):
        return Known(True, at=node)
    elif kind in (ast.Is, ast.IsNot) and isinstance(right, Known) and right.value is None:
        if _is_something(left):
            return Known(kind is ast.IsNot, at=node)
    elif kind in (ast.Eq, ast.NotEq) and isinstance(left, External) and isinstance(right, External):
        return Known((left.name == right.name) is (kind is ast.Eq), at=node)
    newer = _compare_versions(kind, left, right, node)
    if newer is not None:
        return newer
    capability = _compute_capability(kind, left, right, node)
    if capability is not None:
        return capability
    return Operation(kind.__name__, (left, right), at=node)


def _compare_scalars(kind: type[ast.cmpop], a: Any, b: Any, node: ast.AST) -> Value:
    if kind in (ast.Eq, ast.Is):
        return Known(a == b and (kind is ast.Eq or type(a) is type(b)), at=node)
    if kind in (ast.NotEq, ast.IsNot):
        return Known(a != b or (kind is ast.IsNot and type(a) is not type(b)), at=node)
    try:
        return Known(bool(_COMPARISONS[kind](a, b)), at=node)
    except (TypeError, KeyError):
        return Operation(kind.__name__, (Known(a), Known(b)), at=node)


def _contains(container: Value, member: Value) -> bool | None:
    if not isinstance(member, Known):
        return None
    if isinstance(container, Mapping):
        return True if member.value in container.entries else None if container.more else False
    if isinstance(container, Sequence):
        if any(same(item, member) for item in container.items):
            return True
        settled = all(isinstance(item, Known) for item in container.items)
        return False if settled and container.each is None else None
    if (
        isinstance(container, Known)
        and isinstance(container.value, str)
        and isinstance(member.value, str)
    ):
        return member.value in container.value
    # A script that asks whether a library takes an argument has a use for the answer yes.
    return True if _is_signature(container) else None


def _is_signature(value: Value) -> bool:
    """Whether a value is the parameters of something imported, as ``inspect`` gives them."""
    if isinstance(value, Attribute):
        return value.name == "parameters" and _is_signature(value.base)
    if isinstance(value, Operation):
        return value.operator == "-" and _is_signature(value.operands[0])
    if not isinstance(value, Made):
        return False
    inner = value.receiver or next((a.value for a in value.arguments.all()), None)
    if value.name in ("set", "list", "keys"):
        return inner is not None and _is_signature(inner)
    asked = next((a.value for a in value.arguments.all()), None)
    return value.name == "signature" and isinstance(asked, Foreign)


def _is_something(value: Value) -> bool:
    """Whether a value is surely not None."""
    if isinstance(value, Made):
        return value.name[:1].isupper() or value.name in ("from_pretrained", "load_dataset")
    if isinstance(value, Item):
        return isinstance(value.base, Made) and value.base.name == "from_pretrained"
    if isinstance(value, Loaded):
        return True
    return not isinstance(value, Foreign) and truth(value) is not None


def _compare_versions(
    kind: type[ast.cmpop], left: Value, right: Value, node: ast.AST
) -> Value | None:
    """``Version(trl.__version__) < Version("0.24")``: the libraries are taken to be current."""
    sides = _version(left), _version(right)
    if "library" not in sides or "number" not in sides or kind not in _COMPARISONS:
        return None
    library_first = sides[0] == "library"
    newer = kind in (ast.Gt, ast.GtE)
    return Known(newer is library_first, at=node)


def _version(value: Value) -> str | None:
    """Whether a value is a library's version or a number to compare one with."""
    if isinstance(value, Made) and value.name in ("Version", "parse", "LooseVersion"):
        given = value.arguments.positional[0].value if value.arguments.positional else None
        if isinstance(given, Known) and isinstance(given.value, str):
            return "number" if given.value[:1].isdigit() else "library"
        return None if given is None else _version(given)
    return "library" if isinstance(value, External) and value.last == "__version__" else None


def _compute_capability(
    kind: type[ast.cmpop], left: Value, right: Value, node: ast.AST
) -> Value | None:
    """``torch.cuda.get_device_capability()[0] >= 8``: the GPUs that compute in bfloat16."""
    major = left.base if isinstance(left, Item) else left
    if not isinstance(major, Made) or major.name != "get_device_capability":
        return None
    bound = right.items[0] if isinstance(right, Sequence) and right.items else right
    if isinstance(bound, Known) and bound.value == 8 and kind in (ast.GtE, ast.Lt):
        yes = kind is ast.GtE
        return Capability("bf16", Known(yes), Known(not yes), at=node)
    return None


def is_per_row(value: Value) -> bool:
    """Whether a value is a list with one element for each of something unknown."""
    return isinstance(value, Many | Each)
