"""Loops: followed round by round when their items are known; else one round stands for all."""

from __future__ import annotations

import ast
from typing import Any

from translator.syntax.evaluate_comprehensions import over
from translator.syntax.evaluate_journal import MISSING
from translator.syntax.evaluate_machine import MAX_ROUNDS, Scope
from translator.syntax.evaluate_modules import Modules
from translator.syntax.evaluate_statements import Flow
from translator.syntax.evaluate_values import (
    Choice,
    Known,
    Many,
    Operation,
    Text,
    Value,
    same,
    sequence,
    truth,
)


class Evaluator(Modules):
    """Adds loops; the whole of Python that is followed."""

    def _For(self, node: ast.For | ast.AsyncFor, scope: Scope) -> Flow:
        source = self.evaluate(node.iter, scope)
        items = self.elements(source)
        if items is None or len(items) * self.rounds > MAX_ROUNDS:
            return self._any_round(node, source, scope)
        outer = self.rounds
        self.rounds *= max(len(items), 1)
        try:
            for item in items:
                self.bind(node.target, item, scope)
                flow = self.block(node.body, scope)
                if flow is Flow.BREAK:
                    return Flow.NEXT
                if flow in (Flow.RETURN, Flow.RAISE):
                    return flow
        finally:
            self.rounds = outer
        return self.block(node.orelse, scope)

    _AsyncFor = _For

    def _While(self, node: ast.While, scope: Scope) -> Flow:
        if truth(self.evaluate(node.test, scope)) is False:
            return self.block(node.orelse, scope)
        return self._any_round(node, None, scope)

    def _any_round(
        self, node: ast.For | ast.AsyncFor | ast.While, source: Value | None, scope: Scope
    ) -> Flow:
        """One round that stands for all: what it appends is appended for each element."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.AugAssign) and isinstance(inner.target, ast.Name):
                before = self.lookup(inner.target.id, scope)
                if isinstance(before, Known) and not isinstance(before.value, str):
                    self.assign(inner.target.id, self.unknown(inner), scope)
        self.journal.begin()
        if source is not None and not isinstance(node, ast.While):
            self.bind(node.target, self.any_element(source), scope)
        flow = self.block(node.body, scope)
        changes = self.journal.undo()
        repeated = over(source) if source is not None else self.unknown(node)
        for container, key, before, after in changes.values():
            self._repeat(container, key, before, after, repeated)
        return flow if flow is Flow.RETURN and isinstance(node, ast.While) else Flow.NEXT

    def _repeat(
        self, container: dict[Any, Any], key: Any, before: Any, after: Any, source: Value
    ) -> None:
        if key == "items" and isinstance(after, tuple):
            kept = before if isinstance(before, tuple) else ()
            added = after[len(kept) :]
            if added and "each" not in container and same_items(after[: len(kept)], kept):
                element = added[0] if len(added) == 1 else sequence("group", added)
                self.journal.put(container, "each", Many(source, element, at=element.at))
                return
        if isinstance(before, Known | Text) and isinstance(after, Text | Choice):
            tail = _added(before, after)
            if tail is not None:
                each = Many(source, tail, at=after.at)
                start = before.parts if isinstance(before, Text) else (before,)
                self.journal.put(container, key, Text((*start, each), at=after.at))
                return
        if before is MISSING or not isinstance(before, Value) or not isinstance(after, Value):
            self.journal.put(container, key, after)
        elif not same(before, after):
            test = Operation("loop", (source,), at=source.at)
            self.journal.put(container, key, Choice(test, after, before, at=after.at))


def same_items(first: tuple[Value, ...], second: tuple[Value, ...]) -> bool:
    """Whether two rows of items are identical objects."""
    return len(first) == len(second) and all(a is b for a, b in zip(first, second, strict=True))


def _added(before: Known | Text, after: Value) -> Value | None:
    """What was appended to a text, by the tests under which it was; None when something else was
    done to it."""
    if after is before:
        return Known("", at=before.at)
    if isinstance(after, Choice):
        then, otherwise = _added(before, after.then), _added(before, after.otherwise)
        if then is None or otherwise is None:
            return None
        return Choice(after.test, then, otherwise, at=after.at)
    if isinstance(after, Known) and isinstance(before, Known):
        texts = (before.value, after.value)
        if all(isinstance(text, str) for text in texts) and str(texts[1]).startswith(str(texts[0])):
            return Known(str(texts[1])[len(str(texts[0])) :], at=after.at)
        return None
    if not isinstance(after, Text):
        return None
    tail = _tail(before, after)
    return None if tail is None else Text(tail, at=after.at)


def _tail(before: Known | Text, after: Text) -> tuple[Value, ...] | None:
    if isinstance(before, Text):
        count = len(before.parts)
        return after.parts[count:] if same_items(after.parts[:count], before.parts) else None
    if before.value == "":
        return after.parts
    first = after.parts[0]
    if not isinstance(first, Known) or not isinstance(before.value, str):
        return None
    start = str(first.value)
    if not start.startswith(before.value):
        return None
    rest = start[len(before.value) :]
    return ((Known(rest, at=first.at),) if rest else ()) + after.parts[1:]
