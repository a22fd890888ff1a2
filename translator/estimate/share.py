"""One device's share of a run, in bytes."""

from __future__ import annotations

from translator.estimate import states
from translator.estimate.workload import Workload
from translator.record import Record


class Held(Record):
    """What all devices hold together, in bytes."""

    weights: int
    adapters: int
    gradients: int
    optimizer: int


class View(Record):
    """One device's share, in bytes."""

    shards: int
    weights: float
    adapters: float
    gradients: float
    optimizer: float
    buffers: float = 0
    buffer_formula: str = ""
    layers: float = 0
    """Gathered layers, beyond the shards."""
    layer_formula: str = ""
    root: float = 0
    root_at_loss: float = 0
    gathering: float = 0
    """FSDP2 copies what it gathered out of a buffer: the root unit twice and two layers."""
    late: float = 0
    """What is gathered anew when the backward pass begins."""
    loading: float = 0
    """Weights on this device before they are spread, and the first shards."""
    step: float = 0
    """What the optimizer step makes and drops again."""
    layer_gradients: float = 0
    """Gradients of one layer before they are spread."""
    waiting: float = 0
    """Gradients of its part that still wait for their copy to the host when the backward pass ends."""
    root_gradient: float = 0
    """What the root unit takes when its gradients become one flat piece, itself included (FSDP1)."""
    reducing: float = 0
    """What spreading the gradients of embedding and head takes (ZeRO)."""
    head_reducing: float = 0
    """The same when the backward pass comes to the last layer."""
    root_share: float = 0
    """This device's part of the root unit's gradients."""
    layer_share: float = 0
    """This device's part of one layer's gradients."""
    retained: float = 0
    """What has piled up when the backward pass reaches the first layer."""
    retained_formula: str = ""
    source: str = ""
    head_shards: int = 1

    def head_gradient(self, size: int) -> float:
        """What is left of the head's gradient after its backward step."""
        return size / self.head_shards


def layer_trained(work: Workload) -> int:
    """Trained elements of the largest layer."""
    if work.trains_all:
        return work.shape.largest_layer
    return max(states.adapter_layer_elements(work, layer) for layer, _ in work.shape.layer_kinds)
