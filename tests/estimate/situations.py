"""Workloads to try things on."""

from __future__ import annotations

from dataclasses import replace

from translator.estimate.catalog import shape_of
from translator.estimate.optimizers import optimizer_cost
from translator.estimate.workload import Kernels, Lora, Workload

ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
ADAM = optimizer_cost("adamw_torch")


def full(model: str = "meta-llama/Llama-3.2-1B", **changes: object) -> Workload:
    """All weights are trained, in 16 bits."""
    work = Workload(shape=shape_of(model).shape, rows=2, length=2048, optimizer=ADAM)
    return replace(work, **changes)  # type: ignore[arg-type]


def lora(model: str = "meta-llama/Llama-3.2-1B", **changes: object) -> Workload:
    """Adapters of rank 16 on every linear layer, as PEFT and Trainer run them."""
    work = full(model, lora=Lora(rank=16, targets=ALL), kernels=Kernels(autocast=True))
    return replace(work, **changes)  # type: ignore[arg-type]
