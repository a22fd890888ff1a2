"""Numbers that a run can use: finite, and no wider than the 64 bits every framework stores them in."""

from __future__ import annotations

import math

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import UnreadableError, WrongValueError
from translator.tree import Node, spell

LARGEST = 2**63 - 1


def finite(value: float | str) -> float:
    """A real number, ``"2e-5"`` included.

    Raises:
        WrongValueError: it is none, or infinite, or not a number.
    """
    try:
        real = float(value)
    except (ValueError, OverflowError):
        raise WrongValueError("is not a number") from None
    if not math.isfinite(real):
        raise WrongValueError("is not a finite number")
    return real


def check_whole_numbers(path: str, tree: Node) -> None:
    """Refuses a source with a whole number that no framework can hold.

    Raises:
        UnreadableError: naming the place.
    """
    if not _holds_wide(tree):
        return
    for address, node in tree.leaves():
        value = node.value
        if _holds_wide(node):
            message = f"{spell(address)} is a number of {value.bit_length()} bits, more than 64"
            raise _refusal(path, message, node)


def _holds_wide(node: Node) -> bool:
    """Whether a whole number of more than 64 bits stands in a tree."""
    value = node.value
    if isinstance(value, dict):
        return any(map(_holds_wide, value.values()))
    if isinstance(value, list):
        return any(map(_holds_wide, value))
    return isinstance(value, int) and abs(value) > LARGEST


def _refusal(path: str, message: str, node: Node) -> UnreadableError:
    return UnreadableError(
        Diagnostic(
            code=Code.BAD_VALUE.code,
            severity=Severity.ERROR,
            message=message,
            file=path,
            span=node.place,
        )
    )


def is_number(value: object) -> bool:
    """Whether this is a number that can be counted with: finite, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
