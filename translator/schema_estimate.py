"""The JSON Schema of ``ftx estimate --format json``."""

from __future__ import annotations

from translator.schema_recipe import DRAFT, Schema

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_GIB: Schema = {"type": "number", "minimum": 0, "description": "GiB (2^30 bytes)."}
_BYTES: Schema = {"type": "integer", "minimum": 0}
_VERDICTS: Schema = {"enum": ["fits", "tight", "does not fit"]}


def _object(properties: Schema, required: list[str] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def estimate_schema() -> Schema:
    """Peak memory of one device, term by term."""
    properties: Schema = {
        "ftx": {"const": 1, "description": "Number of the format."},
        "file": _TEXT,
        "framework": _TEXT,
        "model": _object({
            "id": _TEXT,
            "parameters": {"type": "integer", "minimum": 1},
            "source": {"type": "string", "description": "Where its dimensions were found."},
        }),
        "gpu": {**_TEXT_OR_NULL, "description": "The device that was named, if one was."},
        "verdict": {"oneOf": [_VERDICTS, {"type": "null"}]},
        "reason": _TEXT_OR_NULL,
        "tokens": {"type": "integer", "minimum": 1,
                   "description": "Of one forward pass on one device."},
        "devices": {"type": "integer", "minimum": 1},
        "peak": _object({
            "allocated_gib": {**_GIB, "description": "The most that is alive at once."},
            "reserved_gib": {**_GIB, "description": "The most the allocator may hold."},
            "reserved_low_gib": _GIB,
            "context_gib": {**_GIB, "description": "What the driver takes beside."},
            "instant": {"type": "string", "description": "When the peak is."},
        }),
        "terms": {
            **_list(_object({"name": _TEXT, "bytes": _BYTES, "gib": _GIB, "formula": _TEXT,
                             "source": _TEXT})),
            "description": "What the peak is made of; their bytes add up to it.",
        },
        "instants": _list(_object({"name": _TEXT, "bytes": _BYTES, "gib": _GIB})),
        "gpus": _list(_object({"gpu": _TEXT, "mib": {"type": "integer", "minimum": 1},
                               "verdict": _VERDICTS, "reason": _TEXT})),
        "assumptions": _list(_TEXT),
        "suggestions": _list(_object({
            "change": _TEXT,
            "keys": {"type": "object", "additionalProperties": _TEXT,
                     "description": "In the words of the file's framework."},
            "harm": _TEXT,
            "verdict": _VERDICTS,
            "allocated_gib": _GIB,
            "reserved_gib": _GIB,
        })),
    }  # fmt: skip
    required = [name for name in properties if name != "suggestions"]
    description = "An estimate of memory, as ftx estimate --format json prints it."
    return {"$schema": DRAFT, "description": description, **_object(properties, required)}
