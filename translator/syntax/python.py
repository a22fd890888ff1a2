"""Python source as a syntax tree whose every node knows its place; nothing is ever executed.

The standard library's parser reads a script in about a millisecond. It knows the grammar of the
interpreter that ftx runs on, so a script for a newer Python (quotes nested in f-strings) is
refused by it; libcst then decides whether the text is Python at all, and the expressions that are
too new are replaced by neutral ones of the same shape, so that all positions stay right.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import UnreadableError
from translator.record import Record, field
from translator.source import Source
from translator.spans import LineIndex, Span

MAX_SYNTAX_NODES = 400_000
"""The largest script in the wild has some 12,000."""

_F_STRING = re.compile(r"""(?:^|[^\w])(?:[fF][rR]?|[rR][fF])["']""")
_NEWER_SECONDS = 20


class Home(Record, kw_only=False):
    """Where a node of another module than the script lives: the module, its name, and the import
    in the script that led there."""

    module: Module
    name: str
    at: ast.AST


class Module(Record, kw_only=False):
    """A parsed script or notebook.

    ``text`` is the code (for a notebook, all code cells in a row); ``opaque`` holds start and end
    of expressions that this interpreter's parser cannot read, whose value is therefore unknown.
    ``locate`` says a line as the user knows it. ``passed_over`` is where cells of a notebook are
    that are no Python (and blank in ``text``).
    """

    source: Source
    text: str
    tree: ast.Module
    lines: LineIndex
    opaque: Mapping[int, int] = field(default_factory=dict)
    locate: Callable[[int], str] = field(default=lambda line: f"line {line}")
    passed_over: tuple[Span, ...] = ()

    def span(self, node: ast.AST) -> Span:
        """Where a node stands. The node must have a position (an expression or a statement). For
        a node of another module, where the script imports that."""
        home = home_of(node)
        return self.lines.span(*self._offsets(node if home is None else home.at))

    def note(self, node: ast.AST) -> str | None:
        """The place of a node of another module; None for a node of the script."""
        home = home_of(node)
        return None if home is None else f"{home.name}, line {getattr(node, 'lineno', 0)}"

    def key_span(self, node: ast.AST) -> Span:
        """Where a keyword's name stands: the name alone, not the value after it."""
        span = self.span(node)
        if not isinstance(node, ast.keyword) or node.arg is None or home_of(node) is not None:
            return span
        return self.lines.span(span.start, span.start + len(node.arg))

    def is_clear(self, node: ast.AST) -> bool:
        """Whether a node is the script's own and has no part that is too new to be read."""
        if home_of(node) is not None:
            return False
        start, end = self._offsets(node)
        return not any(start < last and first < end for first, last in self.opaque.items())

    def segment(self, node: ast.AST) -> str:
        """The text of a node as written."""
        home = home_of(node)
        if home is not None and home.module is not self:
            return home.module.segment(node)
        start, end = self._offsets(node)
        return self.text[start:end]

    def is_opaque(self, node: ast.AST) -> bool:
        """Whether a node stands for an expression that the parser could not read."""
        home = home_of(node)
        if home is not None and home.module is not self:
            return home.module.is_opaque(node)
        return bool(self.opaque) and self._offsets(node)[0] in self.opaque

    def _offsets(self, node: ast.AST) -> tuple[int, int]:
        at: Any = node
        start = self.lines.offset(at.lineno, at.col_offset)
        if start - 1 in self.opaque:
            return start - 1, self.opaque[start - 1]
        return start, self.lines.offset(at.end_lineno, at.end_col_offset)


def home_of(node: ast.AST) -> Home | None:
    """Where a node lives, None when it is the script's own."""
    home: Home | None = getattr(node, "home", None)
    return home


def parse_script(source: Source) -> Module:
    """A Python file.

    Raises:
        UnreadableError: a syntax error, or nested too deeply.
    """
    return parse_code(source, source.text)


def parse_code(source: Source, text: str, locate: Callable[[int], str] | None = None) -> Module:
    """Code that came from ``source``; ``locate`` says a line of it as the user knows it.

    Raises:
        UnreadableError: a syntax error, or nested too deeply.
    """
    say = locate or (lambda line: f"line {line}")
    opaque: dict[int, int] = {}
    readable = text
    try:
        tree = _parse(source, text)
    except SyntaxError as error:
        newer = _without_newer_syntax(text)
        if newer is None:
            raise _syntax_error(source, text, error, say) from None
        readable, opaque = newer
        try:
            tree = _parse(source, readable)
        except SyntaxError as second:
            raise _syntax_error(source, text, second, say) from None
    return Module(source, text, tree, LineIndex(readable), opaque, say)


def _parse(source: Source, text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (RecursionError, MemoryError):
        raise _refusal(source, Code.TOO_BIG, "is nested too deeply to be a script") from None
    except ValueError as error:
        if isinstance(error, SyntaxError):
            raise
        raise _refusal(source, Code.SYNTAX, "is not valid Python") from None
    if len(text) > MAX_SYNTAX_NODES and sum(1 for _ in ast.walk(tree)) > MAX_SYNTAX_NODES:
        raise _refusal(source, Code.TOO_BIG, "is too large to be a training script")
    return tree


def _without_newer_syntax(text: str) -> tuple[str, dict[int, int]] | None:
    """The text with unreadable f-strings replaced, and where they are; None if it is no Python."""
    if not _F_STRING.search(text):
        return None
    characters = list(text)
    opaque: dict[int, int] = {}
    for start, end in _f_strings(text):
        if _is_readable(text[start:end]):
            continue
        for position in range(start, end):
            if characters[position] not in "\r\n":
                characters[position] = " "
        characters[start], characters[start + 1], characters[end - 1] = "(", "0", ")"
        opaque[start] = end
    return ("".join(characters), opaque) if opaque else None


def _f_strings(text: str) -> list[tuple[int, int]]:
    """The places of f-strings, none when the text is no Python of any version."""
    import subprocess  # 5 ms that scripts in this Python do without

    finder = os.path.join(os.path.dirname(__file__), "newer_python.py")
    try:
        found = subprocess.run(
            [sys.executable, finder],
            input=text.encode(),
            capture_output=True,
            timeout=_NEWER_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError, UnicodeEncodeError):
        return []
    return [(start, end) for start, end in json.loads(found.stdout)]


def _is_readable(code: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(f"({code})")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _syntax_error(
    source: Source, text: str, error: SyntaxError, locate: Callable[[int], str]
) -> UnreadableError:
    lines = LineIndex(text)
    line = min(max(error.lineno or 1, 1), text.count("\n") + 1)
    start = lines.offset(line, 0)
    position = min(start + max((error.offset or 1) - 1, 0), len(text))
    message = f"is not valid Python: {error.msg} ({locate(line)})"
    return _refusal(source, Code.SYNTAX, message, lines.span(position, position))


def _refusal(source: Source, code: Code, message: str, span: Span | None = None) -> UnreadableError:
    return UnreadableError(
        Diagnostic(
            code=code.code,
            severity=Severity.ERROR,
            message=f"{source.path} {message}",
            file=source.path,
            span=span,
        )
    )
