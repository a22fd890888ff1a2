"""Values as Axolotl's schema takes them.

PyYAML reads ``2e-5`` as text and pydantic turns it into a number, so conversions here accept what
the schema coerces. They are a little more generous where the meaning is plain (``3.1`` as a name);
what the schema itself would refuse is reported apart, by :mod:`.schema`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from translator.errors import WrongValueError
from translator.lens import Conv
from translator.numbers import finite

_TRUE = {"true", "yes", "on", "1", "y", "t"}
_FALSE = {"false", "no", "off", "0", "n", "f"}


def number(value: object) -> float:
    """A real number; ``"2e-5"`` counts."""
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        return finite(value)
    raise WrongValueError("is not a number")


def whole(value: object) -> int:
    """A whole number; ``"8"`` and ``8.0`` count."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    real = number(value)
    if real != int(real):
        raise WrongValueError("is not a whole number")
    return int(real)


def flag(value: object) -> bool:
    """True or false, also as the words and digits that pydantic accepts."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise WrongValueError("is neither true nor false")


def text(value: object) -> str:
    """A single value as text."""
    if isinstance(value, dict | list):
        raise WrongValueError("is not text")
    return str(value)


def texts(value: object) -> tuple[str, ...]:
    """A list of text, or one text as a list of one."""
    if isinstance(value, list):
        return tuple(text(element) for element in value)
    return (text(value),)


def mapping(value: object) -> dict[str, Any]:
    """A mapping of names to values."""
    if not isinstance(value, dict):
        raise WrongValueError("is not a mapping")
    return value


NOTHING: dict[str, Any] = {}
"""The default where a mapping may stand."""


def anything(value: object) -> Any:
    """The value as it stands."""
    return value


def one_of(*choices: str) -> Callable[[object], str]:
    """A conversion that takes only certain words."""

    def choose(value: object) -> str:
        if value not in choices:
            raise WrongValueError(f"is none of {', '.join(choices)}")
        return str(value)

    return choose


def same(value: object) -> object:
    """Writes a value as it is; tuples become lists."""
    return list(value) if isinstance(value, tuple) else value


def as_integer(value: object) -> object:
    """Writes a real number without a fraction as an integer."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


NUMBER = Conv(read=number, write=same)
COUNT = Conv(read=whole, write=same)
FLAG = Conv(read=flag, write=same)
TEXT = Conv(read=text, write=same)
