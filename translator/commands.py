"""What the commands do, between the arguments and the API. Each returns the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from translator import api
from translator.codes import Code
from translator.console import Console
from translator.diagnostics import Diagnostic, Severity
from translator.document import Conversion, Document
from translator.errors import FtxError
from translator.nearest import nearest
from translator.render.json import dumps
from translator.source import MAX_NOTEBOOK_BYTES, Source, read_source, unreadable

if TYPE_CHECKING:
    from pathlib import Path

STDIN = "<stdin>"
P = ParamSpec("P")


def told(
    command: Callable[Concatenate[Console, P], int],
) -> Callable[Concatenate[Console, P], int]:
    """Shows what a command raises for bad input; nothing in a user's file leads to a traceback."""

    @wraps(command)
    def run(console: Console, /, *arguments: P.args, **options: P.kwargs) -> int:
        try:
            return command(console, *arguments, **options)
        except FtxError as error:
            console.tell(error.diagnostics)
            return error.exit_code
        except (RecursionError, MemoryError):
            console.tell([_beyond("the input is nested too deeply or is too large", Code.TOO_BIG)])
            return 2

    return run


@told
def run_convert(
    console: Console,
    file: str,
    target: str,
    out: str | None,
    report: str | None,
    *,
    allow: Collection[str],
    force: bool,
    reading: Mapping[str, Any],
) -> int:
    """``ftx convert``."""
    from pathlib import Path  # the other commands do without

    accepted = api.accepted_codes(allow)
    to_stdout = out is None or out == "-"
    document = _load(console, file, reading)
    accepted = api.acceptable(accepted, document)
    out_path = None if to_stdout or out is None else Path(out)
    conversion = api.convert(
        document,
        target,
        strict=False,
        stem=out_path.name.partition(".")[0] if out_path else None,
        rewrite=_leaves_notebook(file, out_path),
    )
    refused = api.blocking(conversion, accepted)
    notes = [] if out_path or not conversion.files or refused else [_side_files_left(conversion)]
    outcome = "nothing written" if refused else None
    if not refused and out_path is not None:
        outcome = f"{out_path} written" + "".join(
            f", {out_path.parent / name}" for name in conversion.files
        )
    if report is not None and out_path is not None and _same(Path(report), out_path):
        raise refused_option(f"-o and --report both name {out}")
    files: dict[Path, str] = {}
    folders: set[Path] = set()
    if out_path is not None and not refused:
        side = {out_path.parent / name: text for name, text in conversion.files.items()}
        files = {out_path: conversion.text, **side}
        folders = {path.parent for path in side} - {out_path.parent}
    if report is not None:
        files[Path(report)] = _report(conversion, accepted)
    if files:
        from translator.files import write_files

        write_files(files, force=force, folders=folders)
    console.tell([*conversion.diagnostics, *notes], accepted, outcome)
    if refused:
        return 1
    if out_path is None:
        _write(conversion.text)
    return 0


@told
def run_diff(console: Console, a: str, b: str, *, as_json: bool) -> int:
    """``ftx diff``."""
    from translator.comparison import diff
    from translator.render.differences import differences_data, differences_text

    if a == b == "-":
        raise refused_option("only one of two files can come from standard input")
    left, right = _load(console, a, {}), _load(console, b, {})
    found = diff(left, right)
    said = [d for document in (left, right) for d in document.diagnostics]
    errors = [d for d in said if d.severity is Severity.ERROR]
    if said and (console.verbose or errors):
        console.tell(said)
    if as_json:
        _write(dumps(differences_data(found, left, right)))
    else:
        _write(differences_text(found, left, right, console.excerpts))
    return int(bool(found))


@told
def run_ir(console: Console, file: str, *, reading: Mapping[str, Any]) -> int:
    """``ftx ir``."""
    document = _load(console, file, reading)
    text = api.convert(document, "ir", strict=False).text
    if document.diagnostics:
        console.tell(api.worst_first(document.diagnostics))
    _write(text)
    return int(any(d.severity is Severity.ERROR for d in document.diagnostics))


def run_matrix(style: str) -> int:
    """``ftx matrix``."""
    from translator.matrix import matrix
    from translator.render import matrix as render

    lines = matrix()
    if style == "json":
        _write(dumps(render.matrix_data(lines)))
    else:
        _write(render.matrix_text(lines) if style == "text" else render.matrix_markdown(lines))
    return 0


def run_schema(name: str | None) -> int:
    """``ftx schema``."""
    from translator.schema import names, shipped

    if name is None:
        _write("".join(f"{known}\n" for known in names()))
        return 0
    try:
        _write(shipped(name))
    except KeyError:
        close = nearest(name, names(), 0.4)
        hint = f"did you mean {close}?" if close else f"there are {', '.join(names())}"
        sys.stderr.write(f"ftx: no schema {name!r}; {hint}\n")
        return 2
    return 0


def _load(console: Console, file: str, reading: Mapping[str, Any]) -> Document:
    source = _stdin() if file == "-" else read_source(file)
    console.texts[source.path] = source.text
    return api.load_source(source, **reading)


def _stdin() -> Source:
    if sys.stdin is None:
        raise unreadable(STDIN, "is closed")
    try:
        return api.decode_any(sys.stdin.buffer.read(MAX_NOTEBOOK_BYTES + 1), STDIN)
    except OSError as error:
        raise unreadable(
            STDIN, f"cannot be read: {(error.strerror or str(error)).lower()}"
        ) from None


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def refused_option(message: str) -> FtxError:
    """The error for options that do not go together."""
    return FtxError(_beyond(message, Code.BAD_OPTION))


def _leaves_notebook(file: str, out: Path | None) -> bool:
    """Whether a notebook shall become a script, which is the same format in another file type."""
    return file.endswith(".ipynb") and out is not None and out.suffix == ".py"


def _report(conversion: Conversion, accepted: Collection[str]) -> str:
    from translator.render.json import conversion_data

    return dumps(conversion_data(conversion, accepted))


def _side_files_left(conversion: Conversion) -> Diagnostic:
    names = ", ".join(conversion.files)
    return Diagnostic(
        code=Code.SIDE_FILE.code,
        severity=Severity.WARNING,
        message=f"the text needs {names} beside it, which standard output cannot hold",
        file="",
        help="-o OUT writes all of them",
    )


def _beyond(message: str, code: Code) -> Diagnostic:
    return Diagnostic(code=code.code, severity=Severity.ERROR, message=message, file="")


def _write(text: str) -> None:
    """Text to standard output as UTF-8, with its own line ends."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
    sys.stdout.buffer.flush()
