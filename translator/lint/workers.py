"""Files checked by forked processes: each takes every n-th, and sends rows back."""

from __future__ import annotations

import gc
import marshal
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from translator.diagnostics import Diagnostic
from translator.lint.checking import Checked
from translator.lint.rows import checked_of, row_of
from translator.lint.walking import Found

if TYPE_CHECKING:
    from translator.lint.cache import Cache

_BEFOREHAND = 8
"""Files after which most of what a folder's files need has been loaded."""

Result = Checked | Diagnostic | None


def in_processes(
    files: list[Found], check: Callable[[Found], Result], workers: int, cache: Cache | None
) -> list[Result]:
    """The results in the order of the files; ``cache`` gets what the workers have added to theirs.

    This process does one share itself. A worker that dies leaves its share to be done here. A few
    files are checked beforehand: what they have loaded, no worker has to.
    """
    first = [check(file) for file in files[:_BEFOREHAND]]
    return [*first, *_shared_out(files[_BEFOREHAND:], check, workers, cache)]


def _shared_out(
    files: list[Found], check: Callable[[Found], Result], workers: int, cache: Cache | None
) -> list[Result]:
    gc.freeze()  # pages that are not written to stay shared
    pipes = [_fork(files[number::workers], check, cache) for number in range(1, workers)]
    results: list[Result] = [None] * len(files)
    results[0::workers] = [check(file) for file in files[0::workers]]
    for number, (process, reading) in enumerate(pipes, start=1):
        with os.fdopen(reading, "rb") as stream:
            data = stream.read()
        _, status = os.waitpid(process, 0)
        share = files[number::workers]
        if status == 0:
            rows, fresh = marshal.loads(data)
            results[number::workers] = [_unpacked(row) for row in rows]
            if cache is not None:
                cache.add(fresh)
        else:
            results[number::workers] = [check(file) for file in share]
    return results


def _fork(
    share: list[Found], check: Callable[[Found], Result], cache: Cache | None
) -> tuple[int, int]:
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    status = 1
    try:
        os.close(reading)
        rows = [_packed(check(file)) for file in share]
        data = marshal.dumps((rows, {} if cache is None else cache.fresh))
        with os.fdopen(writing, "wb") as stream:
            stream.write(data)
        status = 0
    finally:
        os._exit(status)


def _packed(result: Result) -> Any:
    if result is None:
        return None
    if isinstance(result, Diagnostic):
        alone = Checked(path=result.file, text="", format=None, findings=[result])
        return ["diagnostic", row_of(alone)]
    return ["checked", row_of(result)]


def _unpacked(packed: Any) -> Result:
    if packed is None:
        return None
    if packed[0] == "diagnostic":
        return checked_of(packed[1], "").findings[0]
    return checked_of(packed[1], "")
