"""Peak allocated memory of one device: the largest of a few instants of a training step.

``load``      weights as they are read
``forward``   the end of the forward pass: checkpoints (or everything saved) and the loss
``loss``      the backward pass through loss and head
``backward``  the backward pass of the layers, at its first or last layer
``step``      the optimizer step: all gradients and the step's own lists

Between two layers of the backward pass gradients grow and checkpoints shrink, both by the same
amount each time, so the largest value is at one of the two ends.
"""

from __future__ import annotations

from math import ceil

from translator.estimate import sharding, states
from translator.estimate.layer import final_norm, held_inputs, layer_moments, unrecorded_pass
from translator.estimate.loss import loss_moments, trains_head
from translator.estimate.tape import Moments
from translator.estimate.workload import Workload
from translator.record import Record


class Term(Record):
    """One part of the peak. ``bytes`` on one device; ``formula`` and ``source`` say why."""

    name: str
    bytes: int
    formula: str
    source: str


class Instant(Record):
    """What is alive at one moment."""

    name: str
    terms: tuple[Term, ...]

    @property
    def bytes(self) -> int:
        """The sum of the terms."""
        return sum(term.bytes for term in self.terms)


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
            first = shape.layer_kinds[0][0]
            unneeded = layer_moments(work, first, tokens, wanted=False)
            kept -= _between(moments[first], stream) - unneeded.saved
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


def instants(work: Workload) -> tuple[Instant, ...]:
    """All instants of a training step after the first, in order of time."""
    view = sharding.view(work)
    stack, head = layers(work), loss_moments(work)
    always = _always(work, view)
    held = view.gradients if work.accumulation > 1 or work.retains_grads else 0
    grads = _term("gradients", view.gradients, "trained parameters x bytes", "autograd")
    held_term = _term("gradients", held, "kept from the micro batch before", "autograd")
    kept = _term("saved activations", stack.kept, stack.note, "torch.utils.checkpoint")
    first = _term("saved activations", stack.one_kept, "what is left of them", "autograd")
    near = _term("hidden-state gradient", stack.gradient, "h T x bytes", "autograd")
    working = _term("layer working set", stack.working,
                    "the largest moment of one layer's backward pass", "layer tape")  # fmt: skip
    head_grad = _term("head gradient", 0 if held else view.head_gradient(head.weight_grad),
                      "V h x bytes", "autograd")  # fmt: skip
    if view.head_reducing:
        head_grad = _term("gradients on their way", view.head_reducing, "a bucket, and of an untied "
                          "head this device's part and its norm", view.source)  # fmt: skip
    forward = _term("layer working set", stack.forward, "the largest moment of one layer's forward "
                    "pass", "layer tape")  # fmt: skip
    loss_source = f"{work.loss} path"
    unit = _term("gathered layers", view.layers, view.layer_formula, view.source)
    root = _term("gathered embeddings and head", view.root, "V h x 2, unsharded", view.source)
    root_then = _term("gathered embeddings and head", view.root_at_loss, "V h x 2, unsharded",
                      view.source)  # fmt: skip
    layer_grads = _term("layer gradients", 0 if held else view.layer_gradients,
                        "parameters of a layer, unsharded", view.source)  # fmt: skip
    logits = _term("logits", head.held, "a variable holds them", loss_source)
    reducing = _term("gradients on their way", view.reducing, "a bucket, this device's part of it and "
                     "its norm", view.source)  # fmt: skip
    retained = _term("retained until the end", view.retained, view.retained_formula, view.source)
    in_layers = max(0.0, (view.gradients or view.waiting) - view.root_share)
    spread = _term("gradients", in_layers, "trained parameters of layers x bytes", "autograd")
    above = _term("gradients", max(0.0, in_layers - view.layer_share),
                  "trained parameters of the layers above x bytes", "autograd")  # fmt: skip
    step = view.step or states.step_transient(work) / view.shards
    found = [
        Instant(name="forward", terms=(*always, held_term, kept, forward, unit, root)),
        Instant(name="forward loss", terms=(
            *always, held_term, kept, root_then,
            _term("last hidden state", stack.normal, "h T x bytes", "the model's forward"),
            _term("graph of the micro batch before", _previous(work, head.held),
                  "inputs of quantised products and logits", "a variable of the loop"),
            _term("logits and loss", head.forward, head.formula, loss_source))),
        Instant(name="loss", terms=(
            *always, held_term, kept, root_then,
            _term("logits and loss", head.backward, head.formula, loss_source))),
        Instant(name="backward, last layer", terms=(
            *always, held_term, kept, near, working, head_grad, layer_grads, logits, unit, root)),
        Instant(name="backward, first layer", terms=(
            *always, *((above, head_grad) if view.root_gradient else (grads,)), first, near, working,
            logits, retained, unit, root)),
    ]  # fmt: skip
    if view.gathering:
        found.append(Instant(name="forward, gathering", terms=(
            *always, held_term,
            _term("gathered parameters", view.gathering, "2 x root unit + 2 layers, unsharded",
                  view.source))))  # fmt: skip
    if view.late:
        found.append(Instant(name="backward, gathering", terms=(
            *always, held_term, kept,
            _term("gathered parameters", view.late, "2 x root unit, unsharded", view.source),
            _term("logits and loss", head.saved if work.sharding.root_at_loss else
                  work.kernels.compute * work.shape.vocab * work.tokens,
                  "what waits for the backward pass", loss_source))))  # fmt: skip
    if view.loading or work.widens_at_load:
        found.append(Instant(name="load", terms=(
            _term("weights", view.loading or _widened(work),
                  "whole, with the first shards" if view.loading else "embeddings in float32",
                  view.source), always[4])))  # fmt: skip
    if reducing.bytes:
        found.append(Instant(name="backward, embedding", terms=(*always, near, unit, reducing)))
    elif view.root_gradient:
        found.append(Instant(name="backward, embedding", terms=(
            *always, spread, near,
            _term("root unit", view.root_gradient, "embeddings and head, their gradients, and these "
                  "in one piece", view.source))))  # fmt: skip
    elif states.embedding_gradient(work):
        # the root unit's gradient is whole until it is spread
        elsewhere = max(0.0, view.gradients - view.root / view.head_shards)
        found.append(Instant(name="backward, embedding", terms=(
            *always, near, unit, root,
            _term("gradients", elsewhere if view.root else view.gradients + view.retained,
                  "trained parameters x bytes", "autograd"),
            _term("layer gradients", layer_grads.bytes if view.root else 0, layer_grads.formula,
                  view.source),
            _term("unsharded gradient", view.root, "of the root unit", view.source),
            _term("embedding gradient", states.embedding_gradient(work),
                  "V h x bytes, before it is added to the head's", "autograd"))))  # fmt: skip
    if not work.in_backward:
        found.append(Instant(name="optimizer step", terms=(
            *always, grads,
            _term("optimizer step", round(step), "a list of updates (foreach)", "torch.optim"))))  # fmt: skip
    if work.reference_bytes == 4 and work.kernels.autocast:
        found.append(Instant(name="reference pass", terms=(
            *always, held_term, kept,
            _term("16-bit casts", 2 * work.shape.parameters, "autocast keeps them for a float32 "
                  "model whose parameters want gradients", "ATen/autocast_mode.cpp"),
            _term("logits and loss", head.saved + 2 * work.shape.vocab * work.tokens,
                  "logits of both models", loss_source))))  # fmt: skip
    elif work.reference != "none" and work.loss == "compute":
        found.append(Instant(name="reference pass", terms=(
            *always, held_term, forward, unit, root,
            _term("logits and loss", _reference_logits(work), "2 V T logits + a row in float32",
                  loss_source))))  # fmt: skip
    if work.unrecorded:
        tokens = work.tokens * work.unrecorded
        found.append(Instant(name="pass without gradients", terms=(
            *always, held_term, unit, root,
            _term("hidden state", work.shape.hidden * tokens * work.kernels.stream, "h T x bytes",
                  "the model's forward"),
            _term("layer working set", unrecorded_pass(work, tokens),
                  "the widest layer's forward pass", "layer tape"))))  # fmt: skip
    if work.samples:
        cache = 4 * work.shape.keys * work.shape.layers * work.tokens
        found.append(Instant(name="sampling", terms=(
            *always, _term("keys and values", cache * work.samples, "4 kv L T",
                           "the sampler's cache"))))  # fmt: skip
    return tuple(_pruned(instant) for instant in found)


