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
- a condition is ``{column: name}`` (it is filled), ``{equals: [part, part]}``,
  ``{one_of: part, values: […]}``, ``{not: …}`` or ``{code: source}``.
- ``<messages>`` (of ``chat`` and of the kind ``messages``): ``{column: name}`` for a column of
  messages; ``{list: [{role: parts, content: parts}, …]}``; with ``each: <part>`` and
  ``message: {role, content}`` for messages made of the turns of a column; or ``{code: source}``.
  Contents that hold pictures have parts ``{image: <part>}``, those that hold sound or films
  ``{media: audio}``; a returned column ``images`` is described as ``{image: <part>}`` too.
- ``messages``: the messages, for the kinds ``chat`` and ``messages``.
- ``eos``: whether the text ends with the end-of-sequence token.
- ``pattern``, ``last`` (tokens): the source of the expression whose matches in a text are trained,
  and whether only the last match is.
- ``text`` (tokens): the text whose tokens the rows are, described as above; ``settings``: what
  else the tokenizer is told; ``labelled``: the tokens are their labels too, those that pad as well.
- ``columns``: every column that is returned, described as parts or messages.
"""

from __future__ import annotations

import ast
from typing import Any

from translator.frameworks.unsloth.script_row_parts import (
    MAX_DEPTH,
    METHODS,
    PartReader,
    Plain,
    as_text,
    messages_argument,
)
from translator.frameworks.unsloth.script_tree import RowFunction, TreeBuilder
from translator.frameworks.unsloth.span_reading import trained_matches
from translator.syntax.evaluate_operators import joined
from translator.syntax.evaluate_tables import listed
from translator.syntax.evaluate_values import (
    Attribute,
    Batch,
    Choice,
    Each,
    Function,
    Item,
    Known,
    Made,
    Many,
    Mapping,
    Operation,
    Sequence,
    Text,
    Unknown,
    Value,
    sequence,
)
from translator.tree import Node

_TOKENIZERS = ("tokenizer", "processor")
PICTURES = ("image", "images")


class RowReader(PartReader):
    """Describes the functions that make rows."""

    def map_function(
        self, function: Value, source: Value, batched: bool, columns: Value | None = None
    ) -> Node:
        """The description of a function given to ``map``; it gets the whole row, or the values
        of ``columns``."""
        row: Value = Batch(source) if batched else Each(source)
        given: list[Value] = [row]
        if isinstance(columns, Known) and isinstance(columns.value, str):
            columns = sequence("list", (columns,))
        if isinstance(columns, Sequence):
            given = [self.builder.program.machine.item(row, key, key.at) for key in columns.items]
        result = self.builder.program.apply(function, *given)
        return self._described(function, result, source, row)

    def formatting_function(self, function: Value, source: Value) -> Node:
        """The description of a trainer's ``formatting_func``, which gets one row or several."""
        self.of(source)
        row: Value = Batch(source)
        result = self.builder.program.apply(function, row)
        if not self._is_per_row(result):
            row = Each(source)
            result = self.builder.program.apply(function, row)
        described = self._described(function, result, source, row)
        described.value["number"] = self.builder.leaf(len(self.builder.functions))
        self.builder.functions.append(RowFunction(function, isinstance(row, Batch)))
        return described

    def listed(self, many: Many, column: str | None = None) -> Node:
        """The description of rows made by a list comprehension over a data set; ``column`` names
        the only one when the rows are mere strings."""
        self.of(many.source)
        return self._outcome(many.element, many.at, column or "list", column=column)

    def assigned(self, columns: dict[str, Value], table: Value) -> Node:
        """The description of columns that a script sets on a data frame."""
        self.of(table)
        return self._outcome(Mapping(dict(columns), at=table.at), table.at, "columns")

    # -- outcomes ---------------------------------------------------------------------------------

    def _described(self, function: Value, result: Value, source: Value, row: Value) -> Node:
        self.of(source)
        name = function.name if isinstance(function, Function) else self.builder.text(function.at)
        described = self._outcome(result, function.at, name, row)
        if isinstance(function, Function) and described.value["kind"].value == "tokens":
            trained = trained_matches(function.node, self.builder.module.tree)
            described.value.update(self.builder.plain(trained, function.at).value)
        return described

    def _outcome(
        self,
        result: Value,
        at: ast.AST | None,
        name: str,
        row: Value | None = None,
        column: str | None = None,
    ) -> Node:
        facts: Plain = {"name": name, "line": getattr(at, "lineno", 0)}
        tokenized = _tokenized(result)
        if tokenized is not None:
            text = self._per_row(tokenized)
            if text is not None and _is_textual(text):
                facts |= {"text": self._text(text), "settings": self._settings(result)}
                if isinstance(result, Made | Mapping) and "labels" in result.entries:
                    facts["labelled"] = True
                return self.builder.plain({"kind": "tokens", **facts}, at)
        columns = self._columns(result, row)
        if columns is None:
            single = self._per_row(result)
            if single is None or not _is_textual(single):
                unknown = {"kind": "unknown", **facts, "code": self.builder.text(at)}
                return self.builder.plain(unknown, at)
            if column is not None:
                facts["output"] = column
            return self.builder.plain({**self._text(single), **facts}, at)
        described = {
            key: {"image": self.picture(value)} if key in PICTURES else self.column(value)
            for key, value in columns.items()
        }
        facts["columns"] = described
        return self.builder.plain({**self._kind(columns, described), **facts}, at)

    def _settings(self, result: Value) -> dict[str, Node]:
        """What a tokenizer is told besides the text, as far as it shows in token ids."""
        call = _tokenizing(result)
        found = {} if call is None else self.builder.keywords(call, ("text",), ("text",))
        return {name: node for name, node in found.items() if name in _TOKENIZER_SETTINGS}

    def _columns(self, result: Value, row: Value | None) -> dict[str, Value] | None:
        result = _undivided(result)
        if isinstance(result, Mapping) and all(
            more is row or isinstance(more, Each | Batch) for more in result.more
        ):
            return {
                str(key): self._per_row(value) or value for key, value in result.entries.items()
            }
        if isinstance(result, Each | Batch) and result.entries:
            return {
                str(key): self._per_row(value) or value for key, value in result.entries.items()
            }
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

    def _per_row(self, value: Value) -> Value | None:
        """What one row gets of a returned column."""
        each = listed(value)
        return each.element if each is not None and self.is_own(each.source) else value

    def _is_per_row(self, value: Value) -> bool:
        each = listed(value)
        return (each is not None and self.is_own(each.source)) or (
            isinstance(value, Mapping) and bool(value.entries)
        )

    def column(self, value: Value) -> Plain:
        """One returned column: its parts, or its messages."""
        if isinstance(value, Sequence | Many):
            return {"messages": self.messages(value)}
        if isinstance(value, Choice) and isinstance(value.then, Sequence | Many):
            return {"messages": self.messages(value)}
        return {"parts": self.parts(as_text(value))}

    def _text(self, value: Value) -> Plain:
        value = as_text(value)
        choices = [part for part in _walk(value) if isinstance(part, Choice)]
        conditions = [c.test for c in choices if self.defaulted(c) is None]
        result: Plain = {"kind": "chat" if _has_chat(value) else "text"}
        chat = _first_chat(value)
        if chat is not None:
            result["messages"] = self.messages(messages_argument(chat))
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


