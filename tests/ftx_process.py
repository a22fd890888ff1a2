"""The command as a user starts it: a process of its own, with limits on time and memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, "-c", "from translator.cli import main; main()")
MEMORY = 1_500_000_000
"""Bytes of address space; a plain conversion of a script needs a tenth of it."""
SECONDS = 30


@dataclass(frozen=True)
class Ended:
    """How a run of ftx ended."""

    code: int
    out: str
    err: str


def ftx(
    *arguments: str | Path, stdin: bytes | int = subprocess.DEVNULL, cwd: Path | None = None
) -> Ended:
    """Runs ``ftx`` with arguments.

    Raises:
        subprocess.TimeoutExpired: it took longer than :data:`SECONDS`.
    """
    fed = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        timeout=SECONDS,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PYTHONUTF8": "1"},
        preexec_fn=_limit,
        check=False,
        **fed,
    )
    return Ended(
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
    )


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
