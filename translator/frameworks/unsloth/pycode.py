"""Python source text: literals that cannot be escaped from, calls laid out as black would."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence

from translator.record import Record

WIDTH = 88
"""Black's default line length."""


class Code(Record, kw_only=False):
    """An expression that is written as it stands, not as a literal: ``torch.bfloat16``."""

    text: str


def literal(value: object, indent: int = 0, room: int = WIDTH) -> str:
    """A value as Python source.

    ``indent`` is the column of the statement's continuation lines, ``room`` the columns left on
    the first line; a list that does not fit stands one element a line.
    """
    if isinstance(value, Code):
        return value.text
    if isinstance(value, str):
        return string(value, indent, room)
    if isinstance(value, list | tuple):
        items = [literal(item) for item in value]
        short = f"[{', '.join(items)}]"
        if len(short) <= room and "\n" not in short:
            return short
        return _exploded("[", (f"{item}," for item in items), "]", indent)
    if isinstance(value, Mapping):
        pairs = [f"{literal(key)}: {literal(item)}" for key, item in value.items()]
        short = f"{{{', '.join(pairs)}}}"
        if len(short) <= room and "\n" not in short:
            return short
        return _exploded("{", (f"{pair}," for pair in pairs), "}", indent)
    if isinstance(value, float):
        return _number(value)
    return repr(value)


def _exploded(opening: str, lines: Iterable[str], closing: str, indent: int) -> str:
    inner = " " * (indent + 4)
    return "\n".join([opening, *(f"{inner}{line}" for line in lines), f"{' ' * indent}{closing}"])


def _number(value: float) -> str:
    """``2e-4`` rather than ``0.0002``: how learning rates are written in scripts."""
    if value != value or value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    text = repr(value)
    if value and abs(value) < 0.001 and "e" not in text:
        short = f"{value:e}".rstrip()
        mantissa, _, exponent = short.partition("e")
        candidate = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
        return candidate if float(candidate) == value else text
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        return f"{mantissa}e{int(exponent)}"
    return text


def string(text: str, indent: int = 0, room: int = WIDTH) -> str:
    """A string literal: one line where it fits, else one source line per line of the text."""
    short = quoted(text)
    if len(short) <= room or "\n" not in text[:-1]:
        return short
    whole = f'"""{text}"""'
    if _survives(text, whole):
        return whole
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return _exploded("(", (quoted(line) for line in lines if line), ")", indent)


def template(text: str, room: int) -> str:
    """A Jinja template: one statement or a few a line, where it has no lines of its own."""
    if "\n" in text or len(quoted(text)) <= room:
        return literal(text, 0, room)
    lines = [""]
    for piece in re.split(r"(?={%|{{)", text):
        if lines[-1] and len(quoted(lines[-1] + piece)) > WIDTH - 4:
            lines.append("")
        lines[-1] += piece
    return _exploded("(", map(quoted, lines), ")", 0)


def quoted(text: str) -> str:
    """A one-line literal, in double quotes unless single ones need fewer escapes."""
    source = repr(text)
    if source[0] == "'" and '"' not in text:
        source = f'"{source[1:-1]}"'
    return source


def _survives(text: str, source: str) -> bool:
    """Whether a triple-quoted literal means exactly this text, and an editor keeps it so."""
    if "\\" in text or any(line != line.rstrip() for line in text.split("\n")):
        return False
    if not all(char == "\n" or char.isprintable() for char in text):
        return False
    try:
        return bool(ast.literal_eval(source) == text)
    except (SyntaxError, ValueError):
        return False


class Argument(Record, kw_only=False):
    """One argument of a call; positional when ``name`` is empty."""

    name: str
    value: object
    comment: str | None = None


def call(
    function: str,
    arguments: Sequence[Argument],
    *,
    prefix: str = "",
    indent: int = 0,
    room: int = WIDTH,
) -> str:
    """A call, on one line when it fits the ``room``, else with one argument a line.

    ``prefix`` stands before the function on its line (``model = ``).
    """
    pad = " " * indent
    parts = [_argument(a, 0) for a in arguments]
    short = f"{pad}{prefix}{function}({', '.join(parts)})"
    plain = not any(a.comment for a in arguments) and "\n" not in short
    if plain and len(short) <= room and len(arguments) <= 4:
        return short
    lines = [f"{pad}{prefix}{function}("]
    for argument in arguments:
        comment = f"  # {_one_line(argument.comment)}" if argument.comment else ""
        text = _argument(argument, indent + 4)
        lines.append(f"{pad}    {text},{comment}")
    lines.append(f"{pad})")
    return "\n".join(lines)


def _argument(argument: Argument, indent: int) -> str:
    head = f"{argument.name}=" if argument.name else ""
    room = WIDTH - indent - len(head) - 1
    return f"{head}{literal(argument.value, indent, room)}"


def _one_line(text: str | None) -> str:
    kept = "".join(c if c.isprintable() else " " for c in text or "")
    return " ".join(kept.lstrip("# ").split())


def docstring(lines: Sequence[str]) -> str:
    """A module docstring from lines of prose."""
    shown = ("".join(c if c.isprintable() else " " for c in line) for line in lines)
    body = "\n".join(line.replace("\\", "\\\\").replace('"""', "'''").rstrip() for line in shown)
    close = "\n" if "\n" in body or body.endswith('"') else ""
    return f'"""{body}{close}"""'


def pattern_text(text: str) -> str:
    """A regular expression as a raw string where it can be one."""
    raw = f'r"{text}"'
    if '"' in text or text.endswith("\\") or not text.isprintable() or not text:
        return quoted(text)
    return raw
