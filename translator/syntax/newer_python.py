"""Finds the f-strings of a script for a newer Python than this one: ``python newer_python.py``.

A program of its own because libcst's parser can overflow the stack on hostile nesting, which would
end the whole process. Reads the script from standard input; prints the offsets of its outermost
f-strings and joined strings as JSON, or fails when the text is no Python.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def string_places(text: str) -> list[tuple[int, int]]:
    """Start and end (characters) of each outermost f-string or joined string.

    Raises:
        libcst.ParserSyntaxError: the text is not valid Python of any version.
    """
    import libcst
    from libcst.metadata import MetadataWrapper, PositionProvider

    wrapper = MetadataWrapper(libcst.parse_module(text), unsafe_skip_copy=True)
    found: list[Any] = []
    waiting: list[Any] = [wrapper.module]
    while waiting:
        node = waiting.pop()
        if isinstance(node, libcst.ConcatenatedString | libcst.FormattedString):
            found.append(node)
        else:
            waiting.extend(node.children)
    positions: Any = wrapper.resolve(PositionProvider)
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return [
        (
            starts[positions[node].start.line - 1] + positions[node].start.column,
            starts[positions[node].end.line - 1] + positions[node].end.column,
        )
        for node in found
    ]


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    try:
        print(json.dumps(string_places(sys.stdin.read())))
    except Exception as error:
        sys.exit(f"no Python: {type(error).__name__}")
