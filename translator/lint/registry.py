"""The rules, found without loading them.

``rules/index.tsv`` is made from the rules' own files by ``scripts/generate.py``; it says of each
when it can have something to say, so that a run loads the few modules that can.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, cast

from translator.codes import BY_CODE
from translator.lint.rule import HEADINGS, Check, Rule

RULES = os.path.join(os.path.dirname(__file__), "rules")
INDEX = os.path.join(RULES, "index.tsv")
PACKAGE = "translator.lint.rules"


class Entry(NamedTuple):
    """One line of the index; the fields are those of :class:`~translator.lint.rule.Rule`."""

    code: str
    name: str
    module: str
    formats: tuple[str, ...]
    words: tuple[str, ...]
    options: tuple[str, ...]
    opt_in: bool
    summary: str


@cache
def entries() -> tuple[Entry, ...]:
    """All rules by code."""
    with open(INDEX, encoding="utf-8") as stream:
        return tuple(_entry(line.rstrip("\n").split("\t")) for line in stream)


def _entry(cells: list[str]) -> Entry:
    code, name, module, formats, words, options, opt_in, summary = cells
    return Entry(
        code,
        name,
        module,
        tuple(formats.split()),
        tuple(words.split()),
        tuple(options.split()),
        opt_in == "opt-in",
        summary,
    )


@cache
def check_of(module: str) -> Check:
    """The function of a rule's module."""
    return cast("Check", import_module(f"{PACKAGE}.{module}").check)


class Description(NamedTuple):
    """What is known about a code, of a rule or of a reader."""

    code: str
    name: str
    summary: str
    sections: tuple[tuple[str, str], ...] = ()
    """(heading, Markdown text)."""
    rule: Rule | None = None


def described(code: str) -> Description:
    """The description of a code.

    Raises:
        KeyError: no such code.
    """
    for entry in entries():
        if entry.code == code:
            return describe(entry.module)
    return of_reader(code)


def describe(module: str) -> Description:
    """The description of a rule, from its module."""
    loaded: Any = import_module(f"{PACKAGE}.{module}")
    text: str = loaded.__doc__
    rule: Rule = loaded.RULE
    summary = text.splitlines()[0]
    return Description(rule.code, rule.name, summary, tuple(sections_of(text).items()), rule)


def of_reader(code: str) -> Description:
    """The description of a code that readers and writers use.

    Raises:
        KeyError: no such code.
    """
    known = BY_CODE[code]
    return Description(code, known.title, known.summary)


def sections_of(docstring: str) -> dict[str, str]:
    """The text below each heading of a rule's docstring; headings stand alone on a line."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in docstring.splitlines()[1:]:
        if line.strip() in HEADINGS:
            current = found.setdefault(line.strip(), [])
        else:
            current.append(line)
    return {heading: "\n".join(lines).strip() for heading, lines in found.items()}


def all_codes() -> dict[str, str]:
    """Code -> name, of rules, of readers, and of losses in a conversion (``--portable-to``)."""
    found = {entry.code: entry.name for entry in entries()}
    found |= {code: c.title for code, c in BY_CODE.items()}
    return dict(sorted(found.items()))


def code_or_prefix(word: str) -> str | None:
    """The code behind a name, or a code or beginning of codes itself; None for no such thing.

    ``ALL`` is the beginning of every code, the empty one.
    """
    codes = all_codes()
    upper = word.upper()
    if upper == "ALL":
        return ""
    if upper and any(code.startswith(upper) for code in codes):
        return upper
    return next((code for code, name in codes.items() if name == word.lower()), None)


def index_text(rules: Iterable[tuple[str, str, Rule]]) -> str:
    """The index from (module, summary, rule)."""
    lines = []
    for module, summary, rule in sorted(rules, key=lambda entry: entry[2].code):
        cells = (
            rule.code,
            rule.name,
            module,
            " ".join(rule.formats),
            " ".join(rule.words),
            " ".join(rule.options),
            "opt-in" if rule.opt_in else "",
            summary,
        )
        lines.append("\t".join(cells))
    return "".join(f"{line}\n" for line in lines)


def modules() -> list[str]:
    """The names of the rules' modules, from the folder itself."""
    found = fnmatch.filter(os.listdir(RULES), "[a-z]*[0-9]_*.py")
    return sorted(name.removesuffix(".py") for name in found)
