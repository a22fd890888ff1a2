"""Strings and messages of a row as plain data: the parts, conditions and messages that
:mod:`translator.frameworks.unsloth.script_rows` documents."""

from __future__ import annotations

from typing import Any

from translator.frameworks.unsloth.script_tree import TreeBuilder
from translator.syntax.evaluate_operators import joined
from translator.syntax.evaluate_values import (
    Attribute,
    Choice,
    Each,
    External,
    Item,
    Known,
    Made,
    Many,
    Mapping,
    Operation,
    Sequence,
    Text,
    Value,
)

_TOKENS = {
    "eos_token": "eos",
    "bos_token": "bos",
    "pad_token": "pad",
    "unk_token": "unk",
}
MAX_DEPTH = 14
MAX_PIECES = 2_000
"""Pieces of one text that are described; the longest in the wild has some 60."""
_STRIPS = ("strip", "lstrip", "rstrip")
_MAX_CHAIN = 60
METHODS = frozenset(
    (
        "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "replace",
        "removeprefix", "removesuffix",
    )
)  # fmt: skip
MEDIA = frozenset(("audio", "video"))

Plain = dict[str, Any]


class PartReader:
    """Describes values that depend on a row. Call :meth:`of` first."""

    def __init__(self, builder: TreeBuilder) -> None:
        self.builder = builder
        self.own: set[int] = set()
        self.pieces = 0

    def of(self, source: Value) -> None:
        """Sets the data set whose rows are described; the tables that it was made from count as
        the same, since a step keeps the columns that it does not touch."""
        self.own = set()
        self.pieces = 0
        at: Value | None = source
        while at is not None and id(at) not in self.own and len(self.own) < _MAX_CHAIN:
            self.own.add(id(at))
            if isinstance(at, Item | Attribute):
                at = at.base
            elif isinstance(at, Made):
                at = at.receiver or next((a.value for a in at.arguments.positional), None)
            else:
                at = None

    def is_own(self, source: Value) -> bool:
        """Whether rows of ``source`` are those that are described."""
        return id(source) in self.own

    def parts(self, value: Value, depth: int = 0) -> list[Any]:
        """What a string is made of, in order."""
        self.pieces += 1
        if depth > MAX_DEPTH or self.pieces > MAX_PIECES:
            return [self._code(value)]
        value = as_text(value)
        if isinstance(value, Text):
            return [part for piece in value.parts for part in self.parts(piece, depth + 1)]
        return [self.part(value, depth)]

    def part(self, value: Value, depth: int = 0) -> Plain:
        """One part of a string."""
        if isinstance(value, Known):
            return {"literal": self.builder.node(value)}
        if isinstance(value, Attribute) and value.name in _TOKENS:
            return {"token": _TOKENS[value.name]}
        if isinstance(value, Choice):
            if isinstance(value.test, Operation) and value.test.operator == "loop":
                return self._code(value)
            defaulted = self.defaulted(value, depth)
            if defaulted is not None:
                return defaulted
            return {
                "if": self.condition(value.test),
                "then": self.parts(value.then, depth + 1),
                "else": self.parts(value.otherwise, depth + 1),
            }
        if isinstance(value, Operation):
            return self._operation(value, depth)
        if isinstance(value, Many):
            inner = self._reference(value.source)
            if inner is not None:
                return {"each": inner, "parts": self.parts(value.element, depth + 1)}
            return self._code(value)
        if isinstance(value, Made):
            return self._made(value, depth)
        return self._reference(value) or self._code(value)

    def defaulted(self, value: Choice, depth: int = 0) -> Plain | None:
        """``row["x"] if row["x"] else "…"``: a column, and what stands for it when it is empty."""
        test, sides = self.condition(value.test), (value.then, value.otherwise)
        if set(test) == {"not"}:
            test, sides = test["not"], (value.otherwise, value.then)
        if not isinstance(sides[1], Known) or isinstance(sides[0], Known | Text | Choice):
            return None
        filled = self.part(sides[0], depth + 1)
        place = {key: filled.get(key) for key in ("column", "field", "path")}
        if filled.keys() & {"column", "field"} and place == {
            key: test.get(key) for key in ("column", "field", "path")
        }:
            return {**filled, "default": self.builder.node(sides[1])}
        return None

    def _operation(self, value: Operation, depth: int) -> Plain:
        if value.operator == "or":
            first = self._reference(value.operands[0])
            second = value.operands[1]
            if first is not None and isinstance(second, Known):
                return {**first, "default": self.builder.node(second)}
        if value.operator == "join":
            separator, items = value.operands
            many = items.each if isinstance(items, Sequence) else items
            if isinstance(many, Many):
                inner = self._reference(many.source)
                if inner is not None:
                    parts = self.parts(many.element, depth + 1)
                    between = self.builder.node(separator)
                    return {"each": inner, "parts": parts, "separator": between}
        return self._code(value)

    def _made(self, value: Made, depth: int) -> Plain:
        if value.name == "apply_chat_template" and value.receiver is not None:
            options: Plain = {
                name: self.builder.argument(name, argument)
                for name, argument in value.arguments.keywords.items()
                if name not in ("conversation", "messages")
            }
            return {"chat": self.messages(messages_argument(value)), **options}
        if value.name in METHODS and value.receiver is not None:
            inner = self.part(value.receiver, depth + 1)
            if inner.keys() & {"column", "field", "chat"}:
                call: Plain = {"name": value.name}
                arguments = [self.part(a.value) for a in value.arguments.positional]
                if arguments:
                    call["arguments"] = arguments
                return {**inner, "methods": [*inner.get("methods", []), call]}
            return self._code(value)
        if value.name == "get" and value.receiver is not None:
            key = value.arguments.value("key", 0)
            default = value.arguments.value("default", 1)
            if isinstance(key, Known):
                found = self._reference(Item(value.receiver, key, at=value.at))
                if found is not None:
                    known = default or Known(None, at=value.at)
                    return {**found, "default": self.builder.node(known)}
        return self._code(value)

    def _reference(self, value: Value) -> Plain | None:
        """A column of the row, or a field of one turn of a conversation."""
        path: list[object] = []
        while isinstance(value, Item):
            if not isinstance(value.key, Known):
                return None
            path.insert(0, value.key.value)
            value = value.base
        if isinstance(value, Made) and value.name == "get" and value.receiver is not None:
            inner = self._made(value, 0)
            if "column" in inner or "field" in inner:
                return {**inner, "path": path} if path else inner
            return None
        if not isinstance(value, Each) or not path:
            return (
                {"field": ""} if isinstance(value, Each) and not self.is_own(value.source) else None
            )
        kind = "column" if self.is_own(value.source) else "field"
        result: Plain = {kind: str(path[0])}
        if len(path) > 1:
            result["path"] = list(path[1:])
        return result

    def _code(self, value: Value) -> Plain:
        line = getattr(value.at, "lineno", 0)
        return {"code": " ".join(self.builder.text(value.at).split()), "line": line}

    # -- conditions -------------------------------------------------------------------------------

    def condition(self, test: Value) -> Plain:
        """A test on a row."""
        if isinstance(test, Operation):
            found = self._condition_operation(test)
            if found is not None:
                return found
        if isinstance(test, Made) and test.name == "strip" and test.receiver is not None:
            return self.condition(test.receiver)
        reference = self._reference(test) if isinstance(test, Item | Made) else None
        return reference or {"code": " ".join(self.builder.text(test.at).split())}

    def _condition_operation(self, test: Operation) -> Plain | None:
        if test.operator == "not":
            return {"not": self.condition(test.operands[0])}
        if test.operator in ("and", "or"):
            described = [self.condition(operand) for operand in test.operands]
            first, second = described
            keys = [d.get("column") for d in described]
            if keys[0] is not None and keys[0] == keys[1] and set(first) == set(second):
                return first
            return None
        if test.operator == "len":
            return self.condition(test.operands[0])
        if len(test.operands) != 2:
            return None
        left, right = test.operands
        if test.operator in ("In", "NotIn") and isinstance(left, Known) and isinstance(right, Each):
            kind = "column" if self.is_own(right.source) else "field"
            found: Plain = {kind: str(left.value)}
            return found if test.operator == "In" else {"not": found}
        if test.operator in ("In", "NotIn") and isinstance(right, Sequence) and right.each is None:
            values = [item.value for item in right.items if isinstance(item, Known)]
            if len(values) == len(right.items):
                one_of: Plain = {"one_of": self.part(left), "values": values}
                return one_of if test.operator == "In" else {"not": one_of}
        empty = isinstance(right, Known) and right.value in ("", None, 0)
        if empty and test.operator in ("NotEq", "IsNot", "Gt"):
            return self.condition(left)
        if empty and test.operator in ("Eq", "Is"):
            return {"not": self.condition(left)}
        if test.operator in ("Eq", "NotEq"):
            equal: Plain = {"equals": [self.part(left), self.part(right)]}
            return equal if test.operator == "Eq" else {"not": equal}
        return None

    # -- messages ---------------------------------------------------------------------------------

    def messages(self, value: Value | None, depth: int = 0) -> Plain:
        """A list of messages."""
        if value is None or depth > MAX_DEPTH:
            return {"code": "?"}
        if isinstance(value, Sequence):
            result: Plain = {"list": [self._message(item, depth) for item in value.items]}
            if value.each is not None:
                result.update(self._each_message(value.each, depth))
            return result
        if isinstance(value, Many):
            return {"list": [], **self._each_message(value, depth)}
        if isinstance(value, Choice):
            return {
                "if": self.condition(value.test),
                "then": self.messages(value.then, depth + 1),
                "else": self.messages(value.otherwise, depth + 1),
            }
        return self._reference(value) or self._code(value)

    def _each_message(self, many: Many, depth: int) -> Plain:
        inner = self._reference(many.source)
        message = many.element
        if isinstance(message, Sequence) and message.kind == "group":
            described: Any = [self._message(item, depth) for item in message.items]
        else:
            described = self._message(message, depth)
        result: Plain = {"each": inner or self._code(many.source), "message": described}
        if many.test is not None:
            result["when"] = self.condition(many.test)
        return result

    def _message(self, value: Value, depth: int) -> Plain:
        if isinstance(value, Choice):
            return {
                "if": self.condition(value.test),
                "then": self._message(value.then, depth + 1),
                "else": self._message(value.otherwise, depth + 1),
            }
        if not isinstance(value, Mapping) or value.more:
            return self._code(value)
        result: Plain = {}
        for key, entry in value.entries.items():
            if key == "images":
                result["images"] = self.picture(entry)
            elif isinstance(entry, Sequence):
                result[str(key)] = [
                    part for item in entry.items for part in self._typed(item, depth + 1)
                ]
            else:
                result[str(key)] = self.parts(entry, depth + 1)
        return result

    def _typed(self, value: Value, depth: int) -> list[Plain]:
        """One part of a content that is a list: ``{"type": "text", "text": …}``."""
        if not isinstance(value, Mapping) or value.more:
            return [self._code(value)]
        kind = value.entries.get("type")
        name = kind.value if isinstance(kind, Known) else None
        if name == "text" and "text" in value.entries:
            return self.parts(value.entries["text"], depth)
        if name in ("image", "image_url"):
            return [{"image": self.picture(value.entries.get(name) or value.entries.get("image"))}]
        if name in MEDIA:
            return [{"media": str(name)}]
        return [self._code(value)]

    def picture(self, value: Value | None) -> Plain:
        """Which column a picture comes from; TRL looks in ``images`` when a turn names none."""
        if value is None:
            return {"column": "images"}
        if isinstance(value, Sequence):
            return self.picture(value.items[0]) if len(value.items) == 1 else self._code(value)
        if isinstance(value, Made):
            inner = value.receiver if value.receiver is not None else None
            given = [a.value for a in value.arguments.positional]
            for candidate in (*given, inner):
                found = None if candidate is None else self.picture(candidate)
                if found is not None and "column" in found:
                    return found
        if isinstance(value, Mapping) and "url" in value.entries:
            return self.picture(value.entries["url"])
        return self._reference(value) or self._code(value)


