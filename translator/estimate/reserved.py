"""From allocated to reserved: what the caching allocator holds on to.

PyTorch keeps freed blocks, and serves a request from a kept one that is large enough. A block freed
at one instant therefore counts beside the peak of another when it is too small for what comes:

- what a layer's forward pass frees is too small for logits;
- 16-bit logits are too small for their float32 successors (``LossMoments.odd``);
- optimizer states are made after the first backward pass, inside blocks that held logits, which
  have to be taken from the device anew (at most one block, or the states).

Before it reports that memory is exhausted the allocator gives cached blocks back, so a run may still
fit when *reserved* does not; *allocated* is what it cannot do without.
"""

from __future__ import annotations

from translator.estimate import sharding, states
from translator.estimate.instants import instants, layers
from translator.estimate.loss import loss_moments
from translator.estimate.workload import Workload

ROUNDING = 0.05
"""Share lost to rounding (requests to 512 bytes, segments to 2 MiB, leftovers of split blocks), and
what the estimate itself may be off."""


def band(work: Workload) -> tuple[int, int]:
    """(least, most) reserved bytes: the allocated peak, and that with every block counted that
    nothing else can use."""
    found = instants(work)
    top = max(found, key=lambda instant: instant.bytes)
    loss, stack = loss_moments(work), layers(work)
    lost: float = loss.odd
    at_loss = "loss" in top.name
    lost += stack.forward if at_loss else min(loss.block, loss.forward // 2) + stack.working // 2
    view = sharding.view(work)
    made_late = states.optimizer_states(work) / view.shards
    if at_loss:
        lost += min(made_late, max(loss.block, loss.saved))
    elif work.base not in ("16bit", "float32"):
        # what was read in 16 bits before it was quantised
        lost += states.root_weights(work) / view.shards
    if work.checkpointing == "none":
        # saved tensors of the next step are cut from blocks that held logits
        lost += min(stack.kept, loss.block) + 0.04 * stack.kept
    lost += states.paged_states(work) + states.embedding_gradient(work)
    if view.gathering:
        # buffers of the streams that gather and reduce serve those streams only
        lost += view.gathering + 3 * view.root if work.trains_all else view.gathering / 2
    if work.sharding.strategy == "fsdp1" and view.shards > 1:
        lost += view.root + view.layer_gradients
    if work.sharding.strategy.startswith("zero") and work.sharding.gpus > 1:
        # buckets, and the step's float32 lists: single blocks that nothing freed before can hold
        lost += 2 * max(view.buffers, 2 * sharding.BUCKET) + view.step / 3
    lost += states.step_transient(work) / 4 / view.shards
    if work.shape.experts is not None:
        # tokens are routed anew each time, into blocks of other sizes
        lost += stack.working
    return round(top.bytes * (1 - ROUNDING)), round(top.bytes * (1 + ROUNDING) + lost)
