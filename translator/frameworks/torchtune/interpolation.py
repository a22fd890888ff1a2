"""``${...}`` as OmegaConf resolves it, in place, keeping what was written.

A whole value ``${a.b}`` becomes the value at ``a.b``, whatever it is; inside longer text it
becomes that value's text. Leading dots are relative to the mapping around the value. Of the
resolvers, ``oc.select`` and ``oc.decode`` are followed, and ``oc.env`` where it has a default; any
other (``${now:%Y}``) needs the running program and stays unresolved.
"""

from __future__ import annotations

import re
from typing import Any

from translator.errors import UnreadableError
from translator.record import Struct, field
from translator.source import Source
from translator.syntax.omegaconf import OmegaConfDialect
from translator.syntax.yaml import read_yaml
from translator.tree import Address, Node, Unresolved, spell

_INNERMOST = re.compile(r"(?<!\\)\$\{([^${}]*)\}")
_STEPS = re.compile(r"[^.\[\]]+")
_MAX_DEPTH = 40


class Resolution(Struct):
    """What resolving a tree found out."""

    referenced: set[Address] = field(default_factory=set)
    """Addresses that other values refer to."""
    broken: list[tuple[Address, Node]] = field(default_factory=list)
    """Values that refer to nothing, or to themselves."""
    defaults: dict[Address, str] = field(default_factory=dict)
    """Values that hold unless the environment says otherwise, and how it may."""


def _typed(text: str) -> Any:
    """A text as the scalar that it spells in YAML."""
    try:
        node, _ = read_yaml(Source(path="", text=text), OmegaConfDialect)
    except UnreadableError:
        return text
    return text if node.is_mapping or node.is_sequence else node.value


def resolve(tree: Node) -> Resolution:
    """Replaces every interpolation below ``tree`` by its value."""
    return _Resolver(tree).run()


class _Resolver:
    def __init__(self, tree: Node) -> None:
        self.tree = tree
        self.result = Resolution()
        self.open: list[int] = []

    def run(self) -> Resolution:
        for address, node in list(self.tree.leaves()):
            self.settle(address, node)
        return self.result

    def settle(self, address: Address, node: Node) -> None:
        text = node.value
        if not isinstance(text, str) or "${" not in text:
            return
        node.reference = text
        if id(node) in self.open or len(self.open) > _MAX_DEPTH:
            self.fail(address, node, text)
            return
        self.open.append(id(node))
        try:
            self.replace(address, node, text)
        finally:
            self.open.pop()

    def replace(self, address: Address, node: Node, text: str) -> None:
        current = text
        while (found := _INNERMOST.search(current)) is not None:
            inner = found[1].strip()
            if ":" in inner:
                value = self.called(address, *inner.split(":", 1))
                if isinstance(value, Unresolved):
                    node.value = Unresolved(text, value.names or (spell(address),))
                    return
                if found[0] == current:
                    node.value = value
                    return
                current = current[: found.start()] + str(value) + current[found.end() :]
                continue
            target = self.target(address, inner)
            if target is None or isinstance(target.value, Unresolved):
                if target is None:
                    self.fail(address, node, text)
                else:
                    node.value = Unresolved(text, target.value.names)
                return
            if found[0] == current:
                node.value = target.value
                return
            current = current[: found.start()] + str(target.plain()) + current[found.end() :]
        node.value = current.replace("\\${", "${")

    def called(self, address: Address, resolver: str, argument: str) -> Any:
        """What a resolver gives, as far as the file tells it."""
        first, comma, default = (part.strip() for part in argument.partition(","))
        if resolver == "oc.decode":
            return _typed(argument.strip().strip("'\""))
        if resolver == "oc.env" and comma:
            self.result.defaults[address] = f"the environment variable {first} may say otherwise"
            return default.strip("'\"")
        if resolver == "oc.select":
            target = self.target(address, first)
            if target is not None:
                return target.value
            if comma:
                return _typed(default.strip("'\""))
        return Unresolved(argument, ())

    def target(self, address: Address, path: str) -> Node | None:
        steps: list[str | int] = []
        dots = len(path) - len(path.lstrip("."))
        if dots:
            steps = list(address[: max(len(address) - dots, 0)])
        steps += [int(s) if s.isdigit() else s for s in _STEPS.findall(path)]
        where = tuple(steps)
        node = self.tree.get(where)
        if node is None or not _STEPS.search(path):
            return None
        self.result.referenced.add(where)
        for inner, leaf in list(node.leaves(where)):
            self.settle(inner, leaf)
        return node

    def fail(self, address: Address, node: Node, text: str) -> None:
        node.value = Unresolved(text, (spell(address),))
        self.result.broken.append((address, node))
