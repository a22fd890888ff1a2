"""Asks the target frameworks about written files, one process per framework."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ORACLES = Path(__file__).parent.parent / "tests" / "oracles"
PYTHONS = {
    "axolotl": ("FTX_AXOLOTL_PYTHON", ".oracles/axolotl/bin/python"),
    "torchtune": ("FTX_TORCHTUNE_PYTHON", ".oracles/torchtune/bin/python"),
    "torchtune@main": ("FTX_TORCHTUNE_PYTHON", ".oracles/torchtune/bin/python"),
    "unsloth": ("FTX_AXOLOTL_PYTHON", ".oracles/axolotl/bin/python"),
}
"""The variable that names the Python of a target's environment, and where it lies by default."""
MAIN_CHECKOUT = "FTX_TORCHTUNE_MAIN"
"""Folder of a checkout of torchtune's main branch, which is on no package index."""


def python_of(target: str) -> Path | None:
    """The Python that can judge a target's files, None if it is not set up."""
    variable, default = PYTHONS[target]
    python = Path(os.environ.get(variable, default))
    if target.endswith("@main") and MAIN_CHECKOUT not in os.environ:
        return None
    return python if python.exists() else None


def accept(target: str, files: list[str]) -> list[dict[str, Any]] | None:
    """A verdict for each file: ``{"file", "ok", "error"}``; None without the environment.

    Raises:
        RuntimeError: the acceptor itself failed.
    """
    python = python_of(target)
    if python is None:
        return None
    script = ORACLES / f"accept_{target.partition('@')[0]}.py"
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1",
                   "AXOLOTL_DO_NOT_TRACK": "1", "TOKENIZERS_PARALLELISM": "false"}  # fmt: skip
    if target.endswith("@main"):
        environment["PYTHONPATH"] = os.environ[MAIN_CHECKOUT]
    done = subprocess.run(
        [str(python.absolute()), str(script)],
        input=json.dumps(files),
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{script.name} failed:\n{done.stderr[-4000:]}")
    verdicts: list[dict[str, Any]] = json.loads(done.stdout)
    return verdicts
