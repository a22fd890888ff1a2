"""A file of findings that a project has accepted, so that only new ones are told."""

from __future__ import annotations

import json
from collections.abc import Iterable

from translator.errors import bad_option


def read_baseline(path: str) -> frozenset[str]:
    """The fingerprints in a file.

    Raises:
        FtxError: it cannot be read, or is no baseline.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
        return frozenset(content["fingerprints"])
    except OSError as error:
        reason = f"cannot be read: {(error.strerror or '').lower()}"
    except (ValueError, KeyError, TypeError):
        reason = "is no baseline of ftx"
    help = "--write-baseline FILE makes one"
    raise bad_option(f"{path} {reason}", file=path, help=help)


def baseline_text(fingerprints: Iterable[str]) -> str:
    """The content of such a file."""
    return json.dumps({"ftx": 1, "fingerprints": sorted(fingerprints)}, indent=1) + "\n"
