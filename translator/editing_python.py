"""Changing one value in a training script or notebook and nothing else."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping

from translator.editing import refused
from translator.source import Source
from translator.spans import Span
from translator.syntax.evaluate import literal
from translator.syntax.notebook import is_notebook, parse_notebook
from translator.syntax.python import Module, parse_script
from translator.tree import Node


def set_in_script(text: str, path: str, name: str, value: str) -> str:
    """The script with the value of a variable, a keyword or a command-line default replaced.

    Raises:
        FtxError: no such name, or several places that it may mean.
    """
    return set_all_in_script(text, path, {name: value}, None)


def set_all_in_script(text: str, path: str, values: Mapping[str, str], tree: Node | None) -> str:
    """The same for several values. ``tree`` is the training that was read from the script: where
    a name stands several times, or in a dict, it tells which place is meant.

    Raises:
        FtxError: no such name, or several places that it may mean.
    """
    source = Source(path=path, text=text)
    notebook = is_notebook(source)
    module = parse_notebook(source) if notebook else parse_script(source)
    found = [
        (_place(module, path, name, value, tree), name, value) for name, value in values.items()
    ]
    for span, name, value in sorted(found, key=lambda item: item[0].start, reverse=True):
        spelled = _spelled(value)
        if not notebook:
            text = f"{text[: span.start]}{spelled}{text[span.end :]}"
            continue
        changed = _in_notebook(text, module, span, spelled)
        if changed is None:
            raise refused(path, name, value, f"cell line {span.line} cannot be told from others")
        text = changed
    return text


def _place(module: Module, path: str, name: str, value: str, tree: Node | None) -> Span:
    """Where the value of a name stands."""
    owner, _, last = name.rpartition(".")
    places = {module.span(node) for node in _places(module.tree, owner, last)}
    if len(places) != 1 and tree is not None:
        places = set(_read_from(tree, owner, last)) or places
    if len(places) != 1:
        lines = ", ".join(str(span.line) for span in sorted(places, key=lambda s: s.start))
        reason = f"it stands in lines {lines}; edit the one you mean" if places else "no such name"
        raise refused(path, name, value, reason)
    return places.pop()


def _read_from(tree: Node, owner: str, name: str) -> Iterator[Span]:
    """Where the value of an argument stands, as the training was read; not in other files."""
    for address, node in tree.leaves():
        if len(address) == 2 and address[1] == name and node.comment in (None, f"--set {name}"):
            kind = tree.get((address[0], "class"))
            if not owner or (kind is not None and str(kind.value) in owner.split(".")):
                yield node.span


def _places(tree: ast.AST, owner: str, name: str) -> Iterator[ast.expr]:
    """Values that a name may mean: an assignment's first, keywords only without one."""
    assigned = [] if owner else list(_assigned(tree, name))
    yield from assigned or _keywords(tree, owner, name)


def _assigned(tree: ast.AST, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets: list[ast.expr] = node.targets
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            assert node.value is not None
            yield node.value


def _keywords(tree: ast.AST, owner: str, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if _is_option(node, name):
            yield from (k.value for k in node.keywords if k.arg == "default")
        elif not owner or ast.unparse(node.func).rpartition(".")[2] in owner.split("."):
            yield from (k.value for k in node.keywords if k.arg == name)


def _is_option(call: ast.Call, name: str) -> bool:
    """Whether a call is ``add_argument("--name", …)``."""
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "add_argument"
        and any(
            isinstance(a, ast.Constant)
            and isinstance(a.value, str)
            and a.value.lstrip("-").replace("-", "_") == name
            for a in call.args
        )
    )


def _spelled(text: str) -> str:
    """The value in Python: numbers as they were given, words of YAML and strings as literals."""
    value = literal(text)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return text if type(value) in (int, float) else repr(value)


def _in_notebook(text: str, module: Module, span: Span, new_value: str) -> str | None:
    """The notebook's JSON with one line of one cell changed, as long as that line is alone."""
    lines = module.text.split("\n")
    old = lines[span.line - 1]
    if span.line != span.end_line:
        return None
    new = f"{old[: span.column - 1]}{new_value}{old[span.end_column - 1 :]}"
    for plain in (False, True):
        spelled = json.dumps(old, ensure_ascii=plain)[1:-1]
        if text.count(spelled) == 1:
            return text.replace(spelled, json.dumps(new, ensure_ascii=plain)[1:-1])
    return None
