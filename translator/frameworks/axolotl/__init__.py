"""Axolotl: YAML files for ``axolotl train``, read and written as version 0.19 understands them."""

from __future__ import annotations

from translator.document import Document
from translator.frameworks.base import ReadOptions, WriteOptions, Written
from translator.source import Source


def recognise(source: Source) -> bool:
    """Whether a file looks like an Axolotl configuration."""
    from translator.frameworks.axolotl.recognising import looks_like_axolotl

    return looks_like_axolotl(source.text)


def read(source: Source, options: ReadOptions) -> Document:
    """Reads a configuration; see :class:`translator.frameworks.base.Framework`."""
    from translator.frameworks.axolotl.reading import read_config

    return read_config(source, options)


def write(document: Document, options: WriteOptions) -> Written:
    """Writes a configuration for Axolotl 0.19."""
    from translator.frameworks.axolotl.writing import write_config

    return write_config(document, options)
