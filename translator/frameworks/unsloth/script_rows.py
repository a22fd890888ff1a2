"""What a row of data becomes: a map or formatting function of a script, read symbolically.

The function is evaluated on a row whose columns are unknown; what it returns is described as plain
data. The description (``function`` of a step, see :mod:`translator.frameworks.unsloth.script`):

- ``kind``: ``text`` (a string column), ``chat`` (a string column rendered with the chat template),
  ``messages`` (a column of messages), ``prompt_completion``, ``preference`` (prompt, chosen,
  rejected), ``prompt`` (a prompt and more, for reinforcement learning), ``tokens`` (input ids),
  ``columns`` (other columns), ``unknown``.
- ``line``: where the function starts; ``name``: what it is called.
- ``output``: the column that holds the text or the messages (absent for a formatting function,
  which returns the text itself).
- ``parts`` (text, chat): what the string is made of, in order; each part is one of
  ``{literal: "…"}``; ``{column: name}``; ``{token: eos|bos|pad|unk}``;
  ``{chat: <messages>, tokenize, add_generation_prompt, …}`` for ``apply_chat_template``;
  ``{if: <condition>, then: [parts], else: [parts]}``; ``{each: <part>, parts: [parts]}`` for what
  is repeated for each turn of a conversation; ``{field: name}`` for a field of such a turn;
  ``{code: source, line}`` for what is not understood. A column or field may carry
  ``path`` (keys and positions below it), ``methods`` (string methods applied, such as ``strip``)
  and ``default`` (what stands for an empty or missing value);
  a ``chat`` part may carry ``methods`` (``{name, arguments: [part]}``).
- ``with_input``, ``without_input``, ``input``: when the parts depend on one column being filled
  only, both variants as parts, and that column's name; ``parts`` is absent then.
- a condition is ``{column: name}`` (it is filled), ``{equals: [part, part]}``, ``{not: …}`` or
  ``{code: source}``.
- ``<messages>`` (of ``chat`` and of the kind ``messages``): ``{column: name}`` for a column of
  messages; ``{list: [{role: parts, content: parts}, …]}``; with ``each: <part>`` and
  ``message: {role, content}`` for messages made of the turns of a column; or ``{code: source}``.
  ``multimodal: true`` when contents hold images, audio or video.
- ``messages``: the messages, for the kinds ``chat`` and ``messages``.
- ``eos``: whether the text ends with the end-of-sequence token.
- ``columns``: every column that is returned, described as parts or messages.
"""

from __future__ import annotations

import ast
from typing import Any

