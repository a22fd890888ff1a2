"""Code of the user's own that makes texts of rows, in the file beside a config.

The function is put there under a name with a digest of its source, so that reading knows whether
it is still the one that was written and needs nothing around it. It is read, never run.
"""

from __future__ import annotations

import ast
import os
import re

from translator.record import Record
from translator.source import folder_of, is_regular_file

_LARGEST = 200_000
_OPENED = re.compile(r"def text_of\((?=row, tokenizer\))")
_NAMED = ("bos_token", "eos_token")


class OwnCode(Record):
    """The user's function, and what it asks of the tokenizer."""

    name: str
    """What it is called in the file."""
    source: str
    asks: tuple[str, ...]
    """Names of tokens: ``bos_token``, ``eos_token``."""


def own_code(code: str | None) -> OwnCode | str:
    """A function ``text_of(row, tokenizer)`` as it goes into the file, or why it cannot."""
    whole = (code or "").strip()
    tree, opened = _parsed(whole), _OPENED.match(whole)
    function = tree.body[0] if tree is not None and len(tree.body) == 1 else None
    if opened is None or not isinstance(function, ast.FunctionDef):
        return "torchtune has no data set for rows made by code of the user's own"
    asks = _asked(function)
    if asks is None:
        why = "the code that makes the rows asks more of the tokenizer than torchtune's can say"
        return f"{why} (a chat template, say)"
    rest = whole[opened.end() :]
    name = _name(rest)
    return OwnCode(name=name, source=f"def {name}({rest}", asks=asks)


def _asked(function: ast.FunctionDef) -> tuple[str, ...] | None:
    """The tokens that are asked of ``tokenizer``; None where it is used in another way."""
    nodes = list(ast.walk(function))
    uses = sum(isinstance(node, ast.Name) and node.id == "tokenizer" for node in nodes)
    asked = [
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "tokenizer"
        and node.attr in _NAMED
    ]
    return tuple(sorted(set(asked))) if len(asked) == uses else None


def _name(rest: str) -> str:
    import hashlib  # brings OpenSSL with it, 4 MB

    return f"text_of_{hashlib.sha256(rest.encode(errors='replace')).hexdigest()[:6]}"


def read_own_code(config: str, component: str, name: str) -> str | None:
    """The source of ``text_of(row, tokenizer)`` behind a name in the module of ``component``,
    None where it is not there as ftx wrote it."""
    module = component.rpartition(".")[0]
    if not re.fullmatch(r"\w+", module):
        return None
    path = os.path.join(folder_of(config), f"{module}.py")
    try:
        if not is_regular_file(path) or os.path.getsize(path) > _LARGEST:
            return None
        with open(path, encoding="utf-8") as stream:
            whole = stream.read()
    except (OSError, ValueError):
        return None
    tree = _parsed(whole)
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.FunctionDef) and node.name == name:
            rest = (ast.get_source_segment(whole, node) or "").partition("(")[2]
            return f"def text_of({rest}\n" if _name(rest) == name else None
    return None


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
