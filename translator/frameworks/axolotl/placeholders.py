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


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with the placeholders replaced whose values are known."""
    return _PLACEHOLDER.sub(lambda one: values.get(one[1] or one[2], one[0]), text)


def fill(tree: Node, values: Mapping[str, str]) -> set[str]:
    """Puts values in the places of their placeholders; a value that is a placeholder as a whole, and
    is not given, is unresolved from then on. Returns the names that the file has."""
    names: set[str] = set()
    for _, node in tree.leaves():
        text = node.value
        if not isinstance(text, str) or not (found := names_in(text)):
            continue
        names.update(found)
        if not is_placeholder(text):
            node.value = filled(text, values)
        elif found[0] in values:
            parsed, _ = read_yaml(decode(values[found[0]].encode(), found[0]), PyYamlDialect)
            node.value = parsed.value
        else:
            node.value = Unresolved(text, (found[0],))
    return names
