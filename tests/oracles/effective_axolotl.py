"""What Axolotl makes of pairs of texts. Run by Axolotl's own Python.

A JSON list of [before, after] on stdin; on stdout a JSON list with null for a pair that comes to
the same validated configuration (or is refused both times), else the names of what differs.
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

FORMER = {"evaluation_strategy", "sequence_parallel_degree", "dataset_processes"}
"""Names that a validated configuration still holds beside the present ones."""


def effective(text: str, machine: Any) -> dict[str, Any] | None:
    """The validated configuration, None when it is refused."""
    try:
        content = yaml.safe_load(text)
        config = DictDefault(content)
        PluginManager._instance = None
        prepare_plugins(config)
        valid = validate_config(copy.deepcopy(config), *capabilities(machine))
    except Exception:
        return None
    plain: dict[str, Any] = json.loads(json.dumps(valid.to_dict(), default=str))
    return {key: value for key, value in plain.items() if key not in FORMER}


def main() -> None:
    logging.disable(logging.CRITICAL)
    for package in ("ring_flash_attn", "mistral_common", "liger_kernel"):
        stand_in_for(package)
    pairs = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    told: list[list[str] | None] = []
    for before, after in pairs:
        machine = yaml.safe_load(after)
        one, other = effective(before, machine), effective(after, machine)
        if one == other:
            told.append(None)
        elif one is None or other is None:
            told.append(["refused before" if one is None else "refused after"])
        else:
            told.append(sorted(k for k in {*one, *other} if one.get(k) != other.get(k)))
    json.dump(told, answers)
    answers.close()


if __name__ == "__main__":
    main()
