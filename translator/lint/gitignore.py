"""The patterns of .gitignore files, as far as a walk over configurations needs them."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import NamedTuple


class Pattern(NamedTuple):
    """One line: what it matches, below which folder, and whether it takes something back."""

    rule: re.Pattern[str]
    base: str
    """Folder of the file, ``/`` at its end."""
    negated: bool
    folders_only: bool


def patterns_of(folder: str) -> list[Pattern]:
    """The patterns of the .gitignore in a folder; none when it has none or it cannot be read."""
    try:
        path = os.path.join(folder, ".gitignore")
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
    except OSError:
        return []
    base = f"{folder.replace(os.sep, '/').rstrip('/')}/"
    found = []
    for line in text.splitlines():
        line = re.sub(r"(?<!\\)\s+$", "", line)
        if not line or line.startswith("#"):
            continue
        negated = line.startswith("!")
        line = line.removeprefix("!").removeprefix("\\")
        rule = _rule(line.rstrip("/"))
        if rule is not None:
            found.append(Pattern(rule, base, negated, line.endswith("/")))
    return found


def patterns_above(folder: str) -> list[Pattern]:
    """The patterns of the folders around one, up to the root of its repository, outermost first.

    None outside a repository.
    """
    above: list[str] = []
    while not os.path.exists(os.path.join(folder, ".git")):
        folder, inner = os.path.dirname(folder), folder
        if folder == inner:
            return []
        above.append(folder)
    return [pattern for outer in reversed(above) for pattern in patterns_of(outer)]


def ignored(path: str, is_folder: bool, patterns: list[Pattern]) -> bool:
    """Whether the last pattern that matches a path leaves it out."""
    for pattern in reversed(patterns):
        if pattern.folders_only and not is_folder:
            continue
        if path.startswith(pattern.base) and pattern.rule.fullmatch(path[len(pattern.base) :]):
            return not pattern.negated
    return False


@cache
def _rule(pattern: str) -> re.Pattern[str] | None:
    anchored = "/" in pattern
    pattern = pattern.lstrip("/")
    text = "" if anchored else "(?:.*/)?"
    position = 0
    while position < len(pattern):
        if pattern.startswith("**/", position):
            text, position = f"{text}(?:.*/)?", position + 3
        elif pattern.startswith("**", position):
            text, position = f"{text}.*", position + 2
        elif pattern[position] == "*":
            text, position = f"{text}[^/]*", position + 1
        elif pattern[position] == "?":
            text, position = f"{text}[^/]", position + 1
        elif pattern[position] == "[" and (end := pattern.find("]", position + 2)) != -1:
            inner = pattern[position + 1 : end].replace("\\", "\\\\")
            text += f"[{'^' + inner[1:] if inner[0] == '!' else inner}]"
            position = end + 1
        else:
            step = 1 if pattern[position] == "\\" and position + 1 < len(pattern) else 0
            text, position = f"{text}{re.escape(pattern[position + step])}", position + step + 1
    try:
        return re.compile(text, re.S)
    except re.error:
        return None
