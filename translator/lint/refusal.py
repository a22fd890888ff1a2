"""Combinations of keys that a framework ends with an error for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from translator.diagnostics import Diagnostic
from translator.lint.context import File
from translator.lint.rule import Rule


class Refusal(NamedTuple):
    """One check: ``when`` it holds, the finding stands at the first of ``at`` that is written.

    ``message`` may hold ``{}``, the value there.
    """

    when: Callable[[File], object]
    at: tuple[str, ...]
    message: str
    help: str | None = None


def refused(rule: Rule, file: File, checks: Iterable[Refusal]) -> Iterator[Diagnostic]:
    """A finding for each check that holds. A check that stumbles over a value of a kind it cannot
    work with holds not: that such a value is wrong is told elsewhere."""
    for check in checks:
        try:
            holds = check.when(file)
        except (TypeError, ValueError, AttributeError, KeyError, ZeroDivisionError):
            continue
        if holds:
            place = file.at(*check.at)
            value = file.value(place.key or "")
            message = check.message.replace("{}", repr(value))
            yield rule.at(file, place, message, help=check.help)
