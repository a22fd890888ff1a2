"""A file as text: read once, with limits, and refused with one message when it is no text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import UnreadableError
from translator.record import Record

PathLike = str | os.PathLike[str]
"""A path as a caller has it. pathlib, with what it imports, would be one part in thirty of a short
run: modules that every run loads do with os.path."""
MAX_BYTES = 4_000_000
"""Largest configuration or script that is read; the largest found in the wild has 60 kB."""
MAX_NOTEBOOK_BYTES = 64_000_000
"""Notebooks carry their outputs, pictures among them."""
_USUAL_BYTES = 65_536
"""Hardly any file is larger. Room for the largest that is allowed costs more than reading it."""


class Source(Record):
    """The decoded content of a file.

    ``text`` is without the byte order mark that ``bom`` remembers; line ends are as in the file.
    ``path`` is what messages show, ``folder`` where files beside it are looked for (None for
    standard input).
    """

    path: str
    text: str
    bom: bool = False
    folder: PathLike | None = None


_watching: list[set[str]] = []
_answers: list[dict[str, Any]] = []


@contextmanager
def asked_for() -> Iterator[set[str]]:
    """The paths that are asked for in the meantime, whether something is there or not: what a
    result depends on beside the text."""
    asked: set[str] = set()
    _watching.append(asked)
    _answers.append({})
    try:
        yield asked
    finally:
        _watching.pop()
        _answers.pop()


def ask_for(path: PathLike) -> None:
    """Tells those who watch that a result depends on a path."""
    for asked in _watching:
        asked.add(os.fspath(path))


def answers() -> dict[str, Any]:
    """What has been found out about files since somebody began to watch, to be asked once only. The
    same file may be another one at the next check."""
    return _answers[-1] if _answers else {}


def is_regular_file(path: PathLike) -> bool:
    """Whether a file is there to be read; a name that no file can have is no error."""
    ask_for(path)
    return os.path.isfile(path)  # False as well for what is too long, or in a forbidden folder


def read_source(path: PathLike) -> Source:
    """Reads a file.

    Raises:
        UnreadableError: it is missing, no regular file, forbidden, too large, or not UTF-8 text.
    """
    name = os.fspath(path)
    limit = MAX_NOTEBOOK_BYTES if name.endswith(".ipynb") else MAX_BYTES
    try:
        if os.path.isdir(name):
            raise unreadable(name, "is a directory, not a file")
        data = read_bytes(name, limit)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise unreadable(name, f"cannot be read: {reason}") from None
    except ValueError:
        raise unreadable(name, "cannot be read: the name holds a null character") from None
    return decode(data, name, folder=folder_of(name), limit=limit)


def read_bytes(path: str, limit: int) -> bytes:
    """The content of a file, or so much of it that one can see it is larger than a limit.

    Raises:
        OSError: it cannot be read.
        ValueError: the name holds a null character.
    """
    with open(path, "rb") as stream:
        data = stream.read(min(_USUAL_BYTES, limit + 1))
        return data if len(data) < _USUAL_BYTES else data + stream.read(limit + 1 - _USUAL_BYTES)


def folder_of(path: str) -> str:
    """The folder that a file lies in."""
    return os.path.dirname(path) or "."


def decode(
    data: bytes, name: str, *, folder: PathLike | None = None, limit: int = MAX_BYTES
) -> Source:
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
