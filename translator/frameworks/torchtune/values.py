"""Values as torchtune takes them: OmegaConf has typed them already, nothing is coerced twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from translator.errors import WrongValueError
from translator.lens import Conv
from translator.numbers import finite

FILE_FORMATS = ("json", "csv", "parquet", "arrow", "text", "webdataset")
"""What ``source`` may be instead of a data set, with ``data_files`` beside it."""


LOSSES = {"CEWithChunkedOutputLoss": "chunked", "LinearCrossEntropyLoss": "chunked",
          "CrossEntropyLoss": "none"}  # fmt: skip
"""Components of cross entropy, and what they keep of the logits in memory."""


def number(value: object) -> float:
    """A real number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return finite(value)
    raise WrongValueError("is not a number")


def whole(value: object) -> int:
    """A whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise WrongValueError("is not a whole number")


def positive(value: object) -> int:
    """A whole number above zero."""
    if (count := whole(value)) > 0:
        return count
    raise WrongValueError("is not above zero")


def flag(value: object) -> bool:
    """True or false; torchtune tests nothing but truth, so 0 and 1 count."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise WrongValueError("is neither True nor False")


def text(value: object) -> str:
    """A single value as text."""
    if isinstance(value, dict | list) or value is None:
        raise WrongValueError("is not text")
    return str(value)


def texts(value: object) -> tuple[str, ...]:
    """A list of text, or one text as a list of one."""
    if isinstance(value, list):
        return tuple(text(element) for element in value)
    return (text(value),)


def mapping(value: object) -> dict[str, Any]:
    """A mapping of names to values."""
    if isinstance(value, dict):
        return value
    raise WrongValueError("is not a mapping")


def one_of(*choices: str) -> Callable[[object], str]:
    """A conversion that takes only certain words."""

    def choose(value: object) -> str:
        if value in choices:
            return str(value)
        raise WrongValueError(f"is none of {', '.join(choices)}")

    return choose


def same(value: object) -> object:
    """Writes a value as it is; tuples become lists."""
    return list(value) if isinstance(value, tuple) else value


def tidy(value: float) -> float | int:
    """A real number without a fraction as an integer, as people write rank and alpha."""
    return int(value) if float(value).is_integer() else value


FLAG = Conv(read=flag, write=same)
TEXT = Conv(read=text, write=same)
COUNT = Conv(read=positive, write=same)
WHOLE = Conv(read=whole, write=same)