def _tokenized(result: Value) -> Value | None:
    """The text of rows that are nothing but its tokens, all of them supervised."""
    call = _tokenizing(result)
    return None if call is None else call.arguments.value("text", 0)


def _tokenizing(result: Value) -> Made | None:
    """The call of a tokenizer that such rows come from."""
    call = result
    if isinstance(result, Mapping):
        if result.entries.keys() & {"assistant_masks", "completion_mask"}:
            return None
        ids = _copied(result.entries.get("input_ids"))
        labels = _copied(result.entries.get("labels", ids))
        if not isinstance(ids, Item) or not isinstance(labels, Item):
            return None
        if ids.base is not labels.base:
            return None
        call = ids.base
    elif isinstance(result, Made) and result.entries:
        labels = _copied(result.entries.get("labels"))
        if result.entries.keys() != {"labels"} or not (
            isinstance(labels, Item) and labels.base is result
        ):
            return None
    if not isinstance(call, Made) or call.name or not is_tokenizer(call.function):
        return None
    return call


_TOKENIZER_SETTINGS = ("max_length", "truncation", "padding", "add_special_tokens")


def _copied(value: Value | None) -> Value | None:
    """A list, whether it is a copy or not."""
    while isinstance(value, Made) and value.name in ("copy", "clone", "list", "deepcopy"):
        value = value.receiver or next((a.value for a in value.arguments.positional), None)
    return value


def is_tokenizer(value: Value) -> bool:
    """Whether what is called is a tokenizer: what a model is loaded with, or called so."""
    if isinstance(value, Item):
        key = value.key.value if isinstance(value.key, Known) else None
        return key == 1 and isinstance(value.base, Made) and value.base.name == "from_pretrained"
    if isinstance(value, Made):
        return value.name in ("get_chat_template", "from_pretrained")
    if isinstance(value, Unknown):
        return any(name.rpartition(".")[2] in _TOKENIZERS for name in value.names)
    return isinstance(value, Attribute) and value.name in _TOKENIZERS


def _is_textual(value: Value) -> bool:
    if isinstance(value, Known):
        return isinstance(value.value, str)
    if isinstance(value, Choice):
        return _is_textual(value.then) or _is_textual(value.otherwise)
    if isinstance(value, Made):
        return value.name in METHODS or value.name in ("apply_chat_template", "get")
    if isinstance(value, Operation):
        return value.operator in ("join", "or", "+")
    return isinstance(value, Text | Item | Attribute)


def _walk(value: Value, depth: int = 0) -> list[Value]:
    found = [value]
    if depth > MAX_DEPTH:
        return found
    inner: tuple[Value, ...] = ()
    if isinstance(value, Text):
        inner = value.parts
    elif isinstance(value, Choice):
        inner = (value.then, value.otherwise)
    elif isinstance(value, Made) and value.receiver is not None and value.name in METHODS:
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


def _filled(test: Value) -> bool:
    """Whether a test holds when its column is filled (False for its negations)."""
    if isinstance(test, Operation):
        if test.operator == "not":
            return not _filled(test.operands[0])
        if test.operator in ("Eq", "Is", "NotIn"):
            return False
    return True


def _resolved(value: Value, filled: dict[int, bool], is_filled: bool) -> Value:
    """A text with these conditions decided."""
    if isinstance(value, Choice) and id(value.test) in filled:
        side = value.then if filled[id(value.test)] is is_filled else value.otherwise
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
