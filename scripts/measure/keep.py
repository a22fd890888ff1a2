"""Makes the record of a round out of what drive.py brought back.

python scripts/measure/keep.py results.json measurements/ROUND
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def kept(result: dict[str, Any]) -> dict[str, Any]:
    """The peaks of a run in bytes: over all, and of each part of a step after the first."""
    instants: dict[str, int] = {}
    for entry in result.get("seen", ()):
        if entry["step"] >= 1:
            name = entry["instant"]
            instants[name] = max(instants.get(name, 0), entry["allocated"])
    return {
        "outcome": result["why"].partition("\n")[0],  # what follows are paths of that machine
        "allocated": result.get("allocated", 0),
        "reserved": result.get("reserved", 0),
        "instants": instants,
        "beside": result.get("beside", 0),
        "seconds": result.get("seconds"),
    }


def main() -> None:
    """Writes results.json of the round."""
    raw = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path(sys.argv[2])
    devices = {r.get("device") for r in raw["results"].values() if r.get("device")}
    record = {
        "date": raw["date"],
        "device": sorted(devices),
        "versions": raw["versions"],
        "runs": {name: kept(result) for name, result in sorted(raw["results"].items())},
    }
    lines = ",\n".join(f"{json.dumps(n)}: {json.dumps(r)}" for n, r in record.pop("runs").items())
    head = json.dumps(record)[:-1]
    (folder / "results.json").write_text(f'{head}, "runs": {{\n{lines}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
