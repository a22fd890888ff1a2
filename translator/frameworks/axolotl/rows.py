"""Short forms of the two commonest rows, so that a table reads as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from translator.codes import Code
from translator.diagnostics import Severity
from translator.lens import Conv, Key, Status, Via
from translator.reading import Reader
from translator.writing import Writer


def via(
    fields: tuple[str, ...],
    keys: tuple[str, ...],
    get: Callable[[Reader], None],
    put: Callable[[Writer], None],
    partly: Mapping[str, tuple[Status, str]] | None = None,
) -> Via:
    """Fields and keys that are read and written by a pair of functions."""
    return Via(fields=fields, read_keys=keys, get=get, put=put, partly=partly or {})


def key(
    field: str,
    name: str,
    conv: Conv,
    default: object,
    why: str,
    code: Code,
    *,
    aliases: tuple[str, ...] = (),
    required: bool = False,
    severity: Severity = Severity.ERROR,
) -> Key:
    """A field that is one key."""
    return Key(
        field=field,
        key=name,
        conv=conv,
        default=default,
        why=why,
        code=code,
        aliases=aliases,
        required=required,
        severity=severity,
    )
