"""Unsloth: training scripts around FastLanguageModel and TRL's trainers."""

from __future__ import annotations

from translator.document import Document
from translator.frameworks.base import ReadOptions, WriteOptions, Written
from translator.source import Source


def recognise(source: Source) -> bool:
    """Whether a file looks like a Python script or notebook that trains with Unsloth or TRL."""
    text = source.text
    if source.path.endswith((".yaml", ".yml")):
        return False
    return any(
        word in text for word in ("import unsloth", "from unsloth", "unsloth import", "SFTTrainer")
    )


def read(source: Source, options: ReadOptions) -> Document:
    """Reads a script or notebook without running anything of it.

    Raises:
        UnreadableError: it is no Python, or no notebook.
        NotAConfigError: it trains nothing that ftx reads.
    """
    from translator.frameworks.unsloth.reading import read_script

    return read_script(source, options)


def write(document: Document, options: WriteOptions) -> Written:
    """A complete training script."""
    from translator.frameworks.unsloth.render import write as write_script

    return write_script(document, options)
