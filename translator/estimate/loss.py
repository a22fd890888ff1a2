"""Logits and cross entropy, by the path that computes them.

Let V be the vocabulary, T the tokens of a micro batch, h the hidden size. A *path* says how much is
alive while the loss is computed forward, what waits for the backward pass, and how much is alive
when the backward pass goes through it. Everything is bytes.

``fp32``          transformers' ``ForCausalLMLoss``: 16-bit logits, a float32 copy, log-softmax;
                  backward: log-softmax, the gradient of the picked entries, the gradient of the
                  logits: 12 V T (transformers/loss/loss_utils.py)
``fp32-kept``     the same in a loop that still holds the 16-bit logits: 14 V T
``fp32-entropy``  the same in TRL, which copies float32 logits to compute their entropy: 12 V T
                  forward as well (trl/trainer/utils.py)
``in-place``      a kernel that writes the gradient over float32 logits: 8 V T; ``in-place-kept``
                  where 16-bit logits are still held: 10 V T
``compute``       cross entropy in the number format of the logits: 8 V T in 16 bits
``chunked``       TRL's ``chunked_nll``: 256 tokens at a time with checkpointing, and a float32 copy
                  of the head (trl/trainer/sft_trainer.py)
``compiled-chunks`` Axolotl's ``chunked_cross_entropy``: the whole 16-bit logits, their gradient, and
                  the float32 copy that accelerate returns (axolotl/monkeypatch/loss/chunked.py);
                  chunks of several rows are no views, and copied
``fused``         Liger's fused linear cross entropy: the chunk is T h / V tokens, rounded up to a
                  power of two; keeps the gradient of the hidden state, and of a trained head, which is
                  summed in float32; ``fused-cast`` in plain TRL, which sums it in 16 bits and makes a
                  float32 copy of each product
``cut``           Cut Cross Entropy: no logits at all
``tile``          log-probabilities in tiles of 256 MiB of float32 logits and their 16-bit product,
                  computed anew in the backward pass (AgileRL's GRPO)
``unsloth``       Unsloth's fused loss: chunks sized to half the free memory, 4 GiB at most
                  (unsloth_zoo/fused_losses/cross_entropy_loss.py)
``pieces``        litgpt's: 128 tokens of a row at a time, but the float32 logits of all of them stay
                  until the backward pass is over (litgpt/utils.py, ``chunked_cross_entropy``)
``pairs``         TRL's DPO: float32 logits of the policy and of the reference, and a copy of the
                  former for its entropy (trl/trainer/dpo_trainer.py, ``_compute_loss``);
                  ``pairs-copied`` with Axolotl's ``selective_log_softmax``, which copies both
``odds``          TRL's ORPO: float32 logits, and cross entropy of the chosen half
                  (trl/experimental/orpo/orpo_trainer.py); ``odds-copied`` with Axolotl's function
``policy``        TRL's GRPO: float32 logits of the answers, and a copy for their entropy
``unsloth-policy`` Unsloth's DPO, ORPO and GRPO: log-probabilities in pieces
``tuned-chunks``  torchtune's ``CEWithChunkedOutputLoss``: eight pieces, all 16-bit logits and all
                  float32 log-softmaxes (torchtune/modules/loss/ce_chunked_output_loss.py)
"""

from __future__ import annotations

from math import ceil

from translator.estimate.workload import Workload
from translator.record import Record

GIB = 1 << 30


class LossMoments(Record):
    """Bytes of head and loss. ``weight_grad`` is the gradient of a trained head that exists from
    then on."""

    forward: int
    saved: int
    backward: int
    weight_grad: int
    formula: str
    odd: int = 0
    """Bytes of blocks that are freed before the peak and fit nothing that comes after them."""
    block: int = 0
    """Bytes of the largest single block."""
    held: int = 0
    """Bytes that stay while the layers go backward, because a variable holds them."""


_POLICY = {
    "pairs": (12, 4, 12),
    "pairs-copied": (16, 8, 8),
    "odds": (8, 6, 14),
    "odds-copied": (10, 6, 10),
    "policy": (8, 4, 16),
}
"""Bytes a logit while the loss is computed, between the passes, and in the backward pass."""


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
    element = (work.root_bytes or work.weight_bytes) if work.trains_all else 4
    if work.grad_bytes is not None and work.trains_all:
        element = work.grad_bytes
    return work.shape.vocab * work.shape.hidden * element


