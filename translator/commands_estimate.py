"""``ftx estimate``: reads a file, estimates, prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from translator.commands import _load, _write, told
from translator.console import Console
from translator.estimate.report import Estimate, estimate
from translator.render.json import dumps


@told
def run_estimate(
    console: Console,
    file: str,
    *,
    gpu: str | None,
    gpus: int | None,
    shape: str | None,
    length: int | None,
    style: str,
    explain: bool,
    suggest: bool,
    reading: Mapping[str, Any],
) -> int:
    """Exit code 1 when the run does not fit the device that was named."""
    document = _load(console, file, reading)
    found = estimate(document, gpu=gpu, gpus=gpus, shape=shape, length=length)
    suggestions = None
    if suggest:
        from translator.estimate.suggest import suggest as changes

        suggestions = changes(found.work, found.judgements[0].gpu, document.format)
    _write(_rendered(found, suggestions, style, explain))
    return int(found.named and found.judgements[0].verdict == "does not fit")


def _rendered(found: Estimate, suggestions: Any, style: str, explain: bool) -> str:
    if style == "svg":
        from translator.render.estimate_svg import estimate_svg

        return estimate_svg(found)
    from translator.render import estimate as render

    if style == "json":
        return dumps(render.estimate_data(found, suggestions))
    if style == "markdown":
        return render.estimate_markdown(found, suggestions=suggestions)
    return render.estimate_text(found, explain=explain, suggestions=suggestions)
