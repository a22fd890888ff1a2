"""Reading of the catalogue's JSON files, each once."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

_FOLDER = os.path.dirname(__file__)


@cache
def table(name: str) -> dict[str, Any]:
    """The content of ``<name>.json``; callers must not change it."""
    with open(os.path.join(_FOLDER, f"{name}.json"), encoding="utf-8") as stream:
        content: dict[str, Any] = json.load(stream)
    return content
