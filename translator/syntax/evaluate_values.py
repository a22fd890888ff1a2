"""What an expression of a script is worth when nothing is run.

A value is *known* (a scalar, a list, a dict, an object of a class in the script), *foreign* (what
an imported library made: only its making is known), or *unknown* (with the names by which a user
may give it). Every value remembers the syntax that defines it (``at``), so that a constant used
five functions away still points to its literal.
"""

from __future__ import annotations

import ast
from collections import abc
from collections.abc import Iterator
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from translator.record import Struct, field

Scalar = None | bool | int | float | complex | str | bytes


class Value(Struct):
    """Base of all values; ``at`` is the syntax that defines it, None when no syntax does
    (a value from a file beside the script, or one that the user gave)."""

    at: ast.AST | None = field(default=None, kw_only=True)
    note: str | None = field(default=None, kw_only=True)
    """Where a value without syntax came from: ``train.yaml`` or ``--set lr``."""


class Known(Value):
    """A scalar."""

    value: Scalar


class Sequence(Value):
    """A list, tuple or set. ``slots["items"]`` is a tuple of values; after a loop over something
    unknown, ``slots["each"]`` is the :class:`Many` that was appended to it."""

    kind: str
    slots: dict[str, Any]

    @property
    def items(self) -> tuple[Value, ...]:
        return tuple(self.slots["items"])

    @property
    def each(self) -> Many | None:
        found: Many | None = self.slots.get("each")
        return found


def sequence(kind: str, items: tuple[Value, ...], at: ast.AST | None = None) -> Sequence:
    """A list, tuple or set of these items."""
    return Sequence(kind, {"items": items}, at=at)


class Mapping(Value):
    """A dict. ``keys`` remembers where each key stands; ``slots["more"]`` holds unknown dicts that
    were merged into it."""

    entries: dict[Any, Value]
    keys: dict[Any, ast.AST] = field(default_factory=dict)
    slots: dict[str, Any] = field(default_factory=dict)

    @property
    def more(self) -> tuple[Value, ...]:
        return tuple(self.slots.get("more", ()))


class Unknown(Value):
    """What only the running program knows; ``names`` are spellings for ``--set``."""

    names: tuple[str, ...] = ()
    text: str | None = None


class Absent(Value):
    """The other side of a conditional addition: nothing."""


class Choice(Value):
    """One of two values, by a test that is not known."""

    test: Value
    then: Value
    otherwise: Value


class Capability(Value):
    """A value that depends on what the GPU can do (``bf16``): with the capability, and without."""

    name: str
    then: Value
    otherwise: Value


class Operation(Value):
    """An operator applied to values of which not all are known."""

    operator: str
    operands: tuple[Value, ...]


class Text(Value):
    """A string of which some parts are known: literals, columns, rendered conversations."""

    parts: tuple[Value, ...]


class Foreign(Value):
    """Base of what only libraries know; attributes and items that the script sets are kept."""

    attributes: dict[str, Value] = field(default_factory=dict, kw_only=True)
    entries: dict[Any, Value] = field(default_factory=dict, kw_only=True)


class External(Foreign):
    """Something imported: ``unsloth.FastLanguageModel``, ``torch.bfloat16``, ``builtins.len``."""

    name: str

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def last_two(self) -> str:
        return ".".join(self.name.split(".")[-2:])


class Attribute(Foreign):
    """An attribute of something foreign: ``tokenizer.eos_token``."""

    base: Value
    name: str


class Item(Foreign):
    """An item of something foreign: ``dataset["train"]``, or a part of an unpacked result."""

    base: Value
    key: Value


class Each(Foreign):
    """Any one element of something foreign: a row of a data set, a turn of a conversation."""

    source: Value


class Batch(Foreign):
    """Several rows of a data set at once, as a batched map function gets them."""

    source: Value


class Many(Foreign):
    """A list with one ``element`` for each of ``source`` (when ``test`` holds), by ``maker``."""

    source: Value
    element: Value
    test: Value | None = None
    maker: Function | None = None


class Argument(NamedTuple):
    """A value passed to a call; ``key`` is the syntax of its name, ``expression`` of its value."""

    value: Value
    expression: ast.AST | None = None
    key: ast.AST | None = None


class Arguments(NamedTuple):
    """What a call passes. ``more`` holds unknown ``*args`` and ``**kwargs``."""

    positional: tuple[Argument, ...] = ()
    keywords: abc.Mapping[str, Argument] = MappingProxyType({})
    more: tuple[Value, ...] = ()

    def get(self, name: str, position: int | None = None) -> Argument | None:
        """An argument by its keyword, or by its position."""
        if name in self.keywords:
            return self.keywords[name]
        if position is not None and position < len(self.positional):
            return self.positional[position]
        return None

    def value(self, name: str, position: int | None = None) -> Value | None:
        """The value of an argument, None when it is not passed."""
        found = self.get(name, position)
        return None if found is None else found.value

    def all(self) -> Iterator[Argument]:
        yield from self.positional
        yield from self.keywords.values()


