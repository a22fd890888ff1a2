"""Unsloth's table: the rows of every part, in the order in which values depend on each other."""

from __future__ import annotations

from functools import cache

from translator.frameworks.unsloth import (
    data_rows,
    foreign_keys,
    model,
    objective,
    optimization,
    others,
    run,
    touched,
)
from translator.lens import Table


@cache
def table() -> Table:
    """The table; it does not load unless every field of the IR has a row."""
    return Table(
        "Unsloth",
        (
            *model.ROWS,
            *objective.ROWS,
            *optimization.ROWS,
            *data_rows.ROWS,
            *run.ROWS,
            *others.ROWS,
            *touched.ROWS,
            *foreign_keys.ROWS,
        ),
    )
