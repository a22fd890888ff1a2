"""Writing files so that a reader sees the old content or the new, never half of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from translator.errors import FtxError, bad_option


def write_files(files: Mapping[Path, str], *, force: bool, folders: Collection[Path] = ()) -> None:
    """Writes several files, each atomically; nothing is written unless all may be.

    Line ends are kept as they are in the text. ``force`` allows to replace existing files;
    ``folders`` are made where they are not there yet.

    Raises:
        FtxError: a file exists already, is a directory, or cannot be written.
    """
    for path in files:
        if path.is_dir():
            raise _refused(path, "is a directory")
        if path.is_file() and not force:
            raise _refused(path, "exists already", "--force replaces it")
        if not path.parent.is_dir() and path.parent not in folders:
            raise _refused(path, f"cannot be written: there is no folder {path.parent}")
    staged: list[tuple[str, Path]] = []
    made = [folder for folder in folders if not folder.exists()]
    try:
        for path in made:
            path.mkdir()
        for path, text in files.items():
            if path.exists() and not path.is_file():
                path.write_bytes(text.encode("utf-8"))  # a device or pipe: nothing to replace
                continue
            real = Path(os.path.realpath(path))  # a link keeps pointing where it does
            staged.append((_stage(real, text), real))
        while staged:
            temporary, path = staged[0]
            os.replace(temporary, path)
            staged.pop(0)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise _refused(Path(error.filename or path), f"cannot be written: {reason}") from None
    finally:
        for temporary, _ in staged:
            with suppress(OSError):
                os.unlink(temporary)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()  # stays unless it is empty, as after a failure


def _stage(path: Path, text: str) -> str:
    """The text in a temporary file of the same folder, with the permissions it will have."""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        error.filename = str(path)
        raise
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8"))
        os.chmod(temporary, _mode(path))
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def _mode(path: Path) -> int:
    """That of the file to be replaced, else what the process's umask leaves of 0666."""
    if path.exists():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _refused(path: Path, message: str, help: str | None = None) -> FtxError:
    return bad_option(f"{path} {message}", file=str(path), help=help)
