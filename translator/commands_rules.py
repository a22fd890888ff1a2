"""``ftx explain`` and ``ftx rules``."""

from __future__ import annotations

import sys

from translator.lint.registry import Description, all_codes, code_or_prefix, described, entries
from translator.nearest import nearest
from translator.render.json import dumps
from translator.render.rules import rule_data, rule_markdown, rules_markdown, rules_text


def run_explain(code: str) -> int:
    """Prints the page of a code."""
    from translator.codes import BY_CODE

    known = {**all_codes(), **{c: entry.title for c, entry in BY_CODE.items()}}
    upper = code.upper()
    found = upper if upper in known else next((c for c, n in known.items() if n == code), None)
    if found is None:
        near = [*known, *known.values()]
        close = nearest(upper, near, 0.6) or nearest(code.lower(), near, 0.6)
        hint = f"did you mean {close}?" if close else "'ftx rules' lists them"
        if code_or_prefix(code) is not None:
            hint = "it is the beginning of several codes; 'ftx rules' lists them"
        sys.stderr.write(f"ftx: {code} is no code; {hint}\n")
        return 2
    _write(rule_markdown(described(found)))
    return 0


def run_rules(style: str) -> int:
    """Prints all of them."""
    rules = every()
    if style == "json":
        _write(dumps({"ftx": 1, "rules": [rule_data(rule) for rule in rules]}))
    else:
        _write(rules_markdown(rules) if style == "markdown" else rules_text(rules))
    return 0


def every() -> list[Description]:
    """The descriptions of all codes of lint."""
    loaded = {entry.code for entry in entries()}
    assert loaded <= set(all_codes())
    return [described(code) for code in all_codes()]


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()