def head_cast(work: Workload) -> int:
    """The 16-bit copy of a float32 head that autocast makes and the backward pass needs."""
    kept = (work.root_bytes or work.weight_bytes) if work.trains_all else work.embedding_bytes
    if kept != 4 or not work.kernels.autocast or work.kernels.compute != 2:
        return 0
    if work.sharding.by_fsdp:
        return 0
    return 2 * work.shape.vocab * work.shape.hidden


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
    cast = head_cast(work)
    if path in ("fp32", "fp32-kept", "fp32-entropy"):
        kept = c * logits if path == "fp32-kept" else 0
        copy = 4 * logits if c == 2 else 0
        forward = c * logits + copy + 4 * logits + cap
        odd = 0 if kept else c * logits
        if path == "fp32-entropy":
            forward = 12 * logits + 12 * shape.vocab * min(128, tokens)
            odd += 4 * logits  # a copy without the last token, which is too small for what follows
        return LossMoments(
            forward=forward + cast,
            saved=4 * logits + kept + cap,
            backward=12 * logits + kept + cap + cast,
            weight_grad=grad,
            formula="(4 log-softmax + 4 picked + 4 gradient) V T" + (" + 2 V T kept" * bool(kept)),
            odd=odd,
            block=4 * logits,
        )
    if path in ("in-place", "in-place-kept"):
        kept = c * logits if path == "in-place-kept" else 0
        return LossMoments(
            forward=6 * logits + cap,
            saved=4 * logits + kept + cap,
            backward=8 * logits + kept + cap,
            weight_grad=grad,
            formula="(4 logits + 4 gradient) V T" + (" + 2 V T kept" * bool(kept)),
            odd=0 if kept else c * logits,
            block=4 * logits,
        )
    if path == "compute":
        return LossMoments(forward=2 * c * logits, saved=2 * c * logits,
                           backward=4 * c * logits, weight_grad=grad,
                           formula="(logits + log-softmax + 2 gradients) V T", block=c * logits)  # fmt: skip
    if path == "chunked":
        piece = shape.vocab * min(tokens, 256)
        # a float32 copy of the head, and under autocast a 16-bit copy of that again
        head = (4 + (2 if work.kernels.autocast else 0)) * shape.vocab * shape.hidden
        wide = 3 if work.kernels.autocast else 4
        return LossMoments(forward=head + wide * piece + hidden, saved=hidden,
                           backward=head + wide * piece + hidden + 2 * grad, weight_grad=grad,
                           formula="copies of the head + a chunk of 256 tokens", odd=head,
                           block=head)  # fmt: skip
    if path == "compiled-chunks":
        # accelerate makes a float32 copy of the logits that the model returns
        # (accelerate/utils/operations.py), while those wait for the backward pass
        copies = c * logits if work.sequences > 1 else 0
        return LossMoments(forward=(c + 4) * logits + copies + cap, saved=c * logits + cap,
                           backward=2 * c * logits + cap + grad, weight_grad=grad,
                           formula="(2 logits + 2 gradient, or 4 returned copy) V T",
                           odd=c * logits, block=4 * logits)  # fmt: skip
    if path in ("fused", "fused-cast"):
        share = ceil(tokens / ceil(shape.vocab / shape.hidden))
        piece = shape.vocab * min(tokens, _power_of_two(share))
        sums = 4 if path == "fused-cast" else 2
        return LossMoments(forward=2 * c * piece + hidden + sums * grad, saved=hidden + grad,
                           backward=hidden + grad, weight_grad=grad,
                           formula="2 V chunk x 2 + h T + head gradient", block=c * piece)  # fmt: skip
    if path == "cut":
        return LossMoments(forward=8 * tokens, saved=8 * tokens,
                           backward=2 * hidden + grad + 8 * tokens, weight_grad=grad,
                           formula="h T gradient, no logits")  # fmt: skip
    if path == "tile":
        piece = min(logits, 64 << 20)
        return LossMoments(forward=(4 + c) * piece + hidden, saved=hidden,
                           backward=(4 + c) * piece + 2 * hidden + grad, weight_grad=grad,
                           formula="a tile of 256 MiB of float32 logits", block=4 * piece)  # fmt: skip
    if path == "unsloth":
        # what no piece can shrink is taken off the target first
        fixed = hidden + 2 * grad
        exact = 16 * logits / (4 * GIB - fixed if fixed < 4 * GIB else 4 * GIB)
        pieces = 1 if exact <= 1 else 4 * ceil(exact / 4 - 1e-9)
        piece = shape.vocab * ceil(tokens / pieces)
        return LossMoments(forward=4 * piece + hidden + 2 * grad, saved=hidden + grad,
                           backward=hidden + grad, weight_grad=grad,
                           formula="(2 logits + 2 gradient) V chunk + h T gradient",
                           block=2 * piece)  # fmt: skip
    if path in _POLICY:
        first, saved, back = _POLICY[path]
        rows = 0 if "copied" in path else 12 * shape.vocab * min(128, tokens)
        lost = (8 + c if path == "odds" else 4 + c) * logits
        return LossMoments(forward=first * logits + rows + cast, saved=saved * logits,
                           backward=back * logits + cast, weight_grad=grad,
                           formula=f"{max(first, back)} V T of logits, copies and gradients",
                           odd=lost, block=4 * logits)  # fmt: skip
    if path == "unsloth-policy":
        piece = min(c * logits, GIB // 4)
        return LossMoments(forward=piece + 2 * hidden, saved=hidden, backward=2 * hidden + grad,
                           weight_grad=grad, formula="a piece of the logits", block=piece)  # fmt: skip
    if path == "pieces":
        # log-softmaxes give way to gradients piece by piece; then the head, which may be quantised,
        # is unpacked beside the logits and their 16-bit gradients
        piece = shape.vocab * min(tokens, 128 * work.sequences)
        head = work.unpacking * shape.vocab * shape.hidden if work.quantized_head else 0
        backward = max(8 * logits + 8 * piece, (4 + c) * logits + head + hidden)
        return LossMoments(forward=max((4 + c) * logits, c * logits + head), saved=8 * logits,
                           backward=backward, weight_grad=grad, held=4 * logits,
                           formula="(4 logits + 4 log-softmax) V T + a piece of 128 tokens",
                           block=4 * piece)  # fmt: skip
    eighth = ceil(logits / 8)
    return LossMoments(forward=c * logits + 4 * logits + 4 * eighth, saved=4 * logits,
                       backward=4 * logits + max((8 + c) * eighth, 2 * grad), weight_grad=grad,
                       formula="(2 logits + 4 log-softmax) V T + a chunk", odd=8 * eighth,
                       block=4 * eighth)  # fmt: skip
