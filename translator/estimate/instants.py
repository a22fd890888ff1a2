"""Peak allocated memory of one device: the largest of a few instants of a training step.

``load``      weights as they are read
``forward``   the end of the forward pass: checkpoints (or everything saved) and the loss
``loss``      the backward pass through loss and head
``backward``  the backward pass of the layers, at its first or last layer, and of the embedding
``step``      the optimizer step: all gradients and the step's own lists

Between two layers of the backward pass gradients grow and checkpoints shrink, both by the same
amount each time, so the largest value is at one of the two ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from translator.estimate import sharding, states
from translator.estimate.layer import held_inputs, unrecorded_pass
from translator.estimate.loss import loss_moments
from translator.estimate.stack import layers
from translator.estimate.term import Instant, Term, instant, term
from translator.estimate.workload import Workload


def instants(work: Workload) -> tuple[Instant, ...]:
    """All instants of a training step after the first, in order of time."""
    step = _Step(work)
    parts = (step.forward, step.backward, step.gathering, step.load, step.embedding, step.update,
             step.reference, step.without_gradients, step.sampling)  # fmt: skip
    return tuple(chain.from_iterable(part() for part in parts))


def peak(work: Workload) -> Instant:
    """The instant with the most allocated bytes."""
    return max(instants(work), key=lambda instant: instant.bytes)


class _Step:
    """One training step: the terms that several of its instants share, and the instants."""

    def __init__(self, work: Workload) -> None:
        self.work = work
        self.view = view = sharding.view(work)
        self.stack, self.head = layers(work), loss_moments(work)
        stack = self.stack
        self.loss_source = f"{work.loss} path"
        self.always = _always(work, view)
        # gradients of the micro batch before are there already, and no new ones are made
        self.accumulates = bool(view.gradients) and (work.accumulation > 1 or work.retains_grads)
        self.held = term("gradients", view.gradients if self.accumulates else 0,
                         "kept from the micro batch before", "autograd")  # fmt: skip
        self.grads = term("gradients", view.gradients, "trained parameters x bytes", "autograd")
        self.kept = term("saved activations", stack.kept, stack.note, "torch.utils.checkpoint")
        self.near = term("hidden-state gradient", stack.gradient, "h T x bytes", "autograd")
        self.through_layer = term("layer working set", stack.forward,
                                  "the largest moment of one layer's forward pass", "layer tape")  # fmt: skip
        self.unit = term("gathered layers", view.layers, view.layer_formula, view.source)
        self.root = self._root(view.root)
        self.layer_grads = term("layer gradients", 0 if self.accumulates else view.layer_gradients,
                                "parameters of a layer, unsharded", view.source)  # fmt: skip

    def forward(self) -> Iterator[Instant]:
        """The layers, then the loss, forward and backward."""
        yield instant("forward", *self.always, self.held, self.kept, self.through_layer, self.unit,
                      self.root)  # fmt: skip
        head, root = self.head, self._root(self.view.root_at_loss)
        yield instant(
            "forward loss", *self.always, self.held, self.kept, root,
            term("last hidden state", self.stack.normal, "h T x bytes", "the model's forward"),
            term("graph of the micro batch before", _previous(self.work, head.held),
                 "inputs of quantised products and logits", "a variable of the loop"),
            self._loss(head.forward, head.formula),
        )  # fmt: skip
        yield instant("loss", *self.always, self.held, self.kept, root,
                      self._loss(head.backward, head.formula))  # fmt: skip

    def backward(self) -> Iterator[Instant]:
        """The last layer, which comes first, and the first."""
        view, stack = self.view, self.stack
        first = term("saved activations", stack.one_kept, "what is left of them", "autograd")
        working = term("layer working set", stack.working,
                       "the largest moment of one layer's backward pass", "layer tape")  # fmt: skip
        logits = term("logits", self.head.held, "a variable holds them", self.loss_source)
        retained = term("retained until the end", view.retained, view.retained_formula, view.source)
        size = 0 if self.accumulates else view.head_gradient(self.head.weight_grad)
        head_grad = term("head gradient", size, "V h x bytes", "autograd")
        if view.head_reducing:
            head_grad = term("gradients on their way", view.head_reducing, "a bucket, and of an "
                             "untied head this device's part and its norm", view.source)  # fmt: skip
        yield instant("backward, last layer", *self.always, self.held, self.kept, self.near, working,
                      head_grad, self.layer_grads, logits, self.unit, self.root)  # fmt: skip
        above = [self.grads]
        if view.root_gradient:
            above = [
                term("gradients", max(0.0, self._in_layers - view.layer_share),
                     "trained parameters of the layers above x bytes", "autograd"),
                head_grad,
            ]  # fmt: skip
        yield instant("backward, first layer", *self.always, *above, first, self.near, working,
                      logits, retained, self.unit, self.root)  # fmt: skip

    def gathering(self) -> Iterator[Instant]:
        """What FSDP2 copies out of the buffers that it gathers into."""
        view, work = self.view, self.work
        if view.gathering:
            yield instant(
                "forward, gathering", *self.always, self.held,
                term("gathered parameters", view.gathering, "2 x root unit + 2 layers, unsharded",
                     view.source),
            )  # fmt: skip
        if view.late:
            logits = work.kernels.compute * work.shape.vocab * work.tokens
            waiting = self.head.saved if work.sharding.root_at_loss else logits
            yield instant(
                "backward, gathering", *self.always, self.held, self.kept,
                term("gathered parameters", view.late, "2 x root unit, unsharded", view.source),
                self._loss(waiting, "what waits for the backward pass"),
            )  # fmt: skip

    def load(self) -> Iterator[Instant]:
        """Before training, where weights are larger then."""
        view = self.view
        if view.loading or self.work.widens_at_load:
            how = "whole, with the first shards" if view.loading else "embeddings in float32"
            weights = term("weights", view.loading or _widened(self.work), how, view.source)
            yield instant("load", weights, _workspaces(self.work))

    def embedding(self) -> Iterator[Instant]:
        """The end of the backward pass: the embedding's gradient, whole until it is spread."""
        view = self.view
        if view.reducing:
            reducing = term("gradients on their way", view.reducing,
                            "a bucket, this device's part of it and its norm", view.source)  # fmt: skip
            terms = [self.near, self.unit, reducing]
        elif view.root_gradient:
            terms = [
                term("gradients", self._in_layers, "trained parameters of layers x bytes",
                     "autograd"),
                self.near,
                term("root unit", view.root_gradient, "embeddings and head, their gradients, and "
                     "these in one piece", view.source),
            ]  # fmt: skip
        elif states.embedding_gradient(self.work):
            terms = self._tied()
        else:
            return
        yield instant("backward, embedding", *self.always, *terms)

    def _tied(self) -> list[Term]:
        view = self.view
        if view.root:
            spread = max(0.0, view.gradients - view.root / view.head_shards)
            unspread = [self.layer_grads]
        else:
            spread, unspread = view.gradients + view.retained, []
        return [
            self.near, self.unit, self.root,
            term("gradients", spread, "trained parameters x bytes", "autograd"),
            *unspread,
            term("unsharded gradient", view.root, "of the root unit", view.source),
            term("embedding gradient", states.embedding_gradient(self.work),
                 "V h x bytes, before it is added to the head's", "autograd"),
        ]  # fmt: skip

    def update(self) -> Iterator[Instant]:
        """The optimizer step."""
        if not self.work.in_backward:
            size = self.view.step or states.step_transient(self.work) / self.view.shards
            yield instant("optimizer step", *self.always, self.grads,
                          term("optimizer step", round(size), "a list of updates (foreach)",
                               "torch.optim"))  # fmt: skip

    def reference(self) -> Iterator[Instant]:
        """The pass of a reference model."""
        work = self.work
        if work.reference_bytes == 4 and work.kernels.autocast:
            yield instant(
                "reference pass", *self.always, self.held, self.kept,
                term("16-bit casts", 2 * work.shape.parameters, "autocast keeps them for a float32 "
                     "model whose parameters want gradients", "ATen/autocast_mode.cpp"),
                self._loss(self.head.saved + 2 * work.shape.vocab * work.tokens,
                           "logits of both models"),
            )  # fmt: skip
        elif work.reference != "none" and work.loss == "compute":
            yield instant(
                "reference pass", *self.always, self.held, self.through_layer, self.unit, self.root,
                self._loss(_reference_logits(work), "2 V T logits + a row in float32"),
            )  # fmt: skip

    def without_gradients(self) -> Iterator[Instant]:
        """A pass that nothing is kept of, over more rows."""
        work = self.work
        if work.unrecorded:
            tokens = work.tokens * work.unrecorded
            yield instant(
                "pass without gradients", *self.always, self.held, self.unit, self.root,
                term("hidden state", work.shape.hidden * tokens * work.kernels.stream,
                     "h T x bytes", "the model's forward"),
                term("layer working set", unrecorded_pass(work, tokens),
                     "the widest layer's forward pass", "layer tape"),
            )  # fmt: skip

    def sampling(self) -> Iterator[Instant]:
        """Answers that the trainer makes itself."""
        work = self.work
        if work.samples:
            cache = 4 * work.shape.keys * work.shape.attending * work.tokens
            yield instant("sampling", *self.always,
                          term("keys and values", cache * work.samples, "4 kv L T",
                               "the sampler's cache"))  # fmt: skip

    @property
    def _in_layers(self) -> float:
        """Gradients of this device's part of the layers, whether or not they are to stay here."""
        return max(0.0, (self.view.gradients or self.view.waiting) - self.view.root_share)

    def _root(self, size: float) -> Term:
        formula = "V h x 2, unsharded"
        return term("gathered embeddings and head", size, formula, self.view.source)

    def _loss(self, size: float, formula: str) -> Term:
        return term("logits and loss", size, formula, self.loss_source)


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
    logits = work.shape.vocab * work.tokens
    return work.kernels.compute * logits + 8 * work.shape.vocab * work.length


