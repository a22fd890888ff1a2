"""The recipe itself as a file format: JSON, as ``ftx schema ir`` describes it."""

from __future__ import annotations

from translator.document import Document
from translator.frameworks.base import ReadOptions, WriteOptions, Written
from translator.source import Source


def recognise(source: Source) -> bool:
    """Whether a text is an object that begins with ``"ftx"``, or has a recipe."""
    head = source.text[:4000].lstrip()
    return head.startswith("{") and '"recipe"' in source.text and '"ftx"' in head


def read(source: Source, options: ReadOptions) -> Document:
    """Reads an IR file; see :class:`translator.frameworks.base.Framework`."""
    from translator.frameworks.ir.reading import read_ir

    return read_ir(source, options)


def write(document: Document, options: WriteOptions) -> Written:
    """Writes an IR file. Nothing is ever lost."""
    from translator.frameworks.ir.writing import write_ir

    return Written(text=write_ir(document), losses=())
