"""Steps that change the values of whole columns: casts, and what fills empty cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from translator import ir
from translator.frameworks.unsloth.prepared import Prepared
from translator.frameworks.unsloth.step_arguments import spelled
from translator.frameworks.unsloth.substitutes import names_in, tell_once
from translator.reading import Reader
from translator.tree import Node, Unresolved

Plain = dict[str, Any]

CHANGES = ("cast", "cast_column", "class_encode_column", "astype", "fillna")


def note_change(prepared: Prepared, step: Node, plain: Plain) -> None:
    """Keeps a step for :func:`tell_changes`, with the columns of the file that it changes: how these
    are called may change further on."""
    columns = _changed(plain)
    if columns is not None:
        columns = {name for column in columns for name in _of_file(prepared, column)}
    if columns != set():
        prepared.changes.append((step, columns))


def tell_changes(reader: Reader, prepared: Prepared, rows: ir.Rows) -> None:
    """Says which steps change values that are trained."""
    if isinstance(rows, ir.CustomRows):
        return  # all their steps are told, or brought along
    trained = set(names_in(rows))
    for step, columns in prepared.changes:
        if columns is None or columns & trained:
            message = f"{spelled(step.plain())} changes values of the rows, which is not carried"
            tell_once(reader, message, step)


def _changed(plain: Plain) -> set[str] | None:
    """The columns whose values a step changes; None for all."""
    name = plain.get("op")
    if name in ("cast_column", "class_encode_column"):
        column, feature = plain.get("column"), plain.get("feature")
        if isinstance(feature, dict) and str(feature.get("class")) == "Image":
            return set()  # how pictures are decoded, not which
        return {column} if isinstance(column, str) else None
    given = plain.get({"cast": "features", "astype": "dtype"}.get(str(name), "value"))
    if isinstance(given, dict):
        return {str(column) for column, value in given.items() if name != "fillna" or value != ""}
    if name == "cast" and isinstance(given, Unresolved):
        return set()  # mostly the types of another data set that it is joined with
    return set() if name == "fillna" and given in ("", None) else None


def _of_file(prepared: Prepared, column: str) -> Iterator[str]:
    """The columns of the file that a column has been made of."""
    made = prepared.columns.get(column)
    if made is None:
        yield column
    waiting: list[object] = [made]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get("column"), str):
                yield part["column"]
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
