"""Reading a script's own masks: an expression whose matches in a conversation are trained."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain, combinations, product
from typing import Literal

from translator import ir
from translator.catalog.formats import ChatFormat
from translator.frameworks.unsloth.masking import mask_of

Ends = Literal["answers", "all", "last", "none"]
_ENDS: tuple[Ends, ...] = ("answers", "all", "last", "none")


def trained_matches(function: ast.AST, module: ast.Module) -> dict[str, object]:
    """The pattern that a function searches a text for, and whether only the last match counts.

    ``{"pattern": source, "last": bool}`` for a function that calls ``NAME.finditer(text)`` on a
    constant made by ``re.compile``; ``reads`` are the columns that it takes from a row.
    """
    return {**_trained(function, module), "reads": _columns_read(function)}


def _columns_read(function: ast.AST) -> list[str]:
    if not isinstance(function, ast.FunctionDef) or not function.args.args:
        return []
    row = function.args.args[0].arg
    names = [
        node.slice.value
        for node in ast.walk(function)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == row
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    ]
    return list(dict.fromkeys(names))


def _trained(function: ast.AST, module: ast.Module) -> dict[str, object]:
    for node in ast.walk(function):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        called = node.func
        if called.attr == "finditer" and isinstance(called.value, ast.Name):
            pattern = _compiled(called.value.id, module)
            if pattern is not None:
                return {"pattern": ast.unparse(pattern), "last": _takes_last(function)}
    return {}


def _compiled(name: str, module: ast.Module) -> ast.expr | None:
    """The expression that a constant of the module was compiled from."""
    for node in module.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
            continue
        targets = [t.id for t in node.targets if isinstance(t, ast.Name)]
        if name in targets and ast.unparse(node.value.func) == "re.compile" and node.value.args:
            return node.value.args[0]
    return None


def _takes_last(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Subscript) and ast.unparse(node.slice) == "-1:"
        for node in ast.walk(function)
    )


def supervision_of(pattern: str, form: ChatFormat | None, *, last: bool) -> ir.Supervision | None:
    """What a pattern trains of conversations in a format; None when it is not one of ours."""
    if form is None:
        return None
    wanted = ast.unparse(ast.parse(pattern))
    for mask in _candidates(form, last=last):
        source = mask_of(mask, form).pattern
        if source is not None and ast.unparse(ast.parse(source)) == wanted:
            return mask
    return None


def _candidates(form: ChatFormat, *, last: bool) -> Iterator[ir.Supervision]:
    """Every mask that can be told apart, the usual ones first."""
    roles = [role for role, _ in form.turns]
    subsets = chain.from_iterable(combinations(roles, n) for n in range(1, len(roles)))
    several = [tuple(sorted(names)) for names in subsets]
    usual = [("assistant",), *(names for names in several if names != ("assistant",))]
    turns: Literal["all", "last"] = "last" if last else "all"
    for prompt, headers, names, ends in product((False, True), (False, True), usual, _ENDS):
        if prompt and names != ("assistant",):
            continue
        yield ir.Supervision(
            prompt=prompt, roles=names, turns=turns, turn_headers=headers, turn_ends=ends
        )
