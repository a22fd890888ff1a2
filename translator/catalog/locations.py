"""Where rows lie: how a local file is told apart from a data set on the Hub."""

from __future__ import annotations

FORMATS = ("json", "csv", "parquet", "arrow", "text")
"""The formats that the ``datasets`` library reads files in, by the names it takes for them."""
_ENDINGS = {
    ".jsonl": "json", ".json": "json", ".parquet": "parquet", ".arrow": "arrow", ".csv": "csv",
    ".txt": "text",
}  # fmt: skip
_PACKED = (".gz", ".zst", ".bz2", ".xz")


def format_of(path: str) -> str | None:
    """The format that a file's ending tells, compressed or not; None when it tells none."""
    name = path.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return next((kind for ending, kind in _ENDINGS.items() if name.endswith(ending)), None)


def as_files(
    path: str, files: tuple[str, ...], kind: str | None
) -> tuple[str, tuple[str, ...], str | None]:
    """Path, files and format of a data set, a local file being told as format and file.

    >>> as_files("rows.jsonl", (), None)
    ('json', ('rows.jsonl',), 'json')
    >>> as_files("org/rows", ("part.json",), None)
    ('org/rows', ('part.json',), None)
    """
    if files and path in FORMATS:
        return path, files, kind or path
    found = None if files else format_of(path)
    if found is None:
        return path, files, kind
    kind = kind or found
    return kind, (path,), kind
