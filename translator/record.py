"""Immutable records: dataclasses that cost next to nothing to define.

``@dataclass`` writes and compiles four methods for each class, half a millisecond a class; a
command that loads a hundred classes is felt to start slowly. The methods here are written once.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import MISSING, FrozenInstanceError, dataclass, field
from typing import Any, ClassVar, NoReturn, dataclass_transform


@dataclass_transform(
    kw_only_default=True, frozen_default=True, eq_default=True, field_specifiers=(field,)
)
class Record:
    """Base of what ``@dataclass(frozen=True, kw_only=True)`` would make; works with
    :mod:`dataclasses` (``replace``, ``fields``)."""

    _defaults: ClassVar[dict[str, Any]] = {}
    _factories: ClassVar[dict[str, Any]] = {}
    _names: ClassVar[tuple[str, ...]] = ()
    _keys: ClassVar[Set[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        dataclass(init=False, repr=False, eq=False, match_args=False)(cls)
        known = cls.__dataclass_fields__.values()  # type: ignore[attr-defined]
        cls._names = tuple(f.name for f in known)
        cls._keys = set(cls._names)
        cls._defaults = {f.name: f.default for f in known if f.default is not MISSING}
        cls._factories = {
            f.name: f.default_factory for f in known if f.default_factory is not MISSING
        }

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

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self._names)
        return f"{type(self).__name__}({values})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")
