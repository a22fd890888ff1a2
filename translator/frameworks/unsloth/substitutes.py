"""What a script puts in the place of a column's own value: a default for one that is missing, the
result of a method. No other framework changes the values of a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.prepared import Prepared
from translator.reading import Reader
from translator.record import Record
from translator.tree import Node

Plain = dict[str, Any]
_MAX_DEPTH = 30


def tell_substitutes(reader: Reader, prepared: Prepared, rows: ir.Rows, node: Node | None) -> None:
    """Says what the values of the columns that are trained have been changed to, once."""
    if isinstance(rows, ir.CustomRows):
        return  # their code is told as it stands, or brought along
    named = set(names_in(rows))
    formatting = reader.tree.get(("trainer", "formatting_func"))
    described = [*prepared.columns.values(), prepared.text]
    described.append(None if formatting is None else formatting.plain())
    places = [p for p in _references(described) if p.get("column", p.get("field")) in named]
    stand = {
        f"{p.get('column', p.get('field'))} ({p['default']!r})" for p in places if p.get("default")
    }
    called = {str(m["name"]) for p in places for m in p.get("methods", [])}
    if stand:
        message = f"what stands for missing values is not carried: {', '.join(sorted(stand))}"
        tell_once(reader, message, _place(reader, node))
    if called:
        message = f"columns are changed by {', '.join(sorted(called))}(), which is not carried"
        tell_once(reader, message, node)


def names_in(value: object) -> Iterator[str]:
    """The texts in a part of the recipe, the names of columns among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from names_in(item)
    elif isinstance(value, Record):
        from dataclasses import fields

        for field in fields(value):  # type: ignore[arg-type]
            yield from names_in(getattr(value, field.name))


def _place(reader: Reader, node: Node | None) -> Node | None:
    """Where the first value stands that takes the place of a missing one."""
    for described in (node, reader.tree.get(("trainer", "formatting_func"))):
        for address, leaf in () if described is None else described.leaves():
            if address and address[-1] == "default" and leaf.value:
                return leaf
    return node


def _references(described: object, depth: int = 0) -> Iterator[Plain]:
    """The columns of a row and the fields of its turns in a description, however deep."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(described, dict):
        if described.keys() & {"column", "field"}:
            yield described
        for inner in described.values():
            yield from _references(inner, depth + 1)
    elif isinstance(described, list):
        for inner in described:
            yield from _references(inner, depth + 1)


def tell_once(reader: Reader, message: str, node: Node | None) -> None:
    """Says it of the first rows alone: those of evaluation are mostly made like those of training."""
    if all(told.message != message for told in reader.diagnostics):
        reader.say(Code.ASSUMED, Severity.WARNING, message, node, field="data.sources")
