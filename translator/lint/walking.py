"""Which files a run looks at: those named, and what lies below the folders named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from translator.lint.gitignore import Pattern, ignored, patterns_above, patterns_of

ENDINGS = (".yaml", ".yml", ".py", ".ipynb", ".ir.json")
SKIPPED = {"node_modules", "__pycache__", "site-packages", "venv", "wandb"}
"""Folders that hold no configurations of a project's own; hidden ones are left out as well."""
_CELLAR = "pyvenv.cfg"


class Found(NamedTuple):
    """A file, and whether the user named it (or it was come upon)."""

    path: str
    named: bool


def find(
    arguments: Iterable[str],
    excluded: Callable[[str], bool],
    *,
    respect_gitignore: bool = True,
) -> Iterator[Found]:
    """The files behind the arguments, each once, those of a folder in the order of their names.

    A pattern (``configs/*.yaml``) that the shell has not resolved is resolved here. A path that
    does not exist comes out as it is: reading it tells.
    """
    seen: set[str] = set()
    for argument in arguments:
        for path in _resolved(argument):
            if os.path.isdir(path):
                below = _below(path, excluded, respect_gitignore)
            else:
                below = iter([Found(path, True)])
            for found in below:
                real = os.path.realpath(found.path)
                if real not in seen:
                    seen.add(real)
                    yield found


def _resolved(argument: str) -> list[str]:
    if not any(sign in argument for sign in "*?[") or os.path.exists(argument):
        return [argument]
    from glob import glob

    return sorted(glob(argument, recursive=True)) or [argument]


def _below(folder: str, excluded: Callable[[str], bool], respect: bool) -> Iterator[Found]:
    start = os.path.abspath(folder)
    patterns = patterns_above(start) if respect else []
    absolute = start.replace(os.sep, "/").rstrip("/")
    yield from _walk(folder, absolute, patterns, excluded, respect)


def _walk(
    folder: str,
    absolute: str,
    patterns: list[Pattern],
    excluded: Callable[[str], bool],
    respect: bool,
) -> Iterator[Found]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in entries}
    if _CELLAR in names:
        return
    if respect and ".gitignore" in names:
        patterns = [*patterns, *patterns_of(absolute)]
    for entry in entries:
        name = entry.name
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
        except OSError:
            continue
        if name.startswith(".") or (is_folder and name in SKIPPED):
            continue
        if not is_folder and not name.endswith(ENDINGS):
            continue
        path = name if folder == "." else os.path.join(folder, name)
        below = f"{absolute}/{name}"
        if (patterns and ignored(below, is_folder, patterns)) or excluded(path):
            continue
        if is_folder:
            yield from _walk(path, below, patterns, excluded, respect)
        elif entry.is_file():
            yield Found(path, False)
