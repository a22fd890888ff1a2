"""Chat formats that a script writes out itself, turn by turn in a loop over a conversation."""

from __future__ import annotations

import json
import re
from typing import Any

from translator import ir
from translator.catalog.formats import ChatFormat as CatalogueFormat
from translator.catalog.formats import formats
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.text_reading import BOS, bare
from translator.reading import Reader

Plain = dict[str, Any]
_NAMES = {
    "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant",
    "model": "assistant", "bot": "assistant", "system": "system",
}  # fmt: skip
_CONTENT = "\0content\0"


def looped_chat(
    reader: Reader, parts: list[Plain], eos: str | None
) -> tuple[ir.Rows, ir.Format] | None:
    """The rows and the format of a text that has a piece for each turn; None when it is none."""
    loops = [part for part in parts if "each" in part]
    if len(loops) != 1 or "column" not in loops[0]["each"] or "path" in loops[0]["each"]:
        return None
    place = parts.index(loops[0])
    before, after = (_text(side, eos) for side in (parts[:place], parts[place + 1 :]))
    if before is None or after is None:
        return None
    inner = loops[0]["parts"]
    keys = _keys(inner)
    if keys is None:
        return None
    role_key, content_key, said = keys
    between = str(loops[0].get("separator", ""))
    turns: dict[str, str] = {}
    roles: dict[str, str] = {}
    for name in _spoken(said):
        text = _rendered(inner, role_key, content_key, name, eos)
        role = _NAMES[name]
        if text is None or (text and text.count(_CONTENT) != 1):
            return None
        if text and role not in turns:
            turns[role], roles[name] = text, role
    if "user" not in turns or "assistant" not in turns:
        return None
    form = _format(reader, before, turns, between, after)
    rows = ir.MessageRows(
        column=str(loops[0]["each"]["column"]),
        role_key=role_key,
        content_key=content_key,
        roles=tuple(sorted((name, role) for name, role in roles.items() if name != role)),
        drop_system="system" not in turns,
    )
    return rows, form


def _text(parts: list[Plain], eos: str | None) -> str | None:
    """Literals and tokens as text."""
    text = ""
    for part in parts:
        if "literal" in part:
            text += str(part["literal"])
        elif part.get("token") == "eos":
            text += eos or "{eos}"
        elif part.get("token") != "bos":
            return None
    return text


def _keys(parts: list[Plain]) -> tuple[str, str, set[str]] | None:
    """The keys of a turn's role and content, and the roles that are asked for."""
    said: set[str] = set()
    tested: set[str] = set()
    fields: set[str] = set()
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        if "if" in part:
            field, values, _ = tested_field(part["if"])
            if field is None:
                return None
            tested.add(field)
            said |= set(values)
            waiting += [*part["then"], *part["else"]]
        elif "field" in part and "path" not in part:
            fields.add(str(part["field"]))
        elif not part.keys() & {"literal", "token"}:
            return None
    role = tested or fields & {"role", "from"}
    content = fields - role
    if len(role) != 1 or len(content) != 1 or not said <= _NAMES.keys():
        return None
    return role.pop(), content.pop(), said


def tested_field(test: Plain) -> tuple[str | None, list[str], bool]:
    """The field that a test compares, the values that it asks for, and whether it wants one."""
    holds = True
    while set(test) == {"not"}:
        test, holds = test["not"], not holds
    if "one_of" in test:
        return test["one_of"].get("field"), [str(v) for v in test["values"]], holds
    sides = test.get("equals") or []
    field = next((str(s["field"]) for s in sides if "field" in s), None)
    values = [str(s["literal"]) for s in sides if "literal" in s]
    return (field if len(values) == 1 else None), values, holds


def _spoken(said: set[str]) -> list[str]:
    """The names of all roles in the data, by those that the script asks for."""
    sharegpt = bool(said & {"human", "gpt"})
    usual = ("system", "human", "gpt") if sharegpt else ("system", "user", "assistant")
    known = {_NAMES[name] for name in said}
    return [*sorted(said), *(name for name in usual if _NAMES[name] not in known)]


def _rendered(
    parts: list[Plain], role_key: str, content_key: str, name: str, eos: str | None
) -> str | None:
    """What one turn of a role becomes."""
    text = ""
    for part in parts:
        if "if" in part:
            _, values, holds = tested_field(part["if"])
            side = part["then"] if (name in values) is holds else part["else"]
            inner = _rendered(side, role_key, content_key, name, eos)
            if inner is None:
                return None
            text += inner
        elif "field" in part:
            text += _CONTENT if str(part["field"]) == content_key else _NAMES.get(name, name)
        else:
            piece = _text([part], eos)
            if piece is None:
                return None
            text += piece
    return text


def _format(
    reader: Reader, before: str, turns: dict[str, str], between: str, after: str
) -> ir.ChatFormat:
    """The catalogue's format that renders the same, or the same as a Jinja template."""
    for item in formats().values():
        if _same(item, before, turns, between, after):
            message = f"the text spells out the chat format {item.id}"
            reader.say(Code.ASSUMED, Severity.NOTE, message, field="data.sources", verbose=True)
            return ir.ChatFormat(template=item.id)
    return ir.ChatFormat(template="jinja", jinja=_jinja(before, turns, between, after))


def _same(
    item: CatalogueFormat, before: str, turns: dict[str, str], between: str, after: str
) -> bool:
    if item.opaque or not item.turns or item.system not in ("turn", "refused"):
        return False
    if re.sub(f"^{BOS}", "", before) != bare(item.lead) or between != item.between:
        return False
    if item.default_system is not None or after.strip() != bare(item.end).strip():
        return False
    for role, text in turns.items():
        affixes = item.affixes(role)
        if affixes is None or text != bare(affixes[0]) + _CONTENT + bare(affixes[1]):
            return False
    return True


def _jinja(before: str, turns: dict[str, str], between: str, after: str) -> str:
    """A template that renders such turns; roles that the script leaves out are left out."""
    pieces = [f"{{{{ {_quoted(before)} }}}}"] if before else []
    pieces.append("{% for message in messages %}")
    if between:
        pieces.append(f"{{% if not loop.first %}}{{{{ {_quoted(between)} }}}}{{% endif %}}")
    for number, (role, text) in enumerate(turns.items()):
        start, end = text.split(_CONTENT)
        parts = [_quoted(start), "message['content']", _quoted(end)]
        shown = " + ".join(part for part in parts if part != '""')
        test = "if" if number == 0 else "elif"
        pieces.append(f"{{% {test} message['role'] == '{role}' %}}{{{{ {shown} }}}}")
    pieces.append("{% endif %}{% endfor %}")
    opening = turns["assistant"].split(_CONTENT)[0]
    if after:
        pieces.append(
            f"{{% if not add_generation_prompt %}}{{{{ {_quoted(after)} }}}}{{% endif %}}"
        )
    pieces.append(f"{{% if add_generation_prompt %}}{{{{ {_quoted(opening)} }}}}{{% endif %}}")
    return "".join(pieces)


def _quoted(text: str) -> str:
    if text == "{eos}":
        return "eos_token"
    pieces = text.split("{eos}")
    return " + eos_token + ".join(json.dumps(piece, ensure_ascii=False) for piece in pieces)