def _widened(work: Workload) -> int:
    """Weights while embeddings and head become float32 one after the other."""
    shape = work.shape
    per_layer = shape.per_layer_vocab * shape.per_layer_dim * shape.layers
    parts = (shape.embedding - per_layer, per_layer, shape.head)
    rest = states.base_weights(work) - 2 * sum(parts)
    return rest + 4 * sum(parts) + 2 * max(parts)


def _previous(work: Workload, logits: int) -> int:
    """What a loop that holds its last graph still has when the next forward pass ends."""
    if not work.holds_graph:
        return 0
    kinds = work.shape.layer_kinds
    return logits + sum(n * held_inputs(work, layer, work.tokens) for layer, n in kinds)


def _reference_logits(work: Workload) -> int:
    c = work.kernels.compute
    logits = work.shape.vocab * work.tokens
    return c * logits + 8 * work.shape.vocab * work.length


def _always(work: Workload, view: sharding.View) -> tuple[Term, ...]:
    """What is there at every instant."""
    bits = {"nf4-double": "NF4, double quantisation: 0.5159 B", "nf4": "NF4: 0.5625 B",
            "16bit": "16 bits: 2 B", "float32": "float32: 4 B", "int8": "int8: 1 B",
            "gptq4": "4 bits in groups of 128", "fp8": "fp8: 1 B", "nvfp4": "NVFP4: 0.5625 B",
            "mxfp4": "MXFP4: 0.5313 B"}[work.base]  # fmt: skip
    share = f" / {view.shards}" if view.shards > 1 else ""
    second: float = 0
    if work.reference == "copy":
        second = work.reference_bytes * work.shape.parameters or view.weights
    return (
        _term("weights", view.weights + second, f"{bits} per element{share}", "states.base_weights"),
        _term("adapters", view.adapters, f"r (in + out) x bytes{share}", "states.adapter_weights"),
        _term("optimizer states", view.optimizer, f"{work.optimizer.name}{share}",
              "states.optimizer_states"),
        _term("communication buffers", view.buffers, view.buffer_formula, view.source),
        _term("workspaces", work.workspaces, "cuBLAS", "ATen/cuda/CublasHandlePool.cpp"),
        _term("tables", work.buffers, "rotary embeddings", "the framework's modules"),
    )  # fmt: skip


def _term(name: str, size: float, formula: str, source: str) -> Term:
    return Term(name=name, bytes=ceil(size), formula=formula, source=source)


def _pruned(instant: Instant) -> Instant:
    return Instant(name=instant.name, terms=tuple(t for t in instant.terms if t.bytes))


def peak(work: Workload) -> Instant:
    """The instant with the most allocated bytes."""
    return max(instants(work), key=lambda instant: instant.bytes)
