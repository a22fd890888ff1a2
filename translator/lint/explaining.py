"""Whether what lies around a file may explain a finding about it: seen without looking there."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Diagnostic
from translator.lint.context import File

OF_ARGUMENTS = "CFG202"
_CODES = frozenset(
    code.code
    for code in (
        Code.UNKNOWN_KEY,
        Code.OLD_SPELLING,
        Code.BAD_VALUE,
        Code.NO_EFFECT,
        Code.MISSING_KEY,
    )
) | {OF_ARGUMENTS}


def without_what_is_explained(found: list[Diagnostic], file: File) -> list[Diagnostic]:
    """The findings about a torchtune file that no recipe and no command of the author's explains."""
    if file.format != "torchtune" or not any(d.code in _CODES and not d.verbose for d in found):
        return found
    from translator.lint.own_recipes import OwnRecipes

    own = OwnRecipes(file)
    return [d for d in found if d.verbose or d.code not in _CODES or not own.explain(d)]
