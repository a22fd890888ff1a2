"""From allocated to reserved: what the caching allocator holds on to.

PyTorch keeps freed blocks, and serves a request from a kept one that is large enough. A block freed
at one instant therefore counts beside the peak of another when it is too small for what comes:

- what a layer's forward pass frees is too small for logits;
- 16-bit logits are too small for their float32 successors (``LossMoments.odd``);
- optimizer states are made after the first backward pass, inside blocks that held logits, which
  have to be taken from the device anew (at most one block, or the states).

A block of more than 1 MiB is split only where at least 1 MiB of it remains, and is merged with its
neighbours of the same segment alone (torch c10/cuda/CUDACachingAllocator.cpp, ``should_split``,
``try_merge_blocks``); that is why pieces between larger blocks stay unused. Paged states come from
``cudaMallocManaged`` (bitsandbytes functional.py, ``get_paged``) and are none of PyTorch's. Unsloth
empties the cache when the adapters are there, so that nothing is left of loading.

Before it reports that memory is exhausted the allocator gives cached blocks back, so a run may still
fit when *reserved* does not; *allocated* is what it cannot do without.
"""

from __future__ import annotations

from translator.estimate import sharding, states
from translator.estimate.instants import instants
from translator.estimate.loss import loss_moments
from translator.estimate.stack import layers
from translator.estimate.workload import Workload

SHARES = {"full": 1.25, "sharded": 1.15, "adapters": 1.05, "unsloth": 0.8, "load": 0.7}
"""How much of what may be lost is lost at most, by kind of run."""
LEAST, ROUNDING = 0.03, 0.08
"""What the estimate itself may be too high; and the share lost to rounding (requests to 512 bytes,
segments to 2 MiB, leftovers of split blocks) with what it may be too low.

Both, and ``SHARES``, were set after rounds 1 to 9 of our measurements, of whose 420 runs 419 lie in the
band; round 11 tested them."""


def band(work: Workload) -> tuple[int, int]:
    """(least, most) reserved bytes: the allocated peak, and that with every block counted that
    nothing else can use."""
    found = instants(work)
    top = max(found, key=lambda instant: instant.bytes)
    loss, stack = loss_moments(work), layers(work)
    at_loss = "loss" in top.name
    own = work.loss.startswith("unsloth")
    # TRL's chunks copy the head time and again, into the same block, which the peak then holds
    lost: float = 0 if at_loss and work.loss == "chunked" else loss.odd
    lost += stack.forward if at_loss else min(loss.block, loss.forward // 2) + stack.working // 2
    view = sharding.view(work)
    made_late = states.optimizer_states(work) / view.shards
    if at_loss:
        lost += min(made_late, max(loss.block, loss.saved))
    elif work.base_quantized and not own:
        # what was read in 16 bits before it was quantised
        lost += states.root_weights(work) / view.shards
    if work.checkpointing == "none":
        # saved tensors of the next step are cut from blocks that held logits
        lost += min(stack.kept, loss.block) + 0.04 * stack.kept
    lost += states.embedding_gradient(work)
    if view.gathering:
        # buffers of the streams that gather and reduce serve those streams only
        lost += view.gathering + 3 * view.root if work.trains_all else 0.75 * view.gathering
    if work.sharding.strategy == "fsdp1" and view.shards > 1:
        lost += view.root + view.layer_gradients
        # one pool each for the streams that gather and that reduce, and for copies to the host
        lost += view.root_gradient * (1.25 if view.waiting else 0.75)
    if work.sharding.strategy.startswith("zero") and work.sharding.gpus > 1:
        # buckets, and the step's float32 lists: single blocks that nothing freed before can hold
        lost += 2 * max(view.buffers, 2 * work.sharding.bucket) + view.step / 3
    if work.sharding.strategy == "zero3" and work.sharding.gpus > 1:
        # the stream that gathers has a pool of its own: what it had at another instant, and at its
        # largest what was saved before, serve nobody else
        lost += view.layers / 2 + max(0, view.reducing - view.head_reducing)
        if work.checkpointing != "none":
            lost += stack.kept if "first layer" in top.name else view.retained
    if work.sharding.offload_parameters:
        # shards come and go on streams of their own, in float32 when everything is trained
        lost += top.bytes * (0.4 if work.trains_all else 0.14)
    lost += states.step_transient(work) / 4 / view.shards
    if work.shape.experts is not None:
        # tokens are routed anew each time, into blocks of other sizes
        lost += stack.working
    lost *= SHARES[_kind(work, top.name)]
    if work.samples and own:
        # a cache that has grown leaves the blocks of its shorter self
        lost += 2 * work.shape.keys * work.shape.attending * work.tokens * work.samples
    return round(top.bytes * (1 - LEAST)), round(top.bytes * (1 + ROUNDING) + lost)


def _kind(work: Workload, instant: str) -> str:
    """Which of ``SHARES`` holds when the peak is at ``instant``."""
    if work.sharding.gpus > 1:
        return "sharded"
    if work.loss.startswith("unsloth"):
        return "unsloth"
    if work.trains_all:
        return "full"
    return "load" if instant == "load" else "adapters"
