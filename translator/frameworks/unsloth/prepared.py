"""One data set on its way to the trainer."""

from __future__ import annotations

from typing import Any

from translator.record import Struct, field
from translator.tree import Node

Plain = dict[str, Any]


class Prepared(Struct):
    """One data set on its way to the trainer."""

    source: Plain
    columns: dict[str, Plain] = field(default_factory=dict)
    """Columns that the script made, by what they are made of."""
    names: frozenset[str] | None = None
    """The columns of the rows themselves, where they are known."""
    standardized: bool = False
    """Whether turns have been brought to roles and contents by Unsloth."""
    tokens: Plain | None = None
    """The function that made token ids, when one did."""
    text: Plain | None = None
    """The text whose tokens the rows are, all of them supervised."""
    tokenized: bool = False
    """Whether the file's own rows are token ids already."""
    drops: bool = False
    chunks: bool = False
    shuffled: bool = False
    ordered: str | None = None
    """The step that has put the rows in an order that the file does not have."""
    held_out: float | None = None
    rest: Node | None = None
    """The ``train_test_split`` whose held-out part these rows are."""
    changes: list[tuple[Node, set[str] | None]] = field(default_factory=list)
    """The steps that change values, with the columns of the file that they change (None: all)."""
    unknown: str | None = None
    """Code that is not understood and stands between the file and the trainer."""
