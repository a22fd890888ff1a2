"""What a project has decided: ``[tool.ftx]`` of pyproject.toml, or ftx.toml, found upwards."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from functools import cached_property
from typing import Any

from translator.diagnostics import Diagnostic, Severity
from translator.errors import FtxError, bad_option
from translator.lint.values import (
    codes,
    count,
    flag,
    gpu,
    one_of,
    per_file,
    severities,
    text,
    texts,
)
from translator.nearest import nearest
from translator.record import Record, replace, with_default
from translator.source import PathLike

FILES = ("ftx.toml", ".ftx.toml", "pyproject.toml")
"""In one folder the first of these counts."""
FAIL_ON = ("error", "warning", "note", "never")


class Settings(Record):
    """The settings of a run, after files and command line.

    Codes are codes or beginnings of them (``CFG``); ``root`` is the folder that patterns count
    from.
    """

    root: PathLike
    select: tuple[str, ...] = ("",)
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    severity: tuple[tuple[str, str], ...] = ()
    exclude: tuple[str, ...] = ()
    fail_on: str = "error"
    baseline: str | None = None
    cache: bool = True
    gpu: str | None = None
    gpus: int | None = None
    nodes: int | None = None
    portable_to: str | None = None

    def active(self, code: str, *, opt_in: bool = False) -> bool:
        """Whether findings of a code are wanted: the longest matching entry decides, and
        ``ignore`` among equals."""
        if (code, opt_in) not in self._known:
            self._known[code, opt_in] = self._active(code, opt_in)
        return self._known[code, opt_in]

    @cached_property
    def _known(self) -> dict[tuple[str, bool], bool]:
        return {}

    def _active(self, code: str, opt_in: bool) -> bool:
        if opt_in and not any(code.startswith(p) for p in (*self.extend_select, *self.select) if p):
            return False
        chosen = _longest(code, (*self.select, *self.extend_select))
        return chosen is not None and chosen > (_longest(code, self.ignore) or -1)

    def ignored_in(self, path: str) -> tuple[str, ...]:
        """The codes that ``per-file-ignores`` names for a file."""
        if not self.per_file_ignores:
            return ()
        relative = _relative(path, self.root)
        return tuple(
            code
            for pattern, named in self.per_file_ignores
            if fnmatch(relative, pattern) or fnmatch(os.path.basename(relative), pattern)
            for code in named
        )

    def excludes(self, path: str) -> bool:
        """Whether a file or folder found on a walk is left out."""
        if not self.exclude:
            return False
        relative = _relative(path, self.root)
        return any(
            fnmatch(relative, pattern)
            or fnmatch(os.path.basename(relative), pattern)
            or relative.startswith(pattern.rstrip("/") + "/")
            for pattern in self.exclude
        )

    def graded(self, diagnostic: Diagnostic) -> Diagnostic:
        """A finding with the severity that the project gives it."""
        best = -1
        chosen = None
        for code, word in self.severity:
            if diagnostic.code.startswith(code) and len(code) > best:
                best, chosen = len(code), Severity(word)
        return diagnostic if chosen is None else replace(diagnostic, severity=chosen)


def _longest(code: str, prefixes: tuple[str, ...]) -> int | None:
    return max((len(p) for p in prefixes if code.startswith(p)), default=None)


def _relative(path: str, root: PathLike) -> str:
    relative = os.path.relpath(os.path.abspath(path), root)
    return relative.replace(os.sep, "/")


KINDS: Mapping[str, Callable[[object], Any]] = {
    "select": codes,
    "extend-select": codes,
    "ignore": codes,
    "per-file-ignores": per_file,
    "severity": severities,
    "exclude": texts,
    "fail-on": one_of(*FAIL_ON),
    "baseline": text,
    "cache": flag,
    "gpu": gpu,
    "gpus": count,
    "nodes": count,
    "portable-to": one_of("axolotl", "torchtune", "unsloth"),
}
"""The options of a file and how their values are read; each raises ValueError with a reason."""
assert with_default(Settings) == {name.replace("-", "_") for name in KINDS}


class Finder:
    """Finds the settings that hold in a folder; each file is read once."""

    def __init__(self, *, config: str | None = None, isolated: bool = False) -> None:
        """``config`` is a file that counts in place of those found, ``isolated`` finds none."""
        self._known: dict[str, Settings] = {}
        self._fixed: Settings | None = None
        if config is not None:
            self._fixed = read_settings(config, required=True)
        elif isolated:
            self._fixed = Settings(root=os.getcwd())

    def of(self, folder: PathLike) -> Settings:
        """The settings for files of a folder.

        Raises:
            FtxError: a file of settings that cannot be understood.
        """
        if self._fixed is not None:
            return self._fixed
        absolute = os.path.abspath(folder)
        if absolute not in self._known:
            self._known[absolute] = self._find(absolute)
        return self._known[absolute]

    def _find(self, folder: str) -> Settings:
        for name in FILES:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and (settings := read_settings(path, required=False)):
                return settings
        above = os.path.dirname(folder)
        return Settings(root=os.getcwd()) if above == folder else self.of(above)


def read_settings(path: str, *, required: bool) -> Settings | None:
    """The settings in a file; None for a pyproject.toml without ``[tool.ftx]``.

    Raises:
        FtxError: not to be read, no TOML, an unknown option or a value that it cannot have.
    """
    import tomllib

    try:
        with open(path, encoding="utf-8") as stream:
            content = tomllib.loads(stream.read())
    except OSError as error:
        raise _refused(path, f"cannot be read: {(error.strerror or '').lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refused(path, f"is not TOML: {error}") from None
    if os.path.basename(path) == "pyproject.toml":
        content = content.get("tool", {}).get("ftx")
        if content is None:
            if required:
                raise _refused(path, "has no [tool.ftx]")
            return None
    return from_mapping(content, path)


def from_mapping(content: Mapping[str, Any], path: PathLike) -> Settings:
    """The settings that a table holds.

    Raises:
        FtxError: an unknown option or a value that it cannot have.
    """
    values: dict[str, Any] = {}
    for name, value in content.items():
        if name not in KINDS:
            close = nearest(name, KINDS, 0.5)
            hint = f"did you mean {close}?" if close else f"there are {', '.join(KINDS)}"
            raise _refused(path, f"{name} is no option of ftx", hint)
        try:
            values[name.replace("-", "_")] = KINDS[name](value)
        except ValueError as error:
            raise _refused(path, f"{name}: {error}") from None
    return Settings(root=os.path.dirname(os.path.abspath(path)), **values)


def _refused(path: PathLike, message: str, help: str | None = None) -> FtxError:
    return bad_option(f"{path} {message}", file=os.fspath(path), help=help)
