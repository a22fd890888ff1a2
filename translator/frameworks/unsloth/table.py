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
from translator.frameworks.unsloth.defaults import Flavour
from translator.frameworks.unsloth.rows import flavour_of
from translator.lens import DROPPED, Table
from translator.reading import Reader
from translator.tree import Address


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
        _fate,
    )


def _fate(reader: Reader, address: Address) -> str:
    """unsloth/models/rl_config_compat.py:363 (2026.10.9): classes that Unsloth has put in the place
    of TRL's tell each keyword that they drop; the others raise a TypeError."""
    if address[0] == "trainer":  # unsloth/trainer.py, ``_route_unknown_trainer_kwargs``
        return "and the trainer refuses it"
    if address[0] != "args":
        return DROPPED
    name = str(reader.value("args", "class") or "").rpartition(".")[2]
    own = reader.peek("args", "base") is not None
    if own or not name.endswith(("Config", "TrainingArguments")):
        return "which does not read it"
    patched = flavour_of(reader.facts) is Flavour.PATCHED
    return "which drops it with a warning" if patched else f"and {name} refuses it"
