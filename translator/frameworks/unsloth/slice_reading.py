"""Parts of a split, as the ``datasets`` library writes them: ``train[:1000]``, ``train[90%:]``."""

from __future__ import annotations

import re

_PART = re.compile(r"\[(-?\d+%?)?:(-?\d+%?)?\]")


def sliced(split: str, part: str) -> str | None:
    """A split of which ``part`` (``[a:b]``) is taken, None when no slice says it."""
    wanted = _PART.fullmatch(part)
    if wanted is None or "+" in split:
        return None
    start, stop = wanted[1] or "", wanted[2] or ""
    name, bracket, _ = split.partition("[")
    if start in ("", "0", "0%") and stop in ("", "100%"):
        return split
    if not bracket:
        return f"{name}[{'' if start in ('0', '0%') else start}:{stop}]"
    return _within(split, start, stop)


def _within(split: str, start: str, stop: str) -> str | None:
    """A part of a part: numbers of rows only, counted from the front."""
    name, _, rest = split.partition("[")
    before = _PART.fullmatch(f"[{rest}")
    if before is None:
        return None
    bounds = [before[1] or "0", before[2] or "", start or "0", stop]
    if any(bound and not bound.isdigit() for bound in bounds):
        return None
    first = int(bounds[0]) + int(bounds[2])
    ends = [int(bounds[1])] if bounds[1] else []
    ends += [int(bounds[0]) + int(stop)] if stop else []
    last = min(ends) if ends else None
    return f"{name}[{first or ''}:{'' if last is None else last}]"


def part(start: object, stop: object) -> str | None:
    """Bounds as a slice, None when they are no numbers."""
    if not all(bound is None or (isinstance(bound, int) and not isinstance(bound, bool))
               for bound in (start, stop)):  # fmt: skip
        return None
    return f"[{'' if start is None else start}:{'' if stop is None else stop}]"
