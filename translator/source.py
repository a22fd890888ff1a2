"""A file as text: read once, with limits, and refused with one message when it is no text."""

from __future__ import annotations

import os
from pathlib import Path

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import UnreadableError
from translator.record import Record

MAX_BYTES = 4_000_000
"""Largest configuration or script that is read; the largest found in the wild has 60 kB."""
MAX_NOTEBOOK_BYTES = 64_000_000
"""Notebooks carry their outputs, pictures among them."""


class Source(Record):
    """The decoded content of a file.

    ``text`` is without the byte order mark that ``bom`` remembers; line ends are as in the file.
    ``path`` is what messages show, ``folder`` where files beside it are looked for (None for
    standard input).
    """

    path: str
    text: str
    bom: bool = False
    folder: Path | None = None


def is_regular_file(path: Path) -> bool:
    """Whether a file is there to be read; a name that no file can have is no error."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long, in a folder that is forbidden
        return False


def read_source(path: str | os.PathLike[str]) -> Source:
    """Reads a file.

    Raises:
        UnreadableError: it is missing, no regular file, forbidden, too large, or not UTF-8 text.
    """
    name = os.fspath(path)
    file = Path(name)
    limit = MAX_NOTEBOOK_BYTES if file.suffix == ".ipynb" else MAX_BYTES
    try:
        if file.is_dir():
            raise unreadable(name, "is a directory, not a file")
        with file.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise unreadable(name, f"cannot be read: {reason}") from None
    except ValueError:
        raise unreadable(name, "cannot be read: the name holds a null character") from None
    return decode(data, name, folder=file.parent, limit=limit)


def decode(data: bytes, name: str, *, folder: Path | None = None, limit: int = MAX_BYTES) -> Source:
    """Bytes as a source.

    Raises:
        UnreadableError: too large, binary, or not UTF-8.
    """
    if len(data) > limit:
        message = f"is larger than {limit // 1_000_000} MB, too large for a configuration"
        raise unreadable(name, message, Code.TOO_BIG)
    if b"\0" in data:
        raise unreadable(name, "is a binary file, not text")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise unreadable(name, f"is not UTF-8 text (line {line})") from None
    bom = text.startswith("\ufeff")
    return Source(path=name, text=text[1:] if bom else text, bom=bom, folder=folder)


def unreadable(name: str, message: str, code: Code = Code.UNREADABLE) -> UnreadableError:
    """The error for a file that cannot be read at all."""
    shown = name if len(name) <= 200 else f"{name[:100]}…{name[-60:]}"
    return UnreadableError(
        Diagnostic(code=code.code, severity=Severity.ERROR, message=f"{shown} {message}", file=name)
    )
