"""Whether a recipe holds what its fields say: a reader passes on what a file claims."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.document import Document
from translator.errors import UnreadableError
from translator.fields import flatten, from_json, hints, to_json
from translator.ir import Recipe
from translator.record import Record

Holds = Callable[[Any], bool]


def check_sound(document: Document) -> None:
    """Refuses a recipe with a value of the wrong kind, or a number that is not finite.

    Raises:
        UnreadableError: naming the place.
    """
    if checker(Recipe)(document.recipe):
        return
    # Something may be wrong: the slow way says what and where.
    for field, value in flatten(document.recipe).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise _refusal(document, field, f"must be a finite number, not {value}")
    try:
        from_json(to_json(document.recipe))
    except ValueError as error:
        field, _, reason = str(error).partition(" ")
        raise _refusal(document, field, reason) from None


@cache
def checker(annotation: Any) -> Holds:
    """A function that says whether a value is certainly one of an annotation's, all its parts
    included. It may be too strict, never too lenient."""
    kinds: set[type] = set()
    words: set[object] = set()
    inner: dict[type, Holds] = {}
    union = get_origin(annotation) in (Union, types.UnionType)
    for option in get_args(annotation) if union else (annotation,):
        if get_origin(option) is Literal:
            words |= set(get_args(option))
        elif get_origin(option) is tuple:
            inner[tuple] = _elements(*get_args(option))
        elif isinstance(option, type) and issubclass(option, Record):
            inner[option] = _attributes(option)
        else:
            kinds |= {int, float} if option is float else {option}

    def holds(value: Any) -> bool:
        kind = type(value)
        if kind in kinds:
            return kind is not float or math.isfinite(value)
        if kind in inner:
            return inner[kind](value)
        return kind is str and value in words

    return holds


def _elements(first: Any, *others: Any) -> Holds:
    if others == (Ellipsis,):
        each = checker(first)
        return lambda value: all(map(each, value))
    checks = tuple(checker(option) for option in (first, *others))
    return lambda value: (
        len(value) == len(checks)
        and all(check(element) for check, element in zip(checks, value, strict=True))
    )


def _attributes(part: Any) -> Holds:
    checks = [(name, checker(annotation)) for name, annotation in hints(part).items()]

    def holds(value: Any) -> bool:
        own = vars(value)
        for name, check in checks:  # noqa: SIM110  # a loop takes two thirds of the time of all()
            if not check(own[name]):
                return False
        return True

    return holds


def _refusal(document: Document, field: str, reason: str) -> UnreadableError:
    origin = document.origin(field)
    return UnreadableError(
        Diagnostic(
            code=Code.BAD_VALUE.code,
            severity=Severity.ERROR,
            message=f"{origin.key or field} {reason}",
            file=document.path,
            span=origin.span,
            field=field,
            key=origin.key,
        )
    )
