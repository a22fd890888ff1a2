"""What the API raises for bad input: always a subclass of :class:`FtxError`."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity


class WrongValueError(ValueError):
    """A value of a file that is not what its key takes; the text goes on from the value itself:
    ``is not a whole number``. Readers make a diagnostic of it. Any other exception while a file is
    read is a fault of ftx's."""


class FtxError(Exception):
    """Base of everything ftx raises on purpose.

    ``diagnostics`` holds the findings that explain it, at least one; ``str()`` is the first
    message. Exit code 2 unless a subclass says otherwise.
    """

    exit_code = 2

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(diagnostics[0].message)
        self.diagnostics = diagnostics


class UnreadableError(FtxError):
    """The file cannot be read or parsed: missing, a directory, binary, too large, bad syntax."""


class NotAConfigError(FtxError):
    """The file parses but is no fine-tuning configuration that ftx reads (or asks to be generated
    from, evaluated or quantised)."""


class UnresolvedError(FtxError):
    """A value that matters is known only at run time; ``--set`` can give it."""

    exit_code = 1


class LossError(FtxError):
    """The conversion would train something else; ``--allow CODE`` accepts it."""

    exit_code = 1


def bad_option(message: str, *, file: str = "", help: str | None = None) -> FtxError:
    """The error for an option, or a file of options, that cannot be used as it is."""
    return FtxError(
        Diagnostic(
            code=Code.BAD_OPTION.code,
            severity=Severity.ERROR,
            message=message,
            file=file,
            help=help,
        )
    )
