"""A file of findings that a project has accepted, so that only new ones are told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import FtxError


def read_baseline(path: Path) -> frozenset[str]:
    """The fingerprints in a file.

    Raises:
        FtxError: it cannot be read, or is no baseline.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return frozenset(content["fingerprints"])
    except OSError as error:
        reason = f"cannot be read: {(error.strerror or '').lower()}"
    except (ValueError, KeyError, TypeError):
        reason = "is no baseline of ftx"
    raise FtxError(
        Diagnostic(
            code=Code.BAD_OPTION.code,
            severity=Severity.ERROR,
            message=f"{path} {reason}",
            file=str(path),
            help="--write-baseline FILE makes one",
        )
    )


def baseline_text(fingerprints: Iterable[str]) -> str:
    """The content of such a file."""
    return json.dumps({"ftx": 1, "fingerprints": sorted(fingerprints)}, indent=1) + "\n"
