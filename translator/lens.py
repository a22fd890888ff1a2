"""One table per framework, read in both directions.

A table is a list of rows. Reading runs every row over the source's tree, writing runs every row
over the recipe; a row states a mapping once, so the two cannot drift apart.

===========  ====================================================================================
`Key`        one field, one key
`Via`        several fields or keys at once, by a pair of functions
`Always`     a field that this framework does not let anyone choose: reading gives its constant,
             writing another value is a loss
`Ignore`     a key without bearing on the run's meaning: recognised, reported only on demand
`Only`       a key that exists in this framework alone: kept aside, a loss elsewhere
===========  ====================================================================================

A table is total: it does not load unless every field and case of the IR belongs to exactly one
row. Keys of a source that no row has looked at are reported as unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import Literal, Protocol

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import UnreadableError, WrongValueError
from translator.fields import all_fields, cases_of, fields_below
from translator.nearest import meant_by
from translator.reading import Reader
from translator.record import Record, field
from translator.tree import Address, Node, Unresolved, is_off, shown, spell, steps
from translator.writing import Writer

Status = Literal["carried", "approximated", "refused"]


class Conv(Record):
    """How a value converts between a framework's spelling and the IR's.

    Both directions raise WrongValueError with a reason (``must be a whole number``) for a value that
    cannot be converted.
    """

    read: Callable[[object], object]
    write: Callable[[object], object]


class Coverage(Record):
    """What becomes of a field or case in a framework, for the compatibility matrix."""

    field: str
    status: Status
    key: str
    why: str = ""


class Row(Protocol):
    """What a table is made of."""

    def read(self, reader: Reader) -> None:
        """Takes what the row is about out of a source."""

    def write(self, writer: Writer) -> None:
        """Puts it into a target."""

    def coverage(self) -> Iterable[Coverage]:
        """The fields this row answers for."""

    def spellings(self) -> Iterable[str]:
        """The keys this row answers for, ``.*`` at the end for all below."""


class NotSaid(WrongValueError):
    """Raised by a conversion for a name whose value stands elsewhere; says the name."""


class Key(Record):
    """A field that is one key.

    ``default`` is what the framework does when the key is absent, ``why`` where that was seen.
    ``aliases`` are former spellings; ``required`` keys are written whatever their value.
    ``code`` names the loss when a value of the IR has no spelling here.
    """

    field: str
    key: str
    conv: Conv
    default: object
    why: str
    code: Code
    aliases: tuple[str, ...] = ()
    required: bool = False
    severity: Severity = Severity.ERROR

    def read(self, reader: Reader) -> None:
        found = self._find(reader)
        if found is None:
            reader.set(self.field, self.default, reader.default(self.why))
            return
        address, node = found
        if isinstance(node.value, Unresolved):
            reader.unresolved(node, spell(address), self.field)
            reader.set(self.field, self.default, reader.written(address, node))
            return
        try:
            value = self.conv.read(node.plain())
        except NotSaid as name:
            words = (str(name).rpartition(".")[2],)
            unknown = Node(Unresolved(str(name), words), node.span, node.key_span)
            reader.unresolved(unknown, spell(address), self.field)
            value = self.default
        except WrongValueError as error:
            message = f"{spell(address)}: {shown(node.plain())} {error}"
            reader.say(
                Code.BAD_VALUE, Severity.ERROR, message, node, key=spell(address), field=self.field
            )
            value = self.default
        reader.set(self.field, value, reader.written(address, node))

    def _find(self, reader: Reader) -> tuple[Address, Node] | None:
        top = reader.top
        for name in (self.key, *self.aliases):
            address = steps(name)
            if address[0] not in top:  # as most are
                continue
            node = reader.node(*address)
            if node is not None:
                if name != self.key:
                    old = f"{name} is a former spelling of {self.key}"
                    reader.say(Code.OLD_SPELLING, Severity.NOTE, old, node, key=name)
                return address, node
        return None

    def write(self, writer: Writer) -> None:
        if not (
            writer.needed(self.field, self.default) or (self.required and self._applies(writer))
        ):
            return
        try:
            spelled = self.conv.write(writer.value(self.field))
        except WrongValueError as error:
            writer.lose(self.code, self.field, f"{writer.target} {error}", self.severity)
            return
        writer.put(self.key, spelled, self.field)

    def _applies(self, writer: Writer) -> bool:
        return self.field in writer.flat

    def coverage(self) -> Iterable[Coverage]:
        yield Coverage(field=self.field, status="carried", key=self.key)

    def spellings(self) -> Iterable[str]:
        yield self.key
        yield from self.aliases


class Via(Record):
    """Fields and keys that only make sense together.

    ``get`` sets every one of ``fields`` on the reader; ``put`` writes keys or reports losses.
    ``partly`` says of a field or case in ``fields`` that it is approximated or refused, and why.
    A field ending in ``.*`` stands for everything below it, cases included.
    """

    fields: tuple[str, ...]
    read_keys: tuple[str, ...]
    get: Callable[[Reader], None]
    put: Callable[[Writer], None]
    partly: Mapping[str, tuple[Status, str]] = field(default_factory=dict)

    def read(self, reader: Reader) -> None:
        self.get(reader)

    def write(self, writer: Writer) -> None:
        self.put(writer)

    def coverage(self) -> Iterable[Coverage]:
        keys = ", ".join(self.read_keys)
        for name in expand(self.fields):
            status, why = self._status(name)
            yield Coverage(field=name, status=status, key=keys, why=why)

    def _status(self, name: str) -> tuple[Status, str]:
        for pattern, verdict in self.partly.items():
            if name == pattern or name.startswith(f"{pattern}."):
                return verdict
        return "carried", ""

    def spellings(self) -> Iterable[str]:
        return self.read_keys


class Always(Record):
    """A field this framework does not let anyone choose.

    Reading gives ``value`` (cited by ``why``). Writing another value is a loss of ``code`` with
    ``severity``; ``instead`` says what happens: "trains in file order".
    """

    field: str
    value: object
    why: str
    code: Code
    severity: Severity
    instead: str

    def read(self, reader: Reader) -> None:
        reader.set(self.field, self.value, reader.default(self.why))

    def write(self, writer: Writer) -> None:
        if self.field in writer.flat and writer.value(self.field) != self.value:
            writer.lose(self.code, self.field, f"{writer.target} {self.instead}", self.severity)

    def coverage(self) -> Iterable[Coverage]:
        status: Status = "refused" if self.severity is Severity.ERROR else "approximated"
        yield Coverage(field=self.field, status=status, key="", why=self.instead)

    def spellings(self) -> Iterable[str]:
        return ()


class Ignore(Record):
    """Keys that have no bearing on what is trained, and why."""

    names: tuple[str, ...]
    why: str

    def read(self, reader: Reader) -> None:
        top = reader.top
        for name in self.names:
            if _split(name)[0][0] not in top:
                continue
            for address, part in _under(reader, name):
                reader.used.add(address)
                for place, node in part.leaves(address):
                    key = spell(place)
                    message = f"{key} ({shown(node.plain())}): {self.why}"
                    reader.say(Code.NO_EFFECT, Severity.NOTE, message, node, key=key, verbose=True)

    def write(self, writer: Writer) -> None:
        """Nothing of it is in the recipe."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return self.names


