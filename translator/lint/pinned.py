"""Whether a project asks for an older version of a package, by the files that say what to install:
looked for beside a script and above it, read as text."""

from __future__ import annotations

import os
import re

from translator.repository import Repository, entries, text_of

_FILES = re.compile(
    r"(?:[\w-]*requirements[\w.-]*\.(?:txt|in)|pyproject\.toml|setup\.(?:py|cfg)"
    r"|environment[\w-]*\.ya?ml|Pipfile)"
)
_MOST = 8
"""Such files of one folder that are looked into."""
_OPERATOR = re.compile(r"([=<>~!^]=?=?)\s*v?(\d+)((?:\.[\w*]+)*)")


def asks_for_older(text: str, package: str, major: int) -> bool:
    """Whether a text that says what to install keeps a package below a major version."""
    form = (
        rf"^[^#\n]*?(?<![\w./-]){re.escape(package)}(?:\[[^\]\n]*\])?[ \t]*(?:=[ \t]*[\"'][ \t]*)?"
        r"((?:[=<>~!^]{1,3}[ \t]*v?\d[\w.*]*[ \t]*,?[ \t]*)+)"
    )
    for found in re.finditer(form, text, re.M):
        for operator, first, rest in _OPERATOR.findall(found[1]):
            number = int(first)
            exact = number == major and not rest.strip(".0*")
            if operator in ("=", "==", "===", "~=", "^", "<=", "<") and number < major:
                return True
            if operator == "<" and exact:
                return True
    return False


def pinned_around(around: Repository, package: str, major: int) -> bool:
    """Whether the files beside or above a script keep a package below a major version."""
    for folder in around.upwards():
        names = [name for name in entries(folder)[1] if _FILES.fullmatch(name)]
        for name in names[:_MOST]:
            text = text_of(os.path.join(folder, name))
            if package in text and asks_for_older(text, package, major):
                return True
    return False
