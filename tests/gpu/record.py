"""Trains the cases of ``cases.ON_GPU`` on a GPU with the real Axolotl, torchtune and Unsloth.

    python tests/gpu/record.py FOLDER RECORD.json

Works in FOLDER, which must not exist, and writes what every run did to RECORD.json, with the
versions of everything. ``FTX_AXOLOTL_PYTHON`` names a Python with Axolotl and Unsloth,
``FTX_TORCHTUNE_PYTHON`` one with torchtune; ftx and its own needs are found by this one.
``tests/gpu/test_gpu_record.py`` holds the last one, ``recorded/h200.json``, to what ftx says.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "oracles" / "equivalence")]

from cases import ALL, ON_GPU  # noqa: E402
from training import Run, make_models, python_of, train_on_gpu, written  # noqa: E402
from trajectory import IGNORED, Trajectory  # noqa: E402

SIGNATURES = ROOT / "tests" / "oracles" / "unsloth_signatures.json"
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


def confirmed() -> dict[str, Any]:
    """Which recorded signatures the imported Unsloth has, and SFTConfig's defaults there."""
    python = python_of("unsloth")
    assert python is not None
    script = Path(__file__).parent / "signatures.py"
    done = subprocess.run([python, str(script)], capture_output=True, text=True, check=True)
    # Unsloth greets on the same stream, before and after
    start = done.stdout.index('{\n "calls"')
    found, _ = json.JSONDecoder().raw_decode(done.stdout[start:])
    known = json.loads(SIGNATURES.read_text(encoding="utf-8"))["calls"]
    return {
        "signatures": {
            "as recorded": sorted(n for n in known if found["calls"].get(n) == known[n]),
            "wrapped or wider": sorted(n for n in known if found["calls"].get(n) != known[n]),
        },
        "config_defaults": found["configs"]["SFTConfig"]["defaults"],
    }


def entry(run: Run) -> dict[str, Any]:
    """What one run did; of the rows of its first step, tokens and those that count."""
    error = Path(f"{run.out}.error")
    problem = error.read_text(encoding="utf-8").strip().splitlines()[-1] if error.exists() else None
    if not run.out.exists():
        return {"error": problem or "no record"}
    done = Trajectory.read(run.out)
    told: dict[str, Any] = {
        "trainable": done.trainable_parameters,
        "rows": [[len(r.ids), sum(label != IGNORED for label in r.labels)] for r in done.rows],
        "targets": [step.targets for step in done.steps],
        "rates": [step.learning_rate for step in done.steps],
        "losses": [round(step.loss, 6) for step in done.steps],
    }
    return told if problem is None else {**told, "error": problem}


def text_of(recorded: dict[str, Any]) -> str:
    """The record as JSON, one line for each value of a run."""
    runs = recorded["runs"]
    cases = []
    for name, formats in runs.items():
        entries = []
        for format, told in formats.items():
            values = ",\n".join(f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in told.items())
            entries.append(f"   {json.dumps(format)}: {{\n{values}\n   }}")
        cases.append(f"  {json.dumps(name)}: {{\n" + ",\n".join(entries) + "\n  }")
    head = ",\n".join(
        f" {json.dumps(k)}: {json.dumps(v)}" for k, v in recorded.items() if k != "runs"
    )
    return f'{{\n{head},\n "runs": {{\n' + ",\n".join(cases) + "\n }\n}\n"


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
        **confirmed(),
        "runs": {
            name: {format: entry(run) for format, run in runs.items()}
            for name, runs in found.items()
        },
    }


if __name__ == "__main__":
    found = record(Path(sys.argv[1]).resolve())
    Path(sys.argv[2]).write_text(text_of(found), encoding="utf-8")