class Only(Record):
    """A key that no other framework has: kept for its own, lost elsewhere with ``severity``.

    ``inert`` are the values with which the key does nothing; they are recognised and ignored.
    """

    name: str
    why: str
    severity: Severity
    inert: tuple[object, ...] = (None, False)

    def read(self, reader: Reader) -> None:
        for address, node in _under(reader, self.name):
            value = node.plain()
            if any(
                value is inert or (value == inert and type(value) is type(inert))
                for inert in self.inert
            ):
                reader.used.add(address)
                message = f"{spell(address)} ({value!r}): off"
                reader.say(
                    Code.NO_EFFECT, Severity.NOTE, message, node, key=spell(address), verbose=True
                )
            else:
                reader.leave(address, node, self.why, self.severity)

    def write(self, writer: Writer) -> None:
        """Nothing of it is in the recipe."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return (self.name,)


def _under(reader: Reader, name: str) -> list[tuple[Address, Node]]:
    """The node with a key's name, one level of ``[]`` standing for every list element."""
    address, below = _split(name)
    node = reader.tree.get(address)
    if node is None:
        return []
    if below is None:
        return [(address, node)]
    found = []
    for position in range(len(node.value) if node.is_sequence else 0):
        inner: Address = (*address, position, *below)
        child = reader.tree.get(inner)
        if child is not None:
            found.append((inner, child))
    return found


