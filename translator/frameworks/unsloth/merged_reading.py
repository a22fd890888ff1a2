"""``to_sharegpt`` and ``unsloth.apply_chat_template``: columns merged into a prompt, and templates
with the words {SYSTEM}, {INPUT} and {OUTPUT} (unsloth/chat_templates.py:2291 and :2826)."""

from __future__ import annotations

import re
from typing import Any

Plain = dict[str, Any]

_OPTIONAL = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)
_COLUMN = re.compile(r"\{(.+?)\}")
SYSTEM = (
    "Below are some instructions that describe some tasks. "
    "Write responses that appropriately complete each request."
)
"""The system text that ``apply_chat_template`` puts in unless told otherwise."""


def merged(plain: Plain) -> Plain | None:
    """The turns that ``to_sharegpt`` makes of a row, None when its prompt is not known."""
    prompt = plain.get("merged_prompt")
    output = plain.get("output_column_name", "output")
    if not isinstance(prompt, str) or not isinstance(output, str) or not prompt:
        return None
    parts: list[Plain] = []
    place = 0
    for optional in _OPTIONAL.finditer(prompt):
        parts += _parts(prompt[place : optional.start()])
        inner = _parts(optional[1])
        column = next((part["column"] for part in inner if "column" in part), None)
        if column is None:
            parts += inner
        else:
            parts.append({"if": {"column": column}, "then": inner, "else": []})
        place = optional.end()
    parts += _parts(prompt[place:])
    return {
        "list": [
            {"role": [{"literal": "user"}], "content": parts},
            {"role": [{"literal": "assistant"}], "content": [{"column": output}]},
        ]
    }


def _parts(text: str) -> list[Plain]:
    """Literals and columns."""
    found: list[Plain] = []
    place = 0
    for column in _COLUMN.finditer(text):
        if column.start() > place:
            found.append({"literal": text[place : column.start()]})
        found.append({"column": column[1]})
        place = column.end()
    return [*found, {"literal": text[place:]}] if place < len(text) else found


def filled(template: object, system: object, messages: Plain | None) -> list[Plain] | None:
    """The text of one exchange in a template that shows one; None for another template, or for
    conversations that are not one exchange."""
    turns = (messages or {}).get("list")
    if not isinstance(template, str) or not isinstance(turns, list) or len(turns) != 2:
        return None
    if template.count("{INPUT}") != 1 or template.count("{OUTPUT}") != 1:
        return None
    text = template.lstrip().replace("{SYSTEM}", system if isinstance(system, str) else SYSTEM)
    before, _, rest = text.partition("{INPUT}")
    between, _, after = rest.partition("{OUTPUT}")
    if after.strip():
        return None
    pieces = [{"literal": before}, *turns[0]["content"], {"literal": between}]
    return [*pieces, *turns[1]["content"], {"token": "eos"}]
