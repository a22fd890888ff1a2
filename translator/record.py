"""Dataclasses that cost next to nothing to define.

``@dataclass`` writes and compiles up to four methods for each class, half a millisecond a class; a
command that loads a hundred classes is felt to start slowly. The methods of a :class:`Record` are
written once, here; those of a :class:`Struct` are compiled when there is a first instance of it.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field
from typing import Any, ClassVar, NoReturn, dataclass_transform


class _Fields:
    """The ``__dataclass_fields__`` of a class, made when somebody asks: few ever do."""

    def __get__(self, instance: object, kind: type) -> dict[str, Field[Any]]:
        dataclass(init=False, repr=False, eq=False, match_args=False)(kind)
        made: dict[str, Field[Any]] = kind.__dict__["__dataclass_fields__"]
        return made


_FIELDS = _Fields()


@dataclass_transform(
    kw_only_default=True, frozen_default=True, eq_default=True, field_specifiers=(field,)
)
class Record:
    """Base of what ``@dataclass(frozen=True, kw_only=True)`` would make; works with
    :mod:`dataclasses` (``replace``, ``fields``).

    ``class Point(Record, kw_only=False)`` takes its values in order as well.
    """

    _defaults: ClassVar[dict[str, Any]] = {}
    _factories: ClassVar[dict[str, Any]] = {}
    _names: ClassVar[tuple[str, ...]] = ()
    _keys: ClassVar[Set[str]] = frozenset()

    def __init_subclass__(cls, *, kw_only: bool = True) -> None:
        cls.__dataclass_fields__ = _FIELDS  # type: ignore[attr-defined]
        own = cls.__dict__
        names = own.get("__annotations__", ())
        cls._names = tuple(dict.fromkeys((*cls._names, *names)))
        cls._keys = set(cls._names)
        cls._defaults, cls._factories = cls._defaults.copy(), cls._factories.copy()
        for name in names:
            default = own.get(name, MISSING)
            if isinstance(default, Field):
                if default.default_factory is not MISSING:
                    cls._factories[name] = default.default_factory
                default = default.default
            if default is not MISSING:
                cls._defaults[name] = default
        if not kw_only:
            cls.__init__ = _init_in_order  # type: ignore[method-assign]

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
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
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


def with_default(kind: type[Record]) -> Set[str]:
    """The names of the fields that need not be given."""
    return kind._defaults.keys() | kind._factories.keys()


@dataclass_transform(eq_default=False, field_specifiers=(field,))
class Struct:
    """Base of what ``@dataclass(eq=False)`` would make: it can be changed, and equals itself only."""

    def __init_subclass__(cls) -> None:
        cls.__init__ = _first_init  # type: ignore[method-assign,assignment]


def _first_init(self: Struct, *values: Any, **named: Any) -> None:
    for kind in reversed(type(self).__mro__):
        if kind.__dict__.get("__init__") is _first_init:
            del kind.__init__  # type: ignore[misc]
            dataclass(eq=False, repr=False, match_args=False)(kind)
    type(self).__init__(self, *values, **named)
