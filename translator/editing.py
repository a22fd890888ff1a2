"""A file that keeps its format: only the values that the user gives change, nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.document import Document
from translator.errors import FtxError
from translator.source import Source
from translator.tree import Address, Node


def edited(document: Document) -> str:
    """The document's text with its overrides (``--set``) put in as edits of single values.

    Raises:
        FtxError: a name that is not in the file, or a value that cannot stand there.
    """
    text = document.text
    if document.format == "unsloth" and document.overrides:
        from translator.editing_python import set_all_in_script

        return set_all_in_script(text, document.path, document.overrides, document.tree)
    overrides = document.overrides
    if document.format == "axolotl" and overrides:
        from translator.frameworks.axolotl.placeholders import fill_text

        text, overrides = fill_text(text, overrides)
    for name, value in overrides.items():
        text = _set_in_yaml(text, document, name, value)
    return text


def refused(path: str, name: str, value: str, reason: str) -> FtxError:
    """The error for a value that cannot be put into a file."""
    return FtxError(
        Diagnostic(
            code=Code.BAD_OPTION.code,
            severity=Severity.ERROR,
            message=f"--set {name}={value}: {reason}",
            file=path,
            key=name,
        )
    )


def _set_in_yaml(text: str, document: Document, name: str, value: str) -> str:
    from translator.syntax.omegaconf import OmegaConfDialect
    from translator.syntax.yaml import PyYamlDialect, read_yaml

    dialect = OmegaConfDialect if document.format == "torchtune" else PyYamlDialect

    def parse(content: str) -> Node:
        return read_yaml(Source(path=document.path, text=content), dialect)[0]

    try:
        wanted = parse(value).plain()
    except FtxError:
        wanted = value
    tree = parse(text)
    if name.startswith("~") and document.format == "torchtune":
        return _without(text, tree, parse, document.path, name)
    address = _address(name)
    if isinstance(wanted, str) and tree.get((*address, "_component_")):
        address = (*address, "_component_")  # as torchtune's command line understands it
    expected = _with(tree.plain() or {}, address, wanted)
    if expected is None:
        raise refused(document.path, name, value, "no such place in the file")
    for spelled in (value, _quoted(wanted)):
        changed = _put(text, tree, address, spelled)
        try:
            if changed is not None and parse(changed).plain() == expected:
                return changed
        except FtxError:
            continue
    shared = "it cannot be changed alone: an alias, a merge or braces share its line"
    raise refused(document.path, name, value, shared)


def _without(text: str, tree: Node, parse: Callable[[str], Node], path: str, name: str) -> str:
    """The text without the lines of a key (``~name``)."""
    address = _address(name.removeprefix("~"))
    node = tree.get(address)
    parent = tree.get(address[:-1])
    if node is None or parent is None or not parent.is_mapping or node.key_span is None:
        raise refused(path, name, "", "no such key in the file")
    start = node.key_span.start - (node.key_span.column - 1)
    end = node.span.start + len(text[node.span.start : node.span.end].rstrip())
    changed = text[:start] + text[text.find("\n", end) + 1 or len(text) :]
    parent.value = {k: child for k, child in parent.value.items() if child is not node}
    try:
        if parse(changed).plain() == tree.plain():
            return changed
    except FtxError:
        pass
    raise refused(path, name, "", "it cannot be removed alone")


def _quoted(value: object) -> str:
    from translator.syntax.yaml_write import scalar

    if isinstance(value, dict | list):
        import json

        return json.dumps(value)
    return scalar(value)


def _address(name: str) -> Address:
    """``datasets[0].path`` or ``datasets.0.path``."""
    steps = [step for step in re.split(r"[.\[\]]+", name) if step]
    return tuple(int(step) if step.isdecimal() else step for step in steps)


def _with(plain: Any, address: Address, value: object) -> Any:
    """The plain content with one value put in; None when an address leads nowhere."""
    if not address:
        return value
    step, rest = address[0], address[1:]
    if isinstance(plain, list) and isinstance(step, int) and step < len(plain):
        inner = _with(plain[step], rest, value)
        return None if inner is None and rest else [*plain[:step], inner, *plain[step + 1 :]]
    if plain is None or isinstance(plain, dict):
        inner = _with((plain or {}).get(str(step)), rest, value)
        return None if inner is None and rest else {**(plain or {}), str(step): inner}
    return None


def _put(text: str, tree: Node, address: Address, spelled: str) -> str | None:
    """The text with a value replaced, or with a line added for a key that is not there."""
    node = tree.get(address)
    if node is not None:
        gap = " " if node.span.start == node.span.end and text[node.span.start - 1] == ":" else ""
        return f"{text[: node.span.start]}{gap}{spelled}{text[node.span.end :]}"
    return _add(text, tree, address, spelled)


def _add(text: str, tree: Node, address: Address, spelled: str) -> str | None:
    depth = len(address) - 1
    while depth and tree.get(address[:depth]) is None:
        depth -= 1
    parent = tree.get(address[:depth])
    if any(isinstance(step, int) for step in address[depth:]):
        return None
    indent, end = "", len(text)
    if depth:
        if parent is None or not parent.is_mapping or not parent.value:
            return None
        first = next(iter(parent.value.values())).key_span
        if first is None or text[parent.span.start] == "{":
            return None
        indent = " " * (first.column - 1)
        end = parent.span.start + len(text[parent.span.start : parent.span.end].rstrip())
        end = text.find("\n", end) + 1 or len(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    steps = [str(step) for step in address[depth:]]
    lines = [f"{indent}{'  ' * level}{step}:" for level, step in enumerate(steps)]
    lines[-1] += f" {spelled}"
    start = newline if end and not text[:end].endswith("\n") else ""
    return f"{text[:end]}{start}{newline.join(lines)}{newline}{text[end:]}"
