"""YAML as the frameworks read it, with the position of every value.

Two dialects: Axolotl loads with PyYAML (YAML 1.1: ``2e-5`` is a *string*, ``no`` is false),
torchtune with OmegaConf, which is the same but for floats without a dot and for dates, which stay
text. YAML 1.2 would be wrong for both.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import UnreadableError
from translator.source import Source
from translator.spans import LineIndex, Span
from translator.tree import Node

MAX_NODES = 200_000
"""More values than any configuration has; reached by aliases that multiply."""
MAX_DEPTH = 100

BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SCALAR = yaml.ScalarNode
_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"
_UNCHANGING = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")}
_SHORT, _MANY = 24, 5_000
"""Characters of a scalar that is remembered, and how many are."""


class Dialect(BASE):  # type: ignore[misc]  # the C class has no stub
    """A loader that remembers what plain scalars are: most stand in every file."""

    _tags: dict[str, str]
    _values: dict[tuple[str, str], Any]

    def __init_subclass__(cls) -> None:
        cls._tags, cls._values = {}, {}

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is not _SCALAR or not implicit[0]:
            return super().resolve(kind, value, implicit)
        tag = self._tags.get(value)
        if tag is None:
            tag = super().resolve(kind, value, implicit)
            if len(value) < _SHORT and len(self._tags) < _MANY:
                self._tags[value] = tag
        return tag

    def scalar(self, node: Any) -> Any:
        """The value of a scalar that is no text."""
        key = node.tag, node.value
        known = self._values.get(key, self)
        if known is not self:
            return known
        value = self.construct_object(node)
        if node.tag in _UNCHANGING and len(self._values) < _MANY:
            self._values[key] = value
        return value


class PyYamlDialect(Dialect):
    """What ``yaml.safe_load`` sees."""


_BLANKS = (" ", "\t")
_COMMENT = re.compile(r"[ \t]+#[ \t]?(.*)")


def read_yaml(source: Source, dialect: Any) -> tuple[Node, list[Diagnostic]]:
    """The tree of a YAML document, and what is odd about it (keys that stand twice).

    The root of an empty file is a node with value None.

    Raises:
        UnreadableError: syntax error, several documents, or more values than MAX_NODES.
    """
    if _nested_too_deeply(source.text):
        raise _refusal(source, Code.TOO_BIG, "is nested too deeply to be a configuration")
    loader = dialect(source.text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(source, error) from None
    except yaml.YAMLError as error:
        raise _refusal(source, Code.SYNTAX, f"is not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise _refusal(source, Code.TOO_BIG, "is nested too deeply to be a configuration") from None
    finally:
        loader.dispose()
    builder = _Builder(source, loader)
    if root is None:
        return Node(value=None, span=LineIndex(source.text).span(0, 0)), []
    return builder.build(root, 0), builder.findings


def _nested_too_deeply(text: str) -> bool:
    """Whether composing the text would recurse without end: the C library crashes on it.

    Only a text with very many brackets, dashes or much indentation can, so others are not parsed
    twice.
    """
    suspicious = text.count("[") + text.count("{") + text.count("- ") > 1000
    if not suspicious and " " * 500 not in text:
        return False
    depth = 0
    try:
        for event in yaml.parse(text, BASE):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > 5 * MAX_DEPTH:
                return True
    except yaml.YAMLError:
        return depth > MAX_DEPTH
    return False


class _Builder:
    def __init__(self, source: Source, loader: Any) -> None:
        self.source = source
        self.text = source.text
        self.loader = loader
        self.findings: list[Diagnostic] = []
        self.count = 0

    def build(self, node: Any, depth: int, key_span: Span | None = None) -> Node:
        self.count += 1
        if self.count > MAX_NODES or depth > MAX_DEPTH:
            raise _refusal(self.source, Code.TOO_BIG, "has more values than a configuration can")
        span = _span(node)
        if isinstance(node, _SCALAR):
            start, end = span.start, span.end
            value = node.value if node.tag == _TEXT else self._scalar(node)
            comment = self._comment(end) if self.text[end : end + 1] in _BLANKS else None
            return Node(value, span, key_span, self.text[start:end], None, comment)
        if isinstance(node, yaml.MappingNode):
            return Node(self._mapping(node, depth), span, key_span)
        return Node([self.build(child, depth + 1) for child in node.value], span, key_span)

    def _scalar(self, node: Any) -> Any:
        try:
            return self.loader.scalar(node)
        except (yaml.YAMLError, ValueError, OverflowError):
            message = f"is not YAML that is safe to load: {node.tag} at this place"
            raise _refusal(self.source, Code.SYNTAX, message, _span(node)) from None

    def _mapping(self, node: Any, depth: int) -> dict[str, Node]:
        merged: dict[str, Node] = {}
        own: dict[str, Node] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if isinstance(part, yaml.MappingNode):
                        merged = {**self._mapping(part, depth + 1), **merged}
                continue
            name = key.value if isinstance(key, _SCALAR) else "?"
            earlier = own.get(name)
            own[name] = self.build(value, depth + 1, _span(key))
            if earlier is not None:
                self._duplicate(name, key, earlier, own[name])
        return {**merged, **own}

    def _duplicate(self, name: str, key: Any, earlier: Node, later: Node) -> None:
        was, now = earlier.plain(), later.plain()
        alike = was == now or was is None or not (was or now)
        self.findings.append(
            Diagnostic(
                code=Code.DUPLICATE_KEY.code,
                severity=Severity.NOTE if alike else Severity.WARNING,
                message=f"{name} stands twice; line {earlier.span.line} "
                f"({earlier.plain()!r}) is overridden here",
                file=self.source.path,
                span=_span(key),
                key=name,
            )
        )

    def _comment(self, end: int) -> str | None:
        match = _COMMENT.match(self.text, end)
        return match[1].rstrip() or None if match else None


_tuple = tuple.__new__
"""Makes a named tuple in half the time that its own ways take; each value has two spans."""


def _span(node: Any) -> Span:
    start, end = node.start_mark, node.end_mark
    return _tuple(
        Span,
        (start.index, end.index, start.line + 1, start.column + 1, end.line + 1, end.column + 1),
    )


_TEMPLATE = re.compile(
    r"^\{%"  # a statement where a key would stand
    r"|^[ \t]*(?:- +)*(?:[\w.-]+[ \t]*:[ \t]+)?\{[{%](?=[^\n]*\Z)",  # or one on the line of the error
    re.M,
)
"""What a template has up to the line that is no YAML. Quoted chat templates are none."""


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _syntax_error(source: Source, error: yaml.MarkedYAMLError) -> UnreadableError:
    mark = error.problem_mark or error.context_mark
    span, position = None, 0
    if mark is not None:
        position = min(mark.index, len(source.text))
        span = LineIndex(source.text).span(position, position)
    what = error.problem or error.context or "syntax error"
    if _TEMPLATE.search(source.text[: _line_end(source.text, position)]):
        what = f"{what}; it looks like a Jinja template, which has to be rendered first"
    return _refusal(source, Code.SYNTAX, f"is not valid YAML: {what}", span)


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
