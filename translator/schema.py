"""The JSON Schemas that are shipped with ftx."""

from __future__ import annotations

from pathlib import Path


def folder() -> Path:
    """Where they lie: inside an installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "schemas"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "schemas"


def names() -> tuple[str, ...]:
    """The names of the schemas."""
    return tuple(sorted(p.name.removesuffix(".schema.json") for p in folder().glob("*.json")))


def shipped(name: str) -> str:
    """The text of a schema.

    Raises:
        KeyError: no such schema.
    """
    if name not in names():
        raise KeyError(name)
    return (folder() / f"{name}.schema.json").read_text(encoding="utf-8")
