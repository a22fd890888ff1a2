"""Thinking parts of answers in a Jinja chat template."""

from __future__ import annotations

from translator.catalog.formats import ChatFormat


def last_query(item: ChatFormat) -> str:
    """Statements that find the last user turn, for formats that keep the thoughts after it."""
    if item.thinking is None or item.thinking.kept == "never":
        return ""
    return (
        "{% set last = namespace(query=turns | length) %}{% for message in turns %}"
        "{% if message['role'] == 'user' %}{% set last.query = loop.index0 %}{% endif %}"
        "{% endfor %}"
    )


def answer(item: ChatFormat) -> str:
    """Statements that print an answer's content, its thinking part kept or dropped.

    Raises:
        ValueError: for a format without thinking parts.
    """
    thinking = item.thinking
    if thinking is None:
        raise ValueError(f"the format {item.id} has no thinking parts")
    opens, closes = f"'{thinking.opens}'", f"'{thinking.closes}'"
    if thinking.kept == "never":
        trim = " | trim" if item.strip and "assistant" in item.strip else ""
        return (
            "{% set kept = namespace(text='') %}"
            f"{{% for part in message['content'].split({closes}) %}}"
            f"{{% set kept.text = kept.text + part.partition({opens})[0] %}}{{% endfor %}}"
            f"{{{{ kept.text{trim} }}}}"
        )
    shown = "thought or loop.last" if thinking.empty else "thought"
    return (
        "{% set content, thought = message['content'], message['reasoning_content'] %}"
        f"{{% if thought is not string and {closes} in content %}}"
        f"{{% set thought = content.partition({closes})[0].rpartition({opens})[2] %}}"
        f"{{% set content = content.rpartition({closes})[2].lstrip('\\n') %}}{{% endif %}}"
        "{% set thought = thought.strip('\\n') if thought is string else '' %}"
        f"{{% if loop.index0 > last.query and ({shown}) %}}"
        f"{{{{ {opens} + '\\n' + thought + '\\n' + {closes} + '\\n\\n' }}}}"
        "{% set content = content.lstrip('\\n') %}{% endif %}{{ content }}"
    )
