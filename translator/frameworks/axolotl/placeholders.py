"""Values that another program fills in before Axolotl reads the file: ``${ADAPTER}``, or
``"{{ adapter }}"`` in quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from translator.source import decode
from translator.syntax.yaml import PyYamlDialect, read_yaml
from translator.tree import Node, Unresolved

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_]\w*)\}|\{\{\s*([^{}]*?)\s*\}\}")


def is_placeholder(text: object) -> bool:
    """Whether a value as a whole stands for another.

    >>> is_placeholder("${LORA_R}"), is_placeholder("{{ lora_r }}"), is_placeholder("out-${RUN}")
    (True, True, False)
    """
    return isinstance(text, str) and _PLACEHOLDER.fullmatch(text.strip("'\" ")) is not None


def names_in(text: str) -> list[str]:
    """The names that placeholders in a text have.

    >>> names_in("out/${RUN}-{{ seed }}")
    ['RUN', 'seed']
    """
    return [plain or braced for plain, braced in _PLACEHOLDER.findall(text)]


def given(name: str, text: str) -> Node:
    """What ``--set NAME=TEXT`` gives: read as YAML, as Axolotl's own command line does.

    Raises:
        UnreadableError: the text is not valid YAML.
    """
    return read_yaml(decode(text.encode(), f"--set {name}"), PyYamlDialect)[0]


def fill(tree: Node, values: Mapping[str, str]) -> dict[str, str]:
    """Puts values in the places of their placeholders; a value that is a placeholder as a whole, and
    is not given, is unresolved from then on. Returns those of the values that no placeholder asks
    for."""
    left = dict(values)
    for _, node in tree.leaves():
        text = node.value
        if not isinstance(text, str) or not (names := names_in(text)):
            continue
        for name in names:
            left.pop(name, None)
        if not is_placeholder(text):
            node.value = _filled(text, values)
        elif names[0] in values:
            node.value = given(names[0], values[names[0]]).value
        else:
            node.value = Unresolved(text, (names[0],))
    return left


def fill_text(text: str, values: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The text of a file with its placeholders filled, and the values that none of them asks for."""
    left = fill(read_yaml(decode(text.encode(), "<text>"), PyYamlDialect)[0], values)
    return _filled(text, {k: v for k, v in values.items() if k not in left}), left


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda one: values.get(one[1] or one[2], one[0]), text)
