"""Whether a recipe holds what its fields say: a reader passes on what a file claims."""

from __future__ import annotations

import math

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.document import Document
from translator.errors import UnreadableError
from translator.fields import flatten, from_json, to_json


def check_sound(document: Document) -> None:
    """Refuses a recipe with a value of the wrong kind, or a number that is not finite.

    Raises:
        UnreadableError: naming the place.
    """
    for field, value in flatten(document.recipe).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise _refusal(document, field, f"must be a finite number, not {value}")
    try:
        from_json(to_json(document.recipe))
    except ValueError as error:
        field, _, reason = str(error).partition(" ")
        raise _refusal(document, field, reason) from None


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
