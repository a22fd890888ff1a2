"""ZeRO (arXiv:1910.02054), as DeepSpeed's stage_1_and_2.py and stage3.py do it.

DeepSpeed keeps float32 masters beside 16-bit weights, and 16-bit gradients of its part. The step
copies these to float32, and once more in 16 bits for their norm.
"""

from __future__ import annotations

from translator.estimate import states
from translator.estimate.share import Held, View, layer_trained
from translator.estimate.workload import Workload

PREFETCHED = 50_000_000
"""Elements that stage 3 fetches ahead (``stage3_prefetch_bucket_size``)."""
_LOSSES_OF_LOGITS = {"fp32", "fp32-kept", "fp32-entropy", "in-place", "in-place-kept", "compute"}
"""Ways to compute cross entropy that do not read the head's weights themselves."""


def zero(work: Workload, held: Held) -> View:
    """One device's share under any stage."""
    return _third(work, held) if work.sharding.strategy == "zero3" else _first(work, held)


def _first(work: Workload, held: Held) -> View:
    """Stages 1 and 2: all weights are here; gradients go in buckets, one of which is copied before
    it is sent."""
    shared, n, trained = work.sharding, work.sharding.data, states.trained_elements(work)
    buckets = 2 * shared.bucket * (2 if shared.overlapped else 1)
    sent = 2 * min(shared.bucket, trained)
    # on their way to the host gradients pass through a buffer of the largest parameter
    staged = work.trains_all and shared.offload_optimizer
    table = work.shape.vocab * work.shape.hidden if staged else 0
    return View(
        shards=1,
        weights=held.weights,
        adapters=held.adapters,
        gradients=0,
        optimizer=_states(work, held),
        buffers=2 * table,
        buffer_formula="the largest parameter, on its way to the host",
        step=0 if shared.offload_optimizer else 8 * trained / n,
        layer_gradients=layer_trained(work) * 2 + buckets,
        retained=_part(work) + buckets + sent,
        retained_formula="16-bit gradients of its part, and buckets",
        # the gradient, a copy of it, and this device's part in float64 for its norm
        reducing=(buckets + 4 * table + 8 * table / n) if table else 0,
        # trained parameters are made one flat piece while they are still there
        loading=held.weights + 2 * trained if work.trains_all else 0,
        source="DeepSpeed ZeRO",
    )


def _third(work: Workload, held: Held) -> View:
    """Stage 3: weights are gathered as they are needed, embedding and head as a whole."""
    shared, shape, n = work.sharding, work.shape, work.sharding.data
    trained, element = states.trained_elements(work), work.kernels.compute
    table = shape.vocab * shape.hidden
    live = element * min(max(shared.live, table), shape.parameters)
    layers = element * min(max(shared.live, shape.largest_parameter), shape.parameters)
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
        retained = max(0, held.weights - alone - layers)
    # a bucket is copied for the collective; parts that go to the host are counted in float64 for
    # their norm (reduce_scatter_coalesced, _constant_buffered_norm2)
    bucket = 2 * min(max(shared.bucket, table), trained) if work.trains_all else 0
    parts = (10 if shared.offload_optimizer else 2) * table / n if work.trains_all else 0
    # a bucket too small for the head has spread its gradient before the last layer begins
    flushed = 0 if shared.bucket < table else bucket if shape.tied else bucket + parts
    # the step goes group by group of its part; a parameter is never split
    group = min(trained / n, max(shared.group, table / n))
    copies = 6 if group == trained / n else 4
    return View(
        shards=n,
        weights=0 if host else held.weights / n,
        adapters=0 if host else held.adapters / n,
        gradients=0,
        step=0 if shared.offload_optimizer else copies * group,
        optimizer=_states(work, held),
        buffers=_part(work) + 2 * shared.bucket,
        buffer_formula="16-bit gradients of its part, and a bucket",
        layers=layers,
        layer_formula="gathered parameters (stage3_max_live_parameters)",
        # where nothing stays gathered, the head is there for its own product only
        root_at_loss=live if shared.live or work.loss not in _LOSSES_OF_LOGITS else 0,
        retained=retained,
        retained_formula="frozen weights gathered by the backward pass",
        reducing=bucket + parts,
        head_reducing=flushed,
        layer_gradients=layer_trained(work) * element,
        source="DeepSpeed ZeRO",
        head_shards=n,
    )


def _states(work: Workload, held: Held) -> float:
    """Masters and moments of its part; states that follow a parameter follow the float32 master."""
    if work.sharding.offload_optimizer:
        return 0
    trained = states.trained_elements(work)
    moments = max(held.optimizer, trained * 4 * work.optimizer.follows)
    return (moments + 4 * trained) / work.sharding.data


def _part(work: Workload) -> float:
    """Gradients of its part, in 16 bits."""
    if work.sharding.offload_optimizer:
        return 0
    return states.trained_elements(work) * 2 / work.sharding.data
