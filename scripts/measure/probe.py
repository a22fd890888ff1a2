"""Runs a trainer in this process and writes down how much GPU memory each part of a step took.

    python probe.py OUT.json STEPS [--snapshot] -- MODULE [ARGUMENT ...]     like python -m MODULE
    python probe.py OUT.json STEPS [--snapshot] -- SCRIPT.py [ARGUMENT ...]

The counters are PyTorch's own, read at the borders of forward pass, backward pass and optimizer
step. Trainers reset the peak when they log; whoever resets it here loses nothing, because the peak
so far is kept first. The process ends after STEPS optimizer steps, before anything is saved.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import time
from collections import Counter
from typing import Any

import torch

OUT, STEPS = sys.argv[1], int(sys.argv[2])
if os.environ.get("RANK", "0") != "0":
    OUT += ".rank" + os.environ["RANK"]
REST = sys.argv[3:]
SNAPSHOT = REST[0] == "--snapshot"
REST = REST[REST.index("--") + 1 :]
START = time.time()

seen: list[dict[str, Any]] = []
state: dict[str, Any] = {"allocated": 0, "reserved": 0, "steps": 0, "inside": 0, "stepped": False,
                         "went": False}  # fmt: skip
GPU = torch.cuda.is_available()
original_reset = torch.cuda.reset_peak_memory_stats if GPU else lambda *_: None


def note(name: str) -> None:
    """Keeps the peaks since the last border under ``name``."""
    fold()
    seen.append({"instant": name, "allocated": state["allocated"], "reserved": state["reserved"],
                 "now": torch.cuda.memory_allocated(), "step": state["steps"]})  # fmt: skip
    state["allocated"] = state["reserved"] = 0
    original_reset()


def fold() -> None:
    """Keeps what a reset would forget."""
    state["allocated"] = max(state["allocated"], torch.cuda.max_memory_allocated())
    state["reserved"] = max(state["reserved"], torch.cuda.max_memory_reserved())


def reset(*arguments: Any, **options: Any) -> None:
    """In place of ``torch.cuda.reset_peak_memory_stats``."""
    fold()
    original_reset(*arguments, **options)


def finish(why: str) -> None:
    """Writes the result and ends the process at once."""
    result: dict[str, Any] = {"why": why, "seconds": round(time.time() - START, 1), "seen": seen}
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        result |= {
            "device": torch.cuda.get_device_name(),
            "free": free,
            "total": total,
            "allocated": max((s["allocated"] for s in seen), default=0),
            "reserved": max((s["reserved"] for s in seen), default=0),
        }
    if SNAPSHOT:
        result["at_peak"] = at_peak()
    with open(OUT, "w", encoding="utf-8") as file:
        json.dump(result, file)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def at_peak() -> list[tuple[int, int, str]]:
    """(bytes, how many, where from) of the blocks alive at the highest moment recorded."""
    trace = torch.cuda.memory._snapshot()["device_traces"][0]
    alive: dict[int, tuple[int, str]] = {}
    now = best = 0
    top: list[tuple[int, str]] = []
    for event in trace:
        if event["action"] == "alloc":
            frames = [f"{f['filename'].rsplit('/', 1)[-1]}:{f['line']}:{f['name']}"
                      for f in event.get("frames", ())
                      if "torch/nn/modules/module" not in f["filename"]]  # fmt: skip
            alive[event["addr"]] = (event["size"], " < ".join(frames[:6]))
            now += event["size"]
            if now > best:
                best, top = now, list(alive.values())
        elif event["action"] == "free_completed" and event["addr"] in alive:
            now -= alive.pop(event["addr"])[0]
    counted = Counter(top)
    ranked = sorted(counted.items(), key=lambda item: -item[0][0] * item[1])
    return [(size, count, where) for (size, where), count in ranked[:40]]


def patch() -> None:
    """Puts the borders in."""
    torch.cuda.reset_peak_memory_stats = reset
    torch.cuda.memory.reset_peak_memory_stats = reset
    original = torch.Tensor.backward

    def backward(self: torch.Tensor, *arguments: Any, **options: Any) -> None:
        if state["inside"]:
            original(self, *arguments, **options)
            return
        note("forward")
        if state["steps"] >= STEPS:
            finish("done")
        if SNAPSHOT and state["steps"] == STEPS - 2:
            torch.cuda.memory._record_memory_history(max_entries=400_000, stacks="python")
        state["inside"] += 1
        try:
            original(self, *arguments, **options)
        finally:
            state["inside"] -= 1
        note("backward")
        state["went"] = True
        if state["stepped"]:
            # updates in the backward pass are one step, however many optimizers there are
            state["steps"] += 1
            state["stepped"] = False

    torch.Tensor.backward = backward
    from torch.optim import optimizer

    def before(*_: Any) -> None:
        if not state["inside"]:
            note("between")

    def after(*_: Any) -> None:
        if state["inside"]:
            state["stepped"] = True
            return
        if state["went"]:
            # DeepSpeed updates one group of parameters after the other
            state["steps"] += 1
            state["went"] = False
        note("step")

    optimizer.register_optimizer_step_pre_hook(before)
    optimizer.register_optimizer_step_post_hook(after)


def main() -> None:
    """Runs what stands after ``--``."""
    patch()
    sys.argv = REST
    sys.path.insert(0, os.getcwd())
    try:
        if REST[0].endswith(".py"):
            runpy.run_path(REST[0], run_name="__main__")
        else:
            runpy.run_module(REST[0], run_name="__main__", alter_sys=True)
    except torch.cuda.OutOfMemoryError as problem:
        finish(f"out of memory: {problem}")
    except SystemExit as end:
        finish(f"left with {end.code}")
    except BaseException as problem:
        import traceback

        traceback.print_exc()
        finish(f"{type(problem).__name__}: {problem}"[:600])
    finish("ended early")


main()
