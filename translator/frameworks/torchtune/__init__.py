"""torchtune: YAML files for ``tune run``; read from 0.1 on, written for 0.6.1 or main."""

from __future__ import annotations

from translator.document import Document
from translator.frameworks.base import ReadOptions, WriteOptions, Written
from translator.source import Source


def recognise(source: Source) -> bool:
    """Whether a file looks like a torchtune configuration: no other YAML names components so."""
    return "_component_:" in source.text


def read(source: Source, options: ReadOptions) -> Document:
    """Reads a configuration; see :class:`translator.frameworks.base.Framework`."""
    from translator.frameworks.torchtune.reading import read_config

    return read_config(source, options)


def write(document: Document, options: WriteOptions) -> Written:
    """Writes a configuration and, where YAML does not suffice, a module beside it."""
    from translator.frameworks.torchtune.writing import write_config

    return write_config(document, options)
