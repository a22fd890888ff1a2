"""Predicts the runs that grid.py wrote, before anything is measured.

python scripts/measure/predict.py FOLDER      writes FOLDER/predictions.json
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from translator import load
from translator.catalog.liger import supported
from translator.estimate.behaviour import widens
from translator.estimate.instants import instants, peak
from translator.estimate.optimizers import optimizer_cost
from translator.estimate.reading import read, targets_of
from translator.estimate.reserved import band
from translator.estimate.workload import Kernels, Lora, Workload
from translator.ir import Adapter

WORKSPACES = 64 << 20
"""On Hopper; see ``Workload.workspaces``."""


def plain_trl(run: dict[str, Any]) -> Workload:
    """A plain TRL script: what Trainer, accelerate, PEFT and TRL 1.9 do with it."""
    from translator.estimate.catalog import shape_of

    full = run["method"] == "full"
    quantized = run["method"] == "qlora"
    shape = shape_of(f"./models/{run['model']}").shape
    named = Adapter(rank=run["rank"], alpha=run["rank"], modules=tuple(run["targets"]))
    targets = targets_of(named, shape)
    lora = None if full else Lora(rank=run["rank"], targets=targets,
                                  bytes=2 if quantized else 4, dropout=run["dropout"] > 0,
                                  decomposed=run["dora"])  # fmt: skip
    loss = {"": "chunked", "nll": "fp32-entropy", "chunked_nll": "chunked", "liger": "fused-cast"}
    # for a family that Liger does not know nothing is fused, and the trainer computes logits
    liger = run["loss"] == "liger" and supported(shape.family, "trl")
    objective = run["objective"]
    if objective:
        loss |= {"": {"dpo": "pairs", "orpo": "odds", "grpo": "policy"}[objective]}
    reference = "none" if objective != "dpo" else "copy" if full else "pass"
    work = Workload(
        shape=shape,
        rows=run["rows"], length=run["length"], accumulation=run["accumulation"],
        base="nf4-double" if quantized else "16bit", lora=lora,
        # transformers 5 holds experts in single parameters, which bitsandbytes passes over
        experts_quantized=False,
        optimizer=optimizer_cost(run["optimizer"]),
        checkpointing=run["checkpointing"],
        kernels=Kernels(autocast=True, window_mask=True, norm="fused" if liger else "eager",
                        mlp="fused" if liger else "eager", rope="fused" if liger else "eager"),
        loss=loss["nll" if run["loss"] == "liger" and not liger else run["loss"]],  # type: ignore[arg-type]
        pairs=objective in ("dpo", "orpo"), reference=reference,  # type: ignore[arg-type]
        # TRL loads the copy itself, in float32
        reference_bytes=4 if reference == "copy" else 0, samples=1.1 * (objective == "grpo"),
        loss_tokens=0.5 if objective == "grpo" else 1.0,
        workspaces=WORKSPACES,
    )  # fmt: skip
    wide = lora is not None and lora.decomposed and widens(work)
    return replace(work, kernels=replace(work.kernels, stream=4)) if wide else work


def workload(run: dict[str, Any]) -> Workload:
    """What ftx reads in the run's file, and what the machine lacks."""
    work = read_workload(run)
    if run.get("recurrence"):
        work = replace(work, kernels=replace(work.kernels, recurrence=run["recurrence"]))
    return work


def read_workload(run: dict[str, Any]) -> Workload:
    """What ftx reads in the run's file."""
    if run["framework"] == "trl":
        return plain_trl(run)
    work = read(load(run["file"]), gpus=2 if run.get("strategy") else None).work
    # torchtune's data set component is not known to ftx, and neither is the length of its rows
    work = replace(work, length=run["length"], workspaces=WORKSPACES)
    if run.get("objective") == "grpo":
        # half of a row is the prompt; answers to one prompt share it in Unsloth
        work = replace(work, rows=run["rows"], loss_tokens=0.5)
    return work


def main() -> None:
    """Writes the predictions."""
    os.chdir(sys.argv[1])
    found = {}
    for run in json.loads(Path("runs.json").read_text(encoding="utf-8")):
        work = workload(run)
        top = peak(work)
        low, high = band(work)
        found[run["name"]] = {
            "allocated_gib": round(top.bytes / 2**30, 4),
            "reserved_gib": round(high / 2**30, 4),
            "reserved_low_gib": round(low / 2**30, 4),
            "instant": top.name,
            "instants": {i.name: round(i.bytes / 2**30, 4) for i in instants(work)},
        }
    Path("predictions.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(f"{len(found)} predictions")


if __name__ == "__main__":
    main()
