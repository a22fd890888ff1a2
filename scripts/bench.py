"""Times whole processes, interleaved, beside what people would run instead.

    python scripts/bench.py [--rounds N]

Prints the fastest and the middle run of each command, and its ratio to an import of click (the
least that any command line costs). The frameworks' own validators are timed when
``FTX_AXOLOTL_PYTHON`` and ``FTX_TORCHTUNE_PYTHON`` name environments that have them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
CASE = ROOT / "fixtures" / "recipes" / "alpaca_qlora"
FTX = [sys.executable, "-m", "translator"]
VALIDATE = """
import sys, yaml
from axolotl.utils.config import validate_config
from axolotl.utils.dict import DictDefault
validate_config(DictDefault(yaml.safe_load(open(sys.argv[1]))))
"""


def commands() -> dict[str, list[str]]:
    """Every command that can be run here, by its name in the table."""
    python = sys.executable
    axolotl, torchtune, script = (
        str(CASE / name) for name in ("axolotl.yaml", "torchtune.yaml", "unsloth.py")
    )
    named = {
        "python -c pass": [python, "-c", "pass"],
        "python -c 'import click'": [python, "-c", "import click"],
        "ftx --help": [*FTX, "--help"],
    }
    for source in (axolotl, torchtune, script):
        for target in ("axolotl", "torchtune", "unsloth"):
            if target not in Path(source).name:
                name = f"ftx convert {Path(source).name} --to {target}"
                named[name] = [*FTX, "convert", source, "--to", target, "--allow", "all"]
    named["ftx diff unsloth.py axolotl.yaml"] = [*FTX, "diff", script, axolotl]
    if (oracle := os.environ.get("FTX_AXOLOTL_PYTHON")) and Path(oracle).exists():
        named["Axolotl validate_config"] = [oracle, "-c", VALIDATE, axolotl]
    if (oracle := os.environ.get("FTX_TORCHTUNE_PYTHON")) and Path(oracle).exists():
        tune = [oracle, "-m", "torchtune._cli.tune"]
        named["tune validate"] = [*tune, "validate", torchtune]
    return named


def seconds(command: list[str]) -> float:
    """Wall-clock time of one process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    subprocess.run(command, capture_output=True, env=environment, cwd=ROOT, check=False)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    named = commands()
    times: dict[str, list[float]] = {name: [] for name in named}
    for turn in range(rounds):
        for name, command in named.items():
            slow = name.startswith(("Axolotl", "tune"))
            if not slow or turn < 3:
                times[name].append(seconds(command))
    least = min(times["python -c 'import click'"])
    print(f"| command | min ms | median ms | x import click |\n|{'---|' * 4}")
    for name, measured in times.items():
        low, middle = min(measured), statistics.median(measured)
        print(f"| `{name}` | {low * 1000:.0f} | {middle * 1000:.0f} | {low / least:.1f} |")


if __name__ == "__main__":
    main()