_STORED = {
    "nf4-double": "NF4, double quantisation: 0.5159 B", "nf4": "NF4: 0.5625 B",
    "16bit": "16 bits: 2 B", "float32": "float32: 4 B", "int8": "int8: 1 B",
    "gptq4": "4 bits in groups of 128", "fp8": "fp8: 1 B", "nvfp4": "NVFP4: 0.5625 B",
    "mxfp4": "MXFP4: 0.5313 B",
}  # fmt: skip


def _always(work: Workload, view: sharding.View) -> tuple[Term, ...]:
    """What is there at every instant."""
    share = f" / {view.shards}" if view.shards > 1 else ""
    second: float = 0
    if work.reference == "copy":
        second = work.reference_bytes * work.shape.parameters or view.weights
    stored = f"{_STORED[work.base]} per element{share}"
    return (
        term("weights", view.weights + second, stored, "states.base_weights"),
        term("adapters", view.adapters, f"r (in + out) x bytes{share}", "states.adapter_weights"),
        term("optimizer states", view.optimizer, f"{work.optimizer.name}{share}",
             "states.optimizer_states"),
        term("communication buffers", view.buffers, view.buffer_formula, view.source),
        _workspaces(work),
        term("tables", work.buffers, "rotary embeddings", "the framework's modules"),
    )  # fmt: skip


def _workspaces(work: Workload) -> Term:
    return term("workspaces", work.workspaces, "cuBLAS", "ATen/cuda/CublasHandlePool.cpp")
