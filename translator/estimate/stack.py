"""The stack of decoder layers on one device: saved activations and the working set of a layer."""

from __future__ import annotations

from translator.estimate.layer import final_norm, layer_moments
from translator.estimate.loss import trains_head
from translator.estimate.tape import Moments
from translator.estimate.workload import Workload
from translator.record import Record


class Layers(Record):
    """The stack of decoder layers on one device, in bytes."""

    kept: int
    """All that waits for the backward pass when the forward pass is over."""
    one_kept: int
    """The checkpoint (or saved tensors) of a single layer."""
    working: int
    """The most that one layer takes while it is recomputed and goes backward, beyond ``kept``."""
    forward: int
    """The most that one layer takes in the forward pass beyond ``kept``."""
    gradient: int
    """The gradient of the hidden state."""
    normal: int
    """The result of the last norm, while the loss reads it; 0 when it is kept anyway."""
    note: str


def layers(work: Workload) -> Layers:
    """Saved activations and the working set of a layer."""
    shape, tokens = work.shape, work.tokens
    stream = shape.hidden * tokens * work.kernels.stream
    moments = {layer: layer_moments(work, layer, tokens) for layer, _ in shape.layer_kinds}
    largest = max(moments.values(), key=lambda m: m.backward)
    casts = _casts(work)
    end = final_norm(work, tokens)
    last = end.saved + (stream if end.keeps_input else 0)
    last += end.result if trains_head(work) else 0
    last += work.mask_elements
    # parts of the per-layer embedding, as they come and as they are handed out (Gemma 4)
    last += 6 * shape.per_layer_dim * shape.layers * tokens
    normal = 0 if trains_head(work) else end.result
    if work.checkpointing == "none":
        kept = sum(n * _between(moments[layer], stream) for layer, n in shape.layer_kinds)
        one = _between(largest, stream) + work.mask_elements
        # the last layer's saved tensors are part of what its backward pass needs
        working = max(0, largest.backward - (largest.saved))
        forward = max(0, max(m.forward for m in moments.values()) - one)
        kept += casts * shape.layers
        if not work.input_gradient:
            # nothing before the first layer is trained: its norm and more go without
            unneeded = layer_moments(work, 0, tokens, wanted=False)
            kept -= _between(moments[0], stream) - unneeded.saved
        return Layers(kept=kept + last, one_kept=one, working=working, forward=forward,
                      gradient=stream, normal=normal, note="saved tensors of every layer")  # fmt: skip
    covered = round(shape.layers * work.checkpointed_layers)
    if work.checkpointing == "offload":
        kept, note = 2 * stream, "checkpoints wait in host memory; two are in flight"
    else:
        kept, note = covered * stream, "the input of every layer"
    open_layers = shape.layers - covered
    if open_layers:
        kept += open_layers * _between(largest, stream)
    # recomputing a layer is its forward pass again, with the gradient already there
    result = stream if work.kernels.reentrant else 0
    working = max(max(m.forward, m.backward + result) for m in moments.values())
    return Layers(kept=kept + last, one_kept=stream + work.mask_elements, working=working + casts,
                  forward=max(m.forward for m in moments.values()) + casts, gradient=stream,
                  normal=normal, note=note)  # fmt: skip


def _casts(work: Workload) -> int:
    """16-bit copies of one layer's float32 weights, which autocast makes and backward needs."""
    if work.sharding.by_fsdp:
        return 0
    if work.loose_bytes == 4 and work.kernels.autocast and not work.experts_quantized:
        return 2 * max(work.shape.layer_expert(layer) for layer, _ in work.shape.layer_kinds)
    if not (work.trains_all and work.kernels.autocast and work.weight_bytes == 4):
        return 0
    return 2 * work.shape.largest_layer


def _between(moments: Moments, stream: int) -> int:
    """What a layer that is not recomputed leaves behind; its input only if somebody saved it."""
    return moments.saved + (stream if moments.keeps_input else 0)
