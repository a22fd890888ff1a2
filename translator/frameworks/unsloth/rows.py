"""The kinds of rows that Unsloth's table needs beside the lens's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.errors import WrongValueError
from translator.frameworks.unsloth.defaults import Flavour, default
from translator.frameworks.unsloth.script_tree import Depends, Symbol
from translator.lens import Conv, Coverage, Key, NotSaid
from translator.numbers import finite
from translator.reading import Reader
from translator.record import Record
from translator.tree import Node, Unresolved, shown, steps
from translator.writing import Writer

FLAVOUR = "flavour"
SUPERVISED = "supervised"


def flavour_of(facts: dict[str, str]) -> Flavour:
    """Whose defaults a training has, as noted before the table runs."""
    return Flavour[facts.get(FLAVOUR, Flavour.PATCHED.name)]


def default_of(facts: dict[str, str], name: str) -> object:
    """An argument's default in the training at hand."""
    return default(name, flavour_of(facts), supervised=facts.get(SUPERVISED, "yes") == "yes")


class Arg(Record):
    """A field that is one training argument; its default depends on the class of the arguments.

    ``places`` are further keys under which older versions take it (``trainer.packing``).
    """

    field: str
    name: str
    conv: Conv
    code: Code
    places: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR

    def read(self, reader: Reader) -> None:
        self._key(reader.facts).read(reader)

    def write(self, writer: Writer) -> None:
        """Where the defaults are TRL's, a value that Unsloth's would change is written too: which
        of them hold is decided by the order of imports."""
        patched = self.conv.read(default(self.name, Flavour.PATCHED))
        key = self._key(writer.facts)
        value = writer.value(self.field)
        if value == key.default and value != patched and self.field in writer.flat:
            writer.put(key.key, self.conv.write(value), self.field)
        else:
            key.write(writer)

    def _key(self, facts: dict[str, str]) -> Key:
        flavour = flavour_of(facts)
        return Key(
            field=self.field,
            key=f"args.{self.name}",
            conv=self.conv,
            default=self.conv.read(default_of(facts, self.name)),
            why=f"{self.name} {default_of(facts, self.name)!r}: {flavour.why}",
            code=self.code,
            aliases=self.places,
            severity=self.severity,
        )

    def coverage(self) -> Iterable[Coverage]:
        yield Coverage(field=self.field, status="carried", key=f"args.{self.name}")

    def spellings(self) -> Iterable[str]:
        yield f"args.{self.name}"
        yield from self.places


class Unsaid(Record):
    """A field about which a script has nothing to say and Unsloth decides for itself.

    Reading gives ``value``; writing reports a loss only for a value that the source states.
    """

    field: str
    value: object
    why: str
    code: Code
    severity: Severity
    instead: str
    unless: Callable[[Writer], bool] | None = None
    """Whether the value has no effect in this recipe, so that nothing is lost."""

    def read(self, reader: Reader) -> None:
        reader.set(self.field, self.value, reader.default(self.why))

    def write(self, writer: Writer) -> None:
        if self.field not in writer.flat or writer.value(self.field) == self.value:
            return
        if self.unless and self.unless(writer):
            return
        why = f"{writer.target} {self.instead}"
        if writer.origin(self.field).written:
            writer.lose(self.code, self.field, why, self.severity)
        else:
            writer.lose(self.code, self.field, why, Severity.NOTE, verbose=True)

    def coverage(self) -> Iterable[Coverage]:
        yield Coverage(field=self.field, status="approximated", key="", why=self.instead)

    def spellings(self) -> Iterable[str]:
        return ()


# --- conversions ---------------------------------------------------------------------------------


def _said(value: object) -> None:
    if isinstance(value, Symbol):
        raise NotSaid(value.name)


def _whole(value: object) -> object:
    _said(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or finite(value) % 1:
        raise WrongValueError("must be a whole number")
    return int(value)


def _real(value: object) -> object:
    _said(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise WrongValueError("must be a number")
    return finite(value)


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise WrongValueError("must be a string")
    return value


def _truth(value: object) -> object:
    _said(value)
    if not isinstance(value, bool):
        raise WrongValueError("must be True or False")
    return value


def _keep(value: object) -> object:
    return value


def _or_none(inner: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else inner(value)


WHOLE = Conv(read=_whole, write=_keep)
REAL = Conv(read=_real, write=_keep)
REAL_OR_NONE = Conv(read=_or_none(_real), write=_keep)
WHOLE_OR_NONE = Conv(read=_or_none(_whole), write=_keep)
TEXT = Conv(read=_text, write=_keep)
TEXT_OR_NONE = Conv(read=_or_none(_text), write=_keep)
TRUTH = Conv(read=_truth, write=_keep)


# --- reading a few keys at once ------------------------------------------------------------------


_BRIEF = 60
"""Letters of a value that a message quotes beside its key."""


def find(reader: Reader, *keys: str) -> tuple[str, Node] | None:
    """The first of some keys that the script gives, with its node; all are marked as seen, and one
    that says otherwise is reported."""
    found: tuple[str, Node] | None = None
    for key in keys:
        node = reader.node(*steps(key))
        if node is None:
            continue
        if found is None:
            found = (key, node)
        elif node.plain() != found[1].plain():
            brief = shown(found[1].plain())
            first = found[0] + (f" ({brief})" if len(brief) <= _BRIEF else "")
            message = f"{key} ({shown(node.plain())}) has no effect: {first} is taken"
            reader.say(Code.NO_EFFECT, Severity.WARNING, message, node, key=key)
    return found


def known(reader: Reader, key: str, node: Node, field: str) -> Any:
    """A node's plain value; None, and a report for ``field``, for an unresolved or endless one."""
    value = node.plain()
    if isinstance(value, Unresolved):
        reader.unresolved(node, key, field)
        return None
    value = settled(value)
    if isinstance(value, float) and not math.isfinite(value):
        message = f"{key}: {value!r} is no number that can be counted to"
        reader.say(Code.BAD_VALUE, Severity.ERROR, message, node, key=key, field=field)
        return None
    return value


def settled(value: object) -> Any:
    """A value as its text or, when it depends on the GPU, as it is on one that has bfloat16."""
    if isinstance(value, Symbol):
        return value.name
    if isinstance(value, Depends):
        return settled(value.then)
    return value
