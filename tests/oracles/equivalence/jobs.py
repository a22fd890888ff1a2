"""Trains several files in one process's descendants: the framework is imported once, then every
file gets a fork of its own, so that nothing one run patches is seen by the next.

A runner is called with ``JOBS.json``: a list of ``{"config", "model", "out"}``. Each job leaves a
trajectory in ``out``, or its traceback in ``out`` with ``.error`` at the end.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trajectory import Trajectory


@dataclass(frozen=True)
class Job:
    """One file to train: the file, the tiny model's folder, where the record goes."""

    config: Path
    model: Path
    out: Path


def read_jobs(path: str) -> list[Job]:
    """The jobs of a file."""
    listed = json.loads(Path(path).read_text(encoding="utf-8"))
    return [Job(**{key: Path(value).resolve() for key, value in job.items()}) for job in listed]


def run_jobs(train: Callable[[Job], Trajectory]) -> None:
    """Train every job of the file named on the command line, each in a fork.

    A lone job needs none, and may use a GPU, which no fork of a process that has seen it can.
    """
    jobs = read_jobs(sys.argv[1])
    gc.freeze()  # or every collection of a fork would copy what the framework's modules hold
    for job in jobs:
        child = os.fork() if len(jobs) > 1 else 0
        if child:
            os.waitpid(child, 0)
            continue
        code = 1
        try:
            train(job).write(job.out)
            code = 0
        except BaseException:  # SystemExit included: the parent must learn of every end
            Path(f"{job.out}.error").write_text(traceback.format_exc(), encoding="utf-8")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
