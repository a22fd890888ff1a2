"""The table of Axolotl: every key of its schema, in the order in which rows depend on another."""

from __future__ import annotations

from functools import cache

from translator.frameworks.axolotl import (
    adapter,
    adapter_modules,
    batching,
    data,
    foreign_names,
    inner_keys,
    logs,
    memory,
    model,
    objective,
    optimization,
    own_keys,
    parallel,
    plugin_keys,
    removed_keys,
    run,
    stored_weights,
    without_bearing,
)
from translator.lens import Table


@cache
def table() -> Table:
    """The rows; loaded once, and checked to answer for every field of the IR."""
    return Table(
        "axolotl",
        (
            *model.ROWS,
            *stored_weights.ROWS,
            *adapter.ROWS,
            *adapter_modules.ROWS,
            *optimization.ROWS,
            *data.SOURCES,
            *batching.ROWS,
            *data.PACKING,
            *memory.ROWS,
            *parallel.ROWS,
            *objective.ROWS,
            *run.ROWS,
            *logs.ROWS,
            *without_bearing.ROWS,
            *own_keys.ROWS,
            *removed_keys.ROWS,
            *plugin_keys.ROWS,
            *inner_keys.ROWS,
            *foreign_names.ROWS,
        ),
    )