from translator.frameworks.unsloth.script_tree import TreeBuilder
from translator.syntax.evaluate_operators import joined
from translator.syntax.evaluate_values import (
    Attribute,
    Batch,
    Choice,
    Each,
    External,
    Function,
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
from translator.tree import Node

_TOKENS = {
    "eos_token": "eos",
    "bos_token": "bos",
    "pad_token": "pad",
    "unk_token": "unk",
}
_MAX_DEPTH = 14
_METHODS = frozenset(
    (
        "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "replace",
        "removeprefix", "removesuffix",
    )
)  # fmt: skip
_MEDIA = frozenset(("image", "images", "audio", "video"))

Plain = dict[str, Any]


class RowReader:
    """Describes the functions that make rows."""

    def __init__(self, builder: TreeBuilder) -> None:
        self.builder = builder
        self.source: Value | None = None

    def map_function(self, function: Value, source: Value, batched: bool) -> Node:
        """The description of a function given to ``map``."""
        row: Value = Batch(source) if batched else Each(source)
        result = self.builder.program.apply(function, row)
        return self._described(function, result, source, row)

    def formatting_function(self, function: Value, source: Value) -> Node:
        """The description of a trainer's ``formatting_func``, which gets one row or several."""
        row: Value = Batch(source)
        result = self.builder.program.apply(function, row)
        if not _is_per_row(result):
            row = Each(source)
            result = self.builder.program.apply(function, row)
        return self._described(function, result, source, row)

    def listed(self, many: Many) -> Node:
        """The description of rows made by a list comprehension over a data set."""
        self.source = many.source
        return self._outcome(many.element, many.at, "list")

    # -- outcomes ---------------------------------------------------------------------------------

    def _described(self, function: Value, result: Value, source: Value, row: Value) -> Node:
        self.source = source
        name = function.name if isinstance(function, Function) else self.builder.text(function.at)
        return self._outcome(result, function.at, name, row)

    def _outcome(
        self, result: Value, at: ast.AST | None, name: str, row: Value | None = None
    ) -> Node:
        facts: Plain = {"name": name, "line": getattr(at, "lineno", 0)}
        columns = self._columns(result, row)
        if columns is None:
            single = _per_row(result)
            if single is None or not _is_textual(single):
                unknown = {"kind": "unknown", **facts, "code": self.builder.text(at)}
                return self.builder.plain(unknown, at)
            return self.builder.plain({**self._text(single), **facts}, at)
        described = {key: self.column(value) for key, value in columns.items()}
        facts["columns"] = described
        return self.builder.plain({**self._kind(columns, described), **facts}, at)

    def _columns(self, result: Value, row: Value | None) -> dict[str, Value] | None:
        result = _undivided(result)
        if isinstance(result, Mapping) and not result.more:
            return {str(key): _per_row(value) or value for key, value in result.entries.items()}
        if isinstance(result, Mapping) and row is not None and result.entries:
            if all(more is row or isinstance(more, Each | Batch) for more in result.more):
                return {str(k): _per_row(v) or v for k, v in result.entries.items()}
        if isinstance(result, Each | Batch) and result.entries:
            return {str(key): _per_row(value) or value for key, value in result.entries.items()}
        return None

    def _kind(self, columns: dict[str, Value], described: Plain) -> Plain:
        names = set(columns)
        if "input_ids" in names or "labels" in names:
            return {"kind": "tokens"}
        if {"chosen", "rejected"} <= names:
            return {"kind": "preference"}
        if {"prompt", "completion"} <= names:
            return {"kind": "prompt_completion"}
        if "prompt" in names:
            return {"kind": "prompt"}
        messages = [name for name in columns if "messages" in described[name]]
        texts = [name for name in columns if _is_textual(columns[name])]
        chosen = messages[0] if len(messages) == 1 else None
        if chosen is not None and not any(_has_chat(columns[t]) for t in texts):
            return {"kind": "messages", "output": chosen, **described[chosen]}
        if len(texts) > 1:
            named = [t for t in texts if t == "text"] or [t for t in texts if _has_chat(columns[t])]
            texts = named or texts
        if len(texts) == 1:
            return {**self._text(columns[texts[0]]), "output": texts[0]}
        return {"kind": "columns"}

    def column(self, value: Value) -> Plain:
        """One returned column: its parts, or its messages."""
        if isinstance(value, Sequence | Many):
            return {"messages": self.messages(value)}
        if isinstance(value, Choice) and isinstance(value.then, Sequence | Many):
            return {"messages": self.messages(value)}
        return {"parts": self.parts(_as_text(value))}

    def _text(self, value: Value) -> Plain:
        value = _as_text(value)
        conditions = _conditions(value)
        result: Plain = {"kind": "chat" if _has_chat(value) else "text"}
        chat = _first_chat(value)
        if chat is not None:
            result["messages"] = self.messages(_messages_argument(chat))
        column = self._one_column(conditions)
        if column is not None:
            filled = {id(c): _filled(c) for c in conditions}
            result["input"] = column
            result["with_input"] = self.parts(_resolved(value, filled, True))
            result["without_input"] = self.parts(_resolved(value, filled, False))
            result["eos"] = all(
                _ends_with_eos(self.builder, side)
                for side in (result["with_input"], result["without_input"])
            )
        else:
            result["parts"] = self.parts(value)
            result["eos"] = _ends_with_eos(self.builder, result["parts"])
        return result

    def _one_column(self, conditions: list[Value]) -> str | None:
        names = set()
        for condition in conditions:
            described = self.condition(condition)
            while set(described) == {"not"}:
                described = described["not"]
            if "column" not in described or "path" in described:
                return None
            names.add(described["column"])
        return str(names.pop()) if len(names) == 1 else None

    # -- parts ------------------------------------------------------------------------------------

    def parts(self, value: Value, depth: int = 0) -> list[Any]:
        """What a string is made of, in order."""
        if depth > _MAX_DEPTH:
            return [self._code(value)]
        value = _as_text(value)
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
            return {"chat": self.messages(_messages_argument(value)), **options}
        if value.name in _METHODS and value.receiver is not None:
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
                {"field": ""}
                if isinstance(value, Each) and value.source is not self.source
                else None
            )
        kind = "column" if value.source is self.source else "field"
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
            kind = "column" if right.source is self.source else "field"
            found: Plain = {kind: str(left.value)}
            return found if test.operator == "In" else {"not": found}
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
        if value is None or depth > _MAX_DEPTH:
            return {"code": "?"}
        if isinstance(value, Sequence):
            result: Plain = {"list": [self._message(item, depth) for item in value.items]}
            if value.each is not None:
                result.update(self._each_message(value.each, depth))
            if any(m.get("multimodal") for m in result["list"]):
                result["multimodal"] = True
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
            if isinstance(entry, Sequence):
                kinds = {
                    kind.value
                    for item in entry.items
                    if isinstance(item, Mapping)
                    for kind in [item.entries.get("type")]
                    if isinstance(kind, Known)
                }
                if kinds & _MEDIA:
                    result["multimodal"] = True
                result[str(key)] = [self._code(entry)]
            else:
                result[str(key)] = self.parts(entry, depth + 1)
        return result