def as_text(value: Value, depth: int = 0, budget: list[int] | None = None) -> Value:
    """A value with all additions of strings made texts; ``budget`` bounds how many pieces of it
    are looked at, since the same value may be in it many times over."""
    left = [MAX_PIECES] if budget is None else budget
    left[0] -= 1
    if depth > MAX_DEPTH or left[0] < 0:
        return value
    if isinstance(value, Operation) and value.operator == "+":
        return joined([as_text(o, depth + 1, left) for o in value.operands], value.at)
    if isinstance(value, Text):
        return joined([as_text(p, depth + 1, left) for p in value.parts], value.at)
    if isinstance(value, Made) and value.name in _STRIPS and not value.arguments.positional:
        inner = None if value.receiver is None else as_text(value.receiver, depth + 1, left)
        if isinstance(inner, Text):
            return _stripped(inner, value.name)
    if isinstance(value, Choice):
        then = as_text(value.then, depth + 1, left)
        return Choice(value.test, then, as_text(value.otherwise, depth + 1, left), at=value.at)
    return value


def _stripped(text: Text, name: str) -> Value:
    """A text without white space at its ends, as far as these are literals."""
    parts = list(text.parts)
    first, last = parts[0], parts[-1]
    if name != "rstrip" and isinstance(first, Known):
        parts[0] = Known(str(first.value).lstrip(), at=first.at)
    if name != "lstrip" and isinstance(last, Known):
        parts[-1] = Known(str(last.value).rstrip(), at=last.at)
    return joined(parts, text.at)


def messages_argument(made: Made) -> Value | None:
    if isinstance(made.function, External):
        return None
    return made.arguments.value("conversation", 0) or made.arguments.value("messages")
