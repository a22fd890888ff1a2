"""Writing a YAML file that a person could have written, and changing one value of an old one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from translator.document import Entry
from translator.tree import Address, Node

_LOOKS_OTHERWISE = r"""(?xi) ~ | null | yes | no | on | off | true | false | y | n
    | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])*(\.[0-9_]*)?(e[-+]?[0-9]+)? | [-+]?0[xob][0-9a-f_]+
    | [-+]?\.(inf|nan|[0-9_]+(e[-+]?[0-9]+)?) | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.* | = | <<"""
"""Strings that YAML 1.1 or OmegaConf would read as something else; they are quoted."""
_LOOKS_LIKE_SYNTAX = (
    r"""(?x) [,\[\]{}#&*!|>'"%@`].* | [-?:](\ .*|$) | (---|\.\.\.).* | .*\ \#.* | .*:(\ .*|$)"""
)
_LONGEST_KEY = 1000
"""A longer key needs YAML's explicit form; parsers look no further than 1024 characters for ``:``."""


def write_yaml(
    entries: Iterable[Entry], head: Sequence[str], sections: Mapping[str, str] | None = None
) -> str:
    """YAML text for nested keys, in the order given, under a comment of ``head`` lines.

    ``sections`` maps a top-level key to the heading that stands above it. Strings keep their
    meaning for YAML 1.1 and for OmegaConf; real numbers are written in decimals, because Axolotl's
    loader takes ``1e-05`` for a string.
    """
    root: dict[str, Any] = {}
    comments: dict[Address, str] = {}
    for entry in entries:
        _insert(root, entry)
        if entry.comment and not isinstance(entry.value, dict | list | tuple):
            comments[entry.address] = _printable(entry.comment)
    lines = [f"# {_printable(line)}".rstrip() for line in head]
    for key, value in root.items():
        heading = (sections or {}).get(key)
        if lines and (heading or len(lines) == len(head)):
            lines.append("")
        if heading:
            lines.append(f"# {heading}")
        lines += _member(f"{scalar(key)}:", value, (key,), 0, comments)
    return "\n".join([*lines, ""]) if root else "\n".join([*lines, *[""] * bool(lines), "{}\n"])


def scalar(value: object) -> str:
    """One value as it would stand behind its key, on one line: ``0.00002``, ``"no"``, ``null``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _real(value)
    return _quoted(value) if isinstance(value, str) else str(value)


def replace_values(text: str, changes: Mapping[Address, tuple[Node, object]]) -> str:
    """The text with the values at some nodes replaced; every other byte stays."""
    ordered = sorted(changes.values(), key=lambda change: change[0].span.start, reverse=True)
    for node, value in ordered:
        text = f"{text[: node.span.start]}{scalar(value)}{text[node.span.end :]}"
    return text


# --- the tree ------------------------------------------------------------------------------------


def _insert(root: dict[str, Any], entry: Entry) -> None:
    parent: Any = root
    for step, following in zip(entry.address[:-1], entry.address[1:], strict=True):
        fresh: Any = [] if isinstance(following, int) else {}
        if isinstance(parent, dict):
            parent = parent.setdefault(step, fresh)
        else:
            assert isinstance(step, int)
            if step == len(parent):
                parent.append(fresh)
            parent = parent[step]
    last = entry.address[-1]
    if isinstance(parent, list):
        assert last == len(parent), "list elements come in order"
        parent.append(entry.value)
    else:
        parent[last] = entry.value


def _member(
    label: str, value: Any, address: Address, depth: int, comments: Mapping[Address, str]
) -> Iterator[str]:
    """The lines of ``label`` (a key with its colon, or a dash) and its value, ``depth`` levels in."""
    pad = "  " * depth
    if len(label) > _LONGEST_KEY:
        yield f"{pad}? {label[:-1]}"
        label = ":"
    if isinstance(value, dict | list | tuple) and value:
        inner = _collection(value, address, depth + 1, comments)
        if label == "-":
            yield f"{pad}- {next(inner).lstrip(' ')}"
        else:
            yield f"{pad}{label}"
        yield from inner
        return
    comment = f"  # {comments[address]}" if address in comments else ""
    block = _block(value) if isinstance(value, str) else None
    if block is not None:
        yield f"{pad}{label} {block[0]}{comment}"
        yield from (f"{pad}  {line}".rstrip(" ") for line in block[1:])
        return
    shown = "{}" if value == {} else "[]" if value in ([], ()) else scalar(value)
    yield f"{pad}{label} {shown}{comment}"


def _collection(
    value: Any, address: Address, depth: int, comments: Mapping[Address, str]
) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _member(f"{scalar(key)}:", inner, (*address, key), depth, comments)
    else:
        for position, inner in enumerate(value):
            yield from _member("-", inner, (*address, position), depth, comments)


# --- scalars -------------------------------------------------------------------------------------


def _real(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
    text = repr(value)
    if "e" not in text:
        return text
    from decimal import Decimal

    text = format(Decimal(text), "f")
    return text if "." in text else f"{text}.0"


def _block(text: str) -> list[str] | None:
    """A string of several lines as a literal block, if it can be one: its header and lines."""
    if "\n" not in text or text.startswith((" ", "\n")):
        return None
    lines = text.split("\n")
    if any(line != line.rstrip() or not line.replace("\t", "").isprintable() for line in lines):
        return None
    if lines[-1]:
        return ["|-", *lines]
    return ["|" if lines[-2] else "|+", *lines[:-1]]


def _quoted(text: str) -> str:
    """A string on one line; in quotes if it would not be that string without."""
    if (
        text
        and text.isprintable()
        and text == text.strip()
        and not re.fullmatch(_LOOKS_OTHERWISE, text)
        and not re.fullmatch(_LOOKS_LIKE_SYNTAX, text)
    ):
        return text
    if text.isprintable() and ('"' in text or "\\" in text):
        return "'{}'".format(text.replace("'", "''"))
    return '"{}"'.format("".join(_escaped(letter) for letter in text))


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isprintable():
        return letter
    number = ord(letter)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _printable(text: str) -> str:
    """Text that stays on its line: a file's name may hold line ends, and more."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
