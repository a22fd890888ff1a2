"""A recipe of the author's own near a config: found by its name and its text, never run."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator

from translator.source import ask_for, folder_of

OWN_RECIPE = "own recipe"
"""The fact that a reader notes where a config belongs to such a recipe: how it is called."""
_FOLDERS = ("", "recipes", "src")
"""Where recipes lie, from the config's folder and from the one above it."""
_MOST = 60
"""Python files of a folder that are looked into."""
_BYTES = 300_000
_TELLING = 8
"""Letters that a name must have to say anything as the end of another."""


def recipe_beside(config: str, recipe: str, keys: Collection[str]) -> str | None:
    """The file of a recipe that a config is likelier for than torchtune's own ``recipe``: called as
    that is, or as the config's name ends, or reading one of ``keys``, which torchtune's does not."""
    stem = os.path.splitext(os.path.basename(config))[0]
    wanted = "|".join(map(re.escape, keys))
    reads = re.compile(rf"\bcfg(?:\.|\.get\(\s*[\"']|\[[\"'])(?:{wanted})\b") if keys else None
    for path in _near(config):
        name = os.path.splitext(os.path.basename(path))[0]
        called = name == recipe.rpartition("/")[2] or (
            len(name) >= _TELLING and stem.endswith(name)
        )
        text = _text(path) if called or reads else ""
        if "torchtune" in text and (called or (reads is not None and reads.search(text))):
            return path
    return None


def _near(config: str) -> Iterator[str]:
    here = folder_of(config)
    for place in dict.fromkeys((here, os.path.normpath(os.path.join(here, os.pardir)))):
        for inner in _FOLDERS:
            folder = os.path.join(place, inner) if inner else place
            ask_for(folder)
            try:
                names = sorted(name for name in os.listdir(folder) if name.endswith(".py"))
            except OSError:
                continue
            yield from (os.path.join(folder, name) for name in names[:_MOST])


def _text(path: str) -> str:
    ask_for(path)
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(_BYTES)
    except OSError:
        return ""
