"""Rows that are held out for evaluation, told by slices of a split: the last ones stay out."""

from __future__ import annotations

import math
import re

_SLICE = re.compile(r"(?P<name>[^\[\]+]+)(?:\[(?P<start>\d*):(?P<end>\d*)(?P<percent>%?)\])?")


def parts(split: str, size: float) -> tuple[str, str] | None:
    """The trained and the held-out part of a split; None where no slice says them.

    ``size``: a share of the rows below 1, else their number. ``datasets`` slices by rows or by
    whole per cents.

    >>> parts("train", 0.05)
    ('train[:95%]', 'train[95%:]')
    >>> parts("train[:5000]", 0.05)
    ('train[:4750]', 'train[4750:5000]')
    >>> parts("train", 100)
    ('train[:-100]', 'train[-100:]')
    """
    found = _SLICE.fullmatch(split)
    if found is None or size <= 0:
        return None
    name, start, end = found["name"], found["start"] or "", found["end"] or ""
    if not start and not end:
        return _of_whole(name, size)
    if not end:
        return None  # from a row on to the end: how many these are is not known
    count = int(end) - int(start or 0)
    if found["percent"]:
        held = round(count * size, 6)
        if size >= 1 or held != int(held):
            return None
    else:
        held = math.ceil(count * size) if size < 1 else size
    if not 0 < held < count:
        return None
    unit = found["percent"] or ""
    first, border = f"{start}{unit}" if start else "", f"{int(end) - int(held)}{unit}"
    return f"{name}[{first}:{border}]", f"{name}[{border}:{end}{unit}]"


def _of_whole(name: str, size: float) -> tuple[str, str] | None:
    if size >= 1:
        return f"{name}[:-{int(size)}]", f"{name}[-{int(size)}:]"
    percent = round(size * 100, 6)
    if percent != int(percent):
        return None
    border = f"{100 - int(percent)}%"
    return f"{name}[:{border}]", f"{name}[{border}:]"
