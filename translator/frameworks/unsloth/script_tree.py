"""From what the evaluator knows to a positioned tree.

Leaves are scalars, :class:`~translator.tree.Unresolved`, and two kinds that only scripts have:
:class:`Depends` (a value that depends on the GPU) and :class:`Symbol` (something named, such as
``torch.bfloat16`` or a function of the script).
"""

from __future__ import annotations

import ast
from functools import cached_property

from translator.record import Record
from translator.spans import Span
from translator.syntax.evaluate import Program
from translator.syntax.evaluate_files import is_path, path_of
from translator.syntax.evaluate_machine import dotted
from translator.syntax.evaluate_values import (
    Absent,
    Argument,
    Attribute,
    Capability,
    Choice,
    Class,
    External,
    Function,
    Instance,
    Item,
    Known,
    Made,
    Mapping,
    Sequence,
    Unknown,
    Value,
)
from translator.syntax.python import home_of
from translator.tree import Node, Unresolved

MAX_DEPTH = 24
MAX_NODES = 20_000
"""Nodes of one training; lists that hold lists many times over would have more."""
MAX_TEXT = 300


class Depends(Record, kw_only=False):
    """A value by what the GPU can do: ``then`` where it has the capability (``"bf16"``)."""

    capability: str
    then: object
    otherwise: object

    def __repr__(self) -> str:
        return f"{self.then!r} with {self.capability}, else {self.otherwise!r}"

    @property
    def negated(self) -> bool:
        """Whether it is the negation, as in ``fp16 = not is_bfloat16_supported()``."""
        return self.then is False and self.otherwise is True


class Symbol(Record, kw_only=False):
    """Something that has a name: ``torch.bfloat16``, or (``local``) a function or class of the
    script."""

    name: str
    local: bool = False

    def __repr__(self) -> str:
        return self.name

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]


class RowFunction(Record, kw_only=False):
    """A function that makes something of a row, or of several at once (``batched``); ``more`` are
    the keywords that it is given besides."""

    function: Value
    batched: bool
    more: Value | None = None


