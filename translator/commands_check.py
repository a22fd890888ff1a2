"""``ftx convert-check``: whether files that ftx has made still say what their sources say."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from translator import api
from translator.comparison import Difference, diff
from translator.errors import FtxError

_HEAD = 2_000
_MADE = re.compile(r"Made by ftx from (?P<name>\S.*?)(?: \(\w+\))?(?:, for .*|\.)$", re.M)
_ENDINGS = (".yaml", ".yml", ".py", ".ipynb", ".ir.json")


def run_convert_check(files: Iterable[str]) -> int:
    """Compares every pair that the files belong to; 1 when any differs, 2 when one is unreadable."""
    worst = 0
    for made, source in sorted(set(_pairs(files))):
        try:
            found = compare(made, source)
        except FtxError as error:
            sys.stderr.write(f"{made}: {error}\n")
            worst = 2
            continue
        for difference in found:
            sys.stdout.write(f"{_place(made, difference)}: {_told(difference, source)}\n")
        if found:
            worst = max(worst, 1)
    return worst


def compare(made: Path, source: Path) -> list[Difference]:
    """What a conversion of the source would say otherwise than the file that was made of it;
    what is only kept and logged of the run may differ.

    Raises:
        FtxError: one of them cannot be read.
    """
    document = api.load(made)
    written = api.convert(api.load(source), document.format, strict=False, rewrite=True)
    again = api.loads(written.text, name=made.name, format=document.format)
    return [d for d in diff(document, again) if d.effect != "bookkeeping"]


def _pairs(files: Iterable[str]) -> Iterator[tuple[Path, Path]]:
    """(file made, its source) of the files themselves and of those beside them that name them."""
    for name in files:
        path = Path(name)
        source = _source_of(path)
        if source is not None:
            yield path, source
            continue
        for other in sorted(path.parent.iterdir()) if path.parent.is_dir() else ():
            if other.name.endswith(_ENDINGS) and other != path:
                source = _source_of(other)
                if source is not None and source.name == path.name:
                    yield other, source


def _source_of(path: Path) -> Path | None:
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            match = _MADE.search(stream.read(_HEAD))
    except OSError:
        return None
    if match is None:
        return None
    source = path.parent / Path(match["name"]).name
    return source if source.is_file() else None


def _place(made: Path, difference: Difference) -> str:
    span = difference.left.origin.span
    return f"{made}:{span.line}" if span is not None else str(made)


def _told(difference: Difference, source: Path) -> str:
    here, there = _shown(difference.left.value), _shown(difference.right.value)
    return f"{difference.field} is {here} here, and {there} by {source.name}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
