"""Rows that Axolotl's YAML has no words for, as modules that ftx writes beside a configuration.

Axolotl imports a prompt type of the form ``folder.module`` and calls its ``load``
(axolotl/prompt_strategies/__init__.py, 0.19); a single module without a folder around it is not
found. Each text here stands alone: it imports Axolotl and nothing of ftx, and what it does is said
by the literal ``ROWS`` at its head, from which it is read again without being run.
"""

from __future__ import annotations

import ast
import json
import os
import re
from functools import cache
from typing import Any

from translator.record import Record
from translator.source import folder_of, is_regular_file

_SUFFIX = "_rows"
_KINDS = ("turns", "texts", "own")
_PLACE = "ROWS: dict = {}\n"
_OWN = "def text_of(row, tokenizer):\n    raise NotImplementedError\n"
_TEXTS = frozenset(("with_input", "without_input", "system", "text", "joined", "end", "reference"))
_FLAGS = frozenset(("last_answer_only", "everything", "filters"))
_LARGEST = 200_000
_QUOTES = '"""'


class Module(Record):
    """One module: which of the texts it is, the settings at its head, and the user's own code."""

    kind: str
    rows: dict[str, Any]
    code: str | None = None


def prompt_type(stem: str, module: Module) -> str:
    """What ``type`` calls a module beside the configuration ``stem``.

    The settings are part of the name, as Axolotl keeps the rows it has prepared under that name.
    """
    import hashlib  # brings OpenSSL with it, 4 MB

    folder = re.sub(r"\W", "_", stem, flags=re.ASCII) or "run"
    settings = f"{module.kind} {module.rows!r} {module.code}".encode(errors="replace")
    digest = hashlib.sha256(settings).hexdigest()[:6]
    return f"{'_' if folder[0].isdigit() else ''}{folder}{_SUFFIX}.{module.kind}_{digest}"


def file_of(name: str) -> str:
    """The file behind a prompt type, seen from the folder of the configuration."""
    return f"{name.replace('.', '/')}.py"


def side_file(module: Module, config: str) -> str:
    """The text of a module that ``config`` names."""
    summary, _, rest = _text(module.kind).partition("\n\n")
    before, _, after = rest.partition(_PLACE)
    after = after.replace(_OWN, module.code or "", 1)
    head = (
        f"{summary[: -len(_QUOTES)]}\n\n"
        f"Used by {config}, which is to be run with PYTHONPATH=. in the folder that holds both.\n"
        "Axolotl keeps the rows it has prepared by the name of this file (last_run_prepared):\n"
        f"remove them after changing it.\n{_QUOTES}"
    )
    return f"{head}\n\n{before}{_literal(module.rows)}{after}"


def _literal(rows: dict[str, Any]) -> str:
    return f"ROWS = {_spelled(rows, 0)}\n"


def _spelled(value: Any, depth: int) -> str:
    """A literal of Python as people lay it out: an entry of a mapping a line."""
    if isinstance(value, str):
        quoted = json.dumps(value, ensure_ascii=False)
        return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)
    if isinstance(value, list):
        return f"[{', '.join(_spelled(item, depth) for item in value)}]"
    if not isinstance(value, dict):
        return repr(value)
    space = "    " * (depth + 1)
    entries = (f"{space}{_spelled(k, 0)}: {_spelled(v, depth + 1)},\n" for k, v in value.items())
    return f"{{\n{''.join(entries)}{'    ' * depth}}}"


@cache
def _text(kind: str) -> str:
    with open(os.path.join(os.path.dirname(__file__), f"{kind}.py"), encoding="utf-8") as stream:
        return stream.read()


# --- reading -------------------------------------------------------------------------------------


def read_module(config: str, name: str) -> Module | None:
    """What the module behind a prompt type says, None unless it is one of these, unchanged but for
    the settings at its head. Nothing is run."""
    folder, _, file = name.partition(".")
    if not folder.endswith(_SUFFIX) or not re.fullmatch(r"\w+", file):
        return None
    path = os.path.join(folder_of(config), folder, f"{file}.py")
    try:
        if not is_regular_file(path) or os.path.getsize(path) > _LARGEST:
            return None
        with open(path, encoding="utf-8") as stream:
            tree = ast.parse(stream.read())
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    rows = _settings(tree)
    if rows is None:
        return None
    code = _code(tree)
    kind = next((kind for kind in _KINDS if code == _code(ast.parse(_text(kind)))), None)
    if kind is None or not _sound(kind, rows):
        return None
    own = [ast.unparse(node) for node in tree.body if _is_own(node)] if kind == "own" else []
    return Module(kind=kind, rows=rows, code=f"{own[0]}\n" if own else None)


def is_text_of(code: str) -> bool:
    """Whether code of the user's own is the one function that a module calls."""
    try:
        body = ast.parse(code).body
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False
    return len(body) == 1 and _is_own(body[0])


def _is_own(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "text_of"


def _settings(tree: ast.Module) -> dict[str, Any] | None:
    """The literal that ``ROWS`` is set to."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ROWS":
            try:
                value = ast.literal_eval(node.value)
            except (ValueError, TypeError, RecursionError):
                return None
            return value if isinstance(value, dict) else None
    return None


def _code(tree: ast.Module) -> list[str]:
    """Everything but the heading and the settings, however it is laid out."""
    return [
        "text_of" if _is_own(node) else ast.dump(node)
        for node in tree.body[1:]
        if not (isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "ROWS")
        and not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ROWS")
    ]


def _sound(kind: str, rows: dict[str, Any]) -> bool:
    """Whether settings are such as are written here."""
    columns, names = rows.get("columns", {}), rows.get("names", [])
    marks = rows.get("marks", ["", ""])
    if not isinstance(columns, dict) or not isinstance(names, list) or not isinstance(marks, list):
        return False
    texts = [
        *columns,
        *columns.values(),
        *names,
        *marks,
        *(rows[name] for name in _TEXTS & rows.keys()),
    ]
    flags = [rows[name] for name in _FLAGS & rows.keys()]
    if not all(isinstance(text, str) for text in texts):
        return False
    if kind == "own":
        known = {"reference", "marks", "filters"}
        return {"reference"} <= rows.keys() <= known and len(marks) == 2
    needed = {"with_input", "without_input"} if columns else set()
    if kind == "texts":
        needed |= {"joined", "end"} if columns else {"text", "joined", "end"}
    return (
        all(isinstance(flag, bool) for flag in flags)
        and needed <= rows.keys() <= _TEXTS | _FLAGS | {"columns", "names"}
        and (not columns or "output" in columns)
        and rows.get("joined", "whole") in ("whole", "separately")
        and rows.get("end", "eos") in ("eos", "none")
    )
