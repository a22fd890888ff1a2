"""What both sides of an undecided branch do, so that it can be undone, compared and merged."""

from __future__ import annotations

from typing import Any

from translator.syntax.evaluate_values import Absent, Choice, Many, Value, same

MISSING = object()


class Variables(dict[Any, Any]):
    """Names of a scope. A name that only one side of a branch defines has that side's value:
    on the other side the program could not use it."""


Changes = dict[tuple[int, Any], tuple[dict[Any, Any], Any, Any, Any]]
"""(container's identity, key) to (container, key, before, after)."""


class Journal:
    """All writes of the evaluator go through :meth:`put`, into layers that can be undone."""

    def __init__(self) -> None:
        self._layers: list[dict[tuple[int, Any], tuple[dict[Any, Any], Any, Any]]] = []

    def put(self, container: dict[Any, Any], key: Any, value: Any) -> None:
        """Writes one entry of a container; MISSING removes it."""
        if self._layers:
            place = (id(container), key)
            layer = self._layers[-1]
            if place not in layer:
                layer[place] = (container, key, container.get(key, MISSING))
        if value is MISSING:
            container.pop(key, None)
        else:
            container[key] = value

    def begin(self) -> None:
        """Opens a layer."""
        self._layers.append({})

    def undo(self) -> Changes:
        """Closes the layer and takes its writes back; returns them."""
        changes: Changes = {}
        for place, (container, key, before) in self._layers.pop().items():
            changes[place] = (container, key, before, container.get(key, MISSING))
            if before is MISSING:
                container.pop(key, None)
            else:
                container[key] = before
        return changes

    def redo(self, changes: Changes) -> None:
        """Applies writes that were taken back."""
        for container, key, _, after in changes.values():
            self.put(container, key, after)

    def merge(self, test: Value, first: Changes, second: Changes) -> None:
        """Applies both sides of a branch: what they agree on, or a choice by ``test``."""
        for place in {**first, **second}:
            container, key, before, _ = first.get(place) or second[place]
            then = first[place][3] if place in first else before
            otherwise = second[place][3] if place in second else before
            if key == "each":
                self.put(container, key, _either_each(test, then, otherwise))
            else:
                self.put(container, key, _either(test, then, otherwise, container))


def _either(test: Value, then: Any, otherwise: Any, container: dict[Any, Any]) -> Any:
    if then is otherwise:
        return then
    if isinstance(then, tuple) or isinstance(otherwise, tuple):
        return _either_items(test, _items(then), _items(otherwise))
    if isinstance(container, Variables):
        if then is MISSING:
            return otherwise
        if otherwise is MISSING:
            return then
    first = Absent() if then is MISSING else then
    second = Absent() if otherwise is MISSING else otherwise
    if not isinstance(first, Value) or not isinstance(second, Value):
        return first
    return first if same(first, second) else Choice(test, first, second, at=test.at)


def _either_each(test: Value, then: Any, otherwise: Any) -> Any:
    """What a list repeats, when only one side of a branch fills it, or both in their own way."""
    if not isinstance(then, Many) or not isinstance(otherwise, Many):
        one = then if isinstance(then, Many) else otherwise
        return Many(one.source, one.element, one.test or test, at=one.at)
    if then.source is not otherwise.source:
        return Many(Choice(test, then.source, otherwise.source), Absent(), test, at=then.at)
    element = Choice(test, then.element, otherwise.element, at=test.at)
    return Many(then.source, element, then.test, at=then.at)


def _items(value: Any) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else ()


def _either_items(
    test: Value, then: tuple[Value, ...], otherwise: tuple[Value, ...]
) -> tuple[Value, ...]:
    length = max(len(then), len(otherwise))
    merged: list[Value] = []
    for position in range(length):
        first = then[position] if position < len(then) else Absent()
        second = otherwise[position] if position < len(otherwise) else Absent()
        equal = same(first, second)
        merged.append(first if equal else Choice(test, first, second, at=test.at))
    return tuple(merged)
