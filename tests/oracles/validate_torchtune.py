"""What torchtune says of many texts, as :mod:`accept_torchtune` asks it. Run by its own Python.

A JSON list of YAML texts on stdin; a JSON list of null (accepted) or {"error", "kind"} on stdout.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from accept_torchtune import import_builders, judge, load_nothing, two_layers


def verdict(text: str, path: Path) -> dict[str, Any] | None:
    """None when torchtune takes the text."""
    path.write_text(text, encoding="utf-8")
    try:
        judge(path)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return {"error": f"{error}", "kind": type(error).__name__, "places": []}
    return None


def main() -> None:
    logging.disable(logging.CRITICAL)
    import_builders()
    two_layers()
    load_nothing()
    texts = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.yaml"
        json.dump([verdict(text, path) for text in texts], answers)
    answers.close()


if __name__ == "__main__":
    main()