class TreeBuilder:
    """Builds nodes for values, each with the span of the syntax that defines it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.module = program.module
        self.count = 0
        self._via: ast.AST | None = None
        self.functions: list[RowFunction] = []
        """The functions that rows pass through; steps name them by their position."""

    # -- places -----------------------------------------------------------------------------------

    def span(self, at: ast.AST | None) -> Span:
        """The span of a piece of syntax; the module's first character when there is none. For one
        of another module, the call in the script that led there."""
        if at is None or not hasattr(at, "lineno"):
            return self.module.lines.span(0, 0)
        if home_of(at) is not None:
            at = self._led.get(at) or self._via or at
        return self.module.span(at)

    @cached_property
    def _led(self) -> dict[ast.AST, ast.AST]:
        """For calls in other modules, the nearest call in the script that led there."""
        found: dict[ast.AST, ast.AST] = {}
        for made in self.program.calls:
            if made.at is None or home_of(made.at) is None:
                continue
            for at in reversed(made.callers):
                if hasattr(at, "lineno") and home_of(at) is None:
                    found.setdefault(made.at, at)
                    break
        return found

    def _own(self, at: ast.AST | None) -> ast.AST | None:
        """A call, or the one in the script that led to it; None for what is not known."""
        if at is None or not hasattr(at, "lineno"):
            return None
        return at if home_of(at) is None else self._led.get(at)

    def text(self, at: ast.AST | None) -> str:
        """The text of a piece of syntax, shortened."""
        if at is None or not hasattr(at, "lineno"):
            return "?"
        text = self.module.segment(at)
        return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"

    def leaf(self, value: object, at: ast.AST | None = None) -> Node:
        """A node for a fact that the reading itself found."""
        return Node(value=value, span=self.span(at))

    def plain(self, value: object, at: ast.AST | None = None) -> Node:
        """Nested plain dicts and lists (nodes among them) as one node."""
        if isinstance(value, Node):
            return value
        if isinstance(value, dict):
            return self.leaf({key: self.plain(item, at) for key, item in value.items()}, at)
        if isinstance(value, list):
            return self.leaf([self.plain(item, at) for item in value], at)
        return self.leaf(value, at)

    # -- values -----------------------------------------------------------------------------------

    def argument(self, name: str, argument: Argument) -> Node:
        """The node of one argument of a call; what the user gave for its name comes first."""
        value = self.program.machine.override(name) or argument.value
        node = self.node(value, argument.expression, (name,))
        if argument.key is not None and home_of(argument.key) is None:
            node.key_span = self.module.key_span(argument.key)
        return node

    def node(
        self,
        value: Value,
        use: ast.AST | None = None,
        names: tuple[str, ...] = (),
        depth: int = 0,
    ) -> Node:
        """The node of a value; ``use`` is the expression that led to it."""
        at = value.at if value.at is not None and hasattr(value.at, "lineno") else use
        reference = None
        if use is not None and at is not use:
            reference = self.text(use)
        written = at is None or home_of(at) is None or use is None or home_of(use) is not None
        return Node(
            value=self._content(value, use, names, depth),
            span=self.span(at if written else use),
            raw=self.text(at) if value.at is not None else "",
            reference=reference if value.note is None else self.text(use),
            comment=value.note or (None if at is None else self.module.note(at)),
        )

    def _content(
        self, value: Value, use: ast.AST | None, names: tuple[str, ...], depth: int
    ) -> object:
        self.count += 1
        if depth > MAX_DEPTH or self.count > MAX_NODES:
            return self.unresolved(value, use, names)
        if isinstance(value, Known):
            return value.value
        if is_path(value):
            return path_of(value) or self.unresolved(value, use, names)
        bounds = _range_of(value)
        if bounds is not None:
            return {"range": self.plain(bounds, value.at)}
        if isinstance(value, Sequence) and value.each is None:
            if any(isinstance(item, Absent) for item in value.items):
                return self.unresolved(value, use, names)
            return [self.node(item, item.at or use, (), depth + 1) for item in value.items]
        if isinstance(value, Mapping):
            return self._mapping(value, use, depth)
        if isinstance(value, Capability):
            then = self._content(value.then, use, names, depth + 1)
            otherwise = self._content(value.otherwise, use, names, depth + 1)
            if isinstance(then, Unresolved) or isinstance(otherwise, Unresolved):
                return self.unresolved(value, use, names)
            if isinstance(then, list | dict) or isinstance(otherwise, list | dict):
                return self.unresolved(value, use, names)
            return Depends(value.name, then, otherwise)
        if isinstance(value, External) and not value.name.startswith("builtins."):
            return Symbol(value.name)
        if isinstance(value, Function | Class):
            return Symbol(value.name, local=True)
        if isinstance(value, Made) and value.name[:1].isupper():
            return self.call(value, depth=depth)
        if isinstance(value, Made) and isinstance(value.function, Class):
            return self.call(value, depth=depth)
        if isinstance(value, Instance) and value.type is not None:
            return self._instance(value, use, depth)
        if isinstance(value, Choice):
            return self._choice(value, use, names, depth)
        return _symbol_of(value) or self.unresolved(value, use, names)

    def _mapping(self, value: Mapping, use: ast.AST | None, depth: int) -> dict[str, Node]:
        result: dict[str, Node] = {}
        for key, entry in value.entries.items():
            node = self.node(entry, entry.at or use, (str(key),), depth + 1)
            if key in value.keys and home_of(value.keys[key]) is None:
                node.key_span = self.module.key_span(value.keys[key])
            result[str(key)] = node
        for more in value.more:
            result["**"] = Node(
                self.unresolved(more, more.at or use, ()), self.span(more.at or use)
            )
        return result

    def _instance(self, value: Instance, use: ast.AST | None, depth: int) -> dict[str, Node]:
        assert value.type is not None
        result = {"class": self.leaf(value.type.name, value.at)}
        base = value.type.foreign_base()
        if base is not None:
            result["base"] = self.leaf(base.last, value.at)
        for name, entry in value.attributes.items():
            result[name] = self.node(entry, entry.at or use, (name,), depth + 1)
        return result

    def call(self, made: Made, skip: tuple[str, ...] = (), depth: int = 0) -> dict[str, Node]:
        """A call as a mapping: its class, then its keywords."""
        name = made.function.name if isinstance(made.function, Class) else made.name
        result = {"class": self.leaf(name, made.at)}
        if made.base is not None:
            result["base"] = self.leaf(made.base, made.at)
        result.update(self.keywords(made, skip, depth=depth))
        return result

    def keywords(
        self,
        made: Made,
        skip: tuple[str, ...] = (),
        order: tuple[str, ...] = (),
        depth: int = 0,
        *,
        attributes: bool = True,
    ) -> dict[str, Node]:
        """The arguments of a call by name; ``order`` names the positional ones. ``attributes`` that
        the script sets afterwards count too, as they do for settings."""
        result: dict[str, Node] = {}
        arguments: dict[str, Argument] = {}
        for position, argument in enumerate(made.arguments.positional):
            name = order[position] if position < len(order) else f"argument_{position}"
            arguments[name] = argument
        arguments.update(made.arguments.keywords)
        for name, value in made.attributes.items() if attributes else ():
            if isinstance(value, Known | Sequence | Mapping | Capability | Choice):
                arguments[name] = Argument(value, value.at)
        outer, self._via = self._via, self._own(made.at) or self._via
        for name, argument in arguments.items():
            if name not in skip:
                node = self.argument(name, argument)
                if depth < MAX_DEPTH:
                    result[name] = node
        self._via = outer
        for more in made.arguments.more:
            result["**"] = Node(self.unresolved(more, more.at, ()), self.span(more.at or made.at))
        return result

    def _choice(
        self, value: Choice, use: ast.AST | None, names: tuple[str, ...], depth: int
    ) -> object:
        then = self.node(value.then, use, names, depth + 1)
        otherwise = self.node(value.otherwise, use, names, depth + 1)
        if then.plain() == otherwise.plain() and not isinstance(then.value, Unresolved):
            return then.value
        return self.unresolved(value, use, names)

    def unresolved(self, value: Value, use: ast.AST | None, names: tuple[str, ...]) -> Unresolved:
        """The expression of a value that is not known, and the names by which to give it."""
        at = use if use is not None and hasattr(use, "lineno") else value.at
        spelled = list(value.names) if isinstance(value, Unknown) else []
        used = dotted(use) if use is not None else None
        if used is not None:
            spelled.append(used)
        spelled.extend(names)
        unique = tuple(dict.fromkeys(spelled))
        if isinstance(value, Unknown) and value.text is not None:
            return Unresolved(value.text, unique)
        if isinstance(value, Choice) and not isinstance(use, ast.IfExp):
            return Unresolved(self._alternatives(value, at), unique)
        origin = value.at if isinstance(use, ast.Name) and value.at is not None else at
        return Unresolved(" ".join(self.text(origin).split()), unique)

    def _alternatives(self, value: Choice, at: ast.AST | None, depth: int = 0) -> str:
        parts = [
            f"({self._alternatives(side, at, depth + 1)})"
            if isinstance(side, Choice) and depth < 4
            else " ".join(self.text(side.at or at).split())
            for side in (value.then, value.otherwise)
        ]
        test = " ".join(self.text(value.test.at).split())
        return f"{parts[0]} if {test} else {parts[1]}"


_NAMES_VALUES = frozenset(
    ["accelerate", "bitsandbytes", "datasets", "peft", "torch", "transformers", "trl", "unsloth",
     "unsloth_zoo"]
)  # fmt: skip
"""Libraries whose names stand for values that are known: ``torch.bfloat16``, an enumeration."""


def forget_foreign_constants(node: Node | None, names: tuple[str, ...] = ()) -> None:
    """Makes settings unresolved that are names of modules which are not at hand, such as
    ``config.BATCH_SIZE``: only the running program has their values."""
    if node is None:
        return
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            forget_foreign_constants(child, (key,))
    elif isinstance(node.value, list):
        for child in node.value:
            forget_foreign_constants(child, names)
    elif (
        isinstance(node.value, Symbol)
        and not node.value.local
        and node.value.name.partition(".")[0] not in _NAMES_VALUES
    ):
        node.value = Unresolved(node.reference or node.value.name.lstrip("."), names)


def _range_of(value: Value) -> list[object] | None:
    """The bounds of a ``range(…)`` with known arguments."""
    if isinstance(value, Sequence) and "range" in value.slots:
        return list(value.slots["range"])
    if isinstance(value, Made) and value.name == "range" and value.receiver is None:
        bounds = [a.value.value for a in value.arguments.positional if isinstance(a.value, Known)]
        if bounds and len(bounds) == len(value.arguments.positional):
            return list(bounds)
    return None


def _symbol_of(value: Value) -> Symbol | None:
    """A name for what every script has: its model, its tokenizer, a token, a set's columns."""
    if isinstance(value, Attribute):
        if value.name in ("column_names", "features"):
            return Symbol(f"dataset.{value.name}", local=True)
        base = _symbol_of(value.base)
        return Symbol(f"{base.name}.{value.name}", local=True) if base else None
    if isinstance(value, Item) and isinstance(value.base, Made) and isinstance(value.key, Known):
        names = {0: "model", 1: "tokenizer"}
        position = value.key.value
        if value.base.name == "from_pretrained" and isinstance(position, int):
            return Symbol(names.get(position, "model"), local=True)
    if isinstance(value, Made):
        if value.name == "get_chat_template":
            return Symbol("tokenizer", local=True)
        if value.name == "get_peft_model":
            return Symbol("model", local=True)
        if value.name == "from_pretrained" and isinstance(value.function, External):
            kind = value.function.name.split(".")[-2:][0]
            name = "tokenizer" if kind.endswith(("Tokenizer", "Processor")) else "model"
            return Symbol(name, local=True)
        if value.name == "list" and value.arguments.positional:
            return _symbol_of(value.arguments.positional[0].value)
    return None