@cache
def _split(name: str) -> tuple[Address, Address | None]:
    """A key's address up to ``[]``, and what follows it (None without one)."""
    head, bracket, tail = name.partition("[]")
    return steps(head), tuple(step for step in tail.split(".") if step) if bracket else None


def expand(patterns: Iterable[str]) -> list[str]:
    """Field patterns as fields: ``x.*`` is everything below x, cases included."""
    names: list[str] = []
    for pattern in patterns:
        if pattern.endswith(".*"):
            below = fields_below(pattern[:-2])
            if not below:
                raise ValueError(f"no field below {pattern[:-2]}")
            names += below
        else:
            names.append(pattern)
            names += cases_of(pattern)
    return names


_Sign = tuple[str | int, ...]
"""A key at the top of a file, or one and a key that elements of its list have."""


def _signs(row: Row) -> set[_Sign | None]:
    """The keys without any of which reading a row does nothing; None for one always read."""
    if isinstance(row, Ignore | Only):
        return {_sign(*_split(name)) for name in row.spellings()}
    return {None}


def _sign(address: Address, below: Address | None) -> _Sign:
    return (address[0], below[0]) if below and len(address) == 1 else (address[0],)


def _signs_in(tree: Node) -> Iterator[_Sign]:
    """Those that a file has."""
    children: dict[str, Node] = tree.value if tree.is_mapping else {}
    for name, child in children.items():
        yield (name,)
        for element in child.value if child.is_sequence else ():
            for inner in element.value if element.is_mapping else ():
                yield name, inner


DROPPED = "which drops it without a word"
Fate = Callable[[Reader, Address], tuple[str, Severity]]


