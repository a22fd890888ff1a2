"""Starts the runners, each in the environment of its framework."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from trajectory import Trajectory

HERE = Path(__file__).resolve().parent
LIMIT = 600
"""Seconds that all trainings of a format may take; one takes about 3, its imports about 15."""
RUNNERS = {
    "axolotl": ("FTX_AXOLOTL_PYTHON", "run_axolotl.py"),
    "torchtune": ("FTX_TORCHTUNE_PYTHON", "run_torchtune.py"),
    "unsloth": ("FTX_AXOLOTL_PYTHON", "run_script.py"),
}
"""Format to the variable that names a Python with its framework, and the runner. TRL is part of
the Axolotl environment."""


@dataclass(frozen=True)
class Run:
    """A file to train: its format, where it lies, and the tiny model it gets."""

    format: str
    path: Path
    model: str


def python_of(format: str) -> Path | None:
    """The interpreter for a format, None when there is none."""
    named = os.environ.get(RUNNERS[format][0])
    return Path(named) if named and Path(named).exists() else None


def environment(folder: Path) -> dict[str, str]:
    """Nothing from the network, no caches but our own, one thread: two runs share the machine."""
    return {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "huggingface"),
        "AXOLOTL_DO_NOT_TRACK": "1",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "TOKENIZERS_PARALLELISM": "false",
    }


def python(format: str, script: str, *arguments: str | Path, folder: Path) -> None:
    """Run one of our programs in a framework's environment, in ``folder``.

    Raises:
        RuntimeError: with the end of its output, when it fails.
    """
    command = [str(python_of(format)), str(HERE / script), *map(str, arguments)]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}")


def train_all(runs: list[Run], folder: Path) -> dict[Path, Trajectory]:
    """Train files, by format in one process each and two of those at a time; ``folder`` holds
    ``models`` and ``data``.

    Raises:
        RuntimeError: with the traceback, when a training fails.
    """
    formats = sorted({run.format for run in runs})
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda format: _start(format, runs, folder), formats))
    return {run.path: _result(run) for run in runs}


def _out(run: Run) -> Path:
    return run.path.with_name(run.path.name + ".json")


def _start(format: str, runs: list[Run], folder: Path) -> None:
    jobs = [
        {
            "config": str(run.path),
            "model": str(folder / "models" / run.model),
            "out": str(_out(run)),
        }
        for run in runs
        if run.format == format
    ]
    listed = folder / f"{format}.jobs.json"
    listed.write_text(json.dumps(jobs), encoding="utf-8")
    python(format, RUNNERS[format][1], listed, folder=folder)


def _result(run: Run) -> Trajectory:
    error = Path(f"{_out(run)}.error")
    if error.exists():
        raise RuntimeError(f"{run.path}:\n{error.read_text(encoding='utf-8')}")
    return Trajectory.read(_out(run))
