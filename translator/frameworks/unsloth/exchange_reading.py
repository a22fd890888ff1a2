"""One exchange that a script spells out: a question made of columns, and the answer's column."""

from __future__ import annotations

import re
from typing import Any

from translator import ir
from translator.frameworks.unsloth.text_reading import further_fields, placeholders, template
from translator.reading import Reader
from translator.tree import Node

Plain = dict[str, Any]
_SHAREGPT = {"human": "user", "gpt": "assistant"}
_MARK = "\0images\0"
"""Stands for the row's pictures while a template is put together."""


def system_text(turns: list[Plain]) -> str | None:
    """The text of a system turn that is the same in every row."""
    for turn in turns:
        if turn.get("role") == [{"literal": "system"}]:
            parts = turn.get("content") or []
            if all("literal" in p for p in parts):
                return "".join(str(p["literal"]) for p in parts)
    return None


def exchange(reader: Reader, turns: list[Plain]) -> tuple[ir.Rows, str | None] | None:
    """An optional system turn, a question and an answer; with the system text that is fixed."""
    by_role = _by_role(turns)
    if by_role is None:
        return None
    answer = by_role.get("assistant") or by_role.get("model")
    question = by_role.get("user")
    if not question or not answer or len(answer) != 1 or "column" not in answer[0]:
        return None
    pictures = pictures_of(turns)
    if pictures is None or "path" in answer[0]:
        return None
    if len(question) == 1 and "if" in question[0]:
        return _either_question(question[0], str(answer[0]["column"]), by_role.get("system"))
    question = [{"literal": _MARK} if "image" in part else part for part in question]
    if any(not ({"literal", "column"} & p.keys()) or "path" in p for p in question):
        return None
    column, text, fine = _system(by_role.get("system"))
    names = placeholders(question, question, None)
    if not fine or (column is not None and "system" in names.values()):
        return None
    source = {field: name for name, field in names.items()}
    prompt = template(question, names)
    without = prompt.replace("{input}", "") if "input" in source else prompt
    if pictures and _MARK not in prompt:
        prompt, without = f"{_MARK}{prompt}", f"{_MARK}{without}"
    rows = ir.InstructionRows(
        instruction=source.get("instruction"),
        input=source.get("input"),
        output=str(answer[0]["column"]),
        system=column or source.get("system"),
        with_input=prompt.replace(_MARK, "{images}"),
        without_input=without.replace(_MARK, "{images}"),
        fields=further_fields(names),
        images=next(iter(pictures), None),
    )
    return rows, text


def _either_question(
    question: Plain, output: str, system: list[Plain] | None
) -> tuple[ir.Rows, str | None] | None:
    """A question with two wordings, by whether a column is filled."""
    condition = question["if"].get("column") if isinstance(question["if"], dict) else None
    filled, empty = question.get("then"), question.get("else")
    if not isinstance(filled, list) or not isinstance(empty, list) or condition is None:
        return None
    if any(not ({"literal", "column"} & p.keys()) or "path" in p for p in [*filled, *empty]):
        return None
    names = placeholders(filled, empty, str(condition))
    column, text, fine = _system(system)
    if names is None or not fine or (column is not None and "system" in names.values()):
        return None
    source = {field: name for name, field in names.items()}
    rows = ir.InstructionRows(
        instruction=source.get("instruction"),
        input=source.get("input"),
        output=output,
        system=column or source.get("system"),
        with_input=template(filled, names),
        without_input=template(empty, names),
    )
    return rows, text


def _by_role(turns: list[Plain]) -> dict[str, list[Plain]] | None:
    """The contents by role; None when a role occurs twice or is not known."""
    found: dict[str, list[Plain]] = {}
    for turn in turns:
        role, content = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
        if not (isinstance(role, list) and len(role) == 1 and "literal" in role[0]):
            return None
        name = re.sub(r"\W", "", str(role[0]["literal"])).lower()
        name = _SHAREGPT.get(name, name)
        if name in found or not isinstance(content, list):
            return None
        found[name] = content
    return found


def _system(content: list[Plain] | None) -> tuple[str | None, str | None, bool]:
    """A system turn's column or its text, and whether it is one of them."""
    if content is None:
        return None, None, True
    if len(content) == 1 and "column" in content[0]:
        return str(content[0]["column"]), None, True
    if all("literal" in part for part in content):
        return None, "".join(str(part["literal"]) for part in content), True
    return None, None, False


def pictures_of(turns: list[Plain]) -> list[str] | None:
    """The one column of pictures that turns name, an empty list without pictures, None when they
    come from elsewhere."""
    found: list[str] = []
    for turn in turns:
        parts = turn.get("content")
        places = [p["image"] for p in parts if "image" in p] if isinstance(parts, list) else []
        if "images" in turn:
            places.append(turn["images"])
        for place in places:
            if place and "column" not in place:
                return None
            found.append(str(place.get("column", "images")))
    return found[:1] if len(set(found)) < 2 else None


def shows_pictures(node: Node | None) -> bool:
    """Whether rows that a script describes hold pictures."""
    if node is None:
        return False
    return any("image" in address or "images" in address for address, _ in node.leaves())
