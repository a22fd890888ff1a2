"""The names with which a user accepts losses."""

from __future__ import annotations

from translator.codes import BY_CODE, Code
from translator.errors import bad_option
from translator.nearest import nearest


def code_of(name: str) -> Code | None:
    """The code that a code (in any case) or its kebab-case name stands for; None for ``all``.

    Raises:
        FtxError: no such code.
    """
    if name.lower() == "all":
        return None
    if entry := BY_CODE.get(name.upper()):
        return entry
    by_title = {entry.title: entry for entry in Code}
    if entry := by_title.get(name.lower()):
        return entry
    close = nearest(name.upper(), BY_CODE, 0.6) or nearest(name.lower(), by_title, 0.6)
    raise bad_option(
        f"{name!r} is no code of a diagnostic, nor 'all'",
        help=f"did you mean {close}?" if close else None,
    )
