"""The JSON Schemas of what ftx writes for programs: IR files and results."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.schema_estimate import estimate_schema
from translator.schema_recipe import DRAFT, Schema, recipe_definitions, recipe_reference

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_POSITION: Schema = {"type": ["integer", "null"], "minimum": 1}
_SEVERITY: Schema = {"enum": [severity.value for severity in Severity]}
_EFFECT: Schema = {"enum": ["training", "performance", "bookkeeping"]}
_VERSION: Schema = {"const": 1, "description": "Number of the format."}
_PLACE: Schema = {
    "line": {"type": "integer", "minimum": 1, "description": "1-based."},
    "column": {"type": "integer", "minimum": 1, "description": "1-based, in characters."},
    "end_line": {"type": "integer", "minimum": 1},
    "end_column": {"type": "integer", "minimum": 1, "description": "Exclusive."},
    "start": {"type": "integer", "minimum": 0, "description": "0-based offset in characters."},
    "end": {"type": "integer", "minimum": 0, "description": "Exclusive."},
}


def schemas() -> dict[str, Schema]:
    """Each generated schema by its name."""
    return {
        "ir": _ir(),
        "diagnostics": _document(
            "Findings of ftx, as --format json prints them.",
            {"diagnostics": _list(_reference("diagnostic"))},
            {"diagnostic": _diagnostic()},
        ),
        "conversion": _conversion(),
        "diff": _diff(),
        "matrix": _matrix(),
        "estimate": estimate_schema(),
    }


def _object(properties: Schema, required: list[str] | None = None, description: str = "") -> Schema:
    return {
        "type": "object",
        **({"description": description} if description else {}),
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
    }


def _document(
    description: str,
    properties: Schema,
    definitions: Schema | None = None,
    required: list[str] | None = None,
) -> Schema:
    body = _object({"ftx": _VERSION, **properties}, required, description)
    return {"$schema": DRAFT, **body, **({"$defs": definitions} if definitions else {})}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _mapping(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _file() -> Schema:
    return _object({"format": _TEXT, "file": _TEXT})


def _code() -> Schema:
    meanings = "; ".join(f"{entry.code} {entry.title}" for entry in Code)
    return {
        "type": "string",
        "pattern": "^(SYN|CFG|DATA|HW|DIST|MEM|TRAIN|SEC|XLT)[0-9]{3}$",
        "description": f"A code of a rule ('ftx rules' lists them), or of a reader: {meanings}",
    }


def _diagnostic() -> Schema:
    edit = _object(
        {"start": _PLACE["start"], "end": _PLACE["end"], "text": _TEXT},
        description="The characters from start to end become text.",
    )
    fix = _object(
        {"message": _TEXT, "applicability": {"enum": ["safe", "unsafe"]}, "edits": _list(edit)},
        description="Safe: the framework makes the same run of the file as before.",
    )
    told = _told()
    return _object({**told, "fix": fix}, list(told))


def _told() -> Schema:
    return {
        "code": _code(),
        "severity": _SEVERITY,
        "message": _TEXT,
        "file": _TEXT,
        "line": {**_POSITION, "description": "1-based; null when the file does not say it."},
        "column": {**_POSITION, "description": "1-based, in characters."},
        "end_line": _POSITION,
        "end_column": {**_POSITION, "description": "Exclusive."},
        "field": {**_TEXT_OR_NULL, "description": "The field of the IR."},
        "key": {**_TEXT_OR_NULL, "description": "The key as the file spells it."},
        "help": _TEXT_OR_NULL,
    }


def _ir() -> Schema:
    origin = _object(
        {
            "written": {"type": "boolean", "description": "Stated by the file, else a default."},
            **_PLACE,
            "key": _TEXT,
            "why": {**_TEXT, "description": "Where a default was seen, or how it was derived."},
            "comment": _TEXT,
            "text": {**_TEXT, "description": "The value in the source's own words, if short."},
        },
        ["written"],
    )
    leftover = _object(
        {"key": _TEXT, "value": {}, "why": _TEXT, "severity": _SEVERITY, **_PLACE},
        ["key", "value", "why", "severity"],
    )
    finding = _object(
        {
            "code": _code(),
            "severity": _SEVERITY,
            "message": _TEXT,
            **_PLACE,
            "field": _TEXT,
            "key": _TEXT,
            "help": _TEXT,
            "verbose": {"type": "boolean"},
        },
        ["code", "severity", "message"],
    )
    parts = {
        "source": _object({"format": _TEXT, "file": _TEXT}, []),
        "recipe": recipe_reference(),
        "origins": _mapping(origin),
        "leftovers": _list(leftover),
        "facts": _mapping(_TEXT),
        "diagnostics": _list(finding),
    }
    description = "A fine-tuning run as ftx understands it; only ftx and recipe must be there."
    return _document(description, parts, recipe_definitions(), ["ftx", "recipe"])


def _conversion() -> Schema:
    parts = {
        "source": _file(),
        "target": _TEXT,
        "refused": {"type": "boolean", "description": "Whether nothing was written."},
        "allowed": {**_list(_TEXT), "description": "Codes of errors that --allow accepted."},
        "files": {**_list(_TEXT), "description": "Names of side files."},
        "losses": _list(_reference("diagnostic")),
        "diagnostics": {
            **_list(_reference("diagnostic")),
            "description": "The losses and the findings of reading, worst first.",
        },
    }
    return _document("What --report writes.", parts, {"diagnostic": _diagnostic()})


def _diff() -> Schema:
    side = _object(
        {
            "value": {"description": "As in the IR; null when the part is absent."},
            "written": {"type": "boolean", "description": "Stated by the file, else a default."},
            "file": _TEXT,
            "line": _POSITION,
            "column": _POSITION,
            "key": _TEXT_OR_NULL,
            "why": _TEXT_OR_NULL,
        }
    )
    difference = _object(
        {
            "field": _TEXT,
            "effect": _EFFECT,
            "left": _reference("side"),
            "right": _reference("side"),
        }
    )
    parts = {"left": _file(), "right": _file(), "differences": _list(difference)}
    return _document("What ftx diff --format json prints.", parts, {"side": side})


def _matrix() -> Schema:
    status: Schema = {"enum": ["carried", "approximated", "refused"]}
    coverage = _object({"status": status, "key": _TEXT_OR_NULL, "why": _TEXT_OR_NULL})
    field = _object({"field": _TEXT, "frameworks": _mapping(coverage)})
    totals = _mapping({"type": "integer", "minimum": 0})
    parts = {"fields": _list(field), "counts": _mapping(totals)}
    return _document("What ftx matrix --format json prints.", parts)
