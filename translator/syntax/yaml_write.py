"""Writing a YAML file that a person could have written, and changing one value of an old one."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from translator.document import Entry
from translator.tree import Address, Node

_LOOKS_OTHERWISE = re.compile(
    r"""(?xi) ~ | null | yes | no | on | off | true | false | y | n
    | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])*(\.[0-9_]*)?(e[-+]?[0-9]+)? | [-+]?0[xob][0-9a-f_]+
    | [-+]?\.(inf|nan|[0-9_]+(e[-+]?[0-9]+)?) | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.* | = | <<"""
)
"""Strings that YAML 1.1 or OmegaConf would read as something else; they are quoted."""


def write_yaml(
    entries: Iterable[Entry], head: Sequence[str], sections: Mapping[str, str] | None = None
) -> str:
    """YAML text for nested keys, in the order given, under a comment of ``head`` lines.

    ``sections`` maps a top-level key to the heading that stands above it.
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
    emitter.width = 4096
    emitter.indent(mapping=2, sequence=4, offset=2)
    emitter.representer.add_representer(float, _float)
    emitter.representer.add_representer(type(None), _null)
    stream = io.StringIO()
    emitter.dump(root, stream)
    lines = [f"# {line}".rstrip() for line in head]
    body = re.sub(r"(?m)^# *$\n(?=#)", "\n", stream.getvalue())
    return "\n".join([*lines, "", body]) if lines else body


def _float(representer: Any, value: float) -> Any:
    """Decimal notation: Axolotl's loader takes ``1e-05`` for a string."""
    if value != value or value in (float("inf"), float("-inf")):
        text = ".nan" if value != value else ".inf" if value > 0 else "-.inf"
    else:
        text = format(value, "f") if abs(value) >= 1e16 else _decimal(value)
    return representer.represent_scalar("tag:yaml.org,2002:float", text)


def _decimal(value: float) -> str:
    from decimal import Decimal

    text = format(Decimal(repr(value)), "f")
    return text if "." in text else f"{text}.0"


def _null(representer: Any, _: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _insert(root: Any, entry: Entry) -> None:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    parent = root
    for step, following in zip(entry.address[:-1], entry.address[1:], strict=True):
        fresh: Any = CommentedSeq() if isinstance(following, int) else CommentedMap()
        parent = _child(parent, step, fresh)
    last = entry.address[-1]
    value = _styled(entry.value)
    if isinstance(parent, list):
        assert last == len(parent), "list elements come in order"
        parent.append(value)
    else:
        parent[last] = value
        if entry.comment and not isinstance(value, dict | list):
            parent.yaml_add_eol_comment(entry.comment, last)


def _child(parent: Any, step: str | int, fresh: Any) -> Any:
    if isinstance(parent, list):
        assert isinstance(step, int)
        if step == len(parent):
            parent.append(fresh)
        return parent[step]
    return parent.setdefault(step, fresh)


def _styled(value: object) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    if isinstance(value, dict):
        return CommentedMap((key, _styled(inner)) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return CommentedSeq(_styled(inner) for inner in value)
    if isinstance(value, str):
        printable = all(line == line.rstrip() for line in value.split("\n"))
        if "\n" in value and printable and not value.startswith((" ", "\n")):
            return LiteralScalarString(value)
        if (
            "\n" in value
            or not value
            or _LOOKS_OTHERWISE.fullmatch(value)
            or value != value.strip()
        ):
            return DoubleQuotedScalarString(value)
    return value


def scalar(value: object) -> str:
    """One value as it would stand behind its key: ``0.00002``, ``"no"``, ``null``."""
    text = write_yaml([Entry(address=("x",), value=value)], ())
    return text.removeprefix("x:").strip()


def replace_values(text: str, changes: Mapping[Address, tuple[Node, object]]) -> str:
    """The text with the values at some nodes replaced; every other byte stays."""
    ordered = sorted(changes.values(), key=lambda change: change[0].span.start, reverse=True)
    for node, value in ordered:
        text = f"{text[: node.span.start]}{scalar(value)}{text[node.span.end :]}"
    return text
