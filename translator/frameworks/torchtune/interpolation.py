"""``${...}`` as OmegaConf resolves it, in place, keeping what was written.

A whole value ``${a.b}`` becomes the value at ``a.b``, whatever it is; inside longer text it
becomes that value's text. Leading dots are relative to the mapping around the value. Resolvers
(``${oc.env:HOME}``, ``${now:%Y}``) need the running program and stay unresolved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from translator.tree import Address, Node, Unresolved, spell

_INNERMOST = re.compile(r"(?<!\\)\$\{([^${}]*)\}")
_STEPS = re.compile(r"[^.\[\]]+")
_MAX_DEPTH = 40


@dataclass
class Resolution:
    """What resolving a tree found out."""

    referenced: set[Address] = field(default_factory=set)
    """Addresses that other values refer to."""
    broken: list[tuple[Address, Node]] = field(default_factory=list)
    """Values that refer to nothing, or to themselves."""


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
                node.value = Unresolved(text, (spell(address),))
                return
            target = self.target(address, inner)
            if target is None or isinstance(target.value, Unresolved):
                if target is None:
                    self.fail(address, node, text)
                else:
                    node.value = Unresolved(text, (spell(address),))
                return
            if found[0] == current:
                node.value = target.value
                return
            current = current[: found.start()] + str(target.plain()) + current[found.end() :]
        node.value = current.replace("\\${", "${")

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
