"""AgileRL's step as we measured it (scripts/measure/grpo_step.py), beside the estimate."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from translator.estimate.catalog import find
from translator.estimate.instants import instants, peak
from translator.estimate.optimizers import optimizer_cost
from translator.estimate.reserved import band
from translator.estimate.states import adapter_weights
from translator.estimate.workload import Kernels, Lora, Workload

GIB = 1 << 30
RUNS = [
    run
    for run in json.loads(
        (Path(__file__).parents[2] / "measurements/h100-grpo-step/results.json").read_text("utf-8")
    )["runs"]
    if "gemma" not in run["model"]  # without a mask its wide heads have no kernel there
]
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")


def described(run: dict[str, Any]) -> Workload:
    """The run on an H100, whose workspaces are larger."""
    found = find(run["model"])
    assert found is not None
    dense = (*ATTENTION, "gate_proj", "up_proj", "down_proj")
    work = Workload(
        shape=found.shape, rows=run["rows"], length=run["length"],
        lora=Lora(rank=run["rank"], targets=ATTENTION if found.shape.experts else dense),
        optimizer=optimizer_cost("adamw_torch"), loss="tile", unrecorded=1,
        workspaces=32 << 20, kernels=Kernels(attention="flash", autocast=True),
    )  # fmt: skip
    return replace(work, buffers=adapter_weights(work))


def named(run: dict[str, Any]) -> str:
    """What a test of it is called."""
    return f"{run['model']}-r{run['rank']}-{run['rows']}x{run['length']}"


@pytest.mark.parametrize("run", RUNS, ids=named)
class TestStep:
    def test_the_peak(self, run: dict[str, Any]) -> None:
        measured = max(allocated for allocated, _ in run["peaks"].values())

        assert peak(described(run)).bytes / GIB == pytest.approx(measured, rel=0.05)

    def test_what_the_allocator_holds(self, run: dict[str, Any]) -> None:
        held = max(reserved for _, reserved in run["peaks"].values()) * GIB
        low, high = band(described(run))

        assert low <= held <= high * 1.02


@pytest.mark.parametrize("run", [r for r in RUNS if r["rows"] * r["length"] >= 4096], ids=named)
def test_the_pass_without_gradients(run: dict[str, Any]) -> None:
    there = {i.name: i for i in instants(described(run))}["pass without gradients"].terms
    # before the first update there are no states
    estimated = sum(term.bytes for term in there if term.name != "optimizer states") / GIB

    assert estimated == pytest.approx(run["peaks"]["pass without gradients"][0], rel=0.1)
