"""What lies around a file in its repository: looked at as text, never run, within limits.

Looked at only where a finding is about to be told that something there may explain. Every folder and
file that is looked at is told to those who watch (:func:`translator.source.ask_for`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import cached_property, lru_cache

from translator.source import ask_for, folder_of

_UP = 6
"""Folders above a file among which the root of its repository is looked for."""
_UP_WITHOUT_GIT = 3
_ROOTS = frozenset(
    ("pyproject.toml", "setup.py", "requirements.txt", "README.md", "LICENSE", "Makefile")
)
"""What lies at the root of a project that came without its ``.git``."""
_SKIPPED = frozenset(
    (
        "node_modules",
        "site-packages",
        "venv",
        "env",
        "__pycache__",
        "build",
        "dist",
        "data",
        "wandb",
    )
)
_USUAL = ("recipes", "src")
_DEPTH = 6
_FOLDERS = 120
_FILES = 200
"""Files of one ending that are looked into."""
_BYTES = 200_000
"""Of each of them."""


class Repository:
    """The text files around a file."""

    def __init__(self, path: str) -> None:
        self.here = os.path.abspath(folder_of(path))

    @cached_property
    def root(self) -> str | None:
        """The folder with ``.git``; without one, the highest near folder that looks like the root of
        a project; None where none does."""
        marked: str | None = None
        for step, folder in enumerate(_above(self.here)):
            folders, files = entries(folder)
            if ".git" in folders or ".git" in files:
                return folder
            if step <= _UP_WITHOUT_GIT and not _ROOTS.isdisjoint(files):
                marked = folder
        return marked

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The file's own folder, those above it up to the root, and then what else is below that.
        Without a root, nothing but the one above and what is usual in it: anything may lie there."""
        found = dict.fromkeys(self.upwards())
        if self.root is None:
            upper = os.path.dirname(self.here)
            found |= dict.fromkeys(os.path.join(upper, name) for name in _USUAL)
        level = [self.root or self.here]
        for _ in range(_DEPTH):
            below = [
                os.path.join(folder, name)
                for folder in level
                for name in entries(folder)[0]
                if not name.startswith(".") and name not in _SKIPPED
            ]
            level = below[: max(0, _FOLDERS - len(found))]
            found |= dict.fromkeys(level)
        return tuple(found)

    def upwards(self) -> Iterator[str]:
        """The file's own folder and those above it up to the root, or the next one without a root."""
        last = self.root or os.path.dirname(self.here)
        for folder in _above(self.here):
            yield folder
            if folder == last:
                return

    def files(self, *endings: str) -> Iterator[tuple[str, str]]:
        """Paths and texts of the files whose names end so, the nearest folders first."""
        left = _FILES
        for folder in self.folders:
            for name in entries(folder)[1]:
                if not name.endswith(endings):
                    continue
                if not left:
                    return
                left -= 1
                path = os.path.join(folder, name)
                yield path, text_of(path)


def _above(folder: str) -> Iterator[str]:
    for _ in range(_UP):
        yield folder
        upper = os.path.dirname(folder)
        if upper == folder:
            return
        folder = upper


def entries(folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the folders and of the files in a folder; none where it cannot be listed."""
    ask_for(folder)
    try:
        changed = os.stat(folder).st_mtime_ns
    except (OSError, ValueError):
        return (), ()
    return _listed(folder, changed)


def text_of(path: str) -> str:
    """The text of a file, or its beginning; empty where it cannot be read."""
    ask_for(path)
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ""
    if not stat.S_ISREG(status.st_mode):
        return ""
    return _text(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)
def _listed(folder: str, _changed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        with os.scandir(folder) as scan:
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in scan)
    except OSError:
        return (), ()
    return tuple(n for n, is_folder in found if is_folder), tuple(
        n for n, is_folder in found if not is_folder
    )


@lru_cache(maxsize=512)
def _text(path: str, _changed: int, _size: int) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(_BYTES)
    except OSError:
        return ""
