"""What a script's data preparation means: sources, rows, formats and masks."""

from __future__ import annotations

from translator.reading import Reader


def read_sources(reader: Reader) -> None:
    raise NotImplementedError
