"""A chat format as a Jinja chat template, made from its structure."""

from __future__ import annotations

import re

from translator.catalog.chat_thinking import answer, last_query
from translator.catalog.formats import ChatFormat


def jinja(item: ChatFormat, *, approximate: bool = False) -> str:
    """A template for ``tokenizer.chat_template`` that writes what :func:`formats.render` writes.

    Thinking parts of answers are kept or dropped as the format does; a tokenizer's own template
    also tells tool calls, which this one refuses. It takes ``messages``, ``bos_token``, ``eos_token`` and ``add_generation_prompt``, which may
    be left undefined.

    Raises:
        ValueError: for a format that has no structure, or whose structure does not tell all of it
            unless ``approximate`` is wanted.
    """
    if not item.turns:
        raise ValueError(f"the format {item.id} has no structure")
    if item.opaque and item.thinking is None and not approximate:
        raise ValueError(f"the format {item.id} is more than its turns: {item.opaque}")
    parts = [_print(item.lead), "{{ bos_token }}" if item.bos == "once" else "", _system(item)]
    parts += [last_query(item), "{% for message in turns %}", _turns(item), "{% endfor %}"]
    asking = _print(item.between) + _print(item.generation)
    finish = f"{{% else %}}{_print(item.end)}" if item.end else ""
    parts.append(
        "{% if add_generation_prompt is defined and add_generation_prompt %}"
        f"{asking}{finish}{{% endif %}}"
    )
    return "".join(parts)


def _system(item: ChatFormat) -> str:
    default = "none" if item.default_system is None else _literal(item.default_system)
    text = (
        "{% if messages[0]['role'] == 'system' %}"
        "{% set system = messages[0]['content'] %}{% set turns = messages[1:] %}"
        f"{{% else %}}{{% set system = {default} %}}{{% set turns = messages %}}{{% endif %}}"
    )
    if item.system == "refused":
        stop = "{{ raise_exception('This format has no system turn') }}"
        return f"{text}{{% if system is not none %}}{stop}{{% endif %}}"
    if item.system != "turn":
        return text
    bos = "{{ bos_token }}" if item.bos == "each" else ""
    separator = f"{{% if turns %}}{_print(item.between)}{{% endif %}}" if item.between else ""
    return (
        f"{text}{{% if system is not none %}}{bos}{_body(item, 'system', 'system')}"
        f"{separator}{{% endif %}}"
    )


def _turns(item: ChatFormat) -> str:
    cases: list[str] = []
    for role, _ in item.turns:
        if role == "system":
            continue
        keyword = "elif" if cases else "if"
        cases.append(f"{{% {keyword} message['role'] == '{role}' %}}{_case(item, role)}")
    stop = "{{ raise_exception('This format has no ' + message['role'] + ' turn') }}"
    separator = f"{{% if not loop.last %}}{_print(item.between)}{{% endif %}}"
    tail = separator if item.between else ""
    return "".join(cases) + f"{{% else %}}{stop}{{% endif %}}{tail}"


def _case(item: ChatFormat, role: str) -> str:
    before, after = item.affixes(role) or ("", "")
    if role == "assistant" and item.thinking is not None:
        return _fresh(item, role) + _print(before) + answer(item) + _print(after)
    inside = _content(item, role, "message['content']")
    if role == "user" and item.system in ("first-user", "every-user", "final-user"):
        where = {"first-user": " and loop.first", "final-user": " and loop.last", "every-user": ""}
        wrapped = _body(item, "system", "system")
        joined = f"{{% if system is not none{where[item.system]} %}}{wrapped}{{% endif %}}"
    else:
        joined = ""
    return _fresh(item, role) + _print(before) + joined + inside + _print(after)


def _fresh(item: ChatFormat, role: str) -> str:
    """The beginning-of-sequence token where an exchange starts with this turn."""
    if item.bos != "each" or role == "assistant":
        return ""
    first = "loop.first"
    if item.system == "turn":
        first = "(loop.first and system is none)"
    again = "(not loop.first and turns[loop.index0 - 1]['role'] == 'assistant')"
    return f"{{% if {first} or {again} %}}{{{{ bos_token }}}}{{% endif %}}"


def _body(item: ChatFormat, role: str, variable: str) -> str:
    before, after = item.affixes(role) or ("", "")
    return _print(before) + _content(item, role, variable) + _print(after)


def _content(item: ChatFormat, role: str, variable: str) -> str:
    trim = " | trim" if item.strip and role in item.strip else ""
    return f"{{{{ {variable}{trim} }}}}"


def _print(text: str) -> str:
    """Statements that print ``text``, its ``{bos}`` and ``{eos}`` from the tokenizer."""
    pieces = [piece for piece in re.split(r"(\{bos\}|\{eos\})", text) if piece]
    names = {"{bos}": "bos_token", "{eos}": "eos_token"}
    return "".join(f"{{{{ {names.get(piece) or _literal(piece)} }}}}" for piece in pieces)


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"
