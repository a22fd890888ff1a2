"""An estimate as text for a terminal, as Markdown, and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from translator.estimate.report import Estimate, Judgement
    from translator.estimate.suggest import Suggestion

GIB = 1 << 30
WIDTH = 60
_FILL = "█▓▒░▞▚▙▟"


def estimate_data(found: Estimate, suggestions: Sequence[Suggestion] | None) -> dict[str, Any]:
    """As ``ftx schema estimate`` says."""
    first = found.judgements[0]
    data: dict[str, Any] = {
        "ftx": 1,
        "file": found.file,
        "framework": found.framework,
        "model": {"id": found.model, "parameters": found.work.shape.total, "source": found.how},
        "gpu": first.gpu.name if found.named else None,
        "verdict": first.verdict if found.named else None,
        "reason": first.reason if found.named else None,
        "tokens": found.work.tokens,
        "devices": found.work.sharding.gpus,
        "peak": {
            "allocated_gib": _gib(found.allocated),
            "reserved_gib": _gib(found.reserved),
            "reserved_low_gib": _gib(found.reserved_low),
            "context_gib": _gib(found.context),
            "instant": found.peak.name,
        },
        "terms": [
            {"name": t.name, "bytes": t.bytes, "gib": _gib(t.bytes), "formula": t.formula,
             "source": t.source}
            for t in found.peak.terms
        ],
        "instants": [
            {"name": i.name, "bytes": i.bytes, "gib": _gib(i.bytes)} for i in found.instants
        ],
        "gpus": [
            {"gpu": j.gpu.name, "mib": j.gpu.mib, "verdict": j.verdict, "reason": j.reason}
            for j in found.judgements
        ],
        "assumptions": list(found.assumptions),
    }  # fmt: skip
    if suggestions is not None:
        data["suggestions"] = [
            {"change": s.change, "keys": dict(s.keys), "harm": s.harm, "verdict": s.verdict,
             "allocated_gib": _gib(s.allocated), "reserved_gib": _gib(s.reserved)}
            for s in suggestions
        ]  # fmt: skip
    return data


def _gib(size: float) -> float:
    return round(size / GIB, 3)


def estimate_text(
    found: Estimate, *, explain: bool = False, suggestions: Sequence[Suggestion] | None = None
) -> str:
    """A headline, a bar of the terms, the verdicts."""
    shape, work = found.work.shape, found.work
    devices = work.sharding.gpus
    lines = [
        f"{found.model}  {shape.total / 1e9:.2f} B parameters, {found.framework}, "
        f"{work.tokens} tokens a step and device"
        + (f", {devices} devices ({work.sharding.strategy})" if devices > 1 else ""),
        f"peak  {found.allocated / GIB:.2f} GiB allocated, up to {found.reserved / GIB:.2f} GiB "
        f"reserved, at: {found.peak.name}",
        "",
    ]
    limit = found.judgements[0].gpu.bytes if found.named else None
    lines += _bar(found, limit)
    lines.append("")
    if explain:
        lines += _explained(found)
    lines += [_verdict_line(j) for j in found.judgements]
    lines += [f"note: {said}" for said in found.assumptions]
    if suggestions is not None:
        lines += ["", *_suggested(suggestions)]
    return "\n".join(lines) + "\n"


def _bar(found: Estimate, limit: int | None) -> list[str]:
    terms = sorted(found.peak.terms, key=lambda t: -t.bytes)
    whole = max(limit or 0, found.reserved)
    cells, rows, used = "", [], 0.0
    for number, term in enumerate(terms):
        fill = _FILL[number % len(_FILL)]
        used += term.bytes
        count = round(used / whole * WIDTH) - len(cells)
        cells += fill * count
        rows.append(f"  {fill} {term.name:<30} {term.bytes / GIB:8.2f} GiB")
    held = round(found.reserved / whole * WIDTH)
    cells += "·" * max(0, held - len(cells))
    rows.append(f"  · {'held by the allocator (at most)':<30} "
                f"{(found.reserved - found.allocated) / GIB:7.2f} GiB")  # fmt: skip
    bar = cells.ljust(WIDTH)
    if limit is not None:
        edge = min(WIDTH - 1, round((limit - found.context) / whole * WIDTH))
        bar = bar[:edge] + "|" + bar[edge + 1 :]
    return [f"  [{bar}] {whole / GIB:.1f} GiB", "", *rows]


def _explained(found: Estimate) -> list[str]:
    lines = ["Terms at the peak:"]
    for term in found.peak.terms:
        lines.append(f"  {term.name}: {term.bytes / GIB:.3f} GiB = {term.formula}  [{term.source}]")
    lines.append("Instants:")
    lines += [f"  {i.name:<26} {i.bytes / GIB:8.2f} GiB" for i in found.instants]
    lines += [f"Dimensions: {found.how}", ""]
    return lines


def _verdict_line(judgement: Judgement) -> str:
    mark = {"fits": "fits", "tight": "tight", "does not fit": "does not fit"}[judgement.verdict]
    size = f"{judgement.gpu.mib / 1024:.0f} GiB"
    return f"{judgement.gpu.label:<26} {size:>8}  {mark:<13} {judgement.reason}"


def _suggested(suggestions: Sequence[Suggestion]) -> list[str]:
    if not suggestions:
        return ["No single change or combination that ftx knows makes it fit."]
    lines = ["To make it fit, least harm first:"]
    for s in suggestions:
        keys = ", ".join(f"{key}: {value}" for key, value in s.keys)
        lines.append(f"  {s.change}  ({s.allocated / GIB:.1f} to {s.reserved / GIB:.1f} GiB, "
                     f"{s.verdict}; {s.harm})")  # fmt: skip
        if keys:
            lines.append(f"      {keys}")
    return lines


def estimate_markdown(
    found: Estimate, *, suggestions: Sequence[Suggestion] | None = None
) -> str:  # fmt: skip
    """Tables for a document or a pull request."""
    lines = [
        f"**{found.model}** ({found.framework}): {found.allocated / GIB:.2f} GiB allocated, up to "
        f"{found.reserved / GIB:.2f} GiB reserved, at *{found.peak.name}*",
        "",
        "| term | GiB | formula |",
        "|---|---:|---|",
        *(f"| {t.name} | {t.bytes / GIB:.2f} | {t.formula} |" for t in found.peak.terms),
        "",
        "| GPU | GiB | verdict | |",
        "|---|---:|---|---|",
        *(f"| {j.gpu.label} | {j.gpu.mib / 1024:.0f} | {j.verdict} | {j.reason} |"
          for j in found.judgements),
    ]  # fmt: skip
    lines += ["", *(f"- {said}" for said in found.assumptions)] if found.assumptions else []
    if suggestions:
        lines += ["", *(f"- {s.change} ({s.verdict}, {s.allocated / GIB:.1f} GiB): {s.harm}"
                        for s in suggestions)]  # fmt: skip
    return "\n".join(lines) + "\n"
