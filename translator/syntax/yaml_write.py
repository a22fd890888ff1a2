"""Writing a YAML file that a person could have written, and changing one value of an old one."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
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
_NEVER_FOLDED = 1 << 20
"""A width in characters that no line reaches."""


def write_yaml(
    entries: Iterable[Entry], head: Sequence[str], sections: Mapping[str, str] | None = None
) -> str:
    """YAML text for nested keys, in the order given, under a comment of ``head`` lines.

    ``sections`` maps a top-level key to the heading that stands above it. Strings keep their
    meaning for YAML 1.1 and for OmegaConf; real numbers are written in decimals, because Axolotl's
    loader takes ``1e-05`` for a string.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    root = CommentedMap()
    for entry in entries:
        _insert(root, entry)
    for key, heading in (sections or {}).items():
        if key in root:
            root.yaml_set_comment_before_after_key(key, before=f"\n{heading}")
    emitter = YAML()
    emitter.width = _NEVER_FOLDED
    emitter.indent(mapping=2, sequence=4, offset=2)
    emitter.representer.add_representer(float, _float)
    emitter.representer.add_representer(type(None), _null)
    stream = io.StringIO()
    emitter.dump(root, stream)
    # ruamel writes the empty line above a heading as an empty comment
    body = re.sub(r"(?m)^# *$\n(?=#)", "\n", stream.getvalue())
    lines = [f"# {_printable(line)}".rstrip() for line in head]
    return "\n".join([*lines, "", body.removeprefix("\n")] if lines else [body])


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


def _insert(root: Any, entry: Entry) -> None:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    parent = root
    for step, following in zip(entry.address[:-1], entry.address[1:], strict=True):
        fresh: Any = CommentedSeq() if isinstance(following, int) else CommentedMap()
        if isinstance(parent, dict):
            parent = parent.setdefault(step, fresh)
        else:
            assert isinstance(step, int)
            if step == len(parent):
                parent.append(fresh)
            parent = parent[step]
    last = entry.address[-1]
    value = _styled(entry.value)
    if isinstance(parent, list):
        assert last == len(parent), "list elements come in order"
        parent.append(value)
    else:
        parent[_styled(last)] = value
    if entry.comment and not isinstance(value, dict | list):
        parent.yaml_add_eol_comment(_printable(entry.comment), last, column=0)
        token = next(token for token in parent.ca.items[last] if token)
        token.value = f" {token.value}"  # two spaces before it, as yamllint wants


def _styled(value: object) -> Any:
    """A value as ruamel's types, which say how each string is to be written."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import (
        DoubleQuotedScalarString,
        LiteralScalarString,
        SingleQuotedScalarString,
    )

    if isinstance(value, dict):
        return CommentedMap((_styled(key), _styled(inner)) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return CommentedSeq(_styled(inner) for inner in value)
    if not isinstance(value, str):
        return value
    if _is_block(value):
        return LiteralScalarString(value)
    quote = _quoted(value)[:1]
    if quote == "'":
        return SingleQuotedScalarString(value)
    return DoubleQuotedScalarString(value) if quote == '"' else value


def _float(representer: Any, value: float) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:float", _real(value))


def _null(representer: Any, _: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


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


def _is_block(text: str) -> bool:
    """Whether a string of several lines can be a literal block."""
    if "\n" not in text or text.startswith((" ", "\t", "\n")):
        return False
    return all(
        line == line.rstrip() and line.replace("\t", "").isprintable() for line in text.split("\n")
    )


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
