"""Chat templates of a script, and the columns behind the turns that they render."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from translator import ir
from translator.catalog.formats import format_named, formats, unsloth_maps_eos
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.exchange_reading import exchange, system_text
from translator.reading import Reader
from translator.tree import Address, Unresolved

Plain = dict[str, Any]
SHAREGPT = (("gpt", "assistant"), ("human", "user"))


def template_of(reader: Reader) -> ir.ChatFormat:
    """The chat format that the tokenizer writes."""
    node = reader.tree.get(("template",))
    plain = node.plain() if node is not None else {}
    if not isinstance(plain, dict):
        return ir.ChatFormat(template="tokenizer")
    jinja = plain.get("jinja")
    name = plain.get("chat_template")
    if isinstance(name, list) and name and isinstance(name[0], str):
        # beside an end of turn it is always a text (unsloth/chat_templates.py:2513, 2026.10.9)
        jinja, name = name[0], None
    if isinstance(name, str) and ("{%" in name or "{{" in name):
        jinja, name = name, None
    if isinstance(jinja, str):
        leave_aside(
            reader, ("chat_template", 1), "which token ends a turn of a template that is a text"
        )
        leave_aside(reader, ("map_eos_token",), "of a template that Unsloth names, not of a text")
        known = _by_text().get(jinja)
        return (
            ir.ChatFormat(template=known) if known else ir.ChatFormat(template="jinja", jinja=jinja)
        )
    if node is None or (name is None and jinja is None and not plain):
        return ir.ChatFormat(template="tokenizer")
    if isinstance(name, Unresolved) or isinstance(jinja, Unresolved):
        child = node.get(("chat_template",)) or node.get(("jinja",)) or node
        if isinstance(child.value, Unresolved):
            reader.unresolved(child, "chat_template", "data.sources")
        return ir.ChatFormat(template="tokenizer")
    name = str(name or "chatml")  # unsloth/chat_templates.py:2458 (2026.10.9)
    item = format_named("unsloth", name)
    if item is None:
        message = f"chat_template: {name!r} is no template of Unsloth"
        reader.say(Code.BAD_VALUE, Severity.ERROR, message, node, key="chat_template")
        return ir.ChatFormat(template="tokenizer")
    maps = unsloth_maps_eos(name) is not None and plain.get("map_eos_token") is not False
    message_text = plain.get("system_message")
    return ir.ChatFormat(
        template=item.id,
        end_is_eos=True if maps else None,
        system_prompt=message_text if isinstance(message_text, str) else None,
    )


@cache
def _by_text() -> dict[str, str]:
    """Templates as ftx writes them, by their text."""
    from translator.catalog.chat_jinja import jinja

    found = {}
    for item in formats().values():
        try:
            found[jinja(item)] = item.id
        except ValueError:
            continue
    return found


def chat_rows(
    reader: Reader, messages: Plain, *, standardized: bool
) -> tuple[ir.Rows, str | None] | None:
    """The rows behind rendered messages, and a system text that is put before them."""
    if isinstance(messages.get("column"), str) and "path" not in messages:
        return _column_rows(reader, str(messages["column"]), standardized), None
    if "each" in messages:
        return _each_rows(reader, messages, standardized)
    if "list" in messages:
        return exchange(reader, messages["list"])
    if {"if", "then", "else"} <= messages.keys():
        found = chat_rows(reader, messages["else"], standardized=standardized)
        if found is None or found[1] is not None:
            return found
        return found[0], _added_system(reader, messages["then"])
    return None


def leave_aside(reader: Reader, address: Address, why: str) -> None:
    """Keeps an argument of get_chat_template aside, once."""
    node = reader.tree.get(("template", *address))
    if node is not None and node.value is not None and ("template", *address) not in reader.used:
        reader.leave(("template", *address), node, why, Severity.WARNING)


def _added_system(reader: Reader, then: Plain) -> str | None:
    """The text of a system turn that one branch puts before the turns of the other."""
    if isinstance(then.get("list"), list):
        return system_text(then["list"])
    code = str(then.get("code", ""))
    name = re.match(r"""\[\{"role": "system", "content": (\w+)\}, \*\w+\]$""", code)
    if name is None:
        return None
    value = json.loads(reader.facts.get("constants", "{}")).get(name[1])
    return value if isinstance(value, str) else None


def _column_rows(reader: Reader, column: str, standardized: bool) -> ir.MessageRows:
    mapping = reader.tree.get(("template", "mapping"))
    names = mapping.plain() if mapping is not None else None
    if isinstance(names, dict) and names.get("role", "role") != "role":
        roles = tuple(
            sorted(
                (str(names[role]), role)
                for role in ("user", "assistant", "system")
                if names.get(role, role) != role
            )
        )
        return ir.MessageRows(
            column=column,
            role_key=str(names["role"]),
            content_key=str(names.get("content", "content")),
            roles=roles,
        )
    if standardized:
        message = f"the turns of {column!r} are taken to be ShareGPT's (from, value)"
        reader.say(Code.ASSUMED, Severity.NOTE, message, field="data.sources", verbose=True)
        return ir.MessageRows(column=column, role_key="from", content_key="value", roles=SHAREGPT)
    return ir.MessageRows(column=column)


def _each_rows(
    reader: Reader, messages: Plain, standardized: bool
) -> tuple[ir.Rows, str | None] | None:
    column = messages["each"].get("column") if isinstance(messages["each"], dict) else None
    turn = messages["message"]
    if column is None or not isinstance(turn, dict):
        return None
    content = turn.get("content")
    if not (isinstance(content, list) and len(content) == 1 and "field" in content[0]):
        return None
    role_key, roles = _role(reader, turn.get("role"))
    if role_key is None:
        return None
    key = str(content[0]["field"])
    if standardized and (role_key, key) == ("role", "content"):
        role_key, key, roles = "from", "value", SHAREGPT
    system = system_text(messages.get("list") or [])
    rows = ir.MessageRows(
        column=str(column),
        role_key=role_key,
        content_key=key,
        roles=roles,
        drop_system="when" in messages,
    )
    return rows, system


def _role(reader: Reader, parts: Any) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """The key of a turn's role, and the names that are mapped to canonical ones."""
    if not (isinstance(parts, list) and len(parts) == 1):
        return None, ()
    part = parts[0]
    if "field" in part:
        return str(part["field"]), ()
    if "if" in part:
        return _tested_role(part)
    code = str(part.get("code", ""))
    key = re.search(r"\[\s*['\"](\w+)['\"]\s*\]", code) or re.search(
        r"get\(\s*['\"](\w+)['\"]", code
    )
    if key is None:
        return None, ()
    table = re.match(r"(\w+)\s*(?:\.get\(|\[)", code)
    constants = json.loads(reader.facts.get("constants", "{}"))
    names = constants.get(table[1], {}) if table else {}
    roles = tuple(sorted((old, new) for old, new in names.items() if old != new))
    if not roles:
        message = f"the roles of the turns are taken to be ShareGPT's: {code}"
        reader.say(Code.ASSUMED, Severity.NOTE, message, field="data.sources")
        roles = SHAREGPT
    return key[1], roles


def _tested_role(part: Plain) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """``"user" if turn["from"] == "human" else "assistant"``."""
    pairs: dict[str, str] = {}
    key = None
    while "if" in part:
        test = part["if"]
        sides = test.get("equals") if isinstance(test, dict) else None
        if not sides:
            return None, ()
        named = next((s["field"] for s in sides if "field" in s), None)
        value = next((s["literal"] for s in sides if "literal" in s), None)
        then = part["then"][0].get("literal") if len(part["then"]) == 1 else None
        if named is None or value is None or then is None or len(part["else"]) != 1:
            return None, ()
        key = key or str(named)
        pairs[str(value)] = str(then)
        part = part["else"][0]
    rest = part.get("literal")
    if rest is not None and rest not in pairs.values():
        other = {"user": "human", "assistant": "gpt", "system": "system"}.get(str(rest))
        if other is not None and other not in pairs:
            pairs[other if "human" in pairs or "gpt" in pairs else str(rest)] = str(rest)
    roles = tuple(sorted((old, new) for old, new in pairs.items() if old != new))
    return key, roles
