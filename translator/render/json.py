"""Results for programs. ``ftx schema NAME`` prints the JSON Schema of each.

The renderers return data; :func:`dumps` makes text of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

from translator.diagnostics import Diagnostic
from translator.document import Conversion

VERSION = 1
"""Number of the output formats; raised when a field changes its meaning or goes away."""


def dumps(data: Any) -> str:
    """Indented JSON with a line break at the end."""
    return json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n"


def diagnostic_data(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic; positions are 1-based and in characters, null when there is no line."""
    span = diagnostic.span
    data: dict[str, Any] = {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "file": diagnostic.file,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
        "field": diagnostic.field,
        "key": diagnostic.key,
        "help": diagnostic.help,
    }
    if diagnostic.fix is not None:
        fix = diagnostic.fix
        data["fix"] = {
            "message": fix.message,
            "applicability": fix.applicability.value,
            "edits": [{"start": e.start, "end": e.end, "text": e.text} for e in fix.edits],
        }
    return data


def diagnostics_data(diagnostics: Iterable[Diagnostic]) -> dict[str, Any]:
    """A list of them."""
    return {"ftx": VERSION, "diagnostics": [diagnostic_data(d) for d in diagnostics]}


def conversion_data(conversion: Conversion, accepted: Collection[str]) -> dict[str, Any]:
    """What ``--report`` writes: everything that was said about a conversion, and its outcome."""
    document = conversion.document
    refused = [d for d in conversion.refused if d.code not in accepted]
    return {
        "ftx": VERSION,
        "source": {"format": document.format, "file": document.path},
        "target": conversion.target,
        "refused": bool(refused),
        "allowed": sorted({d.code for d in conversion.refused} & set(accepted)),
        "files": sorted(conversion.files),
        "losses": [diagnostic_data(d) for d in conversion.losses],
        "diagnostics": [diagnostic_data(d) for d in conversion.diagnostics],
    }
