"""Files checked by forked processes: each takes the next one when it is free, and sends rows back."""

from __future__ import annotations

import gc
import marshal
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from translator.diagnostics import Diagnostic
from translator.lint.checking import Checked
from translator.lint.rows import checked_of, row_of
from translator.lint.walking import Found

if TYPE_CHECKING:
    from translator.lint.cache import Cache

_BEFOREHAND = 8
"""Files after which most of what a folder's files need has been loaded."""
_TICKET = 4
"""Bytes of a number in a pipe, which are read at once or not at all."""
_MOST_TICKETS = 2048
"""Half of what the smallest pipe holds."""

Result = Checked | Diagnostic | None


def in_processes(
    files: list[Found], check: Callable[[Found], Result], workers: int, cache: Cache | None
) -> list[Result]:
    """The results in the order of the files; ``cache`` gets what the workers have added to theirs.

    This process takes its share itself. What a worker has taken that dies is done here. A few files
    are checked beforehand: what they have loaded, no worker has to.
    """
    first = [check(file) for file in files[:_BEFOREHAND]]
    return [*first, *_shared_out(files[_BEFOREHAND:], check, workers, cache)]


def _shared_out(
    files: list[Found], check: Callable[[Found], Result], workers: int, cache: Cache | None
) -> list[Result]:
    gc.freeze()  # pages that are not written to stay shared
    tickets = _tickets(files)

    def share() -> Iterator[tuple[int, Result]]:
        while ticket := os.read(tickets, _TICKET):
            first = int.from_bytes(ticket, "big")
            for number in range(first, min(first + _step(files), len(files))):
                yield number, check(files[number])

    pipes = [_fork(share, cache) for _ in range(1, workers)]
    results = dict(share())
    os.close(tickets)
    for process, reading in pipes:
        with os.fdopen(reading, "rb") as stream:
            data = stream.read()
        _, status = os.waitpid(process, 0)
        if status == 0:
            rows, fresh = marshal.loads(data)
            results.update((number, _unpacked(row)) for number, row in rows)
            if cache is not None:
                cache.add(fresh)
    left = (number for number in range(len(files)) if number not in results)
    results.update((number, check(files[number])) for number in left)
    return [results[number] for number in range(len(files))]


def _tickets(files: list[Found]) -> int:
    """A pipe with the numbers of the files, or of the first of every few: who is free takes one, so
    that none waits for another that was given longer files or a slower core."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream:
        for number in range(0, len(files), _step(files)):
            stream.write(number.to_bytes(_TICKET, "big"))
    return reading


def _step(files: list[Found]) -> int:
    """How many files a ticket is for: all tickets have to lie in the pipe before one is taken."""
    return len(files) // _MOST_TICKETS + 1


def _fork(
    share: Callable[[], Iterator[tuple[int, Result]]], cache: Cache | None
) -> tuple[int, int]:
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    status = 1
    try:
        os.close(reading)
        rows = [(number, _packed(result)) for number, result in share()]
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
