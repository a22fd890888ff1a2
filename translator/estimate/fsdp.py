"""FSDP: flat shards (version 1) or shards of each parameter (version 2), one unit (a decoder layer)
gathered at a time with the next one already on its way. What belongs to no layer, embeddings and
head, is the root unit and gathered for the whole step (torch/distributed/fsdp)."""

from __future__ import annotations

from translator.estimate import states
from translator.estimate.share import Held, View, layer_trained
from translator.estimate.workload import Workload
from translator.record import replace


def fsdp(work: Workload, held: Held) -> View:
    """One device's share under version 1 or 2."""
    shared, shape, n = work.sharding, work.shape, work.sharding.data
    element, host = work.kernels.compute, shared.offload_parameters
    first = shared.strategy == "fsdp1"
    root: float = (shape.embedding + shape.head + shape.norm_width) * element
    unit = _layer_bytes(work)
    if not work.trains_all:
        unit += layer_trained(work) * element
    if host and first and not work.trains_all:
        # shards come to the device as they are, and stay beside what is gathered from them
        unit, root = unit * (1 + 1 / n), root * (1 + 1 / n)
    hooked = first and not work.kernels.reentrant
    count = 2 if shared.reshard else shape.layers
    # going backward, the next layer is asked for when this one is done
    behind = 1 if shared.reshard and not hooked else count
    # Liger reads a trained head outside of its module: gathered for itself, and so is its gradient
    outside = work.trains_all and work.loss == "fused" and not first
    copies = 2 * shape.vocab * shape.hidden * element if outside else 0
    view = View(
        shards=n,
        weights=0 if host else held.weights / n,
        adapters=0 if host else held.adapters / n,
        gradients=0 if host else held.gradients / n,
        optimizer=0 if host or shared.offload_optimizer else held.optimizer / n,
        layers=behind * unit,
        layer_formula=f"{behind} layers, unsharded",
        root=root,
        root_at_loss=root + copies if shared.root_at_loss else 0,
        gathering=0 if first else 2 * root + count * unit,
        late=0 if first else 2 * root,
        loading=_loading(work, held),
        layer_gradients=layer_trained(work) * element,
        retained=_retained(work) if hooked else 0,
        retained_formula="(2 L - 3) h T x 2 (measured: fms-acceleration benchmarks)",
        source="torch/distributed/fsdp",
        head_shards=n,
    )
    return _flat(work, held, view) if first and work.trains_all else view


def _flat(work: Workload, held: Held, view: View) -> View:
    """Version 1 in full training: the gradients of a unit become one flat piece before they are
    spread."""
    shape, element = work.shape, states.gradient_bytes(work)
    # the gradients of embedding and head; tied, they are one, and a sum of two before
    parts = (shape.embedding if shape.tied else shape.embedding + shape.head) * work.kernels.compute
    return replace(
        view,
        # their blocks are free when the copies on a stream of their own are through
        waiting=held.gradients / view.shards if work.sharding.offload_parameters else 0,
        root_gradient=2 * view.root + parts,
        root_share=view.root / work.kernels.compute * element / view.shards,
        layer_share=layer_trained(work) * element / view.shards,
    )


def _retained(work: Workload) -> int:
    """Hooks on frozen units keep the inputs of layers and their gradients until the end."""
    if work.trains_all or work.checkpointing != "full":
        return 0
    stream = work.shape.hidden * work.tokens * work.kernels.stream
    return max(0, 2 * work.shape.layers - 3) * stream


def _loading(work: Workload, held: Held) -> float:
    """What is on the device before anything is spread, or while the root unit is."""
    n, first = work.sharding.data, work.sharding.strategy == "fsdp1"
    if work.base_quantized and work.quantized == "linear":
        # bitsandbytes quantises on the device
        return 0 if first else (held.weights + held.adapters) * (1 + 1 / n)
    if not first:
        return 0
    # the root unit is wrapped last: as it is, in one flat piece, and this device's part of it
    root = states.root_weights(work)
    return 2 * root + (root if work.sharding.offload_parameters else held.weights) / n


def _layer_bytes(work: Workload) -> float:
    """A gathered layer in the number format that travels: 16 bits, or the base's own."""
    layers = [layer for layer, _ in work.shape.layer_kinds]
    if not work.base_quantized:
        element = work.kernels.compute
        return max(work.shape.layer_parameters(layer) for layer in layers) * element
    return max(states.layer_weights(work, layer) for layer in layers)
