"""Texts made of literals and columns as a prompt template and a response."""

from __future__ import annotations

import re
from typing import Any

from translator import ir
from translator.catalog.formats import ChatFormat as CatalogueFormat
from translator.catalog.formats import formats
from translator.catalog.instructions import styles
from translator.codes import Code
from translator.diagnostics import Severity
from translator.reading import Reader

Plain = dict[str, Any]
Part = dict[str, Any]
_FIELDS = ("instruction", "input", "system")
_RESERVED = (*_FIELDS, "output", "prompt", "images")
_SYSTEM = re.compile(r"system|context", re.IGNORECASE)


def text_rows(reader: Reader, described: Plain) -> tuple[ir.Rows, ir.Format] | None:
    """The rows and the format of a described text; None when it is no prompt and response."""
    variants = _variants(described)
    if variants is None:
        return None
    with_parts, without_parts, condition = variants
    eos = end_token(reader)
    filled, end = _ended(with_parts, eos)
    empty, end_too = _ended(without_parts, eos)
    if end != end_too:
        return None
    if _trailing_space(filled) and _trailing_space(empty):
        message = "white space behind the response is not carried"
        reader.say(Code.ASSUMED, Severity.WARNING, message, field="data.sources")
        filled, empty = filled[:-1], empty[:-1]
    columns = [p for p in filled if "column" in p]
    if any(not ({"column", "literal"} & p.keys()) or "path" in p for p in [*filled, *empty]):
        return None
    if not columns:
        return None
    form = ir.PlainFormat(joined="whole", end="eos" if end else "none")
    if len(filled) == 1 and filled == empty:
        return ir.TextRows(column=str(columns[0]["column"])), form
    chat = _handwritten_chat(reader, filled, end) if filled == empty else None
    if chat is not None:
        return chat
    if "column" not in filled[-1] or filled[-1] != empty[-1]:
        return None
    output = str(filled[-1]["column"])
    names = placeholders(filled[:-1], empty[:-1], condition)
    prompt = template(filled[:-1], names)
    other = template(empty[:-1], names)
    source = {field: column for column, field in names.items()}
    if filled == empty and "input" in source:
        other = other.replace("{input}", "")
    rows = ir.InstructionRows(
        instruction=source.get("instruction"),
        input=source.get("input"),
        output=output,
        system=source.get("system"),
        with_input=prompt,
        without_input=other,
        style=_style(prompt, other),
        fields=further_fields(names),
    )
    return rows, form


def _variants(described: Plain) -> tuple[list[Part], list[Part], str | None] | None:
    if "with_input" in described:
        column = described.get("input")
        return described["with_input"], described["without_input"], column
    parts = described.get("parts")
    if parts is None:
        return None
    tests = {str(p["if"]) for p in parts if isinstance(p, dict) and "if" in p}
    if not tests:
        return parts, parts, None
    first = next(p["if"] for p in parts if "if" in p)
    negated = False
    while set(first) == {"not"}:
        first, negated = first["not"], not negated
    if len(tests) > 1 or "column" not in first or "path" in first:
        return None
    sides = [_decided(parts, True), _decided(parts, False)]
    if negated:
        sides.reverse()
    return sides[0], sides[1], str(first["column"])


def _decided(parts: list[Part], holds: bool) -> list[Part]:
    result: list[Part] = []
    for part in parts:
        result += part["then" if holds else "else"] if "if" in part else [part]
    return result


def end_token(reader: Reader) -> str | None:
    """The text of the end-of-sequence token, where it is known."""
    node = reader.tree.get(("tokens", "eos_token"))
    if node is not None and isinstance(node.value, str):
        return node.value
    from translator.catalog.models import facts

    model = facts(str(reader.values.get("model.id", "")))
    return model.eos_token if model else None


def _ended(parts: list[Part], eos: str | None) -> tuple[list[Part], bool]:
    """Parts as literals and columns, without the end token; whether there was one. A token for
    the beginning is the tokenizer's own, which adds it once."""
    merged: list[Part] = []
    for place, part in enumerate(parts):
        if part.get("token") == "bos" and place == 0:
            continue
        if "literal" in part and merged and "literal" in merged[-1]:
            merged[-1] = {"literal": f"{merged[-1]['literal']}{part['literal']}"}
        else:
            merged.append(dict(part))
    end = bool(merged) and merged[-1].get("token") == "eos"
    if end:
        merged.pop()
    elif merged and eos and str(merged[-1].get("literal", "")).endswith(eos):
        merged[-1] = {"literal": merged[-1]["literal"].removesuffix(eos)}
        end = True
    if merged and merged[-1].get("literal") == "":
        merged.pop()
    return merged, end


def _trailing_space(parts: list[Part]) -> bool:
    return len(parts) > 1 and "literal" in parts[-1] and not str(parts[-1]["literal"]).strip()


