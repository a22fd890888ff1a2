"""The state of an evaluation: scopes, limits, what the user gave, and what happened in order."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping as AbstractMapping
from typing import Any

from translator.record import Record, Struct, field
from translator.source import PathLike
from translator.syntax.evaluate_journal import Journal, Variables
from translator.syntax.evaluate_values import (
    Arguments,
    External,
    Foreign,
    Function,
    Known,
    Made,
    Scalar,
    Unknown,
    Value,
)
from translator.syntax.python import Module, home_of

MAX_STEPS = 150_000
"""Expressions and statements evaluated in one script; the busiest in the wild takes 20,000."""
MAX_SPENT = 2_500
"""Steps spent in one function over all its calls, unless it matters for the training: a solver of
puzzles in the middle of a script is not worth following."""
MAX_DEPTH = 90
"""Nesting of expressions, statements and calls; also keeps the host's own stack small."""
MAX_CALLS = 16
"""Nesting of calls of the script's own functions."""
MAX_TEXT = 200_000
"""Characters of a computed string."""
MAX_ITEMS = 2_000
"""Items of a computed list."""
MAX_ROUNDS = 100
"""Rounds of loops over known items that are followed one by one, nested loops multiplied."""


class Scope(Struct):
    """The variables of a module, function or class; ``parent`` is where else names are found."""

    variables: Variables
    parent: Scope | None = None
    is_class: bool = False
    outside: set[str] = field(default_factory=set)
    """Names declared ``global`` or ``nonlocal``."""

    def root(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope


class Setting(Record, kw_only=False):
    """An attribute or item that the script sets on something foreign."""

    target: Foreign
    name: str
    value: Value
    at: ast.AST
    conditions: tuple[Value, ...] = ()
    order: int = 0
    """How many calls were made before."""


class Machine:
    """Evaluates a module; the layers above add expressions, calls and statements."""

    def __init__(
        self,
        module: Module,
        overrides: AbstractMapping[str, Scalar] | None = None,
        folder: PathLike | None = None,
        interesting: frozenset[str] = frozenset(),
    ) -> None:
        self.module = module
        self.folder = None if folder is None else os.fspath(folder)
        self.interesting = interesting
        self.overrides = dict(overrides or {})
        self.used_overrides: set[str] = set()
        self.journal = Journal()
        self.globals = Scope(Variables())
        self.calls: list[Made] = []
        self.settings: list[Setting] = []
        self.imports: dict[str, ast.AST] = {}
        self.entered: set[ast.AST] = set()
        self.conditions: list[Value] = []
        self.callers: list[ast.AST] = []
        self.stack: list[ast.AST] = []
        self.steps = 0
        self.depth = 0
        self.rounds = 1
        self.spent: dict[ast.AST, int] = {}
        self._matters: set[str] | None = None
        self._trees = [module.tree]
        self._mentioned: dict[ast.AST, set[str]] = {}
        self._methods: dict[type[ast.AST], Any] = {}

    @property
    def exhausted(self) -> bool:
        """Whether the evaluation stopped at its limit; what follows is unknown."""
        return self.steps > MAX_STEPS

    # -- what the layers above add ----------------------------------------------------------------

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression. Never raises."""
        raise NotImplementedError

    def call(self, function: Value, arguments: Arguments, node: ast.AST) -> Value:
        """The result of a call. Never raises."""
        raise NotImplementedError

    def run_function(self, function: Function, arguments: Arguments, node: ast.AST) -> Value:
        """The result of a function of the script."""
        raise NotImplementedError

    def attribute(self, base: Value, name: str, node: ast.AST | None) -> Value:
        """An attribute of a value."""
        raise NotImplementedError

    def item(self, base: Value, key: Value, node: ast.AST | None) -> Value:
        """An item of a value."""
        raise NotImplementedError

    # -- for all layers ---------------------------------------------------------------------------

    def method(self, node: ast.AST) -> Any:
        """The method for a kind of syntax: ``_Call`` for a call; None when there is none."""
        kind = type(node)
        if kind not in self._methods:
            self._methods[kind] = getattr(self, f"_{kind.__name__}", None)
        return self._methods[kind]

    def mentioned(self, node: ast.AST) -> set[str]:
        """Every name and attribute that a piece of syntax mentions."""
        if node not in self._mentioned:
            self._mentioned[node] = mentioned(node)
        return self._mentioned[node]

    def matters(self, function: Function) -> bool:
        """Whether a function calls something interesting, itself or through others."""
        if self._matters is None:
            self._matters = _reaching(self._trees, self.interesting)
        return function.name in self._matters

    def also_mention(self, tree: ast.Module) -> None:
        """Lets the functions of another module matter too."""
        self._trees.append(tree)
        self._matters = None

    def unknown(self, node: ast.AST | None, *names: str) -> Unknown:
        """What cannot be known, as the text of an expression."""
        return Unknown(names, at=node)

    def override(self, name: str) -> Known | None:
        """The value that the user gave for a name, if there is one."""
        if name not in self.overrides:
            return None
        self.used_overrides.add(name)
        return Known(self.overrides[name], note=f"--set {name}")

    def lookup(self, name: str, scope: Scope) -> Value | None:
        """The value of a name, None when the script does not define it."""
        at: Scope | None = scope
        while at is not None:
            if name in at.variables and not (at.is_class and at is not scope):
                found: Value = at.variables[name]
                return found
            at = at.parent
        return None

    def assign(self, name: str, value: Value, scope: Scope) -> None:
        """Binds a name, to what the user gave for it if that is so."""
        target = scope
        if name in scope.outside:
            target = scope.root()
        self.journal.put(target.variables, name, self.override(name) or value)

    def imported(self, name: str, node: ast.AST) -> None:
        """Remembers a package in the order of the first imports, which are those that load it;
        its place is the first one in the script itself, if there is one."""
        package = name.partition(".")[0]
        before = self.imports.get(package)
        if before is None or (home_of(before) is not None and home_of(node) is None):
            self.imports[package] = node

    def make(
        self, function: Value, arguments: Arguments, node: ast.AST, base: str | None = None
    ) -> Made:
        """Remembers a call of something foreign."""
        made = Made(
            function,
            arguments,
            base,
            tuple(self.conditions),
            tuple(self.callers),
            at=node,
        )
        self.calls.append(made)
        return made

    def external(self, name: str, node: ast.AST | None = None) -> External:
        return External(name, at=node)


def mentioned(node: ast.AST) -> set[str]:
    """Every name and attribute that a piece of syntax mentions."""
    return {
        inner.id if isinstance(inner, ast.Name) else inner.attr
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name | ast.Attribute)
    }


def _reaching(trees: list[ast.Module], names: frozenset[str]) -> set[str]:
    """The functions that mention one of ``names``, themselves or through one another."""
    mentions = {
        node.name: mentioned(node)
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    reached = {name for name, inner in mentions.items() if inner & names}
    while True:
        more = {name for name, inner in mentions.items() if inner & reached} - reached
        if not more:
            return reached
        reached |= more


def dotted(node: ast.AST) -> str | None:
    """``args.lr``, ``cfg["model"]["name"]``, ``cfg.get("lr", …)`` as a dotted name; None for
    anything else."""
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            parts.append(str(node.slice.value))
            node = node.value
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            parts.append(str(node.args[0].value))
            node = node.func.value
        elif isinstance(node, ast.Name):
            parts.append(node.id)
            return ".".join(reversed(parts))
        else:
            return None
        if len(parts) > 12:
            return None
