"""Looking keys up while reading: defaults, values of the wrong kind, what a key amounts to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.errors import WrongValueError
from translator.frameworks.torchtune.components import Component, component
from translator.frameworks.torchtune.parts import part_named
from translator.frameworks.torchtune.values import text
from translator.reading import Reader
from translator.tree import Address, Node, Unresolved, spell, steps

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


def find(
    reader: Reader,
    address: str | Address,
    convert: Callable[[object], T],
    default: D,
    why: str = "",
    *,
    field: str | None = None,
    code: Code = Code.BAD_VALUE,
) -> Found[T | D]:
    """The value at an address, or the default with ``why`` as its citation; ``code`` is that of a
    value of the wrong kind."""
    place = steps(address) if isinstance(address, str) else address
    node = reader.node(*place)
    if node is None:
        return Found(default, reader.default(why), None)
    origin = reader.written(place, node)
    if isinstance(node.value, Unresolved):
        reader.unresolved(node, spell(place), field)
        return Found(default, origin, node)
    try:
        return Found(convert(node.plain()), origin, node)
    except WrongValueError as error:
        refuse(reader, place, str(error), field=field, code=code)
        return Found(default, origin, node)


def refuse(
    reader: Reader,
    address: Address,
    reason: str,
    severity: Severity = Severity.ERROR,
    *,
    field: str | None = None,
    code: Code = Code.BAD_VALUE,
) -> None:
    """Reports a value that torchtune refuses or misreads."""
    _say(reader, address, code, severity, f" {reason}", field=field)


def no_effect(
    reader: Reader,
    address: Address,
    why: str,
    severity: Severity = Severity.NOTE,
    *,
    verbose: bool = True,
) -> None:
    """Notes a key that is understood and changes nothing."""
    _say(reader, address, Code.NO_EFFECT, severity, f": {why}", verbose=verbose)


def surprise(
    reader: Reader,
    address: Address,
    why: str,
    severity: Severity = Severity.WARNING,
    *,
    field: str | None = None,
) -> None:
    """Reports a key that means something else than it says."""
    _say(reader, address, Code.SURPRISE, severity, f": {why}", field=field)


def assume(reader: Reader, address: Address, what: str, *, verbose: bool = False) -> None:
    """Notes something that the file does not say but implies."""
    _say(reader, address, Code.ASSUMED, Severity.NOTE, f": {what}", verbose=verbose)


def _say(
    reader: Reader,
    address: Address,
    code: Code,
    severity: Severity,
    what: str,
    *,
    field: str | None = None,
    verbose: bool = False,
) -> None:
    node = reader.node(*address)
    name = spell(address)
    shown = "" if node is None else f" ({_plain(node)!r})"
    reader.say(code, severity, f"{name}{shown}{what}", node, key=name, field=field, verbose=verbose)


def _plain(node: Node) -> object:
    value = node.plain()
    return value.expression if isinstance(value, Unresolved) else value


def called(reader: Reader, *address: str | int) -> tuple[str | None, Component | None]:
    """The component named at an address: its present name as far as known, and its facts."""
    node = reader.node(*address, "_component_")
    if node is None or not isinstance(node.value, str):
        return None, None
    known = component(node.value)
    return (known.path if known else node.value), known


def model_called(reader: Reader, key: str) -> tuple[str | None, Component | None]:
    """The builder of a model, also where the side file trains more of it than adapters."""
    path, known = called(reader, key)
    if part_named(path) != "lora_and_more":
        return path, known
    base = find(reader, (key, "base"), text, None).value
    known = component(base) if base else None
    return (known.path if known else base), known


def argument_default(known: Component | None, name: str, otherwise: object) -> object:
    """The default of a component's argument; ``otherwise`` when it is not known."""
    return otherwise if known is None else known.parameters.get(name, otherwise)
