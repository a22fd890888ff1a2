"""Where the rows of a data set lie, as ``datasets.load_dataset`` wants to be told."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.values import FILE_FORMATS
from translator.ir import CustomRows, Source
from translator.tree import Address
from translator.writing import Writer

_ENDINGS = {
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".txt": "text",
}
_PACKED = (".gz", ".zst", ".bz2", ".xz")


def put_location(
    writer: Writer, place: Address, source: Source, usual: tuple[str, ...], field: str
) -> None:
    """``source``, ``data_files``, ``name`` and ``revision``; not a ``usual`` source."""
    path, files = source.path, source.files
    kind = _kind(source)
    if kind is not None and not files:
        path, files = kind, (path,)
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
        name = "subset" if isinstance(source.rows, CustomRows) else "name"
        writer.put((*place, name), source.subset, f"{field}.subset")
    if source.revision is not None:
        writer.put((*place, "revision"), source.revision, f"{field}.revision")


def _kind(source: Source) -> str | None:
    """The format of a single file, which ``load_dataset`` must be told; None for anything else."""
    path = source.path
    if source.file_format is not None:
        return source.file_format if path != source.file_format else None
    for packed in _PACKED:
        path = path.removesuffix(packed)
    return next((kind for ending, kind in _ENDINGS.items() if path.endswith(ending)), None)


def _note(writer: Writer, field: str, why: str) -> None:
    writer.lose(Code.TOLD_OTHERWISE, field, why, Severity.NOTE, verbose=True)
