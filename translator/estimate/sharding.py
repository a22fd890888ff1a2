"""What one device holds of weights, gradients and states when devices share them. Bytes."""

from __future__ import annotations

from translator.estimate import states
from translator.estimate.fsdp import fsdp
from translator.estimate.share import Held, View, layer_trained
from translator.estimate.workload import Workload
from translator.estimate.zero import zero

__all__ = ["View", "view"]


def view(work: Workload) -> View:
    """What one device holds."""
    shared, tensor = work.sharding, max(1, work.sharding.tensor)
    held = Held(
        weights=states.base_weights(work) // tensor,
        adapters=states.adapter_weights(work) // tensor,
        gradients=states.gradients(work) // tensor,
        optimizer=states.optimizer_states(work) // tensor,
    )
    if shared.strategy.startswith("zero"):
        return zero(work, held)
    if shared.strategy.startswith("fsdp") and shared.data > 1:
        return fsdp(work, held)
    copied = shared.strategy == "ddp" and shared.data > 1
    return View(
        shards=1,
        weights=held.weights,
        adapters=held.adapters,
        gradients=held.gradients,
        optimizer=held.optimizer,
        buffers=held.gradients if copied else 0,
        buffer_formula="DDP buckets: a copy of the gradients",
        layer_gradients=layer_trained(work) * states.gradient_bytes(work),
        source="torch/nn/parallel/distributed.py",
    )
