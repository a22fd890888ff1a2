"""Expressions: literals, names, operators, displays, comprehensions."""

from __future__ import annotations

import ast
from typing import Any

from translator.syntax.evaluate_machine import (
    MAX_DEPTH,
    MAX_STEPS,
    Machine,
    Scope,
    dotted,
)
from translator.syntax.evaluate_operators import BINARY, binary, compare, joined, negate
from translator.syntax.evaluate_values import (
    Argument,
    Arguments,
    Capability,
    Choice,
    External,
    Function,
    Known,
    Many,
    Mapping,
    Operation,
    Sequence,
    Value,
    sequence,
    truth,
)


class Expressions(Machine):
    """Evaluates expressions to values."""

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression. Never raises."""
        self.steps += 1
        if self.steps > MAX_STEPS or self.depth > MAX_DEPTH:
            return self.unknown(node)
        method = self.method(node)
        if method is None:
            return self.unknown(node)
        self.depth += 1
        try:
            value: Value = method(node, scope)
        finally:
            self.depth -= 1
        return value

    # -- atoms ------------------------------------------------------------------------------------

    def _Constant(self, node: ast.Constant, scope: Scope) -> Value:
        if self.module.is_opaque(node) or node.value is ...:
            return self.unknown(node)
        return Known(node.value, at=node)

    def _Name(self, node: ast.Name, scope: Scope) -> Value:
        found = self.lookup(node.id, scope)
        if found is not None:
            return found
        if node.id == "__name__":
            return Known("__main__", at=node)
        given = self.override(node.id)
        return given or External(f"builtins.{node.id}", at=node)

    def _Attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        given = self._given(node)
        if given is not None:
            return given
        return self.attribute(self.evaluate(node.value, scope), node.attr, node)

    def _Subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        given = self._given(node)
        if given is not None:
            return given
        base = self.evaluate(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            return self._slice(base, node.slice, node, scope)
        return self.item(base, self.evaluate(node.slice, scope), node)

    def _given(self, node: ast.expr) -> Value | None:
        if not self.overrides:
            return None
        name = dotted(node)
        return self.override(name) if name is not None else None

    def _slice(self, base: Value, part: ast.Slice, node: ast.Subscript, scope: Scope) -> Value:
        bounds: list[Any] = []
        for bound in (part.lower, part.upper, part.step):
            value = Known(None) if bound is None else self.evaluate(bound, scope)
            if not isinstance(value, Known) or not (
                value.value is None or isinstance(value.value, int)
            ):
                return self.item(base, self.unknown(part.lower or part.upper or node), node)
            bounds.append(value.value)
        if bounds[2] == 0:
            return self.unknown(node)
        cut = slice(*bounds)
        if isinstance(base, Known) and isinstance(base.value, str | bytes):
            return Known(base.value[cut], at=node)
        if isinstance(base, Sequence) and base.each is None:
            return sequence(base.kind, base.items[cut], node)
        text = ":".join("" if b is None else str(b) for b in bounds[:2])
        return self.item(base, Known(f"[{text}]", at=node), node)

    # -- displays ---------------------------------------------------------------------------------

    def _List(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Value:
        kind = type(node).__name__.lower()
        items: list[Value] = []
        for element in node.elts:
            if not isinstance(element, ast.Starred):
                items.append(self.evaluate(element, scope))
                continue
            spread = self.evaluate(element.value, scope)
            if isinstance(spread, Many) and kind == "list" and element is node.elts[-1]:
                # [first, *(… for turn in turns)]: as when they are appended in a loop
                result = sequence(kind, tuple(items), node)
                result.slots["each"] = spread
                return result
            if not isinstance(spread, Sequence) or spread.each is not None:
                return self.unknown(node)
            items.extend(spread.items)
        return sequence(kind, tuple(items), node)

    _Tuple = _List
    _Set = _List

    def _Dict(self, node: ast.Dict, scope: Scope) -> Value:
        result = Mapping({}, at=node)
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self.evaluate(value_node, scope)
            if key_node is None:
                self.merge_into(result, value)
                continue
            key = self.evaluate(key_node, scope)
            if isinstance(key, Known) and key.value.__hash__ is not None:
                result.entries[key.value] = value
                result.keys[key.value] = key_node
            else:
                result.slots["more"] = (*result.more, self.unknown(key_node))
        return result

    def merge_into(self, target: Mapping, other: Value) -> None:
        """Adds the entries of another dict, as ``update`` and ``**`` do."""
        if isinstance(other, Mapping):
            for key, value in other.entries.items():
                self.journal.put(target.entries, key, value)
                if key in other.keys:
                    target.keys[key] = other.keys[key]
            if other.more:
                self.journal.put(target.slots, "more", (*target.more, *other.more))
        elif isinstance(other, Choice) and truth(other.then) is False:
            self._merge_if(target, other.test, other.otherwise, False)
        elif isinstance(other, Choice) and truth(other.otherwise) is False:
            self._merge_if(target, other.test, other.then, True)
        else:
            self.journal.put(target.slots, "more", (*target.more, other))

    def _merge_if(self, target: Mapping, test: Value, other: Value, holds: bool) -> None:
        self.journal.begin()
        self.merge_into(target, other)
        changes = self.journal.undo()
        first, second = (changes, {}) if holds else ({}, changes)
        self.journal.merge(test, first, second)

    def _JoinedStr(self, node: ast.JoinedStr, scope: Scope) -> Value:
        parts: list[Value] = []
        for part in node.values:
            value = self.evaluate(part, scope)
            if isinstance(part, ast.FormattedValue):
                value = self._formatted(part, value, scope)
            parts.append(value)
        return joined(parts, node)

    def _FormattedValue(self, node: ast.FormattedValue, scope: Scope) -> Value:
        return self.evaluate(node.value, scope)

    def _formatted(self, node: ast.FormattedValue, value: Value, scope: Scope) -> Value:
        spec = "" if node.format_spec is None else self.evaluate(node.format_spec, scope)
        if isinstance(spec, Known):
            spec = str(spec.value)
        if not isinstance(spec, str) or any(len(d) > 3 for d in spec.split(".") if d.isdigit()):
            return self.unknown(node.value)
        if not isinstance(value, Known):
            return value if not spec else self.unknown(node.value)
        if sum(letter.isdigit() for letter in spec) > 4 or isinstance(value.value, bytes):
            return self.unknown(node.value)
        text = repr(value.value) if node.conversion == ord("r") else value.value
        try:
            return Known(format(text, spec), at=value.at, note=value.note)
        except (ValueError, TypeError):
            return self.unknown(node.value)

    # -- operators --------------------------------------------------------------------------------

    def _BinOp(self, node: ast.BinOp, scope: Scope) -> Value:
        left = self.evaluate(node.left, scope)
        right = self.evaluate(node.right, scope)
        operator = BINARY.get(type(node.op), "?")
        if operator == "|" and isinstance(left, Mapping) and isinstance(right, Mapping):
            both = Mapping({}, at=node)
            self.merge_into(both, left)
            self.merge_into(both, right)
            return both
        return binary(operator, left, right, node)

    def _UnaryOp(self, node: ast.UnaryOp, scope: Scope) -> Value:
        value = self.evaluate(node.operand, scope)
        if isinstance(node.op, ast.Not):
            return negate(value, node)
        if isinstance(value, Known) and isinstance(value.value, bool | int | float):
            if isinstance(node.op, ast.USub):
                return Known(-value.value, at=node)
            if isinstance(node.op, ast.UAdd):
                return Known(+value.value, at=node)
        return self.unknown(node)

    def _BoolOp(self, node: ast.BoolOp, scope: Scope) -> Value:
        wanted = isinstance(node.op, ast.Or)
        value = self.evaluate(node.values[0], scope)
        for following in node.values[1:]:
            known = truth(value)
            if known is wanted:
                return value
            other = self.evaluate(following, scope)
            if known is not None:
                value = other
            elif isinstance(value, Capability):
                value = self._capable(value, other, wanted, node)
            elif truth(other) is wanted and isinstance(other, Known) and other.value is wanted:
                value = other
            else:
                value = Operation("or" if wanted else "and", (value, other), at=node)
        return value

    @staticmethod
    def _capable(value: Capability, other: Value, wanted: bool, node: ast.AST) -> Value:
        sides = [side if truth(side) is wanted else other for side in (value.then, value.otherwise)]
        return Capability(value.name, sides[0], sides[1], at=node)

    def _Compare(self, node: ast.Compare, scope: Scope) -> Value:
        left = self.evaluate(node.left, scope)
        result: Value = Known(True, at=node)
        for operator, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(right_node, scope)
            result = compare(type(operator), left, right, node)
            if truth(result) is not True:
                break
            left = right
        return result

    def _IfExp(self, node: ast.IfExp, scope: Scope) -> Value:
        test = self.evaluate(node.test, scope)
        known = truth(test)
        if known is not None:
            return self.evaluate(node.body if known else node.orelse, scope)
        then = self.evaluate(node.body, scope)
        otherwise = self.evaluate(node.orelse, scope)
        return choose(test, then, otherwise, node)

    def _NamedExpr(self, node: ast.NamedExpr, scope: Scope) -> Value:
        value = self.evaluate(node.value, scope)
        self.assign(node.target.id, value, scope)
        return value

    def _Lambda(self, node: ast.Lambda, scope: Scope) -> Value:
        return Function(node, scope, defaults=self.defaults(node.args, scope), at=node)

    def _Await(self, node: ast.Await, scope: Scope) -> Value:
        return self.evaluate(node.value, scope)

    def _Starred(self, node: ast.Starred, scope: Scope) -> Value:
        return self.evaluate(node.value, scope)

    def defaults(self, args: ast.arguments, scope: Scope) -> tuple[tuple[str, Value], ...]:
        """The default values of parameters, evaluated where the function is defined."""
        plain = [*args.posonlyargs, *args.args]
        named = plain[len(plain) - len(args.defaults) :] if args.defaults else []
        pairs = [
            (arg.arg, default)
            for arg, default in [
                *zip(named, args.defaults, strict=True),
                *zip(args.kwonlyargs, args.kw_defaults, strict=True),
            ]
            if default is not None
        ]
        return tuple((name, self.evaluate(default, scope)) for name, default in pairs)

    # -- calls ------------------------------------------------------------------------------------

    def _Call(self, node: ast.Call, scope: Scope) -> Value:
        function = self.evaluate(node.func, scope)
        return self.call(function, self.arguments(node, scope), node)

    def arguments(self, node: ast.Call, scope: Scope) -> Arguments:
        """What a call passes, ``*`` and ``**`` spread out as far as they are known."""
        positional: list[Argument] = []
        keywords: dict[str, Argument] = {}
        more: list[Value] = []
        for element in node.args:
            if not isinstance(element, ast.Starred):
                positional.append(Argument(self.evaluate(element, scope), element))
                continue
            spread = self.evaluate(element.value, scope)
            if isinstance(spread, Sequence) and spread.each is None:
                positional.extend(Argument(item, item.at) for item in spread.items)
            else:
                more.append(spread)
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg is not None:
                keywords[keyword.arg] = Argument(value, keyword.value, keyword)
                continue
            whole = Mapping({}, at=keyword.value)
            self.merge_into(whole, value)
            for key, entry in whole.entries.items():
                named = whole.keys.get(key)
                expression = named.value if isinstance(named, ast.keyword) else entry.at
                keywords[str(key)] = Argument(entry, expression, named)
            more.extend(whole.more)
        return Arguments(tuple(positional), keywords, tuple(more))


def choose(test: Value, then: Value, otherwise: Value, node: ast.AST) -> Value:
    """One of two values: by what the GPU can do, or by a test that is not known."""
    if isinstance(test, Capability):
        if truth(test.then) is True and truth(test.otherwise) is False:
            return Capability(test.name, then, otherwise, at=node)
        if truth(test.then) is False and truth(test.otherwise) is True:
            return Capability(test.name, otherwise, then, at=node)
    return Choice(test, then, otherwise, at=node)
