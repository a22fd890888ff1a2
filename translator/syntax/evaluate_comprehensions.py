"""Comprehensions, over items that are known one by one and over anything else."""

from __future__ import annotations

import ast
from typing import Any

from translator.syntax.evaluate_expressions import Expressions
from translator.syntax.evaluate_journal import Variables
from translator.syntax.evaluate_machine import MAX_ITEMS, MAX_ROUNDS, Scope
from translator.syntax.evaluate_tables import listed
from translator.syntax.evaluate_values import (
    Batch,
    Each,
    Function,
    Known,
    Many,
    Mapping,
    Sequence,
    Value,
    sequence,
    truth,
)


class Comprehensions(Expressions):
    """Adds comprehensions, and what they and loops share."""

    def _ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope) -> Value:
        inner = Scope(Variables(), scope)
        found = self._generate(node, node.generators, inner, [])
        if isinstance(found, Value):
            return found
        kind = "set" if isinstance(node, ast.SetComp) else "list"
        return sequence(kind, tuple(found), node)

    _SetComp = _ListComp
    _GeneratorExp = _ListComp

    def _DictComp(self, node: ast.DictComp, scope: Scope) -> Value:
        inner = Scope(Variables(), scope)
        pair = ast.Tuple(elts=[node.key, node.value], ctx=ast.Load())
        ast.copy_location(pair, node)
        found = self._generate(pair, node.generators, inner, [])
        result = Mapping({}, at=node)
        if isinstance(found, Value):
            result.slots["more"] = (found,)
            return result
        for entry in found:
            assert isinstance(entry, Sequence)
            key, value = entry.items
            if not isinstance(key, Known):
                return self.unknown(node)
            result.entries[key.value] = value
        return result

    def _generate(
        self, node: Any, generators: list[ast.comprehension], scope: Scope, found: list[Value]
    ) -> Value | list[Value]:
        """All elements of a comprehension, or one value when what it runs over is not known."""
        if not generators:
            element = node.elt if hasattr(node, "elt") else node
            found.append(self.evaluate(element, scope))
            return found
        first, rest = generators[0], generators[1:]
        source = self.evaluate(first.iter, scope)
        items = self.elements(source)
        if items is None or len(items) * self.rounds > MAX_ITEMS:
            item = self.any_element(source)
            self.bind(first.target, item, scope)
            tests = [self.evaluate(test, scope) for test in first.ifs]
            inner = self._generate(node, rest, scope, [])
            if isinstance(inner, Value):
                return Many(over(source), inner, at=node)
            test = next((t for t in tests if truth(t) is not True), None)
            if not inner:
                return self.unknown(node)
            whole = isinstance(item, Each) and not item.entries  # a row as its source has it
            maker = _maker(node, scope) if whole else None
            return Many(over(source), inner[0], test, maker, at=node)
        outer = self.rounds
        self.rounds *= max(len(items), 1)
        try:
            for item in items:
                if len(found) > MAX_ITEMS:
                    return self.unknown(node)
                self.bind(first.target, item, scope)
                known = [truth(self.evaluate(test, scope)) for test in first.ifs]
                if None in known:
                    return self.unknown(node)
                if all(known):
                    result = self._generate(node, rest, scope, found)
                    if isinstance(result, Value):
                        return result
        finally:
            self.rounds = outer
        return found

    def elements(self, value: Value) -> tuple[Value, ...] | None:
        """What a loop runs over, item by item; None when that is not known."""
        if isinstance(value, Sequence):
            return value.items if value.each is None else None
        if isinstance(value, Mapping):
            if value.more:
                return None
            return tuple(Known(k, at=value.keys.get(k)) for k in value.entries)
        if isinstance(value, Known) and isinstance(value.value, str):
            if len(value.value) > MAX_ROUNDS:
                return None
            return tuple(Known(letter, at=value.at) for letter in value.value)
        return None

    def any_element(self, value: Value) -> Value:
        """One item of something unknown, whichever."""
        many = listed(value)
        if many is not None:
            return many.element
        if isinstance(value, Batch):
            return self.unknown(value.at)
        return Each(value, at=value.at)

    def bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Assigns to a target: a name, an unpacking, an attribute, an item."""
        raise NotImplementedError


def _maker(node: Any, scope: Scope) -> Function | None:
    """``[f(x) for x in …]`` as ``lambda x: f(x)``; None for more than one name and expression."""
    if not isinstance(node, ast.ListComp | ast.GeneratorExp) or len(node.generators) != 1:
        return None
    (only,) = node.generators
    if only.ifs or only.is_async or not isinstance(only.target, ast.Name):
        return None
    given = ast.arguments(
        posonlyargs=[], args=[ast.arg(only.target.id)], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    made = ast.copy_location(ast.Lambda(args=given, body=node.elt), node)
    return Function(ast.fix_missing_locations(made), scope.parent, at=node)


def over(value: Value) -> Value:
    """What a list of per-element values runs over."""
    many = listed(value)
    return value if many is None else many.source
