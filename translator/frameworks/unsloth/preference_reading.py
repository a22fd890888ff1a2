"""Rows of preference training, of labelled answers and of prompts for online training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.chat_reading import template_of
from translator.frameworks.unsloth.exchange_reading import pictures_of, system_text
from translator.frameworks.unsloth.prepared import Prepared
from translator.frameworks.unsloth.row_reading import (
    ANSWERS,
    WHOLE,
    Meaning,
    code_in,
    custom,
    moved,
)
from translator.frameworks.unsloth.step_reading import is_column
from translator.frameworks.unsloth.text_reading import obstacle, template
from translator.reading import Reader
from translator.record import replace

Plain = dict[str, Any]


def labelled(reader: Reader, prepared: Prepared) -> Meaning:
    """A prompt, an answer and whether it is a good one."""
    columns = prepared.columns
    found: dict[str, str] = {}
    for key, role in (("prompt", "user"), ("completion", "assistant"), ("label", "")):
        name, _ = _single(columns.get(key), role) if key in columns else (key, False)
        if name is None:
            return custom(reader, prepared, f"the column {key!r}")
        found[key] = name
    return ir.LabelledRows(**found), _answer_format(reader, prepared, "completion"), ANSWERS


def _answer_format(reader: Reader, prepared: Prepared, column: str) -> ir.Format:
    made = prepared.columns.get(column) or {}
    if "messages" in made or any(
        "chat" in p for p in made.get("parts") or [] if isinstance(p, dict)
    ):
        return template_of(reader)
    return WHOLE


def _single(described: Plain | None, role: str) -> tuple[str | None, bool]:
    """The one column behind an answer or a prompt, and whether it is wrapped in turns."""
    if described is None:
        return None, False
    messages = described.get("messages")
    if isinstance(messages, dict) and "list" in messages:
        turns = [m for m in messages["list"] if m.get("role") == [{"literal": role}]]
        content = turns[-1].get("content") if turns else None
        if isinstance(content, list) and len(content) == 1 and is_column(content[0]):
            return str(content[0]["column"]), True
        return None, True
    if (name := _any_shape(described)) is not None:
        return name, False
    parts = [p for p in described.get("parts") or [] if p.get("token") != "eos"]
    if len(parts) == 1 and is_column(parts[0]) and "path" not in parts[0]:
        return str(parts[0]["column"]), False
    return None, False


def _any_shape(described: Plain) -> str | None:
    """The column of turns that a script takes as text, as one turn or as several."""
    tests = str(described)
    if "isinstance(value, str)" not in tests or "isinstance(value, list)" not in tests:
        return None
    names = set(_columns_in(described))
    return names.pop() if len(names) == 1 else None


def _columns_in(described: Any) -> Iterator[str]:
    if isinstance(described, dict):
        if is_column(described):
            yield str(described["column"])
        for item in described.values():
            yield from _columns_in(item)
    elif isinstance(described, list):
        for item in described:
            yield from _columns_in(item)


def preference(reader: Reader, prepared: Prepared) -> Meaning:
    columns = prepared.columns
    if not {"chosen", "rejected"} & columns.keys():
        if prepared.unknown is not None:
            return custom(reader, prepared, prepared.unknown)
        templated = reader.tree.get(("template",)) is not None
        shape = "lists of turns" if templated else "text"
        message = (
            f"the script hands the data set on as it is; its columns prompt, chosen and rejected "
            f"are taken to hold {shape}"
        )
        reader.say(Code.ASSUMED, Severity.WARNING, message, field="data.sources[0].rows")
        if templated:  # a chat template is for turns, which TRL renders itself
            return ir.PreferenceRows(messages=True), template_of(reader), ANSWERS
        return ir.PreferenceRows(), _answer_format(reader, prepared, "chosen"), ANSWERS
    found: dict[str, str] = {}
    chat = False
    asked: Asked | None = None
    for key, role in (("prompt", "user"), ("chosen", "assistant"), ("rejected", "assistant")):
        name, wrapped = _single(columns.get(key), role) if key in columns else (key, False)
        if name is None and key == "prompt":
            asked = _asked(_parts(columns[key]))
            name = None if asked is None else asked[0]
        if name is None:
            return custom(reader, prepared, obstacle(columns[key]))
        found[key], chat = name, chat or wrapped
    system, _ = _single(columns.get("prompt"), "system")
    # Columns as they are beside a chat template hold turns, which TRL renders itself.
    shaped = any(_any_shape(columns.get(key) or {}) for key in ("prompt", "chosen", "rejected"))
    templated = reader.tree.get(("template",)) is not None
    turns = shaped or (not chat and asked is None and templated)
    form = template_of(reader) if chat or turns else WHOLE
    rows = ir.PreferenceRows(
        messages=turns,
        prompt=found["prompt"],
        chosen=found["chosen"],
        rejected=found["rejected"],
        system=system if chat else None,
        text="{prompt}" if asked is None else asked[1],
        fields=() if asked is None else asked[2],
    )
    return rows, form, ANSWERS


Asked = tuple[str, str, tuple[tuple[str, str], ...]]
"""The column of a prompt, the text around it, and the columns of further fields."""


def _asked(parts: list[Plain] | None) -> Asked | None:
    """What a prompt is made of; None when it is more than columns and literals."""
    parts = [p for p in parts or [] if "image" not in p and p.get("token") is None]
    if any(not part.keys() & {"literal", "column"} or "path" in part for part in parts):
        return None
    columns = list(dict.fromkeys(str(p["column"]) for p in parts if "column" in p))
    if not columns:
        return None
    names = {column: column for column in columns} | {columns[0]: "prompt"}
    names = {c: n if n.isidentifier() else f"field{k}" for k, (c, n) in enumerate(names.items())}
    fields = tuple((name, column) for column, name in names.items() if name != "prompt")
    return columns[0], template(parts, names), fields


def _parts(made: Plain) -> list[Plain] | None:
    """The text of a prompt, also where it is the only user turn."""
    messages = made.get("messages")
    if isinstance(messages, dict):
        return _content(messages.get("list"), "user")
    return made.get("parts")


def prompts(reader: Reader, prepared: Prepared) -> Meaning:
    """Prompts for online training, with the text that a script puts around a column."""
    made = prepared.columns.get("prompt")
    if made is None:
        if prepared.unknown is not None:
            return custom(reader, prepared, prepared.unknown)
        return ir.PromptRows(), _answer_format(reader, prepared, "prompt"), ANSWERS
    messages = made.get("messages")
    chat = next((p["chat"] for p in made.get("parts") or [] if "chat" in p), None)
    turns = messages if isinstance(messages, dict) else chat
    if chat is not None:
        options = next(p for p in made.get("parts") or [] if "chat" in p)
        if options.get("add_generation_prompt") is not True:
            message = "prompts are rendered without the opening of an answer"
            node = reader.tree.get(("data", "train"))
            reader.say(Code.SURPRISE, Severity.WARNING, message, node, field="data.sources")
    if turns is not None and "column" in turns and "path" not in turns:
        return ir.PromptRows(prompt=str(turns["column"])), template_of(reader), ANSWERS
    listed = None if turns is None else turns.get("list")
    parts = made.get("parts") if turns is None else _content(listed, "user")
    pictures = pictures_of(listed) if listed is not None else []
    if parts is None or pictures is None:
        return custom(reader, prepared, obstacle(made))
    if listed is not None and not _plain_turns(listed):
        return custom(reader, prepared, code_in(listed) or "a prompt of more than one question")
    asked = _asked(parts)
    if asked is None:
        return custom(reader, prepared, code_in(parts) or "a prompt without a column of the data")
    rows = ir.PromptRows(
        prompt=asked[0],
        text=asked[1],
        fields=asked[2],
        images=moved(reader, prepared, next(iter(pictures), None)),
    )
    if turns is None:
        return rows, WHOLE, ANSWERS
    form = template_of(reader)
    text = system_text(listed or [])
    return rows, form if text is None else replace(form, system_prompt=text), ANSWERS


def _plain_turns(turns: list[Plain]) -> bool:
    """Whether turns are one question, with a system text before it at most."""
    roles = [turn.get("role") for turn in turns]
    user, system = [{"literal": "user"}], [{"literal": "system"}]
    if roles not in ([user], [system, user]):
        return False
    content = turns[0].get("content") or []
    return roles == [user] or all("literal" in part for part in content)


def _content(turns: list[Plain] | None, role: str) -> list[Plain] | None:
    """What the last turn of a role says."""
    found = [t.get("content") for t in turns or [] if t.get("role") == [{"literal": role}]]
    content = found[-1] if found else None
    return content if isinstance(content, list) else None
