"""A document as IR JSON."""

from __future__ import annotations

import json
import math
from typing import Any

from translator.diagnostics import Diagnostic
from translator.document import Document, Leftover, Origin
from translator.fields import to_json
from translator.spans import Span
from translator.tree import Unresolved

FORMAT = 1
"""Number of the file format; a change that older versions of ftx cannot read raises it."""


def write_ir(document: Document) -> str:
    """The JSON text, ending in a line break."""
    data = {
        "ftx": FORMAT,
        "source": {"format": document.format, "file": document.path},
        "recipe": to_json(document.recipe),
        "origins": {
            field: _origin(document, origin) for field, origin in sorted(document.origins.items())
        },
        "leftovers": [_leftover(leftover) for leftover in document.leftovers],
        "facts": dict(sorted(document.facts.items())),
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in document.diagnostics],
    }
    return json.dumps(data, indent=2, ensure_ascii=False, default=_plain) + "\n"


def _origin(document: Document, origin: Origin) -> dict[str, Any]:
    said = {
        "key": origin.key,
        "why": origin.why,
        "comment": origin.comment,
        "text": document.as_written(origin),
    }
    return {"written": origin.written, **_place(origin.span), **_present(said)}


def _leftover(leftover: Leftover) -> dict[str, Any]:
    return {
        "key": leftover.key,
        "value": _finite(leftover.value),
        "why": leftover.why,
        "severity": leftover.severity.value,
        **_place(leftover.span),
    }


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    said = {"field": diagnostic.field, "key": diagnostic.key, "help": diagnostic.help}
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        **_place(diagnostic.span),
        **_present(said),
        **({"verbose": True} if diagnostic.verbose else {}),
    }


def _place(span: Span | None) -> dict[str, int]:
    if span is None:
        return {}
    return {name: getattr(span, name) for name in PLACE}


PLACE = ("line", "column", "end_line", "end_column", "start", "end")
"""Where a value stands in the source file, as :class:`translator.spans.Span` counts."""


def _present(values: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _finite(value: object) -> object:
    """A value with the numbers that JSON lacks as text: ``inf``."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: object) -> object:
    """What JSON has no word for: an open expression keeps its shape, a date becomes text."""
    if isinstance(value, Unresolved):
        return {"expression": value.expression, "names": list(value.names)}
    return str(value)