class Table:
    """The rows of one framework."""

    def __init__(self, name: str, rows: Iterable[Row], fate: Fate | None = None) -> None:
        """``fate`` says of an unknown key what the framework does with it, and how grave it is."""
        self.name = name
        self.fate: Fate = fate or (lambda reader, address: (DROPPED, Severity.WARNING))
        self.rows = tuple(rows)
        self._concerned: dict[_Sign | None, list[int]] = {}
        for position, row in enumerate(self.rows):
            for sign in _signs(row):
                self._concerned.setdefault(sign, []).append(position)

    @cached_property
    def matrix(self) -> dict[str, Coverage]:
        """What becomes of each field. Reading and writing do without: a test holds the tables.

        Raises:
            ValueError: a field or case has no row, or two; or a row names a field that is none.
        """
        claimed = [c for row in self.rows for c in row.coverage()]
        matrix = {c.field: c for c in claimed}
        known = dict.fromkeys(all_fields())
        wrong = {
            "unknown": matrix.keys() - known.keys(),
            "without a row": known.keys() - matrix.keys(),
            "claimed twice": set(),
        }
        if len(claimed) > len(matrix):
            times = Counter(c.field for c in claimed)
            wrong["claimed twice"] = {field for field, count in times.items() if count > 1}
        for problem, names in wrong.items():
            if names:
                raise ValueError(f"{self.name}: fields {problem}: {', '.join(sorted(names))}")
        return matrix

    @cached_property
    def known_keys(self) -> tuple[str, ...]:
        """Every spelling that a row knows."""
        return tuple(k for row in self.rows for k in row.spellings())

    def read(self, reader: Reader, known: Iterable[str] = ()) -> None:
        """Runs every row, then reports what none of them looked at.

        ``known`` are further names that a misspelt key may have meant.

        Raises:
            UnreadableError: a value is not what its key takes.
        """
        wanted = set(self._concerned.get(None, ()))
        for sign in _signs_in(reader.tree):
            wanted.update(self._concerned.get(sign, ()))
        try:
            for position in sorted(wanted):
                self.rows[position].read(reader)
        except WrongValueError as error:
            raise _cannot_read(reader, error) from error
        unknown = reader.unused()
        candidates = frozenset((*self.known_keys, *known)) if unknown else frozenset()
        heads = {steps(name)[0] for name in candidates}
        for head, parts in _by_head(unknown).items():
            if len(parts) > 1 and head not in heads:
                report_whole(reader, self.name, str(head), len(parts))
                continue
            for address, node in parts:
                _report_unknown(reader, self, address, node, candidates)

    def write(self, writer: Writer) -> None:
        """Runs every row, then reports the keys that only the source's framework has."""
        for row in self.rows:
            row.write(writer)
        writer.lose_leftovers()


def _cannot_read(reader: Reader, error: WrongValueError) -> UnreadableError:
    """The error for a value that a row cannot use: the one it looked at last."""
    message, node, key = f"a value {error}", None, None
    if reader.last is not None:
        address, node = reader.last
        key = spell(address)
        message = f"{key}: {shown(node.plain())} {error}"
    return UnreadableError(
        Diagnostic(
            code=Code.BAD_VALUE.code,
            severity=Severity.ERROR,
            message=message,
            file=reader.path,
            span=None if node is None else node.place,
            key=key,
        )
    )


_TITLES = {"axolotl": "Axolotl", "unsloth": "Unsloth"}
"""How frameworks write their names; torchtune writes it small."""


def _by_head(
    unknown: list[tuple[Address, Node]],
) -> dict[str | int, list[tuple[Address, Node]]]:
    grouped: dict[str | int, list[tuple[Address, Node]]] = {}
    for address, node in unknown:
        grouped.setdefault(address[0] if address else "", []).append((address, node))
    return grouped


def report_whole(
    reader: Reader, framework: str, name: str, size: int, *, help: str | None = None
) -> None:
    """An unknown table or list at the top, once for the ``size`` things below it."""
    node = reader.tree.get((name,))
    assert node is not None
    reader.say(
        Code.UNKNOWN_KEY,
        Severity.WARNING,
        f"{name} is no key of {_TITLES.get(framework, framework)}, which drops it and the {size} "
        "below it without a word",
        Node(None, node.key_span or node.span),
        key=name,
        help=help,
    )


def _report_unknown(
    reader: Reader, table: Table, address: Address, node: Node, candidates: frozenset[str]
) -> None:
    key = spell(address)
    if key in candidates:
        # the framework has it, the table does not carry what it belongs to
        if node.value is not None:
            why = "nothing that ftx carries makes use of it"
            reader.leave(address, node, why, Severity.WARNING)
        return
    close = meant_by(key, candidates)
    fate, severity = table.fate(reader, address)
    # In a script an argument is refused whatever its value is.
    off = (
        table.name.lower() != "unsloth"
        and is_off(node.value)
        and not (close and node.value is False)
    )
    reader.say(
        Code.UNKNOWN_KEY,
        Severity.NOTE if off else severity,
        f"{key} ({shown(node.plain())}) is no key of {_TITLES.get(table.name, table.name)}, {fate}",
        node,
        key=key,
        help=f"did you mean {close}?" if close and not off else None,
        verbose=off,
    )
