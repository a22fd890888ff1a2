"""The recipe itself as a file format: JSON, as ``ftx schema ir`` describes it."""

from __future__ import annotations

import re

from translator.document import Document
from translator.frameworks.base import ReadOptions, WriteOptions, Written
from translator.source import Source

_FORMAT = re.compile(r'"ftx"\s*:\s*[0-9]')


def recognise(source: Source) -> bool:
    """Whether a text is an object with the number of an IR format and a recipe."""
    text = source.text
    return text.lstrip()[:1] == "{" and '"recipe"' in text and bool(_FORMAT.search(text))


def read(source: Source, options: ReadOptions) -> Document:
    """Reads an IR file; see :class:`translator.frameworks.base.Framework`."""
    from translator.frameworks.ir.reading import read_ir

    return read_ir(source, options)


def write(document: Document, options: WriteOptions) -> Written:
    """Writes an IR file. Nothing is ever lost."""
    from translator.frameworks.ir.writing import write_ir

    return Written(text=write_ir(document), losses=())
