"""Configuration files that lie beside a script: read with safe loaders, never executed."""

from __future__ import annotations

import ast
import os
import posixpath
from typing import TYPE_CHECKING

from translator.source import is_regular_file
from translator.syntax.evaluate_machine import Machine
from translator.syntax.evaluate_values import (
    Attribute,
    External,
    Item,
    Known,
    Made,
    Mapping,
    OpenFile,
    Operation,
    Sequence,
    Value,
)

if TYPE_CHECKING:
    from translator.tree import Node

MAX_CONFIG_BYTES = 1_000_000
_PARENTS = 2
"""How far above the script's folder a relative path may start: scripts are often run from the
root of their repository."""


def load_file(machine: Machine, file: Value) -> Value | None:
    """The content of a YAML or JSON file as a value, None when it is not there."""
    name = path_of(file)
    if name is None or machine.folder is None:
        return None
    found = _find(machine.folder, name.replace("\\", "/"))
    if found is None:
        return None
    from translator.errors import UnreadableError
    from translator.source import read_source
    from translator.syntax.yaml import PyYamlDialect, read_yaml

    try:
        if os.path.getsize(found) > MAX_CONFIG_BYTES:
            return None
        if found.endswith(".toml"):
            return _toml(read_source(found).text, posixpath.basename(name))
        tree, _ = read_yaml(read_source(found), PyYamlDialect)
    except (OSError, UnreadableError):
        return None
    return _value(tree, posixpath.basename(name))


def _toml(text: str, name: str) -> Value | None:
    import tomllib

    try:
        return _plain(tomllib.loads(text), name)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _plain(value: object, note: str) -> Value:
    """A parsed value; TOML's parser says no lines."""
    if isinstance(value, dict):
        return Mapping({str(k): _plain(v, note) for k, v in value.items()}, note=note)
    if isinstance(value, list):
        return Sequence("list", {"items": tuple(_plain(v, note) for v in value)}, note=note)
    if value is None or isinstance(value, bool | int | float | str):
        return Known(value, note=note)
    return Known(str(value), note=note)


def _find(folder: str, name: str) -> str | None:
    if posixpath.isabs(name) or "\0" in name:
        return None
    start = folder
    for _ in range(_PARENTS + 1):
        candidate = os.path.join(start, name)
        if is_regular_file(candidate):
            return candidate
        start = os.path.dirname(start)
    return None


def _value(node: Node, name: str) -> Value:
    note = f"{name}, line {node.span.line}"
    if isinstance(node.value, dict):
        entries = {key: _value(child, name) for key, child in node.value.items()}
        return Mapping(entries, note=note)
    if isinstance(node.value, list):
        items = tuple(_value(child, name) for child in node.value)
        return Sequence("list", {"items": items}, note=note)
    if node.value is None or isinstance(node.value, bool | int | float | str | bytes):
        return Known(node.value, note=note)
    return Known(node.raw, note=note)


def path_of(value: Value) -> str | None:
    """The path that a value stands for, relative to the script's folder."""
    if isinstance(value, OpenFile):
        return path_of(value.path)
    if isinstance(value, Known):
        return value.value if isinstance(value.value, str) else None
    if isinstance(value, External) and value.last == "__file__":
        return "script.py"
    if isinstance(value, Operation) and value.operator == "/":
        parts = [path_of(operand) for operand in value.operands]
        return _join([part for part in parts if part is not None], len(parts))
    if isinstance(value, Attribute) and value.name == "parent":
        inner = path_of(value.base)
        return None if inner is None else posixpath.dirname(inner) or "."
    if isinstance(value, Item):
        return None
    if isinstance(value, Made):
        return _made_path(value)
    return None


_PATHS = frozenset(
    ("join", "Path", "PurePath", "PosixPath", "joinpath", "abspath", "realpath", "expanduser",
     "dirname", "resolve", "absolute", "as_posix", "str")
)  # fmt: skip


def is_path(value: Value) -> bool:
    """Whether a value is a path that a script puts together, not what lies there."""
    if isinstance(value, Operation):
        return value.operator == "/" and any(is_path(operand) for operand in value.operands)
    if isinstance(value, Attribute):
        return value.name == "parent" and is_path(value.base)
    return isinstance(value, Made) and value.name in _PATHS


PATH_PARTS = ("name", "stem", "suffix")


def path_part(value: Value, part: str, node: ast.AST | None) -> Value | None:
    """The name, the stem or the ending of a path that is known."""
    from pathlib import PurePosixPath

    path = path_of(value) if is_path(value) else None
    return None if path is None else Known(getattr(PurePosixPath(path), part), at=node)


def _made_path(value: Made) -> str | None:
    if value.receiver is not None:
        if value.name in ("resolve", "absolute", "expanduser", "open", "as_posix"):
            return path_of(value.receiver)
        if value.name == "joinpath":
            start = path_of(value.receiver)
            rest = [path_of(a.value) for a in value.arguments.positional]
            below = [part for part in (start, *rest) if part is not None]
            return _join(below, len(rest) + 1)
        if value.name in ("read_text", "read_bytes", "read"):
            return path_of(value.receiver)
    parts = [path_of(argument.value) for argument in value.arguments.positional]
    known = [part for part in parts if part is not None]
    if value.name in ("Path", "PurePath", "join"):
        return _join(known, len(parts))
    if value.name in ("abspath", "realpath", "expanduser", "str") and len(known) == 1:
        return known[0]
    if value.name == "dirname" and len(known) == 1:
        return posixpath.dirname(known[0]) or "."
    return None


def _join(parts: list[str], expected: int) -> str | None:
    return posixpath.normpath(posixpath.join(*parts)) if len(parts) == expected and parts else None
