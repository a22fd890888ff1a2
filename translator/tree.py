"""What a parser hands to a lens: plain values that know where they were written.

Whatever the syntax (an Axolotl YAML, a torchtune YAML, a training script), a source becomes one
:class:`Node`: a mapping of keys to nodes. A lens asks for an address such as
``("optimizer", "lr")`` and gets the value as *that framework* would see it, with its span.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from translator.record import Record
from translator.spans import NOWHERE, Span

Address = tuple[str | int, ...]
"""The path of a value in a source: mapping keys and list positions from the root."""


class Unresolved(Record, kw_only=False):
    """A value that only the running program knows.

    ``expression`` is the source text; ``names`` are the spellings with which a user may give the
    value (``--set NAME=VALUE``), the most specific first.
    """

    expression: str
    names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return self.expression  # messages show values with repr(), and this one has only its text


class Node:
    """One value of a source.

    ``value`` is a scalar (or :class:`Unresolved`), a ``dict[str, Node]`` or a ``list[Node]``.
    ``span`` covers the value where it is *defined* (for a script that passes a constant, the
    constant's literal); ``key_span`` the key or keyword under which it was found.
    ``raw`` is the text as written; ``reference`` says how the value was reached when not literally
    (``"${output_dir}"``, ``"args.lr"``), for messages and so that a writer can keep it.
    """

    __slots__ = ("comment", "key_span", "raw", "reference", "span", "value")

    def __init__(
        self,
        value: Any,
        span: Span,
        key_span: Span | None = None,
        raw: str = "",
        reference: str | None = None,
        comment: str | None = None,
    ) -> None:
        self.value = value
        self.span = span
        self.key_span = key_span
        self.raw = raw
        self.reference = reference
        self.comment = comment

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_sequence(self) -> bool:
        return isinstance(self.value, list)

    @property
    def place(self) -> Span | None:
        """The span, None for a value that the user gave beside the file."""
        return None if self.span == NOWHERE else self.span

    def placed(self, span: Span) -> Node:
        """The same value as if it stood at ``span``, all its parts as well."""
        value = self.value
        if isinstance(value, dict):
            value = {key: child.placed(span) for key, child in value.items()}
        elif isinstance(value, list):
            value = [child.placed(span) for child in value]
        return Node(value=value, span=span, raw=self.raw, comment=self.comment)

    def get(self, address: Address) -> Node | None:
        """The node at ``address`` below this one, or None."""
        if len(address) == 1 and isinstance(self.value, dict):
            child: Node | None = self.value.get(address[0])
            return child
        node: Node = self
        for step in address:
            children = node.value
            if isinstance(children, dict):
                child = children.get(step)
                if child is None:
                    return None
                node = child
            elif _is_position(step, children):
                node = children[step]
            else:
                return None
        return node

    def plain(self) -> Any:
        """The value without positions: scalars, lists and dicts all the way down."""
        value = self.value
        if isinstance(value, dict):
            return {key: child.plain() for key, child in value.items()}
        if isinstance(value, list):
            return [child.plain() for child in value]
        return value

    def leaves(self, prefix: Address = ()) -> Iterator[tuple[Address, Node]]:
        """Every scalar, empty mapping and empty list below this node, with its address."""
        if isinstance(self.value, dict) and self.value:
            for key, child in self.value.items():
                yield from child.leaves((*prefix, key))
        elif isinstance(self.value, list) and self.value:
            for position, child in enumerate(self.value):
                yield from child.leaves((*prefix, position))
        else:
            yield prefix, self


def _is_position(step: str | int, children: object) -> bool:
    return isinstance(children, list) and isinstance(step, int) and 0 <= step < len(children)


@cache
def steps(key: str) -> Address:
    """A key written with dots (``optimizer.lr``) as an address."""
    return tuple(key.split("."))


@lru_cache(maxsize=4096)
def spell(address: Address) -> str:
    """An address as a person would write it: ``datasets[0].path``."""
    text = ""
    for step in address:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def shown(value: object) -> str:
    """A value in a message: as it is written, and not too long."""
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:340]} … {text[-50:]}"


def is_off(value: object) -> bool:
    """Whether a value of YAML asks for nothing: no value, false, or an empty text or collection."""
    return value is None or value is False or value in ("", [], {})
