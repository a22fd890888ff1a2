"""Times whole processes, interleaved, beside what people would run instead.

    python scripts/bench.py [--rounds N]

Prints, for each command, the fastest and the middle run in milliseconds of wall clock, the processor
time of the fastest, and its ratio to an import of click (the least that any command line costs).
yamllint, ruff and the frameworks' own validators are timed when they are there
(``FTX_AXOLOTL_PYTHON``, ``FTX_TORCHTUNE_PYTHON``).
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
CASE = ROOT / "fixtures" / "recipes" / "alpaca_qlora"
FTX = [sys.executable, "-m", "translator"]
FORMATS = ("axolotl", "torchtune", "unsloth")
SLOW_ROUNDS = 3
"""How often the frameworks are run, which take many seconds."""
VALIDATE = """
import sys, yaml
from axolotl.utils.config import validate_config
from axolotl.utils.dict import DictDefault
validate_config(DictDefault(yaml.safe_load(open(sys.argv[1]))))
"""


@dataclass
class Timed:
    """A command and its runs, in seconds."""

    command: list[str]
    slow: bool = False
    folder: Path = ROOT
    """Where it is started."""
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak: float = 0.0
    """Largest memory of one of its processes in MB."""
    failed: bool = False

    def run(self) -> None:
        """Starts it once more."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        start = time.perf_counter()
        process = subprocess.Popen(
            self.command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=self.folder,
        )
        _, status, used = os.wait4(process.pid, 0)
        self.wall.append(time.perf_counter() - start)
        self.cpu.append(used.ru_utime + used.ru_stime)
        self.peak = max(self.peak, used.ru_maxrss / 1024)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.failed |= process.returncode not in (0, 1)  # 1: refused, findings, differences


def commands() -> dict[str, Timed]:
    """Every command that can be run here, by its name in the table."""
    python = sys.executable
    paths = {name: str(CASE / f"{name}.yaml") for name in FORMATS}
    paths["unsloth"] = str(CASE / "unsloth.py")
    named = {
        "python -c pass": Timed([python, "-c", "pass"]),
        "python -c 'import click'": Timed([python, "-c", "import click"]),
        "ftx --help": Timed([*FTX, "--help"]),
    }
    for source in FORMATS:
        for target in FORMATS:
            if target != source:
                command = [*FTX, "convert", paths[source], "--to", target, "--allow", "all"]
                named[f"ftx convert ({source} to {target})"] = Timed(command)
    script, config = paths["unsloth"], paths["axolotl"]
    named["ftx diff (unsloth, axolotl)"] = Timed([*FTX, "diff", script, config])
    for name, path in paths.items():
        named[f"ftx lint ({name})"] = Timed([*FTX, "lint", "--no-cache", "--isolated", path])
    return named | _alternatives(paths)


def _alternatives(paths: dict[str, str]) -> dict[str, Timed]:
    named = {}
    if tool := shutil.which("yamllint"):
        named["yamllint (axolotl)"] = Timed([tool, paths["axolotl"]])
    if tool := shutil.which("ruff", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"):
        named["ruff check (unsloth)"] = Timed([tool, "check", "--no-cache", paths["unsloth"]])
    if (oracle := os.environ.get("FTX_AXOLOTL_PYTHON")) and Path(oracle).exists():
        command = [oracle, "-c", VALIDATE, paths["axolotl"]]
        named["Axolotl's validate_config"] = Timed(command, slow=True)
    if (oracle := os.environ.get("FTX_TORCHTUNE_PYTHON")) and Path(oracle).exists():
        command = [oracle, "-m", "torchtune._cli.tune", "validate", paths["torchtune"]]
        named["tune validate"] = Timed(command, slow=True)
    return named


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    compileall.compile_dir(ROOT / "translator", quiet=1)  # as an installation does
    named = commands()
    for turn in range(rounds):
        for timed in named.values():
            if not timed.slow or turn < SLOW_ROUNDS:
                timed.run()
    least = min(named["python -c 'import click'"].wall)
    print("| command | min ms | median ms | CPU ms | x import click |\n|---|--:|--:|--:|--:|")
    for name, timed in named.items():
        low, middle = min(timed.wall), statistics.median(timed.wall)
        cells = [f"{seconds * 1000:.0f}" for seconds in (low, middle, min(timed.cpu))]
        failed = " (failed)" if timed.failed else ""
        print(f"| `{name}`{failed} | {' | '.join(cells)} | {low / least:.1f} |")
    return int(any(timed.failed for timed in named.values()))


if __name__ == "__main__":
    sys.exit(main())
