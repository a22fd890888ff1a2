"""The JSON Schema of ``[tool.ftx]`` and ftx.toml."""

from __future__ import annotations

from typing import Any

from translator.lint.settings import FAIL_ON, KINDS

_CODES = {"type": "array", "items": {"type": "string"}}
_OF: dict[str, dict[str, Any]] = {
    "select": {**_CODES, "description": "Codes, beginnings of codes or names to look for."},
    "extend-select": {**_CODES, "description": "Codes to look for as well."},
    "ignore": {**_CODES, "description": "Codes not to look for; the longest entry decides."},
    "per-file-ignores": {
        "type": "object",
        "additionalProperties": _CODES,
        "description": "Patterns of files, and the codes not to look for in them.",
    },
    "severity": {
        "type": "object",
        "additionalProperties": {"enum": ["error", "warning", "note"]},
        "description": "Codes, and the severity that they shall have.",
    },
    "exclude": {**_CODES, "description": "Patterns of files and folders to pass over."},
    "fail-on": {"enum": list(FAIL_ON), "default": "error"},
    "baseline": {"type": "string", "description": "File of accepted findings."},
    "cache": {"type": "boolean", "default": True},
    "gpu": {"type": "string", "description": "The card that runs take place on."},
    "gpus": {"type": "integer", "minimum": 1, "description": "How many of them in all."},
    "nodes": {"type": "integer", "minimum": 1, "description": "On how many machines."},
    "portable-to": {"enum": ["axolotl", "torchtune", "unsloth"]},
}
assert set(_OF) == set(KINDS)


def settings_schema() -> dict[str, Any]:
    """Draft 7, as schema stores want it."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "ftx",
        "description": "Settings of ftx lint: [tool.ftx] in pyproject.toml, or ftx.toml.",
        "type": "object",
        "properties": _OF,
        "additionalProperties": False,
    }
