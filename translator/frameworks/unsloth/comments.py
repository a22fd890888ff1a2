"""The user's comments beside the values of a script."""

from __future__ import annotations

import re

from translator.syntax.python import Module
from translator.tree import Node

_AFTER = r"[ \t]*[)\]},]*[ \t]*#[ \t]*(.*)"
"""What may stand between the end of a value and the comment on its line."""
_FOR_TOOLS = r"(?i)(@param|noqa|type:|fmt:|pylint|pragma|nosec|%%|@title).*"


def note_comments(tree: Node, module: Module) -> None:
    """Gives each value the comment at the end of its line, unless a tool is meant by it."""
    for _, node in tree.leaves():
        if node.comment is None and node.span.end > node.span.start:
            match = re.compile(_AFTER).match(module.text, node.span.end)
            said = match[1].strip() if match else ""
            if said and not re.match(_FOR_TOOLS, said):
                node.comment = said
