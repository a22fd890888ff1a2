"""What Axolotl's own validation says of many texts. Run by Axolotl's own Python.

A JSON list of YAML texts on stdin; a JSON list of null (accepted) or {"error", "places"} on
stdout, where places are the keys that pydantic points at.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("AXOLOTL_DO_NOT_TRACK", "1")
sys.path.insert(0, str(Path(__file__).parent))

import yaml
from accept_axolotl import capabilities, stand_in_for
from axolotl.integrations.base import PluginManager
from axolotl.utils.config import prepare_plugins, validate_config
from axolotl.utils.dict import DictDefault
from pydantic import ValidationError


def verdict(text: str) -> dict[str, Any] | None:
    """None when Axolotl takes the text."""
    try:
        content = yaml.safe_load(text)
        config = DictDefault(content)
        PluginManager._instance = None
        prepare_plugins(config)
        validate_config(copy.deepcopy(config), *capabilities(content))
    except ValidationError as error:
        places = [".".join(map(str, problem["loc"])) for problem in error.errors()]
        message = "; ".join(problem["msg"] for problem in error.errors())
        return {"error": message, "places": places, "kind": "ValidationError"}
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return {"error": f"{error}", "places": [], "kind": type(error).__name__}
    return None


def main() -> None:
    logging.disable(logging.CRITICAL)
    for package in ("ring_flash_attn", "mistral_common", "liger_kernel"):
        stand_in_for(package)
    texts = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    json.dump([verdict(text) for text in texts], answers)
    answers.close()


if __name__ == "__main__":
    main()
