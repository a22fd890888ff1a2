"""What a terminal shows, as a picture: text with colours becomes an SVG."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
_COLOURS = {"31": "#e06c75", "33": "#d9a441", "36": "#56b6c2"}
_WIDTH, _HEIGHT = 8.4, 19
"""Of a letter of 14 pixels, in pixels."""
_MARGIN = 16


def terminal_svg(text: str) -> str:
    """A dark window with the lines of the text; bold and three colours are understood."""
    lines = text.rstrip("\n").split("\n")
    columns = max(len(_ESCAPE.sub("", line)) for line in lines)
    width = round(columns * _WIDTH) + 2 * _MARGIN
    height = len(lines) * _HEIGHT + 2 * _MARGIN
    body = "".join(
        f'<text x="{_MARGIN}" y="{_MARGIN + 14 + number * _HEIGHT}" xml:space="preserve">'
        f"{_spans(line)}</text>\n"
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">\n'
        f'<rect width="100%" height="100%" rx="8" fill="#1e2127"/>\n'
        f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" fill="#d7dae0">\n'
        f"{body}</g>\n</svg>\n"
    )


def _spans(line: str) -> str:
    parts = _ESCAPE.split(line)
    told = escape(parts[0])
    for codes, text in zip(parts[1::2], parts[2::2], strict=True):
        style = ""
        for code in codes.split(";"):
            if code == "1":
                style += ' font-weight="bold"'
            if code in _COLOURS:
                style += f' fill="{_COLOURS[code]}"'
        told += f"<tspan{style}>{escape(text)}</tspan>" if style else escape(text)
    return told
