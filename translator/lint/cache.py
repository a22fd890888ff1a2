"""Results kept between runs, by content, settings and version of ftx.

Reading a script takes some 20 ms, finding its results here less than one. Entries are kept in one
file of ``.ftx_cache``; those that a run has not asked for are dropped when they are many.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from translator import __version__
from translator.lint.checking import Checked
from translator.lint.registry import INDEX
from translator.lint.rows import Row, checked_of, row_of
from translator.lint.settings import Settings
from translator.source import PathLike, Source

try:  # hashlib loads OpenSSL, 4 ms; random goes by the same way
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

FOLDER = ".ftx_cache"
_MOST = 20_000
_BESIDE_SCRIPTS = (".json", ".yaml", ".yml", ".toml")
_BESIDE_YAML = (".json", ".jinja", ".jinja2", ".jsonl", ".csv")


class Cache:
    """The results below one folder (that of the settings)."""

    def __init__(self, root: PathLike) -> None:
        self._folder = os.path.join(root, FOLDER)
        self._file = os.path.join(self._folder, "lint.json")
        self._entries: dict[str, Row] = {}
        self._asked: set[str] = set()
        self.fresh: dict[str, Row] = {}
        """What this run has added."""
        self._beside: dict[tuple[PathLike, bool], bytes] = {}
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
        row = self._entries.get(key)
        if row is None:
            return None
        try:
            return checked_of(row, source.text)
        except (ValueError, TypeError, KeyError):
            return None

    def put(self, source: Source, settings: Settings, format: str | None, checked: Checked) -> None:
        """Remembers a result."""
        self.add({self._key(source, settings, format): row_of(checked)})

    def add(self, rows: Mapping[str, Row]) -> None:
        """Takes over results."""
        self._entries.update(rows)
        self.fresh.update(rows)

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
        ):
            digest.update(part.encode("utf-8", "surrogatepass"))
            digest.update(b"\0")
        if source.folder is not None:
            script = source.path.endswith((".py", ".ipynb"))
            digest.update(self._around(source.folder, script))
        return digest.hexdigest()

    def _around(self, folder: PathLike, script: bool) -> bytes:
        """What readers and rules may look at beside a file: names, sizes and times."""
        known = self._beside.get((folder, script))
        if known is not None:
            return known
        endings = _BESIDE_SCRIPTS if script else _BESIDE_YAML
        digest = blake2b(digest_size=16)
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
            for entry in entries:
                if entry.name.endswith(endings) and entry.is_file():
                    status = entry.stat()
                    line = f"{entry.name} {status.st_size} {status.st_mtime_ns}\n"
                    digest.update(line.encode("utf-8", "surrogateescape"))
        except OSError:
            pass
        return self._beside.setdefault((folder, script), digest.digest())


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
