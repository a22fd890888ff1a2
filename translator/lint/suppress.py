"""Comments that silence findings, the same in YAML and Python.

::

    lora_r: 256  # ftx: ignore[TRAIN003] the ablation of section 4
    # ftx: ignore[TRAIN003] alone on a line: the line below
    # ftx: disable[DATA] … # ftx: enable[DATA]
    # ftx: file-ignore[SEC002] anywhere: the whole file

In the brackets stand codes, their beginnings, or names, with commas. What silences nothing is
reported itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from translator.codes import Code
from translator.diagnostics import Applicability, Diagnostic, Edit, Fix, Severity
from translator.record import Struct, field
from translator.spans import LineIndex, Span

_COMMENT = (
    r"(?:^|(?<=[\s]))#[ \t]*ftx:[ \t]*(?P<kind>[\w-]+)[ \t]*(?:\[(?P<codes>[^\]\n]*)\])?[^\n\r]*"
)
_KINDS = ("ignore", "disable", "enable", "file-ignore")


class _Mark(Struct):
    """One code of one comment: the lines it silences, and whether it has done so."""

    code: str
    first: int
    last: float
    comment: Span
    kind: str
    used: bool = field(default=False)


class Suppressions:
    """The comments of one file."""

    def __init__(self, text: str, path: str, known: Callable[[str], str | None]) -> None:
        """``known`` gives the code, or beginning of codes, behind a name; None for no such."""
        self.path = path
        self.problems: list[Diagnostic] = []
        self._marks: list[_Mark] = []
        self._text = text
        if "ftx:" in text:
            self._collect(text, known)

    def __bool__(self) -> bool:
        return bool(self._marks or self.problems)

    def silences(self, diagnostic: Diagnostic) -> bool:
        """Whether a comment covers a finding; remembers that the comment was of use."""
        line = diagnostic.span.line if diagnostic.span else 0
        last = diagnostic.span.end_line if diagnostic.span else 0
        found = False
        for mark in self._marks:
            covers = (mark.first <= last and line <= mark.last) or mark.kind == "file-ignore"
            if covers and diagnostic.code.startswith(mark.code):
                mark.used = found = True
        return found

    def unused(self, active: Callable[[str], bool]) -> Iterator[Diagnostic]:
        """The comments that have silenced nothing, of the codes that are looked for at all."""
        for mark in self._marks:
            if mark.used or not active(mark.code):
                continue
            yield self._problem(
                Code.UNUSED_SUPPRESSION,
                mark.comment,
                f"nothing to silence here: {mark.code} finds nothing",
                self._removal(mark),
            )

    def _collect(self, text: str, known: Callable[[str], str | None]) -> None:
        index = LineIndex(text)
        open_marks: list[_Mark] = []
        for match in re.finditer(_COMMENT, text, re.M):
            span = index.span(match.start(), match.end())
            kind = match["kind"]
            if kind not in _KINDS:
                message = f"ftx: {kind} is none of {', '.join(_KINDS)}"
                self.problems.append(self._problem(Code.BAD_SUPPRESSION, span, message))
                continue
            codes = [code.strip() for code in (match["codes"] or "").split(",") if code.strip()]
            if not codes:
                message = f"say which codes: # ftx: {kind}[CODE]"
                self.problems.append(self._problem(Code.BAD_SUPPRESSION, span, message))
            for name in codes:
                code = known(name)
                if code is None:
                    message = f"{name} is no code of ftx"
                    self.problems.append(self._problem(Code.BAD_SUPPRESSION, span, message))
                elif kind == "enable":
                    for mark in open_marks:
                        if mark.code == code:
                            mark.last = span.line
                    open_marks = [m for m in open_marks if m.code != code]
                else:
                    mark = self._mark(kind, code, span, _alone(text, match.start()))
                    self._marks.append(mark)
                    if kind == "disable":
                        open_marks.append(mark)

    def _mark(self, kind: str, code: str, span: Span, alone: bool) -> _Mark:
        if kind == "ignore":
            line = self._next_line(span.line) if alone else span.line
            return _Mark(code, line, line, span, kind)
        first = span.line if kind == "disable" else 0
        return _Mark(code, first, float("inf"), span, kind)

    def _next_line(self, line: int) -> int:
        """The next line that is neither empty nor a comment."""
        lines = self._text.split("\n")
        for number in range(line, len(lines)):
            content = lines[number].strip()
            if content and not content.startswith("#"):
                return number + 1
        return line

    def _removal(self, mark: _Mark) -> Fix | None:
        if mark.kind in ("disable", "enable"):
            return None
        text = self._text[mark.comment.start : mark.comment.end]
        codes = re.search(r"\[([^\]]*)\]", text)
        if codes is None or "," in codes[1] or self.path.endswith(".ipynb"):
            return None
        start, end = mark.comment.start, mark.comment.end
        if _alone(self._text, start):
            start = self._text.rfind("\n", 0, start) + 1
            end = min(end + 1, len(self._text))
            if self._text[end - 1 : end] == "\r":
                end += 1
        else:
            start = len(self._text[:start].rstrip(" \t"))
        edit = Edit(start=start, end=end, text="")
        return Fix(message="without it", edits=(edit,), applicability=Applicability.SAFE)

    def _problem(self, code: Code, span: Span, message: str, fix: Fix | None = None) -> Diagnostic:
        return Diagnostic(
            code=code.code,
            severity=Severity.WARNING,
            message=message,
            file=self.path,
            span=span,
            fix=fix,
        )


def _alone(text: str, start: int) -> bool:
    return not text[text.rfind("\n", 0, start) + 1 : start].strip()
