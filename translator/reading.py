"""The reading half of the lens: what a row may do with a source tree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.document import Leftover, Origin
from translator.numbers import check_whole_numbers
from translator.record import Struct, field
from translator.spans import NOWHERE
from translator.tree import Address, Node, Unresolved, spell

_ASIDE = ("logging.", "checkpoints.", "evaluation.", "kernels.", "seed")
"""Fields that do not change what is learned: an unresolved value there blocks nothing."""


_OF_KEYS = (Code.UNKNOWN_KEY, Code.OLD_SPELLING, Code.NO_EFFECT)
"""What is told of a key rather than of its value: of ``beta=settings.beta`` at ``beta``."""


class Reader(Struct):
    """Collects values, origins and findings while a table's rows read one tree.

    Every node that a row looks at is marked as used; what is never used is reported as unknown.

    Raises:
        UnreadableError: a whole number is too large for any framework.
    """

    path: str
    tree: Node
    null_is_absent: bool = True
    values: dict[str, object] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    leftovers: list[Leftover] = field(default_factory=list)
    used: set[Address] = field(default_factory=set)
    facts: dict[str, str] = field(default_factory=dict)
    last: tuple[Address, Node] | None = None
    """What a row looked at last."""
    top: Collection[str | int] = ()
    """The outermost keys. Rows ask for hundreds, of which a file has few."""

    def __post_init__(self) -> None:
        check_whole_numbers(self.path, self.tree)
        self.top = self.tree.value if self.tree.is_mapping else ()

    # -- looking ----------------------------------------------------------------------------------

    def peek(self, *address: str | int) -> Node | None:
        """The node at an address, if the source gives it a value, without marking it as used."""
        node = self.tree.get(address)
        if node is None or (node.value is None and self.null_is_absent):
            return None
        self.last = address, node
        return node

    def node(self, *address: str | int) -> Node | None:
        """The node at an address, marked as used (with an explicit null as well)."""
        node = self.tree.get(address)
        if node is None:
            return None
        self.used.add(address)
        if node.value is None and self.null_is_absent:
            return None
        self.last = address, node
        return node

    def value(self, *address: str | int) -> object:
        """The plain value at an address, None when absent; an unresolved value is reported."""
        node = self.node(*address)
        if node is None:
            return None
        if isinstance(node.value, Unresolved):
            self.unresolved(node, spell(address), None)
            return None
        return node.plain()

    # -- deciding ---------------------------------------------------------------------------------

    def set(self, field: str, value: object, origin: Origin) -> None:
        """Gives a field its value. Each field is set by exactly one row."""
        self.values[field] = value
        self.origins[field] = origin

    def written(self, address: Address, node: Node) -> Origin:
        """The origin of a value that the source states."""
        return Origin(written=True, span=node.place, key=spell(address), comment=node.comment)

    @staticmethod
    @lru_cache(maxsize=1024)
    def default(why: str) -> Origin:
        """The origin of a value that the framework supplies; ``why`` cites it."""
        return Origin(written=False, why=why)

    # -- telling ----------------------------------------------------------------------------------

    def say(
        self,
        code: Code,
        severity: Severity,
        message: str,
        node: Node | None = None,
        *,
        key: str | None = None,
        field: str | None = None,
        help: str | None = None,
        verbose: bool = False,
    ) -> None:
        """Records a finding about the source."""
        span = None if node is None else node.place
        if node is not None and node.reference is not None and code in _OF_KEYS:
            span = node.key_span or span
        self.diagnostics.append(
            Diagnostic(
                code=code.code,
                severity=severity,
                message=message,
                file=self.path,
                span=span,
                field=field,
                key=key,
                help=help,
                verbose=verbose,
            )
        )

    def unresolved(self, node: Node, key: str, field: str | None) -> None:
        """Reports a value that only the running program knows."""
        value = node.value
        assert isinstance(value, Unresolved)
        aside = field is not None and field.startswith(_ASIDE)
        name = value.names[0] if value.names else key
        self.say(
            Code.UNRESOLVED,
            Severity.NOTE if aside else Severity.ERROR,
            f"{key} is {value.expression!r}, which only the running program knows",
            node,
            key=key,
            field=field,
            help=f"give it with --set {name}=VALUE",
        )

    def leave(self, address: Address, node: Node, why: str, severity: Severity) -> None:
        """Keeps a key aside: it goes back to its own framework only."""
        self.used.add(address)
        self.leftovers.append(
            Leftover(
                key=spell(address), value=node.plain(), span=node.place, why=why, severity=severity
            )
        )

    def unused(self) -> list[tuple[Address, Node]]:
        """The leaves that no row has looked at, neither themselves nor a part around them."""
        if not _has_parts(self.tree):
            return [((), self.tree)]
        found: list[tuple[Address, Node]] = []
        self._collect_unused((), self.tree, found)
        return found

    def _collect_unused(
        self, address: Address, node: Node, found: list[tuple[Address, Node]]
    ) -> None:
        parts = node.value
        for step, part in parts.items() if isinstance(parts, dict) else enumerate(parts):
            below = (*address, step)
            if below in self.used:
                continue
            if _has_parts(part):
                self._collect_unused(below, part, found)
            else:
                found.append((below, part))


def _has_parts(node: Node) -> bool:
    value = node.value
    return (isinstance(value, dict) or isinstance(value, list)) and bool(value)  # noqa: SIM101


def apply_overrides(tree: Node, overrides: Mapping[Address, Node]) -> None:
    """Puts values given by the user (``--set``) into a tree of mappings, in place.

    They stand where the value stood that they replace, if there was one.

    Raises:
        KeyError: a step of an address leads through a scalar, or to a list position not there.
    """
    for address, node in overrides.items():
        parent = tree
        for step in address[:-1]:
            child = parent.get((step,))
            if child is None:
                if not isinstance(parent.value, dict) or not isinstance(step, str):
                    raise KeyError(spell(address))
                child = Node(value={}, span=NOWHERE)
                parent.value[step] = child
            parent = child
        last = address[-1]
        children: Any = parent.value
        in_list = isinstance(children, list) and isinstance(last, int) and last < len(children)
        if not isinstance(children, dict) and not in_list:
            raise KeyError(spell(address))
        present = parent.get((last,))
        children[last] = node.placed(NOWHERE if present is None else present.span)
