"""Functions of a script as source that stands alone, to be brought along where nothing else says
what they do. Nothing is run: what a function needs is looked up in what the script was read as.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections import Counter
from collections.abc import Iterator
from typing import Any

from translator.frameworks.unsloth.script_rows import is_tokenizer
from translator.syntax.evaluate_values import (
    Attribute,
    External,
    Function,
    Known,
    Mapping,
    Sequence,
    Value,
)

_MODULES = frozenset(
    ("ast", "base64", "collections", "copy", "datetime", "functools", "hashlib", "html",
     "itertools", "json", "math", "re", "string", "textwrap", "typing", "unicodedata")
)  # fmt: skip
"""Parts of the standard library whose functions depend on nothing but what they are given."""
_BEYOND = frozenset(
    ("open", "input", "exec", "eval", "compile", "globals", "vars", "hash", "id", "__import__")
)
"""Built-in functions that look at more than what they are given, or at another thing each time."""
_LARGEST = 40_000
"""Letters of a function that is brought along."""


class _Beyond(Exception):
    """A function needs what cannot be brought along."""


def standing_alone(
    function: Value, module: ast.Module, more: Value | None = None
) -> list[ast.stmt] | None:
    """The body of a function that returns ``function``, with everything it needs but the name
    ``tokenizer``; None where it needs more. ``more`` are keywords that every call is given."""
    if not isinstance(function, Function) or function.owner is not None or function.bound:
        return None
    carrier = _Carrier(module)
    try:
        name = carrier.bring(function)
        keywords = carrier.keywords(more)
        call = f"lambda row: {name}(row, {keywords})" if keywords else name
        text = "\n".join([*carrier.statements, f"return {call}"])
        return ast.parse(text).body if len(text) <= _LARGEST else None
    except (_Beyond, RecursionError, SyntaxError, ValueError):
        return None


class _Carrier:
    """Collects the statements that a function needs, those that others need first."""

    def __init__(self, module: ast.Module) -> None:
        self.module = module
        self.statements: list[str] = []
        self.brought: dict[str, Value] = {}
        self._bound: Counter[str] | None = None

    def bring(self, function: Function, name: str | None = None) -> str:
        """Adds a function and what it needs; what it is called here."""
        node = function.node
        if isinstance(node, ast.AsyncFunctionDef) or getattr(node, "decorator_list", []):
            raise _Beyond
        called = name or ("made" if isinstance(node, ast.Lambda) else node.name)
        if called in self.brought:
            if getattr(self.brought[called], "node", None) is not node:
                raise _Beyond
            return called
        self.brought[called] = function
        text = ast.unparse(node)
        text = f"{called} = {text}" if isinstance(node, ast.Lambda) else text
        for part in ast.walk(node):
            if isinstance(part, ast.Global | ast.Nonlocal | ast.Await):
                raise _Beyond
            if isinstance(part, ast.Import | ast.ImportFrom):
                self._check_import(part)
        for needed in _needs(text):
            if needed != called:
                self._need(needed, function.scope)
        self.statements.append(text)
        return called

    def keywords(self, more: Value | None) -> str:
        """``fn_kwargs`` of a call as keywords."""
        if more is None:
            return ""
        if not isinstance(more, Mapping) or more.more:
            raise _Beyond
        pairs = (
            f"{key}={'tokenizer' if is_tokenizer(value) else repr(_plain(value))}"
            for key, value in more.entries.items()
        )
        return ", ".join(pairs)

    def _need(self, name: str, scope: Any) -> None:
        value = _found(name, scope)
        if value is None:
            if name not in _BEYOND and hasattr(builtins, name):
                return
            raise _Beyond
        if name in self.brought:
            if self.brought[name] is not value:
                raise _Beyond
            return
        if is_tokenizer(value):
            if name != "tokenizer":
                self._add(name, value, f"{name} = tokenizer")
            return
        if isinstance(value, Function):
            if value.owner is not None or value.bound:
                raise _Beyond
            self._once(name)
            self.bring(value, name)
        elif isinstance(value, External):
            self._add(name, value, _imported(name, value.name))
        elif isinstance(value, Attribute) and is_tokenizer(value.base):
            self._add(name, value, f"{name} = tokenizer.{value.name}")
        else:
            self._once(name)
            self._add(name, value, f"{name} = {_plain(value)!r}")

    def _add(self, name: str, value: Value, statement: str) -> None:
        self.brought[name] = value
        self.statements.append(statement)

    def _once(self, name: str) -> None:
        """A name that is bound in several places may have had another value when it was used."""
        if self._bound is None:
            self._bound = Counter(_bindings(self.module))
        if self._bound[name] > 1:
            raise _Beyond

    @staticmethod
    def _check_import(node: ast.Import | ast.ImportFrom) -> None:
        names = (
            [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
        if any(name.partition(".")[0] not in _MODULES for name in names):
            raise _Beyond


def _needs(text: str) -> list[str]:
    """The names that a statement takes from around it, in order."""
    found: dict[str, None] = {}
    tables = [symtable.symtable(text, "<function>", "exec")]
    top = tables[0]
    while tables:
        table = tables.pop()
        for symbol in table.get_symbols():
            outer = symbol.is_global() if table is not top else not symbol.is_assigned()
            if outer and symbol.is_referenced() and not symbol.is_namespace():
                found[symbol.get_name()] = None
        tables += table.get_children()
    return sorted(found)


def _found(name: str, scope: Any) -> Value | None:
    while scope is not None:
        if name in scope.variables and not scope.is_class:
            value: Value = scope.variables[name]
            return value
        scope = scope.parent
    return None


def _plain(value: Value) -> object:
    """A constant of the script."""
    if isinstance(value, Known):
        return value.value
    if isinstance(value, Sequence) and value.each is None and "range" not in value.slots:
        kinds = {"list": list, "tuple": tuple, "set": set}
        return kinds[value.kind](_plain(item) for item in value.items)
    if isinstance(value, Mapping) and not value.more:
        return {key: _plain(entry) for key, entry in value.entries.items()}
    raise _Beyond


def _imported(name: str, full: str) -> str:
    module, _, last = full.rpartition(".")
    if full.partition(".")[0] not in _MODULES:
        raise _Beyond
    source = f"from {module} import {last}" if module else f"import {last}"
    return source if name == last else f"{source} as {name}"


def _bindings(module: ast.Module) -> Iterator[str]:
    """Every place where a name gets a value, told by its wording: twice the same is one."""
    seen: set[str] = set()
    for node in ast.walk(module):
        names: list[str] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [t.id for t in node.targets if isinstance(t, ast.Name)]
        elif isinstance(node, ast.AugAssign | ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        if names and (text := ast.unparse(node)) not in seen:
            seen.add(text)
            yield from names
