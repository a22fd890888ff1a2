"""Edits of whole lines of a YAML file."""

from __future__ import annotations

from translator.diagnostics import Edit
from translator.document import Document
from translator.tree import Node


def line_of(document: Document, node: Node) -> Edit | None:
    """The edit that removes the line of a key and its single value.

    None where more than the key stands on the line, or the value goes on to another.
    """
    text = document.text
    if document.format == "unsloth" or node.key_span is None:
        return None
    if node.key_span.line != node.span.end_line:
        return None
    start = text.rfind("\n", 0, node.key_span.start) + 1
    end = text.find("\n", node.span.end)
    end = len(text) if end == -1 else end + 1
    before = text[start : node.key_span.start]
    after = text[node.span.end : end].strip()
    if before.strip() or (after and not after.startswith("#")):
        return None
    return Edit(start=start, end=end, text="")


def below(document: Document, node: Node, line: str) -> Edit | None:
    """The edit that puts a top-level key below the line of another with a single value."""
    text = document.text
    if document.format == "unsloth" or node.key_span is None or node.key_span.column != 1:
        return None
    if node.is_mapping or node.is_sequence or node.key_span.line != node.span.end_line:
        return None
    end = text.find("\n", node.span.end)
    newline = "\r\n" if "\r\n" in text else "\n"
    if end == -1:
        return Edit(start=len(text), end=len(text), text=f"{newline}{line}{newline}")
    return Edit(start=end + 1, end=end + 1, text=f"{line}{newline}")
