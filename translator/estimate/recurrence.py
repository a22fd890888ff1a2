"""The mixer of a hybrid layer as operations on a tape; those of Mamba and Kimi Linear are in
:mod:`translator.estimate.selective_scan` and :mod:`translator.estimate.channelwise`.

Read from transformers 5.17 (``models/<family>/modeling_<family>.py``), flash-linear-attention 0.5
(``fla/ops/gated_delta_rule/chunk.py``) and mamba-ssm 2.3 (``mamba_ssm/ops/triton/ssd_combined.py``);
every list of tensors was held beside the blocks alive at the peak of one layer on an H100
(``measurements/h100-mixers``). The kernels save little and compute the states of every chunk anew.
Without them transformers computes in PyTorch, with ``kernels.recurrence == "torch"``.
"""

from __future__ import annotations

from translator.estimate.channelwise import ChannelwiseTape
from translator.estimate.matrix import Matrix
from translator.estimate.mixer import Mixer
from translator.estimate.selective_scan import SelectiveTape
from translator.estimate.tape import Tensor


class MixerTape(SelectiveTape, ChannelwiseTape):
    """Adds the mixer."""

    def mixed(self, n: Tensor) -> Tensor:
        """The mixer of this layer, from its normed input."""
        mixer = self.shape.mixer
        assert mixer is not None
        by_name = {matrix.name: matrix for matrix in mixer.matrices}
        if mixer.kind == "delta":
            return self.delta(n, mixer, by_name)
        if mixer.kind == "conv":
            return self.short(n, by_name)
        if mixer.kind == "mamba":
            return self.selective(n, mixer, by_name)
        if mixer.kind == "kda":
            return self.channelwise(n, mixer, by_name)
        return self.state_space(n, mixer, by_name)

    def chunks(self, mixer: Mixer) -> int:
        """Chunks of all rows; the last one of a row is filled up."""
        length = min(self.work.length, self.tokens)
        return -(-length // mixer.chunk) * max(1, self.tokens // length)

    # --- gated convolution ------------------------------------------------------------------

    def short(self, n: Tensor, by_name: dict[str, Matrix]) -> Tensor:
        """B * x, a convolution, C * that: B, C and x are parts of one projection."""
        size = self.shape.hidden * self.tokens * self.c
        all_three = self.linear(n, by_name["in_proj"])
        part = Tensor("B, C or x", size, size, all_three)
        product = self.tape.run("B x", part, size, saves=(part,))
        convolved = self.tape.run("convolution", product, size, saves=(product,))
        gated = self.tape.run("C x", (part, convolved), size, saves=(part, convolved))
        return self.linear(gated, by_name["out_proj"], shared=False)

    # --- gated delta rule -------------------------------------------------------------------

    def delta(self, n: Tensor, mixer: Mixer, by_name: dict[str, Matrix]) -> Tensor:
        """Projections, convolution, the rule itself, a gated norm."""
        t, c = self.tokens, self.c
        mixed, z, gates, held = self.delta_inputs(n, mixer, by_name)
        convolved = self.tape.run("convolution", mixed, mixed.size, saves=(mixed,))
        active = self.tape.run("convolution activation", convolved, mixed.size, saves=(convolved,))
        # queries and keys once for each head of values
        wide = mixer.heads * mixer.state * t * c
        values = mixer.inner * t * c
        copies = 2 * wide if mixer.heads > mixer.groups else 0
        heads = self.tape.run("heads", active, copies, grad=2 * wide + values)
        ruled = self.rule(mixer, (heads, *gates), wide, values)
        normed = self.gated_norm(ruled, z, mixer, (active, heads, ruled, *held))
        return self.linear(normed, by_name["out_proj"], shared=False)

    def delta_inputs(
        self, n: Tensor, mixer: Mixer, by_name: dict[str, Matrix]
    ) -> tuple[Tensor, Tensor, tuple[Tensor, ...], tuple[Tensor, ...]]:
        """What goes through the convolution, the gate of the result, the gates of the rule; and what
        variables hold until the end."""
        if not mixer.fused_inputs:
            mixed, z, b, a = (
                self.linear(n, by_name[f"in_proj_{p}"]) for p in ("qkv", "z", "b", "a")
            )
            return mixed, z, (b, a), (z,)
        both = self.linear(n, by_name["in_proj_qkvz"])
        gates = self.linear(n, by_name["in_proj_ba"])
        # parts lie beside each other head by head; they are put in order in copies
        mixed = self.tape.run("queries, keys, values", both, mixer.mixed * self.tokens * self.c)
        z = self.tape.run("gate", both, mixer.inner * self.tokens * self.c)
        return mixed, z, (gates,), (both, z)

    def rule(self, mixer: Mixer, reads: tuple[Tensor, ...], wide: int, values: int) -> Tensor:
        """Normed queries and keys, values and the inverse within each chunk are saved."""
        t, c = self.tokens, self.c
        scalars = 4 * mixer.heads * t
        states = self.chunks(mixer) * mixer.inner * mixer.state * c
        square = self.chunks(mixer) * mixer.chunk**2 * mixer.heads
        if self.work.kernels.recurrence == "torch":
            # float32 copies, padded and scaled, one state a chunk, five matrices within chunks
            saved = 6 * 2 * wide + 5 * 2 * values + 4 * states // c + 5 * 4 * square
            return self.tape.run("delta rule", reads, values, side=saved + 6 * scalars,
                                 forward_extra=4 * values, backward_extra=4 * wide + 4 * values)  # fmt: skip
        saved = 2 * wide + values + square * c
        # w, u and new values; states and their gradients; gradients of values, w and keys
        anew = 3 * wide + 3 * values + 2 * states
        return self.tape.run("delta rule", reads, values, side=saved + 6 * scalars,
                             forward_extra=wide + 2 * values + states, backward_extra=anew)  # fmt: skip

    def gated_norm(self, x: Tensor, z: Tensor, mixer: Mixer, holds: tuple[Tensor, ...]) -> Tensor:
        """The norm in float32, times the activation of the gate in float32."""
        elements, low = mixer.inner * self.tokens, mixer.inner * self.tokens * self.c
        wide = self.tape.run("gated norm in float32", x, 4 * elements)
        scaled = self.tape.run("gated norm scaled", wide, 4 * elements, saves=(wide,),
                               forward_extra=4 * elements, backward_extra=12 * elements)  # fmt: skip
        cast = self.tape.run("gated norm cast", scaled, low)
        weighted = self.tape.run("gated norm", cast, low,
                                 saves=(cast,) if self.work.trains_all else ())  # fmt: skip
        gate = self.tape.run("gate in float32", z, 4 * elements)
        active = self.tape.run("gate activation", gate, 4 * elements, saves=(gate,))
        product = self.tape.run("gated", (weighted, active), 4 * elements, saves=(weighted, active))
        return self.tape.run("gated cast", product, low, holds=holds)

    # --- state-space model ------------------------------------------------------------------

    def state_space(self, n: Tensor, mixer: Mixer, by_name: dict[str, Matrix]) -> Tensor:
        """Mamba-2: one kernel from the first projection to the last."""
        first, last = by_name["in_proj"], by_name["out_proj"]
        t, c = self.tokens, self.c
        if mixer.scaled:
            n = self.tape.run("mixer input scaled", n, n.size)
        given = self.linear(n, first)
        if mixer.scaled:
            given = self.tape.run("projection scaled", given, given.size)
        inner, mixed = mixer.inner * t * c, mixer.mixed * t * c
        if self.work.kernels.recurrence == "torch":
            return self.plain_state_space(given, mixer, last)
        states = self.chunks(mixer) * mixer.inner * mixer.state
        within = 4 * self.chunks(mixer) * mixer.chunk**2 * mixer.groups
        # the convolution and its gradient, the result and its gradients, states in both formats
        anew = 2 * mixed + (3 if mixer.normed else 4) * inner + 12 * states + within
        out = self.tape.run(
            "state-space model", given, self.shape.hidden * t * c, saves=(given,),
            side=inner + 4 * t, forward_extra=mixed + inner + c * states, backward_extra=anew,
            weight_grad=last.elements * self.work.weight_bytes if self.work.trains_all else 0,
        )  # fmt: skip
        return self.tape.run("mixer output scaled", out, out.size) if mixer.scaled else out

    def plain_state_space(self, given: Tensor, mixer: Mixer, last: Matrix) -> Tensor:
        """The same in PyTorch: B and C once for each head, in float32, and their product with every
        pair of tokens of a chunk for each element of the state."""
        t, c, chunks = self.tokens, self.c, self.chunks(mixer)
        padded = 4 * chunks * mixer.chunk
        wide, keys = mixer.inner * padded, mixer.heads * mixer.state * padded
        within = mixer.chunk * mixer.heads * padded
        pairs = within * mixer.state
        states = 4 * (chunks + 1) * mixer.inner * mixer.state
        widths = 7 if mixer.normed else 4
        saved = mixer.mixed * t * c + widths * wide + 3 * keys + 3 * within + 2 * states
        out = self.tape.run("state-space model", given, mixer.inner * t * c, saves=(given,),
                            side=saved, forward_extra=pairs, backward_extra=2 * pairs)  # fmt: skip
        return self.linear(out, last, shared=False)
