"""The result of a run, as renderers get it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from translator.diagnostics import Diagnostic
from translator.lint.fingerprint import fingerprints


@dataclass(slots=True, kw_only=True)
class Report:
    """Findings in the order of their files and lines.

    ``texts`` are the contents of the files that have findings, ``root`` the folder that paths
    are told from.
    """

    findings: list[Diagnostic]
    texts: dict[str, str]
    root: Path
    files: int = 0
    """How many configurations were looked at."""
    silenced: int = 0
    """How many findings comments have silenced."""
    known: int = 0
    """How many the baseline holds."""
    fixed: list[Diagnostic] = field(default_factory=list)

    def fingerprints(self) -> list[str]:
        """One for each finding."""
        return fingerprints(((d, self.texts.get(d.file, "")) for d in self.findings), self.root)
