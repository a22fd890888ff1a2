"""Statements: in program order, both sides of a branch that is not decided, loops over known and
unknown things."""

from __future__ import annotations

import ast
from enum import Enum, auto
from typing import Any

from translator.syntax.evaluate_calls import Calls
from translator.syntax.evaluate_journal import Changes, Variables
from translator.syntax.evaluate_machine import (
    MAX_DEPTH,
    MAX_STEPS,
    Scope,
    Setting,
    dotted,
)
from translator.syntax.evaluate_methods import call_method
from translator.syntax.evaluate_operators import BINARY, binary, negate
from translator.syntax.evaluate_values import (
    Argument,
    Arguments,
    Choice,
    Class,
    External,
    Foreign,
    Function,
    Instance,
    Known,
    Made,
    Mapping,
    Operation,
    Sequence,
    Value,
    same,
    sequence,
    truth,
)


class Flow(Enum):
    """How a block of statements ends."""

    NEXT = auto()
    RETURN = auto()
    BREAK = auto()
    CONTINUE = auto()
    RAISE = auto()


_ENDS = frozenset({"sys.exit", "builtins.exit", "builtins.quit", "os._exit"})


class Statements(Calls):
    """Adds statements."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.returns: list[list[tuple[Value, Value]]] = []
        self.result: Value = Known(None)
        self.yields: list[Sequence | None] = []

    # -- blocks -----------------------------------------------------------------------------------

    def run_body(self, body: list[ast.stmt], scope: Scope, node: ast.AST) -> Value:
        """The value that a function's body returns."""
        self.returns.append([])
        self.yields.append(None)
        flow = self.block(body, scope)
        result: Value = self.result if flow is Flow.RETURN else Known(None, at=node)
        pending = self.returns.pop()
        yielded = self.yields.pop()
        if yielded is not None:
            return yielded
        if flow is Flow.RAISE:
            if not pending:
                return self.unknown(node)
            result = pending.pop()[1]
        for test, value in reversed(pending):
            result = value if same(value, result) else Choice(test, value, result, at=test.at)
        return result

    def block(self, body: list[ast.stmt], scope: Scope) -> Flow:
        """Runs statements in order, until one leaves the block."""
        self.depth += 1
        try:
            for statement in body:
                self.steps += 1
                if self.steps > MAX_STEPS or self.depth > MAX_DEPTH:
                    return Flow.NEXT
                method = self.method(statement)
                flow = Flow.NEXT if method is None else method(statement, scope)
                if flow is not Flow.NEXT:
                    return Flow(flow)
        finally:
            self.depth -= 1
        return Flow.NEXT

    # -- simple statements ------------------------------------------------------------------------

    def _Expr(self, node: ast.Expr, scope: Scope) -> Flow:
        value = self.evaluate(node.value, scope)
        if isinstance(value, Made):
            function = value.function
            if isinstance(function, External) and function.name in _ENDS:
                return Flow.RAISE
        return Flow.NEXT

    def _Raise(self, node: ast.Raise, scope: Scope) -> Flow:
        return Flow.RAISE

    def _Break(self, node: ast.Break, scope: Scope) -> Flow:
        return Flow.BREAK

    def _Continue(self, node: ast.Continue, scope: Scope) -> Flow:
        return Flow.CONTINUE

    def _Return(self, node: ast.Return, scope: Scope) -> Flow:
        value = Known(None, at=node) if node.value is None else self.evaluate(node.value, scope)
        self.result = value
        return Flow.RETURN

    def _Yield(self, node: ast.Yield | ast.YieldFrom, scope: Scope) -> Value:
        """A generator gives what it yields, as a list."""
        value = Known(None, at=node) if node.value is None else self.evaluate(node.value, scope)
        if self.yields:
            given = self.yields[-1] or sequence("list", (), node)
            self.yields[-1] = given
            name = "extend" if isinstance(node, ast.YieldFrom) else "append"
            call_method(self, given, name, Arguments((Argument(value),)), node)
        return self.unknown(node)

    _YieldFrom = _Yield

    def _Global(self, node: ast.Global | ast.Nonlocal, scope: Scope) -> Flow:
        if isinstance(node, ast.Global):
            scope.outside.update(node.names)
        return Flow.NEXT

    _Nonlocal = _Global

    def _Import(self, node: ast.Import, scope: Scope) -> Flow:
        for alias in node.names:
            first = alias.name.partition(".")[0]
            self.imported(first, node)
            name, bound = (alias.name, alias.asname) if alias.asname else (first, first)
            self.assign(bound, External(name, at=node), scope)
        return Flow.NEXT

    def _ImportFrom(self, node: ast.ImportFrom, scope: Scope) -> Flow:
        package = "." * node.level + (node.module or "")
        self.imported(package, node)
        for alias in node.names:
            if alias.name != "*":
                value = External(f"{package}.{alias.name}", at=node)
                self.assign(alias.asname or alias.name, value, scope)
        return Flow.NEXT

    # -- assignment -------------------------------------------------------------------------------

    def _Assign(self, node: ast.Assign, scope: Scope) -> Flow:
        value = self.evaluate(node.value, scope)
        for target in node.targets:
            self.bind(target, value, scope)
        return Flow.NEXT

    def _AnnAssign(self, node: ast.AnnAssign, scope: Scope) -> Flow:
        if node.value is not None:
            self.bind(node.target, self.evaluate(node.value, scope), scope)
        return Flow.NEXT

    def _AugAssign(self, node: ast.AugAssign, scope: Scope) -> Flow:
        before = self.evaluate(node.target, scope)
        more = self.evaluate(node.value, scope)
        operator = BINARY.get(type(node.op), "?")
        if operator == "|" and isinstance(before, Mapping):
            self.merge_into(before, more)
            return Flow.NEXT
        self.bind(node.target, binary(operator, before, more, node), scope)
        return Flow.NEXT

    def bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Assigns to a target: a name, an unpacking, an attribute, an item."""
        if isinstance(target, ast.Name):
            self.assign(target.id, value, scope)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, value, scope)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, self.unknown(target), scope)
        elif isinstance(target, ast.Attribute):
            base = self.evaluate(target.value, scope)
            given = self.override(dotted(target) or "") if self.overrides else None
            self.set_attribute(base, target.attr, given or value, target)
        elif isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
            base = self.evaluate(target.value, scope)
            given = self.override(dotted(target) or "") if self.overrides else None
            self._set_item(base, self.evaluate(target.slice, scope), given or value, target)

    def _unpack(self, target: ast.Tuple | ast.List, value: Value, scope: Scope) -> None:
        starred = any(isinstance(element, ast.Starred) for element in target.elts)
        items = self.elements(value)
        for position, element in enumerate(target.elts):
            if items is not None and not starred and len(items) == len(target.elts):
                part = items[position]
            else:
                part = self.item(value, Known(position), target)
            self.bind(element, part, scope)

    def set_attribute(self, base: Value, name: str, value: Value, node: ast.AST) -> None:
        """Sets an attribute of an object, and remembers it when the object is foreign."""
        if isinstance(base, Instance | Class):
            self.journal.put(base.attributes, name, value)
        elif isinstance(base, Mapping):
            self.journal.put(base.entries, name, value)
        elif isinstance(base, Foreign):
            self.journal.put(base.attributes, name, value)
            self.settings.append(
                Setting(base, name, value, node, tuple(self.conditions), len(self.calls))
            )
        elif isinstance(base, Choice):
            self.set_attribute(base.then, name, value, node)

    def _set_item(self, base: Value, key: Value, value: Value, node: ast.Subscript) -> None:
        if isinstance(base, Mapping):
            if isinstance(key, Known):
                self.journal.put(base.entries, key.value, value)
                base.keys[key.value] = node.slice
            else:
                self.journal.put(base.slots, "more", (*base.more, self.unknown(node)))
        elif isinstance(base, Sequence):
            items = list(base.items)
            if isinstance(key, Known) and isinstance(key.value, int):
                if -len(items) <= key.value < len(items):
                    items[key.value] = value
                    self.journal.put(base.slots, "items", tuple(items))
            else:
                self.journal.put(base.slots, "items", (self.unknown(node),))
        elif isinstance(base, Foreign) and isinstance(key, Known):
            self.journal.put(base.entries, key.value, value)
            name = str(key.value)
            conditions = tuple(self.conditions)
            self.settings.append(
                Setting(base, f"[{name}]", value, node, conditions, len(self.calls))
            )

    # -- definitions ------------------------------------------------------------------------------

    def _FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Flow:
        defaults = (*self.defaults(node.args, scope), *self._options(node, scope))
        outer = scope.parent if scope.is_class else scope
        self.assign(node.name, Function(node, outer, defaults=defaults, at=node), scope)
        return Flow.NEXT

    _AsyncFunctionDef = _FunctionDef

    def _options(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope
    ) -> list[tuple[str, Value]]:
        """Defaults of parameters that decorators supply (``@click.option("--lr", default=…)``)."""
        found: list[tuple[str, Value]] = []
        for decorator in node.decorator_list:
            if not isinstance(decorator, ast.Call):
                continue
            made = self.evaluate(decorator, scope)
            if not isinstance(made, Made) or made.name not in ("option", "argument"):
                continue
            default = made.arguments.value("default")
            flags = [a.value.value for a in made.arguments.positional if isinstance(a.value, Known)]
            names = [str(flag).lstrip("-").replace("-", "_") for flag in flags]
            if default is not None:
                found.extend((name.partition("/")[0], default) for name in names)
        return found

    def _ClassDef(self, node: ast.ClassDef, scope: Scope) -> Flow:
        bases = tuple(self.evaluate(base, scope) for base in node.bases)
        decorators = [self.evaluate(decorator, scope) for decorator in node.decorator_list]
        body = Scope(Variables(), scope, is_class=True)
        self.block(node.body, body)
        fields = tuple(
            statement.target.id
            for statement in node.body
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        )
        is_dataclass = any(_last_name(d) == "dataclass" for d in decorators) or any(
            _last_name(base) in ("BaseModel", "BaseSettings", "NamedTuple")
            or (isinstance(base, Class) and base.is_dataclass)
            for base in bases
        )
        made = Class(node.name, node, bases, dict(body.variables), fields, is_dataclass, at=node)
        for value in made.attributes.values():
            if isinstance(value, Function) and value.owner is None:
                value.owner = made
        self.assign(node.name, made, scope)
        return Flow.NEXT

    # -- branches ---------------------------------------------------------------------------------

    def _If(self, node: ast.If, scope: Scope) -> Flow:
        test = self.evaluate(node.test, scope)
        known = truth(test)
        if known is not None:
            return self.block(node.body if known else node.orelse, scope)
        self.journal.begin()
        self.conditions.append(test)
        then = self.block(node.body, scope)
        then_result = self.result
        first = self.journal.undo()
        self.conditions[-1] = negate(test, node.test)
        self.journal.begin()
        otherwise = self.block(node.orelse, scope)
        second = self.journal.undo()
        self.conditions.pop()
        return self._after(test, (then, first, then_result), (otherwise, second, self.result))

    def _after(
        self, test: Value, first: tuple[Flow, Changes, Value], second: tuple[Flow, Changes, Value]
    ) -> Flow:
        """How a program goes on after a branch that is not decided."""
        if first[0] is Flow.RAISE:
            self.journal.redo(second[1])
            self.result = second[2]
            return second[0]
        if second[0] is Flow.RAISE:
            self.journal.redo(first[1])
            self.result = first[2]
            return first[0]
        if first[0] is Flow.RETURN and second[0] is Flow.RETURN:
            self.journal.merge(test, first[1], second[1])
            equal = same(first[2], second[2])
            self.result = first[2] if equal else Choice(test, first[2], second[2], at=test.at)
            return Flow.RETURN
        for left, right, condition in (
            (first, second, test),
            (second, first, Operation("not", (test,), at=test.at)),
        ):
            if left[0] is Flow.RETURN:
                if self.returns:
                    self.returns[-1].append((condition, left[2]))
                self.journal.redo(right[1])
                return right[0]
        for left, right in ((first, second), (second, first)):
            if left[0] in (Flow.CONTINUE, Flow.BREAK) and right[0] is Flow.NEXT:
                self.journal.redo(right[1])
                return Flow.NEXT
        self.journal.merge(test, first[1], second[1])
        return first[0]

    def _Try(self, node: ast.Try, scope: Scope) -> Flow:
        """A program that runs is one whose ``try`` succeeds, unless it raises by itself."""
        flow = self.block(node.body, scope)
        if flow is Flow.RAISE and node.handlers:
            flow = self.block(node.handlers[0].body, scope)
        elif flow is Flow.NEXT:
            flow = self.block(node.orelse, scope)
        last = self.block(node.finalbody, scope)
        return flow if last is Flow.NEXT else last

    _TryStar = _Try

    def _With(self, node: ast.With | ast.AsyncWith, scope: Scope) -> Flow:
        for item in node.items:
            value = self.evaluate(item.context_expr, scope)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value, scope)
        return self.block(node.body, scope)

    _AsyncWith = _With

    def _Match(self, node: ast.Match, scope: Scope) -> Flow:
        subject = self.evaluate(node.subject, scope)
        for case in node.cases:
            pattern = case.pattern
            if isinstance(pattern, ast.MatchValue) and isinstance(subject, Known):
                wanted = self.evaluate(pattern.value, scope)
                if not same(subject, wanted):
                    continue
            elif not isinstance(pattern, ast.MatchAs) or pattern.pattern is not None:
                continue
            return self.block(case.body, scope)
        return Flow.NEXT


def _last_name(value: Value) -> str:
    if isinstance(value, External):
        return value.last
    return value.name if isinstance(value, Made) else ""