# -- values ---------------------------------------------------------------------------------------


def _undivided(value: Value) -> Value:
    """Two dicts by a test as one dict of values by that test, when they have the same keys."""
    if not isinstance(value, Choice):
        return value
    then, otherwise = _undivided(value.then), _undivided(value.otherwise)
    if not isinstance(then, Mapping) or not isinstance(otherwise, Mapping):
        return value
    if then.entries.keys() != otherwise.entries.keys() or then.more or otherwise.more:
        return value
    entries: dict[Any, Value] = {
        key: Choice(value.test, entry, otherwise.entries[key], at=value.at)
        for key, entry in then.entries.items()
    }
    return Mapping(entries, then.keys, at=then.at)


def _per_row(value: Value) -> Value | None:
    """What one row gets of a returned column."""
    each = value.each if isinstance(value, Sequence) and not value.items else value
    return each.element if isinstance(each, Many) and _is_rows(each.source) else value


def _is_rows(source: Value) -> bool:
    """Whether a list has one element a row, not one a turn of a conversation."""
    return not isinstance(source, Item | Attribute) and not (
        isinstance(source, Made) and source.name == "get"
    )


def _is_per_row(value: Value) -> bool:
    each = value.each if isinstance(value, Sequence) else value
    return isinstance(each, Many) or (isinstance(value, Mapping) and bool(value.entries))


def _is_textual(value: Value) -> bool:
    if isinstance(value, Known):
        return isinstance(value.value, str)
    if isinstance(value, Choice):
        return _is_textual(value.then) or _is_textual(value.otherwise)
    if isinstance(value, Made):
        return value.name in _METHODS or value.name in ("apply_chat_template", "get")
    if isinstance(value, Operation):
        return value.operator in ("join", "or", "+")
    return isinstance(value, Text | Item | Attribute)


def _as_text(value: Value, depth: int = 0) -> Value:
    """A value with all additions of strings made texts."""
    if depth > _MAX_DEPTH:
        return value
    if isinstance(value, Operation) and value.operator == "+":
        return joined([_as_text(o, depth + 1) for o in value.operands], value.at)
    if isinstance(value, Text):
        return joined([_as_text(p, depth + 1) for p in value.parts], value.at)
    if isinstance(value, Choice):
        then, otherwise = _as_text(value.then, depth + 1), _as_text(value.otherwise, depth + 1)
        return Choice(value.test, then, otherwise, at=value.at)
    return value


def _walk(value: Value, depth: int = 0) -> list[Value]:
    found = [value]
    if depth > _MAX_DEPTH:
        return found
    inner: tuple[Value, ...] = ()
    if isinstance(value, Text):
        inner = value.parts
    elif isinstance(value, Choice):
        inner = (value.then, value.otherwise)
    elif isinstance(value, Made) and value.receiver is not None and value.name in _METHODS:
        inner = (value.receiver,)
    for part in inner:
        found.extend(_walk(part, depth + 1))
    return found


def _has_chat(value: Value) -> bool:
    return _first_chat(value) is not None


def _first_chat(value: Value) -> Made | None:
    for part in _walk(value):
        if isinstance(part, Made) and part.name == "apply_chat_template":
            return part
    return None


def _messages_argument(made: Made) -> Value | None:
    if isinstance(made.function, External):
        return None
    return made.arguments.value("conversation", 0) or made.arguments.value("messages")


def _conditions(value: Value) -> list[Value]:
    return [part.test for part in _walk(value) if isinstance(part, Choice)]


def _filled(test: Value) -> bool:
    """Whether a test holds when its column is filled (False for its negations)."""
    if isinstance(test, Operation):
        if test.operator == "not":
            return not _filled(test.operands[0])
        if test.operator in ("Eq", "Is", "NotIn"):
            return False
    return True


def _resolved(value: Value, filled: dict[int, bool], is_filled: bool) -> Value:
    """A text with all its conditions decided."""
    if isinstance(value, Choice):
        side = value.then if filled.get(id(value.test), True) is is_filled else value.otherwise
        return _resolved(side, filled, is_filled)
    if isinstance(value, Text):
        return joined([_resolved(p, filled, is_filled) for p in value.parts], value.at)
    return value


def _ends_with_eos(builder: TreeBuilder, parts: list[Any]) -> bool:
    if not parts:
        return False
    last = parts[-1]
    if "if" in last:
        return _ends_with_eos(builder, last["then"]) and _ends_with_eos(builder, last["else"])
    return bool(last.get("token") == "eos")
