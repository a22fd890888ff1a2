"""What torchtune's configs may name: components with their arguments, and recipes with their keys.

The facts are in ``components.json``, which ``scripts/torchtune_components.py`` writes from
torchtune's sources.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from translator.record import Record

REQUIRED = "required"
"""Stands for the default of an argument that has none."""
_KNOWN_PACKAGES = ("torchtune", "torch", "torchao", "bitsandbytes")


class Component(Record):
    """A function or class that a config calls by its dotted path."""

    path: str
    """Present name."""
    parameters: Mapping[str, Any]
    """Argument -> default, or :data:`REQUIRED`; of all versions together."""
    open: bool
    """Whether it takes further arguments and passes them on."""
    since: Mapping[str, str]
    """Argument -> version that brought it, for those that came after 0.6.1."""
    versions: tuple[str, ...]
    """``0.6.1`` and ``main``; empty for components of other packages."""
    source: str
    """Where it is defined, relative to the packages' folder."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What a config may pass; the recipe passes the rest."""
        return tuple(n for n in self.parameters if n not in ("tokenizer", "params", "optimizer"))


@cache
def _data() -> dict[str, Any]:
    file = os.path.join(os.path.dirname(__file__), "components.json")
    with open(file, encoding="utf-8") as stream:
        content: dict[str, Any] = json.load(stream)
    return content


@lru_cache(maxsize=1024)
def present_name(path: str) -> tuple[str, str | None]:
    """A component's present name, and the version that renamed it if ``path`` is a former one."""
    for old, row in _data()["renamed"].items():
        if path == old:
            return row["now"], row["since"]
        if old.endswith(".") and path.startswith(old):
            return row["now"] + path.removeprefix(old), row["since"]
    return path, None


def is_gone(path: str) -> bool:
    """Whether a former name no longer leads anywhere in 0.6.1."""
    now, since = present_name(path)
    return since is not None and now != path and not _data()["renamed"].get(path, {}).get("kept")


def component(path: str) -> Component | None:
    """A component by its present or a former name."""
    name, _ = present_name(path)
    row = _data()["components"].get(name)
    if row is None:
        return None
    return Component(
        path=name,
        parameters=row["parameters"],
        open=row["open"],
        since=row.get("since", {}),
        versions=tuple(row.get("versions", ())),
        source=row["source"],
    )


def component_names() -> tuple[str, ...]:
    """Every component that is known."""
    return tuple(_data()["components"])


def is_foreign(path: str) -> bool:
    """Whether a component is code of the user's own, of no package that torchtune itself uses."""
    return path.partition(".")[0] not in _KNOWN_PACKAGES


def recipes() -> tuple[str, ...]:
    """Every recipe's name as ``tune run`` takes it."""
    return tuple(_data()["recipes"])


def recipe_keys(recipe: str) -> frozenset[str]:
    """The top-level keys that a recipe reads in any version; empty for an unknown recipe."""
    row = _data()["recipes"].get(recipe, {"versions": ()})
    return frozenset(
        key for v in row["versions"] for kind in ("required", "optional") for key in row[v][kind]
    )


def required_keys(recipe: str, version: str) -> tuple[str, ...]:
    """The keys that a recipe cannot do without."""
    row = _data()["recipes"].get(recipe, {})
    return tuple(row.get(version, {}).get("required", ()))


def in_version(recipe: str, version: str) -> bool:
    """Whether a version of torchtune has a recipe."""
    return version in _data()["recipes"].get(recipe, {})


def reads(recipe: str, version: str, key: str) -> bool:
    """Whether a recipe of that version looks at a top-level key."""
    row = _data()["recipes"].get(recipe, {}).get(version, {})
    return any(key in row.get(kind, ()) for kind in ("required", "optional"))


@cache
def all_keys() -> frozenset[str]:
    """Top-level keys of any recipe."""
    return frozenset(key for name in recipes() for key in recipe_keys(name))
