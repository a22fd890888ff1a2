"""Results kept between runs, by content, place, settings and version of ftx.

Reading a script takes some 20 ms, finding its results here less than one. A result holds as long as
every file that was asked for while it was made (a module, a DeepSpeed file, data) is as it was.
Entries are kept in one file of ``.ftx_cache``; those that a run has not asked for are dropped when
they are many.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from translator import __version__
from translator.lint.checking import Checked
from translator.lint.registry import INDEX
from translator.lint.rows import checked_of, row_of
from translator.lint.settings import Settings
from translator.source import PathLike, Source

try:  # hashlib loads OpenSSL, 4 ms; random goes by the same way
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

FOLDER = ".ftx_cache"
_MOST = 20_000

Stamp = list[int] | None
"""Size and time of a file that a result depends on; None where there was none."""
Entry = list[Any]
"""Stamps by path, and the row."""


class Cache:
    """The results below one folder (that of the settings)."""

    def __init__(self, root: PathLike) -> None:
        self._folder = os.path.join(root, FOLDER)
        self._file = os.path.join(self._folder, "lint.json")
        self._entries: dict[str, Entry] = {}
        self._asked: set[str] = set()
        self.fresh: dict[str, Entry] = {}
        """What this run has added."""
        self._stamps: dict[str, Stamp] = {}
        self._here = os.getcwd()
        self._stamp = f"{__version__}:{os.stat(INDEX).st_mtime_ns}"
        try:
            with open(self._file, "rb") as stream:
                content = json.load(stream)
            if content["stamp"] == self._stamp:
                self._entries = content["entries"]
        except (OSError, ValueError, KeyError, TypeError):
            pass

    def get(self, source: Source, settings: Settings, format: str | None) -> Checked | None:
        """The result of a source, if it has been seen under the same settings."""
        key = self._key(source, settings, format)
        self._asked.add(key)
        entry = self._entries.get(key)
        if entry is None:
            return None
        try:
            stamps, row = entry
            if any(self._stamp_of(path) != stamp for path, stamp in stamps.items()):
                return None
            return checked_of(row, source.text)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    def put(
        self,
        source: Source,
        settings: Settings,
        format: str | None,
        checked: Checked,
        asked: Iterable[str],
    ) -> None:
        """Remembers a result, and the paths that were asked for to get it."""
        stamps = {path: self._stamp_of(path) for path in sorted(asked)}
        self.add({self._key(source, settings, format): [stamps, row_of(checked)]})

    def add(self, entries: Mapping[str, Entry]) -> None:
        """Takes over results."""
        self._entries.update(entries)
        self.fresh.update(entries)

    def save(self) -> None:
        """Writes what is new; a folder that cannot be written to is no fault."""
        if not self.fresh:
            return
        if len(self._entries) > _MOST:
            self._entries = {k: v for k, v in self._entries.items() if k in self._asked}
        content: dict[str, Any] = {"stamp": self._stamp, "entries": self._entries}
        ignore = os.path.join(self._folder, ".gitignore")
        temporary = os.path.join(self._folder, f"lint.{os.getpid()}.tmp")
        try:
            os.makedirs(self._folder, exist_ok=True)
            if not os.path.exists(ignore):
                _write(ignore, "*\n")
            _write(temporary, json.dumps(content))
            os.replace(temporary, self._file)
        except OSError:
            return

    def _key(self, source: Source, settings: Settings, format: str | None) -> str:
        digest = blake2b(digest_size=16)
        for part in (
            source.text,
            source.path[source.path.rfind(".") :],
            repr(settings),
            # patterns of per-file-ignores and exclude look at the path itself
            source.path if settings.per_file_ignores else "",
            str(format),
            # the same text may find other files elsewhere
            os.fspath(source.folder or ""),
            self._here,
        ):
            digest.update(part.encode("utf-8", "surrogatepass"))
            digest.update(b"\0")
        return digest.hexdigest()

    def _stamp_of(self, path: str) -> Stamp:
        if path not in self._stamps:
            try:
                status = os.stat(path)
                self._stamps[path] = [status.st_size, status.st_mtime_ns]
            except (OSError, ValueError):
                self._stamps[path] = None
        return self._stamps[path]


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
