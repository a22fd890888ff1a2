"""Dataclasses that cost next to nothing to define.

``@dataclass`` writes and compiles up to four methods for each class, half a millisecond a class; a
command that loads a hundred classes is felt to start slowly. The methods of a :class:`Record` are
written once, here; those of a :class:`Struct` are compiled when there is a first instance of it.
:mod:`dataclasses` itself, which loads :mod:`inspect`, would be one part in fourteen of a short run,
so :func:`field` and :func:`replace` stand here as well.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any, ClassVar, NoReturn, TypeVar, dataclass_transform

_MISSING: Any = object()


class _Field:
    """What :func:`field` says of an attribute."""

    __slots__ = ("default", "factory", "kw_only")

    def __init__(self, default: Any, factory: Callable[[], Any] | None, kw_only: bool) -> None:
        self.default = default
        self.factory = factory
        self.kw_only = kw_only


def field(
    *,
    default: Any = _MISSING,
    default_factory: Callable[[], Any] | None = None,
    kw_only: bool = False,
) -> Any:
    """An attribute with a default that is made for each instance, or given by name only."""
    return _Field(default, default_factory, kw_only)


class _DataclassFields:
    """The ``__dataclass_fields__`` of a class, made when somebody asks: few ever do."""

    def __get__(self, instance: object, kind: type) -> dict[str, Any]:
        import dataclasses

        for name, said in list(kind.__dict__.items()):
            if isinstance(said, _Field):
                default = dataclasses.MISSING if said.default is _MISSING else said.default
                made = dataclasses.field(default=default, kw_only=said.kw_only)
                if said.factory is not None:
                    made = dataclasses.field(default_factory=said.factory, kw_only=said.kw_only)
                setattr(kind, name, made)
        dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)(kind)
        fields: dict[str, Any] = kind.__dict__["__dataclass_fields__"]
        return fields


_DATACLASS_FIELDS = _DataclassFields()


@dataclass_transform(
    kw_only_default=True, frozen_default=True, eq_default=True, field_specifiers=(field,)
)
class Record:
    """Base of what ``@dataclass(frozen=True, kw_only=True)`` would make; works with
    :mod:`dataclasses` (``replace``, ``fields``).

    ``class Point(Record, kw_only=False)`` takes its values in order as well. With ``often=True`` its
    ``__init__`` is compiled when it is first called, which a few hundred calls make up for.
    """

    _defaults: ClassVar[dict[str, Any]] = {}
    _factories: ClassVar[dict[str, Callable[[], Any]]] = {}
    _names: ClassVar[tuple[str, ...]] = ()
    _keys: ClassVar[Set[str]] = frozenset()

    def __init_subclass__(cls, *, kw_only: bool = True, often: bool = False) -> None:
        cls.__dataclass_fields__ = _DATACLASS_FIELDS  # type: ignore[attr-defined]
        own = cls.__dict__
        names = own.get("__annotations__", ())
        cls._names = tuple(dict.fromkeys((*cls._names, *names)))
        cls._keys = set(cls._names)
        cls._defaults, cls._factories = cls._defaults.copy(), cls._factories.copy()
        for name in names:
            default = own.get(name, _MISSING)
            if isinstance(default, _Field):
                if default.factory is not None:
                    cls._factories[name] = default.factory
                default = default.default
            if default is not _MISSING:
                cls._defaults[name] = default
        if not kw_only:
            cls.__init__ = _init_in_order  # type: ignore[method-assign]
        elif often:
            cls.__init__ = _first_of_many  # type: ignore[method-assign]

    def __init__(self, **values: Any) -> None:
        own = self.__dict__
        own.update(self._defaults)
        own.update(values)
        if self._factories:
            for name, factory in self._factories.items():
                if name not in own:
                    own[name] = factory()
        if own.keys() != self._keys:
            self._complain(own)

    def _complain(self, own: dict[str, Any]) -> NoReturn:
        missing = [name for name in self._names if name not in own]
        wrong = [name for name in own if name not in self._names]
        what = f"has no field {wrong[0]!r}" if wrong else f"needs {', '.join(missing)}"
        raise TypeError(f"{type(self).__name__} {what}")

    def _contents(self) -> tuple[Any, ...]:
        own = self.__dict__
        return tuple([own[name] for name in self._names])

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._contents() == other._contents()

    def __hash__(self) -> int:
        return hash((type(self), self._contents()))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self._names)
        return f"{type(self).__name__}({values})"


def _init_in_order(self: Record, *values: Any, **named: Any) -> None:
    given = dict(zip(self._names, values, strict=False))
    if len(given) < len(values):
        raise TypeError(f"{type(self).__name__} has {len(given)} fields, not {len(values)}")
    if twice := given.keys() & named.keys():
        raise TypeError(f"{type(self).__name__} is given {twice.pop()!r} twice")
    Record.__init__(self, **given, **named)


def _first_of_many(self: Record, **values: Any) -> None:
    """Sets every value in the instance's own dictionary, as a record cannot be assigned to."""
    kind = type(self)
    said = {
        name: _Field(kind._defaults.get(name, _MISSING), kind._factories.get(name), True)
        for name in kind._names
    }
    kind.__init__ = _compiled_init(said, "own[{!r}]", first="own = self.__dict__")  # type: ignore[method-assign]
    kind.__init__(self, **values)


