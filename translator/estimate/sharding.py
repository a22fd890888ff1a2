"""What one device holds of weights, gradients and states when devices share them. Bytes.

Sources: FSDP keeps flat shards and gathers one unit (a decoder layer) at a time with the next one
already on its way; what belongs to no layer, embeddings and head, is gathered as the root unit for
the whole step (torch/distributed/fsdp). ZeRO: arXiv:1910.02054, and DeepSpeed's stage_1_and_2.py
and stage3.py.
"""

from __future__ import annotations

from translator.estimate import states
from translator.estimate.workload import Workload
from translator.record import Record

PREFETCHED = 50_000_000
"""Elements that ZeRO-3 fetches ahead (``stage3_prefetch_bucket_size``)."""


_LOSSES_OF_LOGITS = {"fp32", "fp32-kept", "fp32-entropy", "in-place", "in-place-kept", "compute"}
"""Ways to compute cross entropy that do not read the head's weights themselves."""


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


def view(work: Workload) -> View:
    """What one device holds."""
    shared = work.sharding
    n = shared.data
    weights, adapters = states.base_weights(work), states.adapter_weights(work)
    grads, opt = states.gradients(work), states.optimizer_states(work)
    layer_trained = _layer_trained(work) * states.gradient_bytes(work)
    if shared.tensor > 1:
        weights, adapters = weights // shared.tensor, adapters // shared.tensor
        grads, opt = grads // shared.tensor, opt // shared.tensor
    if shared.strategy in ("none", "ddp") or (n == 1 and shared.strategy.startswith("fsdp")):
        buckets = grads if shared.strategy == "ddp" and n > 1 else 0
        return View(shards=1, weights=weights, adapters=adapters, gradients=grads, optimizer=opt,
                    buffers=buckets, buffer_formula="DDP buckets: a copy of the gradients",
                    layer_gradients=layer_trained, source="torch/nn/parallel/distributed.py")  # fmt: skip
    if shared.strategy in ("fsdp1", "fsdp2"):
        return _fsdp(work, n, weights, adapters, grads, opt)
    return _zero(work, n, weights, adapters, grads, opt)


def _layer_trained(work: Workload) -> int:
    """Trained elements of the largest layer."""
    if work.trains_all:
        return work.shape.largest_layer
    return max(states.adapter_layer_elements(work, layer) for layer, _ in work.shape.layer_kinds)


def _layer_bytes(work: Workload) -> float:
    """A gathered layer in the number format that travels: 16 bits, or the base's own."""
    layers = [layer for layer, _ in work.shape.layer_kinds]
    if work.base in ("16bit", "float32"):
        element = work.kernels.compute
        return max(work.shape.layer_parameters(layer) for layer in layers) * element
    return max(states.layer_weights(work, layer) for layer in layers)


def _fsdp(work: Workload, n: int, weights: int, adapters: int, grads: int, opt: int) -> View:
    shared, shape = work.sharding, work.shape
    root: float = (shape.embedding + shape.head + shape.norm_width) * work.kernels.compute
    unit = _layer_bytes(work)
    if not work.trains_all:
        unit += max(states.adapter_layer_elements(work, la) for la, _ in shape.layer_kinds) * (
            work.kernels.compute
        )
    stream = shape.hidden * work.tokens * work.kernels.stream
    retained = 0
    hooked = shared.strategy == "fsdp1" and not work.kernels.reentrant
    if hooked and not work.trains_all and work.checkpointing == "full":
        # hooks on frozen units keep the inputs of layers and their gradients until the end
        retained = max(0, 2 * shape.layers - 3) * stream
    layer_grads = _layer_trained(work) * work.kernels.compute
    host = shared.offload_parameters
    share = root / work.kernels.compute * states.gradient_bytes(work) / n
    flat = shared.strategy == "fsdp1" and work.trains_all
    # the gradients of embedding and head; tied, they are one, and a sum of two before
    parts = (shape.embedding if shape.tied else shape.embedding + shape.head) * work.kernels.compute
    if host and not work.trains_all and shared.strategy == "fsdp1":
        # shards come to the device as they are, and stay beside what is gathered from them
        unit, root = unit * (1 + 1 / n), root * (1 + 1 / n)
    quantized = work.base not in ("16bit", "float32") and work.quantized == "linear"
    count = 2 if shared.reshard else shape.layers
    # going backward, the next layer is asked for when this one is done
    behind = 1 if shared.reshard and (shared.strategy == "fsdp2" or not hooked) else count
    # Liger reads a trained head outside of its module: gathered for itself, and so is its gradient
    outside = work.trains_all and work.loss == "fused" and shared.strategy == "fsdp2"
    copies = 2 * shape.vocab * shape.hidden * work.kernels.compute if outside else 0
    loading: float = 0
    if quantized and shared.strategy == "fsdp2":
        # bitsandbytes quantises on the device, before anything is spread
        loading = (weights + adapters) * (1 + 1 / n)
    elif not quantized and shared.strategy == "fsdp1":
        # the root unit is wrapped last: as it is, in one flat piece, and this device's part of it
        whole = states.root_weights(work)
        loading = 2 * whole + (whole / n if host else weights / n)
    return View(
        shards=n,
        weights=0 if host else weights / n,
        adapters=0 if host else adapters / n,
        gradients=0 if host else grads / n,
        optimizer=0 if host or shared.offload_optimizer else opt / n,
        layers=behind * unit,
        layer_formula=f"{behind} layers, unsharded",
        root=root,
        root_at_loss=root + copies if shared.root_at_loss else 0,
        gathering=2 * root + count * unit if shared.strategy == "fsdp2" else 0,
        late=2 * root if shared.strategy == "fsdp2" else 0,
        loading=loading,
        layer_gradients=layer_grads,
        # their blocks are free when the copies on a stream of their own are through
        waiting=grads / n if host and flat else 0,
        root_gradient=2 * root + parts if flat else 0,
        root_share=share,
        layer_share=_layer_trained(work) * states.gradient_bytes(work) / n if flat else 0,
        retained=retained,
        retained_formula="(2 L - 3) h T x 2 (measured: fms-acceleration benchmarks)",
        source="torch/distributed/fsdp",
        head_shards=n,
    )


