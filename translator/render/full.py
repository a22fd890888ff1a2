"""Findings for people, with the lines they are about, and what would help."""

from __future__ import annotations

from collections import Counter

from translator.diagnostics import Applicability
from translator.lint.report import Report
from translator.render.excerpts import Excerpts
from translator.render.text import TextRenderer, summary


def full(report: Report, *, colour: bool = False, hidden: int = 0) -> str:
    """All findings, a line that counts them, and what ``--fix`` would do."""
    renderer = TextRenderer(Excerpts(report.texts), colour=colour)
    blocks = ["\n".join(renderer.one(finding)) for finding in report.findings]
    ending = "\n".join(_ending(report, hidden))
    return "".join(f"{block}\n" for block in [*blocks, ending] if block)


def statistics(report: Report, names: dict[str, str]) -> str:
    """How often each code was found, the most frequent first."""
    counts = Counter(finding.code for finding in report.findings)
    width = max((len(str(number)) for number in counts.values()), default=0)
    return "".join(
        f"{number:>{width}}  {code}  {names.get(code, '')}\n"
        for code, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def _ending(report: Report, hidden: int) -> list[str]:
    files = f"{report.files} file" if report.files == 1 else f"{report.files} files"
    counted = summary(report.findings, hidden)
    lines = [f"{counted} in {files}" if counted else f"{files}, nothing to report"]
    if report.fixed:
        lines[0] = f"{len(report.fixed)} fixed; {lines[0]}"
    if report.known:
        lines[0] += f"; {report.known} known from the baseline"
    safe = [f for f in report.findings if f.fix and f.fix.applicability is Applicability.SAFE]
    other = sum(f.fix is not None for f in report.findings) - len(safe)
    if safe:
        lines.append(f"{len(safe)} can be fixed with --fix")
    if other:
        lines.append(f"{other} can be fixed with --fix --unsafe-fixes, which changes the run")
    return lines
