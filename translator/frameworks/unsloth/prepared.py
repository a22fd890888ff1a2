"""One data set on its way to the trainer."""

from __future__ import annotations

from typing import Any

from translator.record import Struct, field

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
    held_out: float | None = None
    unknown: str | None = None
    """Code that is not understood and stands between the file and the trainer."""
