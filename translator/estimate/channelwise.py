"""Kimi's delta attention, the delta rule with a decay for every channel, as operations on a tape.

Read from Axolotl 0.19 (``model_support/kimi_linear/modeling_kimi.py``) and flash-linear-attention
0.5.2 (``fla/ops/kda/chunk.py``, ``chunk_fwd.py``, ``chunk_bwd.py``, ``gate.py``;
``fla/modules/conv/triton/ops.py``, ``fused_norm_gate.py``). There is no other code: without that
package the model does not load. Nothing of it was measured.
"""

from __future__ import annotations

from translator.estimate.attention import AttentionTape
from translator.estimate.matrix import Matrix
from translator.estimate.mixer import Mixer
from translator.estimate.tape import Tensor


class ChannelwiseTape(AttentionTape):
    """Adds Kimi's delta attention."""

    def channelwise(self, n: Tensor, mixer: Mixer, by_name: dict[str, Matrix]) -> Tensor:
        """Queries, keys and values through convolutions, the rule, a gated norm."""
        t = self.tokens
        q, k, v = (
            self.convolved(self.linear(n, by_name[f"{part}_proj"]), part) for part in "qkv"
        )  # fmt: skip
        low = self.linear(n, by_name["f_a_proj"])
        raw = self.linear(low, by_name["f_b_proj"], shared=False)
        # the kernel of the decay answers in float32, and its gradient is made so
        decay = self.tape.run("decay", raw, 4 * mixer.inner * t, saves=(raw,),
                              backward_extra=2 * raw.size)  # fmt: skip
        beta = self.linear(n, by_name["b_proj"])
        wide = self.tape.run("beta in float32", beta, 4 * mixer.heads * t)
        beta = self.tape.run("beta", wide, 4 * mixer.heads * t, save_result=True)
        ruled = self.rule_of_channels(mixer, (q, k, v, decay, beta))
        gate = self.linear(n, by_name["g_a_proj"])
        gate = self.linear(gate, by_name["g_b_proj"], shared=False)
        normed = self.tape.run("gated norm", (ruled, gate), ruled.size, saves=(ruled, gate),
                               side=4 * mixer.heads * t, holds=(q, k, v, decay))  # fmt: skip
        return self.linear(normed, by_name["o_proj"], shared=False)

    def convolved(self, x: Tensor, name: str) -> Tensor:
        """A short convolution and its activation in one kernel that keeps its input."""
        return self.tape.run(f"{name} convolution", x, x.size, saves=(x,))

    def rule_of_channels(self, mixer: Mixer, given: tuple[Tensor, ...]) -> Tensor:
        """Saves normed queries and keys, values, the decay and its sum within a chunk in float32,
        and two squares of a chunk; states and what leads to them are computed anew."""
        t, c = self.tokens, self.c
        *_, values, decay, beta = given
        inner, wide = mixer.inner * t * c, 4 * mixer.inner * t
        length = min(self.work.length, t)
        chunks = -(-length // mixer.chunk) * max(1, t // length)
        states = chunks * mixer.inner * mixer.state * c
        square = mixer.chunk * mixer.heads * t
        # forward: w, u, keys with their decay, new values, states. Backward: the same, queries with
        # theirs, gradients of states and squares, and, twice, of queries, keys and the decay in
        # float32; of these the tape has one of the decay, and those of queries and keys in 16 bits
        anew = 5 * inner + 2 * states + 8 * square + 6 * wide - wide - 2 * inner
        return self.tape.run(
            "delta rule of channels", given, inner, saves=(values, decay, beta),
            side=2 * inner + wide + 2 * c * square + 8 * mixer.heads * t,
            forward_extra=4 * inner + states, backward_extra=anew,
        )  # fmt: skip
