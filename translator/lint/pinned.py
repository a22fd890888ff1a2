"""Whether a project asks for an older version of a package, by the files that say what to install:
looked for beside a script and above it, read as text."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from translator.source import answers, ask_for

_FILES = re.compile(
    r"(?:[\w-]*requirements[\w.-]*\.(?:txt|in)|pyproject\.toml|setup\.(?:py|cfg)"
    r"|environment[\w-]*\.ya?ml|Pipfile)"
)
_MOST = 8
"""Such files of one folder that are looked into."""
_BYTES = 200_000
_LEVELS = 4
"""Folders that are looked at, from the script's upwards; a repository's root is the last."""
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


def pinned_beside(path: str, package: str, major: int) -> bool:
    """Whether the files beside or above a script keep a package below a major version."""
    folder = os.path.dirname(os.path.abspath(path))
    for _ in range(_LEVELS):
        if _pinned_in(folder, package, major):
            return True
        git, above = os.path.join(folder, ".git"), os.path.dirname(folder)
        ask_for(git)
        if os.path.exists(git) or above == folder:
            return False
        folder = above
    return False


def _pinned_in(folder: str, package: str, major: int) -> bool:
    known, key = answers(), f"pinned:{package}:{major}:{folder}"
    if key not in known:
        known[key] = any(asks_for_older(text, package, major) for text in _texts(folder))
    return bool(known[key])


def _texts(folder: str) -> Iterator[str]:
    ask_for(folder)
    try:
        names = sorted(name for name in os.listdir(folder) if _FILES.fullmatch(name))
    except OSError:
        return
    for name in names[:_MOST]:
        path = os.path.join(folder, name)
        ask_for(path)
        try:
            if os.path.isfile(path):
                with open(path, encoding="utf-8", errors="replace") as stream:
                    yield stream.read(_BYTES)
        except OSError:
            continue