def _zero(work: Workload, n: int, weights: int, adapters: int, grads: int, opt: int) -> View:
    shared, shape = work.sharding, work.shape
    trained = states.trained_elements(work)
    stage = int(shared.strategy[-1])
    # DeepSpeed keeps float32 masters beside 16-bit weights, and 16-bit gradients of its part; the
    # step copies these to float32, and once more in 16 bits for their norm (stage3.py, stage_1_and_2.py)
    offload = shared.offload_optimizer
    opt = max(opt, trained * 4 * work.optimizer.follows)  # states follow the float32 masters
    states_here = 0 if offload else (opt + 4 * trained) / n
    part = 0 if offload else trained * 2 / n
    if stage < 3:
        buckets = 2 * shared.bucket * (2 if shared.overlapped else 1)
        # a full bucket is copied before it is sent
        sent = 2 * min(shared.bucket, trained)
        table = shape.vocab * shape.hidden if offload and work.trains_all else 0
        return View(
            shards=1,
            weights=weights,
            adapters=adapters,
            gradients=0,
            optimizer=states_here,
            # gradients pass through a buffer of the largest parameter on their way to the host
            buffers=2 * table,
            buffer_formula="the largest parameter, on its way to the host",
            step=0 if offload else 8 * trained / n,
            layer_gradients=_layer_trained(work) * 2 + buckets,
            retained=part + buckets + sent,
            retained_formula="16-bit gradients of its part, and buckets",
            # the gradient, a copy of it, and this device's part in float64 for its norm
            reducing=(buckets + 4 * table + 8 * table / n) if table else 0,
            source="DeepSpeed ZeRO",
        )
    # stage 3 goes group by group of its part; a parameter is never split
    group = max(shared.group, shape.vocab * shape.hidden / n)
    # the embedding and the head are gathered as a whole, however little may be
    element = work.kernels.compute
    live = element * min(max(shared.live, shape.vocab * shape.hidden), shape.parameters)
    layers = element * min(max(shared.live, shape.largest_parameter), shape.parameters)
    table = shape.vocab * shape.hidden
    # a bucket is copied for the collective; parts that go to the host are counted in float64 for
    # their norm (reduce_scatter_coalesced, _constant_buffered_norm2)
    flushed: float = 0
    part_sent: float = 0
    if work.trains_all:
        flushed = 2 * min(max(shared.bucket, table), trained)
        part_sent = (10 if offload else 2) * table / n
    host = shared.offload_parameters
    if host and shared.live:
        # shards come to the device first, as many as are fetched ahead
        live, layers = live + PREFETCHED * element, layers + PREFETCHED * element
    elif host:
        live = round(live * (1 + 1 / n))
    retained = 0
    if not work.trains_all and work.kernels.reentrant:
        # under reentrant checkpointing frozen weights that the backward pass gathers are let go at
        # the step only (measured with Axolotl 0.19); an embedding of its own has no backward pass
        alone = 0 if shape.tied else 2 * shape.embedding
        retained = max(0, weights - alone - layers)
    return View(
        shards=n,
        weights=0 if host else weights / n,
        adapters=0 if host else adapters / n,
        gradients=0,
        step=0 if offload else (6 if trained / n <= group else 4) * min(trained / n, group),
        optimizer=states_here,
        buffers=part + 2 * shared.bucket,
        buffer_formula="16-bit gradients of its part, and a bucket",
        layers=layers,
        layer_formula="gathered parameters (stage3_max_live_parameters)",
        # where nothing stays gathered, the head is there for its own product only
        root_at_loss=live if shared.live or work.loss not in _LOSSES_OF_LOGITS else 0,
        retained=retained,
        retained_formula="frozen weights gathered by the backward pass",
        reducing=flushed + part_sent,
        head_reducing=flushed if shape.tied else flushed + part_sent,
        layer_gradients=_layer_trained(work) * element,
        source="DeepSpeed ZeRO",
        head_shards=n,
    )
