"""Where the rows of a data set lie, as ``datasets.load_dataset`` wants to be told."""

from __future__ import annotations

from translator.catalog.locations import FORMATS, as_files
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.values import FILE_FORMATS
from translator.ir import CustomRows, Source
from translator.tree import Address
from translator.writing import Writer


def put_location(
    writer: Writer,
    place: Address,
    source: Source,
    usual: tuple[str, ...],
    field: str,
    component: str,
) -> None:
    """``source``, ``data_files``, ``name`` and ``revision``; not a ``usual`` source."""
    path, files, kind = as_files(source.path, source.files, source.file_format)
    if kind in FORMATS and not files and path != kind:  # a pattern, or a file without an ending
        path, files = kind, (path,)
    if files != source.files:
        _note(writer, f"{field}.path", f"a file of {kind} rows: source {kind} and data_files")
        _note(writer, f"{field}.files", f"a file of {kind} rows: source {kind} and data_files")
    if path in FILE_FORMATS and files and source.file_format is None:
        _note(writer, f"{field}.file_format", f"source: {path}")
    elif source.file_format not in (None, path):
        # load_dataset goes by what it finds in a folder or repository.
        _note(writer, f"{field}.file_format", "found out from the files themselves")
    if not path:
        why = "it is not known where the rows lie"
        writer.lose(Code.LOST_SOURCE, f"{field}.path", why)
        writer.put((*place, "source"), "UNKNOWN", f"{field}.path")
    elif path not in usual:
        writer.put((*place, "source"), path, f"{field}.path")
    if files:
        value = files[0] if len(files) == 1 else list(files)
        writer.put((*place, "data_files"), value, f"{field}.files")
    if source.subset is not None:
        own = isinstance(source.rows, CustomRows) and component == source.rows.reference
        name = "subset" if own else "name"
        writer.put((*place, name), source.subset, f"{field}.subset")
    if source.revision is not None:
        writer.put((*place, "revision"), source.revision, f"{field}.revision")


def _note(writer: Writer, field: str, why: str) -> None:
    writer.lose(Code.TOLD_OTHERWISE, field, why, Severity.NOTE, verbose=True)
