"""Converts the cases, and trains every file with the framework it is for.

Needs ftx here and the two oracle environments: Axolotl's (which has TRL as well) and torchtune's,
named by ``FTX_AXOLOTL_PYTHON`` and ``FTX_TORCHTUNE_PYTHON``.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cases import SUFFIX, Case
from trajectory import Trajectory

from translator import Conversion, convert

HERE = Path(__file__).parent
RUNNERS = {
    "axolotl": ("FTX_AXOLOTL_PYTHON", "run_axolotl.py"),
    "torchtune": ("FTX_TORCHTUNE_PYTHON", "run_torchtune.py"),
    "unsloth": ("FTX_AXOLOTL_PYTHON", "run_script.py"),
}
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "AXOLOTL_DO_NOT_TRACK": "1",
    "WANDB_DISABLED": "true",
    "UNSLOTH_DISABLE_STATISTICS": "1",
    "OMP_NUM_THREADS": "1",
}
LONGEST = 1200
"""Seconds that one process may take."""
ON_THE_CPU = {
    "CUDA_VISIBLE_DEVICES": "",
    "TORCHDYNAMO_DISABLE": "1",  # compiling takes longer than ten steps of a tiny model
}


@dataclass(frozen=True)
class Run:
    """One file of a case: the case's own, or the conversion to another format."""

    case: Case
    format: str
    folder: Path
    conversion: Conversion | None

    @property
    def config(self) -> Path:
        """The file that is trained."""
        return self.folder / f"run{SUFFIX[self.format]}"

    @property
    def out(self) -> Path:
        """Where its trajectory goes."""
        return self.folder / "trajectory.json"

    def trajectory(self) -> Trajectory:
        """What it did.

        Raises:
            AssertionError: the framework would not train it; with its traceback.
        """
        error = Path(f"{self.out}.error")
        assert not error.exists(), f"{self.config}\n{error.read_text(encoding='utf-8')}"
        assert self.out.exists(), f"{self.config}: {self.format} left no record"
        return Trajectory.read(self.out)


def python_of(format: str) -> str | None:
    """The Python that trains a format, if there is one."""
    path = os.environ.get(RUNNERS[format][0])
    return path if path and Path(path).exists() else None


def written(case: Case, folder: Path) -> dict[str, Run]:
    """The case's file and its conversions, each in a folder of its own, by format."""
    runs = {}
    for format in (case.source, *case.targets):
        conversion = None
        text, files = case.path.read_text(encoding="utf-8"), {}
        if format != case.source:
            conversion = convert(case.path, format, strict=False, stem="run")
            text, files = conversion.text, dict(conversion.files)
        run = Run(case, format, folder / case.name / format, conversion)
        run.folder.mkdir(parents=True)
        run.config.write_text(text, encoding="utf-8")
        for name, content in files.items():
            (run.folder / name).parent.mkdir(exist_ok=True)
            (run.folder / name).write_text(content, encoding="utf-8")
        runs[format] = run
    return runs


def _call(
    python: str, arguments: list[str], folder: Path, log: Path, more: Mapping[str, str] = ON_THE_CPU
) -> None:
    environment = {**os.environ, **QUIET, "HF_HOME": str(folder / "hf"), **more}
    with log.open("w", encoding="utf-8") as stream:
        subprocess.run(
            [python, *arguments],
            cwd=folder,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=LONGEST,
        )


def make_models(folder: Path) -> None:
    """Tiny models and rows, in ``folder/models`` and ``folder/data``."""
    python = python_of("axolotl")
    assert python is not None
    log = folder / "models.log"
    _call(python, [str(HERE / "models.py"), str(folder)], folder, log)
    assert (folder / "data" / "alpaca.json").exists(), log.read_text(encoding="utf-8")


def train(runs: Iterable[Run], folder: Path) -> None:
    """Train every run: each framework in one process, two processes at a time."""
    jobs: dict[str, list[dict[str, str]]] = {format: [] for format in RUNNERS}
    for run in runs:
        model = folder / "models" / run.case.model
        jobs[run.format].append(
            {"config": str(run.config), "model": str(model), "out": str(run.out)}
        )

    def work(format: str) -> None:
        python = python_of(format)
        assert python is not None
        listed = folder / f"{format}.jobs.json"
        listed.write_text(json.dumps(jobs[format]), encoding="utf-8")
        _call(
            python, [str(HERE / RUNNERS[format][1]), str(listed)], folder, folder / f"{format}.log"
        )

    with ThreadPoolExecutor(2) as pool:  # the slowest first
        list(pool.map(work, ("axolotl", "unsloth", "torchtune")))


def train_on_gpu(runs: Iterable[Run], folder: Path) -> None:
    """Train every run in a process of its own, several at a time, with the GPU that there is."""

    def work(run: Run) -> None:
        python = python_of(run.format)
        assert python is not None
        model = folder / "models" / run.case.model
        job = {"config": str(run.config), "model": str(model), "out": str(run.out)}
        listed = run.folder / "jobs.json"
        listed.write_text(json.dumps([job]), encoding="utf-8")
        own = {
            "HF_HOME": str(run.folder / "hf"),
            "UNSLOTH_COMPILE_LOCATION": str(run.folder / "compiled"),
        }
        arguments = [str(HERE / RUNNERS[run.format][1]), str(listed)]
        _call(python, arguments, folder, run.folder / "log", own)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(work, runs))
