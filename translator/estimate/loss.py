"""Logits and cross entropy, by the path that computes them.

Let V be the vocabulary, T the tokens of a micro batch, h the hidden size. A *path* says how much is
alive while the loss is computed forward, what waits for the backward pass, and how much is alive
when the backward pass goes through it. Everything is bytes.

``fp32``          transformers' ``ForCausalLMLoss``: 16-bit logits, a float32 copy, log-softmax;
                  backward: log-softmax, the gradient of the picked entries, the gradient of the
                  logits: 12 V T (transformers/loss/loss_utils.py)
``fp32-kept``     the same in a loop that still holds the 16-bit logits: 14 V T
``in-place``      a kernel that writes the gradient over float32 logits: 8 V T
``compute``       cross entropy in the number format of the logits: 8 V T in 16 bits
``chunked``       TRL's ``chunked_nll``: 256 tokens at a time with checkpointing, and a float32 copy
                  of the head (trl/trainer/sft_trainer.py)
``fused``         Liger's fused linear cross entropy: the chunk is T h / V tokens, rounded up to a
                  power of two; keeps the gradient of the hidden state, and of a trained head
``cut``           Cut Cross Entropy: no logits at all
``unsloth``       Unsloth's fused loss: chunks sized to half the free memory, 4 GiB at most
                  (unsloth_zoo/fused_losses/cross_entropy_loss.py)
``tuned-chunks``  torchtune's ``CEWithChunkedOutputLoss``: eight pieces, all 16-bit logits and all
                  float32 log-softmaxes (torchtune/modules/loss/ce_chunked_output_loss.py)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from translator.estimate.workload import Workload

GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class LossMoments:
    """Bytes of head and loss. ``weight_grad`` is the gradient of a trained head that exists from
    then on."""

    forward: int
    saved: int
    backward: int
    weight_grad: int
    formula: str


def _power_of_two(number: int) -> int:
    return 1 << max(0, number - 1).bit_length()


def trains_head(work: Workload) -> bool:
    """Whether the output head (or the embedding it is tied to) gets a gradient."""
    lora = work.lora
    if lora is None:
        return True
    return lora.trained_head or (work.shape.tied and lora.trained_embedding)


def head_gradient(work: Workload) -> int:
    """Gradient of the head in bytes; the head of an adapter run is frozen."""
    if not trains_head(work):
        return 0
    element = work.weight_bytes if work.trains_all else 4
    if work.grad_bytes is not None and work.trains_all:
        element = work.grad_bytes
    return work.shape.vocab * work.shape.hidden * element


def loss_moments(work: Workload) -> LossMoments:
    """What the head and the loss take, in bytes."""
    shape = work.shape
    tokens = ceil(work.tokens * work.loss_tokens)
    logits = shape.vocab * tokens
    hidden = shape.hidden * tokens * work.kernels.compute
    c = work.kernels.compute
    path = work.loss
    grad = head_gradient(work)
    cap = c * logits if shape.softcap else 0
    if path in ("fp32", "fp32-kept"):
        kept = c * logits if path == "fp32-kept" else 0
        copy = 4 * logits if c == 2 else 0
        return LossMoments(
            forward=c * logits + copy + 4 * logits + cap,
            saved=4 * logits + kept + cap,
            backward=12 * logits + kept + cap,
            weight_grad=grad,
            formula="(4 log-softmax + 4 picked + 4 gradient) V T" + (" + 2 V T kept" * bool(kept)),
        )
    if path == "in-place":
        return LossMoments(forward=6 * logits + cap, saved=4 * logits + cap,
                           backward=8 * logits + cap, weight_grad=grad,
                           formula="(4 logits + 4 gradient) V T")  # fmt: skip
    if path == "compute":
        return LossMoments(forward=2 * c * logits, saved=2 * c * logits,
                           backward=4 * c * logits, weight_grad=grad,
                           formula="(logits + log-softmax + 2 gradients) V T")  # fmt: skip
    if path == "chunked":
        piece = shape.vocab * min(tokens, 256)
        head = 4 * shape.vocab * shape.hidden
        # logits, log-softmax, its exponential and their product for the entropy
        return LossMoments(forward=head + 16 * piece + hidden, saved=hidden,
                           backward=head + 12 * piece + 2 * hidden + grad, weight_grad=grad,
                           formula="4 V h head in float32 + 16 V 256")  # fmt: skip
    if path == "fused":
        share = ceil(tokens / ceil(shape.vocab / shape.hidden))
        piece = shape.vocab * min(tokens, _power_of_two(share))
        return LossMoments(forward=2 * c * piece + hidden + 2 * grad, saved=hidden + grad,
                           backward=hidden + grad, weight_grad=grad,
                           formula="2 V chunk x 2 + h T + head gradient")  # fmt: skip
    if path == "cut":
        return LossMoments(forward=8 * tokens, saved=8 * tokens,
                           backward=2 * hidden + grad + 8 * tokens, weight_grad=grad,
                           formula="h T gradient, no logits")  # fmt: skip
    if path == "unsloth":
        pieces = max(1, 4 * ceil(4 * logits / (4 * GIB) / 4 - 1e-9)) if logits else 1
        piece = shape.vocab * ceil(tokens / pieces)
        return LossMoments(forward=10 * piece + hidden + grad, saved=hidden + grad,
                           backward=hidden + grad, weight_grad=grad,
                           formula="10 V chunk + h T gradient")  # fmt: skip
    eighth = ceil(logits / 8)
    return LossMoments(forward=c * logits + 4 * logits + 4 * eighth, saved=4 * logits,
                       backward=4 * logits + (8 + c) * eighth, weight_grad=grad,
                       formula="(2 logits + 4 log-softmax) V T + a chunk")  # fmt: skip
