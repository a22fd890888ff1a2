"""The result of a run, as renderers get it."""

from __future__ import annotations

from translator.diagnostics import Diagnostic
from translator.errors import FtxError
from translator.lint.fingerprint import fingerprints
from translator.record import Struct, field
from translator.source import PathLike, read_source


class Report(Struct):
    """Findings in the order of their files and lines.

    ``texts`` are contents that no file holds (standard input) or that have just been written;
    ``root`` is the folder that paths are told from.
    """

    findings: list[Diagnostic]
    texts: dict[str, str]
    root: PathLike
    files: int = 0
    """How many configurations were looked at."""
    silenced: int = 0
    """How many findings comments have silenced."""
    known: int = 0
    """How many the baseline holds."""
    fixed: list[Diagnostic] = field(default_factory=list)
    _read: dict[str, str] = field(default_factory=dict)

    def fingerprints(self) -> list[str]:
        """One for each finding."""
        return fingerprints(((d, self.text(d.file)) for d in self.findings), self.root)

    def text(self, file: str) -> str:
        """The content of a file; nothing when it cannot be read any more."""
        if file not in self.texts and file not in self._read:
            self._read = {file: _content(file)}  # findings come file by file
        return self.texts[file] if file in self.texts else self._read[file]


def _content(file: str) -> str:
    try:
        return read_source(file).text
    except FtxError:
        return ""
