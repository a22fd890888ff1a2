"""Looking keys up while reading: former spellings, values of the wrong kind, defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.errors import WrongValueError
from translator.frameworks.axolotl.schema import recorded_keys
from translator.reading import Reader
from translator.tree import Address, Node, Unresolved, shown, spell, steps

T = TypeVar("T")
D = TypeVar("D")


class Found(NamedTuple, Generic[T]):
    """A value and where it came from; ``node`` is None for a default."""

    value: T
    origin: Origin
    node: Node | None

    @property
    def written(self) -> bool:
        return self.node is not None

    @property
    def open(self) -> bool:
        """Whether only the running program knows the value, which has been told."""
        return self.node is not None and isinstance(self.node.value, Unresolved)


def address_of(name: str | Address) -> Address:
    """``"trl.beta"`` as an address."""
    return steps(name) if isinstance(name, str) else name


def find(
    reader: Reader,
    names: str | Address | tuple[str, ...] | list[str],
    convert: Callable[[object], T],
    default: D,
    why: str = "",
    *,
    field: str | None = None,
) -> Found[T | D]:
    """The value of the first of ``names`` that is written (the others are former spellings), or
    the default with ``why`` as its citation."""
    top = reader.top
    if isinstance(names, str) and steps(names)[0] not in top:  # as most are
        return Found(default, reader.default(why), None)
    spelled = names if isinstance(names, list) else (names,)
    for name in spelled:
        address = steps(name) if isinstance(name, str) else name
        if address[0] not in top:
            continue
        node = reader.node(*address)
        if node is None:
            continue
        if name != spelled[0]:
            current = spell(address_of(spelled[0]))
            old_spelling(reader, address, node, f"the present name is {current}")
        value = converted(reader, address, node, convert, default, field=field)
        return Found(value, reader.written(address, node), node)
    return Found(default, reader.default(why), None)


def converted(
    reader: Reader,
    address: Address,
    node: Node,
    convert: Callable[[object], T],
    default: D,
    *,
    field: str | None = None,
) -> T | D:
    """A node's value, or the default after telling what is wrong with it."""
    if isinstance(node.value, Unresolved):
        reader.unresolved(node, spell(address), field)
        return default
    try:
        return convert(node.plain())
    except WrongValueError as error:
        refuse(reader, address, node, str(error), field=field)
        return default


def refuse(
    reader: Reader,
    address: Address,
    node: Node,
    reason: str,
    severity: Severity = Severity.ERROR,
    *,
    field: str | None = None,
    code: Code = Code.BAD_VALUE,
) -> None:
    """Reports a value that Axolotl refuses or misreads."""
    name = spell(address)
    reader.say(
        code,
        severity,
        f"{name}: {shown(node.plain())} {reason}",
        node,
        key=name,
        field=field,
    )


def old_spelling(reader: Reader, address: Address, node: Node, what: str) -> None:
    """Notes a former spelling; ``what`` says what became of it."""
    name = spell(address)
    reader.say(
        Code.OLD_SPELLING, Severity.NOTE, f"{name} ({shown(node.plain())}): {what}", node, key=name
    )


def no_effect(reader: Reader, address: Address, why: str, *, verbose: bool = False) -> None:
    """Notes a key that is written but changes nothing; for ``-v`` where its value is what holds
    without it too."""
    node = reader.node(*address)
    if node is not None:
        name = spell(address)
        anyway = recorded_keys().get(name, {}).get("default")
        verbose = verbose or not node.value or node.value == anyway
        message = f"{name} ({shown(node.plain())}) has no effect: {why}"
        reader.say(Code.NO_EFFECT, Severity.NOTE, message, node, key=name, verbose=verbose)


def surprise(
    reader: Reader, address: Address, why: str, severity: Severity = Severity.WARNING
) -> None:
    """Reports a key that means something else than it says."""
    node = reader.node(*address)
    name = spell(address)
    said = f"{name} ({shown(node.plain())}): {why}" if node is not None else f"{name}: {why}"
    reader.say(Code.SURPRISE, severity, said, node, key=name)


def mention(reader: Reader, address: Address, what: str) -> None:
    """Notes how a value was understood that shares its meaning with others, for ``-v``."""
    node = reader.node(*address)
    if node is not None:
        name = spell(address)
        message = f"{name} ({shown(node.plain())}): {what}"
        reader.say(Code.TOLD_OTHERWISE, Severity.NOTE, message, node, key=name, verbose=True)