def obstacle(described: Plain) -> str:
    """Why a text is no prompt and response, in words."""
    parts = [*(described.get("parts") or []), *(described.get("with_input") or [])]
    flat = [inner for p in parts for inner in ([*p["then"], *p["else"]] if "if" in p else [p])]
    for part in flat:
        if "code" in part:
            return str(part["code"])
        if "path" in part:
            inner = "".join(f"[{step!r}]" for step in part["path"])
            return f"a text of the value {part.get('column', '')}{inner} inside a column"
        if "each" in part:
            return "a text that is put together in a loop"
    tests = {str(p["if"]) for p in parts if "if" in p}
    if len(tests) > 1:
        return "a text that depends on several tests"
    if parts and not any("column" in part for part in flat):
        return "a text without a column of the data"
    last: Part = next((part for part in reversed(flat) if "token" not in part), {})
    if "literal" in last:
        return f"a text that goes on after the last column with {str(last['literal'])[:60]!r}"
    return "a text of the script's own"


def placeholders(filled: list[Part], empty: list[Part], condition: str | None) -> dict[str, str]:
    """Which field of the template stands for which column; those that are more than the usual
    three keep their columns' names."""
    columns = list(dict.fromkeys(p["column"] for p in [*filled, *empty] if "column" in p))
    names: dict[str, str] = {}
    free = ["instruction", "input", "system"]
    if condition is not None:
        names[condition] = "input"
        free.remove("input")
    for column in columns:
        if column in names:
            continue
        wanted = column if column in free else None
        if wanted is None and _SYSTEM.search(column) and "system" in free and len(columns) > 1:
            wanted = "system"
        if wanted is None:
            wanted = next((f for f in free if f not in columns), None)
        if wanted is None or (len(columns) > len(_FIELDS) and wanted == "system" != column):
            wanted = _further(column, {*names.values(), *free})
        if wanted in free:
            free.remove(wanted)
        names[column] = wanted
    return names


def _further(column: str, taken: set[str]) -> str:
    name = re.sub(r"\W", "_", column) or "field"
    while name in taken or name in _RESERVED or name[0].isdigit():
        name = f"_{name}"
    return name


def further_fields(names: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The fields beside the usual three, with their columns."""
    return tuple((field, column) for column, field in names.items() if field not in _FIELDS)


def template(parts: list[Part], names: dict[str, str]) -> str:
    text = ""
    for part in parts:
        if "literal" in part:
            text += str(part["literal"]).replace("{", "{{").replace("}", "}}")
        else:
            text += f"{{{names[part['column']]}}}"
    return text


def _style(prompt: str, other: str) -> str | None:
    """The catalogue's name for Alpaca's template and for the notebooks' variant of it."""
    for name in ("alpaca", "alpaca-always-input"):
        style = styles()[name]
        if style.with_input == prompt and style.without_input == other:
            return name
    return None


# --- chat formats written by hand ----------------------------------------------------------------


def _handwritten_chat(
    reader: Reader, parts: list[Part], end: bool
) -> tuple[ir.Rows, ir.Format] | None:
    """A text that spells out the turns of a known chat format."""
    text = ""
    columns: list[str] = []
    for part in parts:
        if "literal" in part:
            text += str(part["literal"])
        else:
            text += f"\x00{len(columns)}\x00"
            columns.append(str(part["column"]))
    for item in formats().values():
        found = _match(item, text)
        if found is None:
            continue
        system, user, answer = found
        output = re.fullmatch(r"\s*\x00(\d+)\x00\s*", answer)
        asked = re.fullmatch(r"\x00(\d+)\x00", user)
        if output is None or asked is None or (system and "\x00" in system):
            return None
        message = f"the text spells out the chat format {item.id}"
        reader.say(Code.ASSUMED, Severity.NOTE, message, field="data.sources", verbose=True)
        rows = ir.InstructionRows(
            instruction=columns[int(asked[1])],
            input=None,
            output=columns[int(output[1])],
            with_input="{instruction}",
            without_input="{instruction}",
        )
        return rows, ir.ChatFormat(template=item.id, system_prompt=system)
    return None


def _match(item: CatalogueFormat, text: str) -> tuple[str | None, str, str] | None:
    user, assistant = item.affixes("user"), item.affixes("assistant")
    if not user or not assistant or not user[0].strip() or not assistant[0].strip():
        return None
    system = item.affixes("system")
    before = re.escape(bare(item.lead))
    turn = ""
    if system and system[0].strip() and item.system == "turn":
        turn = f"(?:{re.escape(bare(system[0]))}(?P<system>.*?){re.escape(bare(system[1]))})?"
    ending = re.escape(bare(assistant[1]).rstrip())
    pattern = (
        f"(?:{before}|){BOS}{turn}{re.escape(bare(user[0]))}(?P<user>.*?)"
        f"{re.escape(bare(user[1]))}{re.escape(bare(assistant[0]))}(?P<answer>.*?){ending}\\s*"
    )
    found = re.fullmatch(pattern, text, re.DOTALL)
    if found is None:
        return None
    groups = found.groupdict()
    return groups.get("system"), groups["user"], groups["answer"]


BOS = r"(?:<\|begin_of_text\|>|<bos>|<s>)?"


def bare(affix: str) -> str:
    """Text around a turn, without the tokenizer's own tokens."""
    return affix.replace("{bos}", "").replace("{eos}", "")
