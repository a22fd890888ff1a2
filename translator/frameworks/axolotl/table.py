"""The table of Axolotl: every key of its schema, in the order in which rows depend on another."""

from __future__ import annotations

from functools import cache

from translator.frameworks.axolotl import (
    adapter,
    batching,
    data,
    logs,
    memory,
    model,
    objective,
    optimization,
    parallel,
    rest,
    run,
)
from translator.frameworks.axolotl.schema import plugin_keys, recorded_keys
from translator.lens import Table


@cache
def table() -> Table:
    """The rows; loaded once, and checked to answer for every field of the IR."""
    return Table(
        "axolotl",
        (
            *model.ROWS,
            *adapter.ROWS,
            *optimization.ROWS,
            *data.SOURCES,
            *batching.ROWS,
            *data.PACKING,
            *memory.ROWS,
            *parallel.ROWS,
            *objective.ROWS,
            *run.ROWS,
            *logs.ROWS,
            *rest.ROWS,
        ),
    )


def all_keys() -> tuple[str, ...]:
    """Every spelling that the schema or one of the plugins knows."""
    plugins = (key for keys in plugin_keys().values() for key in keys)
    return (*recorded_keys(), *plugins)
