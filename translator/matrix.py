"""What each framework does with each field of the IR, read off the tables themselves."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from translator.fields import all_fields
from translator.lens import Coverage, Table
from translator.record import Record

FRAMEWORKS = ("axolotl", "torchtune", "unsloth")
_TABLES = {"axolotl": "table", "torchtune": "torchtune_table", "unsloth": "table"}
"""Functions of the packages' modules ``table``."""


class Line(Record):
    """One field or case and its :class:`~translator.lens.Coverage` per framework."""

    field: str
    frameworks: dict[str, Coverage]


def table_of(framework: str) -> Table:
    """The table of a framework."""
    module = import_module(f"translator.frameworks.{framework}.table")
    table: Table = getattr(module, _TABLES[framework])()
    return table


def matrix(frameworks: Iterable[str] = FRAMEWORKS) -> tuple[Line, ...]:
    """A line for each field and case, in the order of the IR."""
    tables = {name: table_of(name) for name in frameworks}
    return tuple(
        Line(
            field=field,
            frameworks={name: table.matrix[field] for name, table in tables.items()},
        )
        for field in all_fields()
    )


def counts(lines: Iterable[Line]) -> dict[str, dict[str, int]]:
    """How many fields each framework carries, approximates and refuses."""
    totals: dict[str, dict[str, int]] = {}
    for line in lines:
        for name, coverage in line.frameworks.items():
            total = totals.setdefault(name, {"carried": 0, "approximated": 0, "refused": 0})
            total[coverage.status] += 1
    return totals
