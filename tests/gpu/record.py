"""Trains the cases of ``cases.ON_GPU`` on a GPU with the real Axolotl, torchtune and Unsloth.

    python tests/gpu/record.py FOLDER RECORD.json

Works in FOLDER, which must not exist, and writes what every run did to RECORD.json, with the
versions of everything. ``FTX_AXOLOTL_PYTHON`` names a Python with Axolotl and Unsloth,
``FTX_TORCHTUNE_PYTHON`` one with torchtune; ftx and its own needs are found by this one.
``tests/gpu/test_record.py`` compares the record with what ``docs/equivalence.md`` says.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "oracles" / "equivalence")]

from cases import ALL, ON_GPU  # noqa: E402
from training import Run, make_models, python_of, train_on_gpu, written  # noqa: E402
from trajectory import Trajectory  # noqa: E402

PACKAGES = {
    "axolotl": ("axolotl", "trl", "transformers", "peft", "torch", "bitsandbytes"),
    "torchtune": ("torchtune", "torchao"),
    "unsloth": ("unsloth", "unsloth_zoo"),
}
ASK = """
import importlib.metadata as m, json, sys, torch
print(json.dumps({
    "gpu": torch.cuda.get_device_name(0), **{name: m.version(name) for name in sys.argv[1:]}
}))
"""


def versions() -> dict[str, str]:
    """The GPU's name, and the version of every package that takes part."""
    found: dict[str, str] = {}
    for format, names in PACKAGES.items():
        python = python_of(format)
        assert python is not None
        done = subprocess.run(
            [python, "-c", ASK, *names], capture_output=True, text=True, check=True
        )
        found |= json.loads(done.stdout.strip().splitlines()[-1])
    return found


def entry(run: Run) -> dict[str, Any]:
    """What one run did, without its rows but for their number of tokens."""
    error = Path(f"{run.out}.error")
    problem = error.read_text(encoding="utf-8").strip().splitlines()[-1] if error.exists() else None
    if not run.out.exists():
        return {"error": problem or "no record"}
    trajectory = Trajectory.read(run.out)
    told = asdict(trajectory)
    rows = told.pop("rows")
    told["first_rows"] = [
        {"tokens": len(row["ids"]), "counted": sum(label != -100 for label in row["labels"])}
        for row in rows
    ]
    told["first_row"] = rows[0] if rows else None
    return told if problem is None else {**told, "error": problem}


def record(folder: Path) -> dict[str, Any]:
    """Convert, train, and gather."""
    folder.mkdir(parents=True)
    make_models(folder)
    cases = [case for case in ALL if case.name in ON_GPU]
    found = {case.name: written(case, folder) for case in cases}
    train_on_gpu([run for runs in found.values() for run in runs.values()], folder)
    return {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "versions": versions(),
        "runs": {
            name: {format: entry(run) for format, run in runs.items()}
            for name, runs in found.items()
        },
    }


if __name__ == "__main__":
    text = json.dumps(record(Path(sys.argv[1]).resolve()), indent=1)
    Path(sys.argv[2]).write_text(f"{text}\n", encoding="utf-8")