def with_default(kind: type[Record]) -> Set[str]:
    """The names of the fields that need not be given."""
    return kind._defaults.keys() | kind._factories.keys()


@dataclass_transform(eq_default=False, field_specifiers=(field,))
class Struct:
    """Base of what ``@dataclass(eq=False)`` would make: it can be changed, and equals itself only."""

    _said: ClassVar[dict[str, _Field]] = {}

    def __init_subclass__(cls) -> None:
        cls.__dataclass_fields__ = _DATACLASS_FIELDS  # type: ignore[attr-defined]
        own = cls.__dict__
        cls._said = cls._said.copy()
        for name in own.get("__annotations__", ()):
            said = own.get(name, _MISSING)
            cls._said[name] = said if isinstance(said, _Field) else _Field(said, None, False)
        cls.__init__ = _first_init  # type: ignore[method-assign,assignment]


def _first_init(self: Struct, *values: Any, **named: Any) -> None:
    kind = type(self)
    last = "self.__post_init__()" if hasattr(kind, "__post_init__") else "pass"
    kind.__init__ = _compiled_init(kind._said, "self.{}", last=last)  # type: ignore[method-assign]
    kind.__init__(self, *values, **named)


def _compiled_init(
    fields: dict[str, _Field], place: str, *, first: str = "pass", last: str = "pass"
) -> Any:
    """An ``__init__`` with fields as its parameters, written as one would by hand."""
    in_order: list[str] = []
    by_name: list[str] = []
    body = [first]
    known: dict[str, Any] = {"_MISSING": _MISSING}
    for name, said in fields.items():
        parameter, value = name, name
        if said.factory is not None:
            known[f"_made_{name}"] = said.factory
            parameter = f"{name}=_MISSING"
            value = f"_made_{name}() if {name} is _MISSING else {name}"
        elif said.default is not _MISSING:
            known[f"_default_{name}"] = said.default
            parameter = f"{name}=_default_{name}"
        (by_name if said.kw_only else in_order).append(parameter)
        body.append(f"{place.format(name)} = {value}")
    parameters = ", ".join(["self", *in_order, *(["*", *by_name] if by_name else ())])
    lines = "\n  ".join([*body, last])
    exec(f"def __init__({parameters}):\n  {lines}", known)
    return known["__init__"]


R = TypeVar("R", bound=Record | Struct)


def replace(record: R, **changes: Any) -> R:
    """The same record with other values."""
    names = record._names if isinstance(record, Record) else record._said
    values = {name: getattr(record, name) for name in names}
    return type(record)(**{**values, **changes})
