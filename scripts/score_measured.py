"""Scores what was predicted against what scripts/measure measured.

python scripts/score_measured.py                 the predictions that were made before
python scripts/score_measured.py --now           today's formulas on the same runs
python scripts/score_measured.py --rows          run by run
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ROUNDS = ROOT / "measurements"
GIB = 1 << 30


def predicted_now(folder: Path) -> dict[str, Any]:
    """Today's estimates of the runs that a round lists."""
    sys.path[:0] = [str(ROOT / "scripts" / "measure")]
    from grid import write
    from run import Run

    runs = json.loads((folder / "runs.json").read_text("utf-8"))
    known = Run.__dataclass_fields__
    made = [
        Run(**{k: tuple(v) if k == "targets" else v for k, v in run.items() if k in known})
        for run in runs
    ]
    with tempfile.TemporaryDirectory() as place:
        write(Path(place), made)
        script = str(ROOT / "scripts" / "measure" / "predict.py")
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, script, place], check=True, capture_output=True,
                       env=environment)  # fmt: skip
        text = (Path(place) / "predictions.json").read_text("utf-8")
    return dict(json.loads(text))


def compared(folder: Path, now: bool) -> list[tuple[dict[str, Any], float, bool]]:
    """(run, signed error of the allocated peak, whether reserved is in the band)."""
    results = json.loads((folder / "results.json").read_text("utf-8"))["runs"]
    runs = json.loads((folder / "runs.json").read_text("utf-8"))
    predictions = (
        predicted_now(folder)
        if now
        else json.loads((folder / "predictions.json").read_text("utf-8"))
    )
    found = []
    for run in runs:
        result, said = results.get(run["name"]), predictions.get(run["name"])
        if not result or not said or result["outcome"] != "done":
            continue
        measured, reserved = result["allocated"] / GIB, result["reserved"] / GIB
        if measured < 1:
            continue  # rows of one token: the tokenizer of that model took no words
        error = (said["allocated_gib"] - measured) / measured
        inside = said["reserved_low_gib"] <= reserved <= said["reserved_gib"]
        found.append((run, error, inside))
    return found


def main() -> None:
    """Prints a table for each round."""
    now, rows = "--now" in sys.argv, "--rows" in sys.argv
    print("| round | runs | n | mean error | worst | reserved in the band |")
    print("|---|---|---:|---:|---:|---:|")
    for folder in sorted(ROUNDS.iterdir()):
        if not (folder / "runs.json").exists():
            continue  # single layers, and the split of what others measured
        groups: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        for run, error, inside in compared(folder, now):
            for name in ("all", run["framework"], run["method"]):
                groups[name].append((abs(error), inside))
            if rows:
                print(f"{error:+7.1%} {'in ' if inside else 'out'} {run['name']}")
        for name, entries in groups.items():
            errors = [error for error, _ in entries]
            held = sum(inside for _, inside in entries)
            print(f"| {folder.name} | {name} | {len(errors)} | {sum(errors) / len(errors):.1%} | "
                  f"{max(errors):.1%} | {held} of {len(errors)} |")  # fmt: skip


if __name__ == "__main__":
    main()
