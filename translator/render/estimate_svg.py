"""An estimate as a picture: one bar of the terms against the device's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from translator.estimate.report import Estimate

GIB = 1 << 30
WIDTH, HEIGHT, LEFT = 720, 34, 20
# readable for colour-blind people, on light and dark ground (Okabe and Ito)
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
INK = "#777777"


def estimate_svg(found: Estimate) -> str:
    """The bar with its legend; no scripts, no fonts of its own."""
    limit = found.judgements[0].gpu if found.named else None
    whole = max(found.reserved, limit.bytes if limit else 0)
    scale = WIDTH / whole
    terms = sorted(found.peak.terms, key=lambda t: -t.bytes)
    title = (f"{found.model}: {found.allocated / GIB:.1f} GiB allocated, up to "
             f"{found.reserved / GIB:.1f} GiB reserved")  # fmt: skip
    parts, legend, at = [], [], float(LEFT)
    for number, term in enumerate(terms):
        colour = COLOURS[number % len(COLOURS)]
        width = term.bytes * scale
        label = f"{term.name}: {term.bytes / GIB:.2f} GiB"
        parts.append(
            f'<rect x="{at:.1f}" y="40" width="{max(width, 0.5):.1f}" height="{HEIGHT}" '
            f'fill="{colour}"><title>{escape(label)}</title></rect>'
        )
        at += width
        legend.append((colour, label))
    held = (found.reserved - found.allocated) * scale
    parts.append(
        f'<rect x="{at:.1f}" y="40" width="{held:.1f}" height="{HEIGHT}" fill="none" '
        f'stroke="{INK}" stroke-dasharray="3 3"><title>held by the allocator, at most</title></rect>'
    )
    legend.append(("none", f"held by the allocator, at most "
                           f"{(found.reserved - found.allocated) / GIB:.2f} GiB"))  # fmt: skip
    if limit is not None:
        edge = LEFT + (limit.bytes - found.context) * scale
        name = f"{limit.label}: {found.judgements[0].verdict}"
        parts.append(f'<line x1="{edge:.1f}" x2="{edge:.1f}" y1="34" y2="82" stroke="{INK}" '
                     f'stroke-width="2"><title>{escape(name)}</title></line>')  # fmt: skip
        title += f"; {name}"
    lines = []
    for number, (colour, label) in enumerate(legend):
        x, y = LEFT + (number % 2) * 360, 106 + (number // 2) * 20
        lines.append(
            f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour}" stroke="{INK}"/>'
            f'<text x="{x + 18}" y="{y}">{escape(label)}</text>'
        )
    height = 116 + (len(legend) + 1) // 2 * 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 2 * LEFT} {height}" '
        f'font-family="sans-serif" font-size="13" fill="{INK}" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        f'<text x="{LEFT}" y="24" font-size="15">{escape(title)}</text>\n'
        + "\n".join((*parts, *lines))
        + "\n</svg>\n"
    )