class Made(Foreign):
    """The result of a call of something foreign.

    ``function`` is what was called; for a method it is an :class:`Attribute` of its receiver.
    ``base`` names the library class when the script calls its own subclass. ``conditions`` are
    the unknown tests under which the call happens, ``callers`` the calls that led to it, outermost
    first.
    """

    function: Value
    arguments: Arguments
    base: str | None = None
    conditions: tuple[Value, ...] = ()
    callers: tuple[ast.AST, ...] = ()

    @property
    def name(self) -> str:
        """The last part of what was called: ``SFTTrainer``, ``map``."""
        if isinstance(self.function, External):
            return self.function.last
        if isinstance(self.function, Attribute):
            return self.function.name
        return ""

    @property
    def receiver(self) -> Value | None:
        """What a method was called on."""
        return self.function.base if isinstance(self.function, Attribute) else None


class Function(Value):
    """A function or method of the script; ``bound`` is its self."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Any
    bound: Value | None = None
    owner: Class | None = None
    defaults: tuple[tuple[str, Value], ...] = ()

    @property
    def name(self) -> str:
        return "lambda" if isinstance(self.node, ast.Lambda) else self.node.name


class Class(Value):
    """A class of the script; ``fields`` are its annotated attributes in order (a dataclass's
    constructor takes them), ``attributes`` all that its body defines."""

    name: str
    node: ast.ClassDef
    bases: tuple[Value, ...]
    attributes: dict[str, Value]
    fields: tuple[str, ...] = ()
    is_dataclass: bool = False

    def lineage(self) -> list[Class]:
        """This class and its bases in the script, nearest first."""
        found: list[Class] = [self]
        for base in self.bases:
            if isinstance(base, Class):
                found.extend(c for c in base.lineage() if c not in found)
        return found

    def find(self, name: str) -> Value | None:
        """An attribute of the class or of its bases in the script."""
        for part in self.lineage():
            if name in part.attributes:
                return part.attributes[name]
        return None

    def foreign_base(self) -> External | None:
        """The library class that it extends, if it extends one."""
        for part in self.lineage():
            for base in part.bases:
                if isinstance(base, External):
                    return base
        return None


class Instance(Value):
    """An object whose attributes are known: of a class of the script, a namespace, parsed
    arguments. ``hint`` is what a user would write before an attribute's name (``args``)."""

    attributes: dict[str, Value]
    type: Class | None = None
    hint: str | None = None


class Bound(Value):
    """A method of a known value (``"{}".format``, ``settings.update``)."""

    receiver: Value
    name: str


class FileRows(Foreign):
    """The lines of a file as rows; ``format`` is what the script takes a line for (``json``), or
    the whole file (``csv``)."""

    path: Value
    format: str = "text"


class OpenFile(Value):
    """A file that the script opens, by its path; ``rows`` are its lines."""

    path: Value

    @cached_property
    def rows(self) -> FileRows:
        return FileRows(self.path, at=self.at)


class Loaded(Unknown):
    """The content of a JSON or YAML file that does not lie beside the script."""

    path: Value = field(kw_only=True)


def is_foreign(value: Value) -> bool:
    """Whether nothing can be computed with a value, only remembered how it came about."""
    return isinstance(value, Foreign | Unknown | Operation | Text | Choice | Absent)


_MAX_NESTING = 8
"""How deep choices and lists are looked into; the same value may be in them many times over."""


def truth(value: Value, depth: int = 0) -> bool | None:
    """Whether a value is true, None when that is not known."""
    if depth > _MAX_NESTING:
        return None
    if isinstance(value, Known):
        return bool(value.value)
    if isinstance(value, Sequence):
        return True if value.items else None if value.each else False
    if isinstance(value, Mapping):
        return True if value.entries else None if value.more else False
    if isinstance(value, Choice):
        then, otherwise = truth(value.then, depth + 1), truth(value.otherwise, depth + 1)
        return then if then == otherwise else None
    if isinstance(value, Capability):
        then, otherwise = truth(value.then, depth + 1), truth(value.otherwise, depth + 1)
        return then if then == otherwise else None
    if isinstance(value, Text):
        return True if any(truth(p) for p in value.parts if isinstance(p, Known)) else None
    if isinstance(value, Function | Class | Instance | Bound | OpenFile | External):
        return True
    if isinstance(value, Made) and value.name[:1].isupper():
        return True
    return None


def same(a: Value, b: Value, depth: int = 0) -> bool:
    """Whether two values are surely equal."""
    if a is b:
        return True
    if depth > _MAX_NESTING:
        return False
    if isinstance(a, Known) and isinstance(b, Known):
        return type(a.value) is type(b.value) and a.value == b.value
    if isinstance(a, External) and isinstance(b, External):
        return a.name == b.name
    if isinstance(a, Sequence) and isinstance(b, Sequence):
        return (
            a.kind == b.kind
            and len(a.items) == len(b.items)
            and a.each is b.each
            and all(same(x, y, depth + 1) for x, y in zip(a.items, b.items, strict=True))
        )
    if isinstance(a, Capability) and isinstance(b, Capability):
        then = same(a.then, b.then, depth + 1)
        return a.name == b.name and then and same(a.otherwise, b.otherwise, depth + 1)
    if isinstance(a, Absent) and isinstance(b, Absent):
        return True
    return isinstance(a, Function) and isinstance(b, Function) and a.node is b.node
