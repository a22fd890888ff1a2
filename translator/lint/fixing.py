"""Fixes put into a text, until none is left to put in."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from translator.diagnostics import Applicability, Diagnostic, Edit
from translator.record import Record

_ROUNDS = 10
"""More than any chain of fixes needs; two that undo one another would go on for ever."""

Checker = Callable[[str], list[Diagnostic] | None]
"""The findings about a text, None when it cannot be read any more."""


class Fixed(Record):
    """A text with fixes in it, the findings that they are for, and those that are left."""

    text: str
    fixed: tuple[Diagnostic, ...]
    left: tuple[Diagnostic, ...]


def fix(text: str, findings: Iterable[Diagnostic], check: Checker, *, unsafe: bool) -> Fixed:
    """Applies fixes round by round.

    A fix after which the text cannot be read, or which leaves its own finding in place, is not
    applied.
    """
    left = list(findings)
    done: list[Diagnostic] = []
    refused: set[tuple[Edit, ...]] = set()
    for _ in range(_ROUNDS):
        chosen = [
            d for d in _compatible(left, unsafe=unsafe) if d.fix and d.fix.edits not in refused
        ]
        if not chosen:
            break
        changed = applied(text, [edit for d in chosen if d.fix for edit in d.fix.edits])
        found = check(changed)
        if found is None or changed == text:
            if len(chosen) == 1:
                refused.add(chosen[0].fix.edits if chosen[0].fix else ())
                continue
            # one of them does harm: one at a time
            chosen = chosen[:1]
            changed = applied(text, [edit for d in chosen if d.fix for edit in d.fix.edits])
            found = check(changed)
            if found is None or changed == text:
                refused.add(chosen[0].fix.edits if chosen[0].fix else ())
                continue
        text, left = changed, found
        done += chosen
    return Fixed(text=text, fixed=tuple(done), left=tuple(left))


def fixable(diagnostic: Diagnostic, *, unsafe: bool) -> bool:
    """Whether a finding has a fix that may be applied."""
    if diagnostic.fix is None:
        return False
    return unsafe or diagnostic.fix.applicability is Applicability.SAFE


def _compatible(findings: list[Diagnostic], *, unsafe: bool) -> list[Diagnostic]:
    """The findings whose fixes do not touch one another, first come first served."""
    taken: list[Edit] = []
    chosen = []
    for finding in findings:
        if finding.fix is None or not fixable(finding, unsafe=unsafe):
            continue
        edits = finding.fix.edits
        if any(_touch(edit, other) for edit in edits for other in taken):
            continue
        taken += edits
        chosen.append(finding)
    return chosen


def _touch(a: Edit, b: Edit) -> bool:
    return a.start <= b.end and b.start <= a.end


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits that do not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = f"{text[: edit.start]}{edit.text}{text[edit.end :]}"
    return text
