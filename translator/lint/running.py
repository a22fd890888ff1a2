"""Many files, checked one after the other, or by two processes where that is quicker."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import FtxError
from translator.lint.checking import Checked, check_source, renamed
from translator.lint.settings import Settings
from translator.lint.sniffing import may_be_ours
from translator.lint.walking import Found
from translator.record import Record, Struct, replace
from translator.source import (
    MAX_BYTES,
    MAX_NOTEBOOK_BYTES,
    PathLike,
    Source,
    asked_for,
    decode,
    folder_of,
    read_bytes,
    read_source,
)

if TYPE_CHECKING:
    from translator.lint.cache import Cache

_WORTH_A_PROCESS = 24
"""Files from which on a second process pays for itself."""


class Plan(Record):
    """How files are checked.

    ``settings`` gives what holds for a file's folder; ``format`` is forced upon every file;
    ``lenient`` passes over named files that are no configurations, as over those come upon.
    """

    settings: Callable[[PathLike], Settings]
    format: str | None = None
    lenient: bool = False
    cache: Cache | None = None


class Outcome(Struct):
    """What became of a run: the files that are ours, and those that could not be looked at."""

    checked: list[Checked]
    unusable: list[Diagnostic]


def check_files(files: Iterable[Found], plan: Plan) -> Outcome:
    """Checks files in their order."""
    found = list(files)
    workers = min(os.cpu_count() or 1, 4, len(found) // _WORTH_A_PROCESS)
    if workers > 1 and hasattr(os, "fork") and not _has_threads():
        from translator.lint.workers import in_processes

        results = in_processes(found, lambda file: check_file(file, plan), workers, plan.cache)
    else:
        results = [check_file(file, plan) for file in found]
    if plan.cache is not None:
        plan.cache.save()
    outcome = Outcome(checked=[], unusable=[])
    for result in results:
        if isinstance(result, Diagnostic):
            outcome.unusable.append(result)
        elif result is not None:
            outcome.checked.append(result)
    return outcome


def check_file(found: Found, plan: Plan) -> Checked | Diagnostic | None:
    """The findings of a file; a diagnostic for a named file that is none of ours or cannot be
    read; None for a file that is passed over."""
    lenient = plan.lenient or not found.named
    try:
        source = _read(found, lenient and plan.format is None)
        if source is None:
            return None
        result = check(source, plan, lenient=lenient)
        if isinstance(result, Checked):
            result.text = ""  # there may be hundreds; what is shown of one is read again
        return result
    except FtxError as error:
        return None if not found.named else error.diagnostics[0]
    except (RecursionError, MemoryError):
        return Diagnostic(
            code=Code.TOO_BIG.code,
            severity=Severity.ERROR,
            message=f"{found.path} is nested too deeply or is too large",
            file=found.path,
        )
    except Exception as error:  # one file that ftx stumbles over shall not hide the others
        if os.environ.get("FTX_TRACEBACK"):
            raise
        return Diagnostic(
            code=Code.UNREADABLE.code,
            severity=Severity.ERROR,
            message=f"{found.path}: internal error, please report it: "
            f"{type(error).__name__}: {error} (FTX_TRACEBACK=1 shows where)",
            file=found.path,
        )


def check(source: Source, plan: Plan, *, lenient: bool) -> Checked | Diagnostic | None:
    """The same for a source that has been read."""
    settings = plan.settings(source.folder or os.getcwd())
    cached = plan.cache.get(source, settings, plan.format) if plan.cache else None
    if cached is not None:
        checked = renamed(cached, source.path)
    else:
        with asked_for() as asked:
            checked = check_source(source, settings, plan.format)
        if plan.cache is not None:
            plan.cache.put(source, settings, plan.format, checked, asked)
    if checked.format is None:
        return None if lenient or not checked.findings else replace(checked.findings[0])
    return checked


def _read(found: Found, sniff: bool) -> Source | None:
    if not sniff:
        return read_source(found.path)
    try:
        data = read_bytes(found.path, MAX_NOTEBOOK_BYTES)
    except OSError:
        return read_source(found.path)  # tells why
    if not may_be_ours(found.path, data):
        return None
    limit = MAX_NOTEBOOK_BYTES if found.path.endswith(".ipynb") else MAX_BYTES
    return decode(data, found.path, folder=folder_of(found.path), limit=limit)


def _has_threads() -> bool:
    threading = sys.modules.get("threading")
    return threading is not None and threading.active_count() > 1
