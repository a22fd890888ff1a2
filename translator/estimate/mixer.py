"""What hybrid models have in place of attention, or beside it: its dimensions, matrices, parameters.

Read from transformers 5.16 (``models/<family>/modeling_<family>.py``), Kimi Linear from Axolotl 0.19
(``model_support/kimi_linear/modeling_kimi.py``). As in
:mod:`translator.estimate.shape` everything counts elements.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from translator.estimate.matrix import Matrix
from translator.record import Record

Kind = Literal["delta", "kda", "mamba", "mamba2", "conv"]
"""``delta``: the gated delta rule (Qwen3-Next, Qwen3.5), ``kda``: the same with a decay for every
channel (Kimi Linear); ``mamba``: a selective scan (Mamba, Falcon Mamba, Jamba), ``mamba2``: its
successor (Granite 4, Falcon-H1, Bamba); ``conv``: a short gated convolution (LFM2)."""


class Mixer(Record):
    """A recurrence over the tokens of a row."""

    kind: Kind
    hidden: int
    heads: int = 0
    """Heads of values; ``mamba`` has one for each channel."""
    head_dim: int = 0
    rank: int = 0
    """Width between the two projections of the time step (``mamba``) or of a gate (``kda``)."""
    groups: int = 0
    """Heads of queries and keys (``delta``, ``kda``), or how often B and C exist."""
    state: int = 0
    """Dimension of a key, or of the state that belongs to one element of a head."""
    kernel: int = 4
    """Tokens that the convolution sees."""
    chunk: int = 64
    """Tokens that the kernels take at once."""
    normed: bool = True
    """Whether the result is normed before the last projection; in ``mamba`` the time step, B and C
    are, with weights (Jamba)."""
    whole: bool = False
    """Whether a kernel of ``mamba`` spans everything behind the first projection, and not the scan
    alone."""
    scaled: bool = False
    """Whether the input and the first projection are multiplied by constants (Falcon-H1)."""
    fused_inputs: bool = False
    """One projection for queries, keys, values and gate rather than two (Qwen3-Next)."""
    biased: bool = False
    """Whether the convolution has a bias."""
    linear_bias: bool = False
    attention: tuple[int, ...] = ()
    """Layers that have attention instead."""
    beside: bool = False
    """Whether every layer has both (Falcon-H1)."""

    @property
    def inner(self) -> int:
        """Width of all values."""
        return self.heads * self.head_dim

    @property
    def keys(self) -> int:
        """Width of all keys, or of B."""
        return self.groups * self.state

    @property
    def mixed(self) -> int:
        """Channels of the convolution."""
        if self.kind == "mamba":
            return self.inner
        return self.hidden if self.kind == "conv" else self.inner + 2 * self.keys

    @property
    def steps(self) -> int:
        """Width of the time step before its projection, B and C (``mamba``)."""
        return self.rank + 2 * self.keys

    @cached_property
    def matrices(self) -> tuple[Matrix, ...]:
        """Linear layers of one mixer."""
        h, bias = self.hidden, self.linear_bias
        last = Matrix(name="out_proj", inputs=self.inner or h, outputs=h, bias=bias)
        if self.kind == "conv":
            return (Matrix(name="in_proj", inputs=h, outputs=3 * h, bias=bias), last)
        if self.kind == "mamba2":
            first = self.inner + self.mixed + self.heads
            return (Matrix(name="in_proj", inputs=h, outputs=first, bias=bias), last)
        if self.kind == "mamba":
            return (
                Matrix(name="in_proj", inputs=h, outputs=2 * self.inner, bias=bias),
                Matrix(name="x_proj", inputs=self.inner, outputs=self.steps),
                Matrix(name="dt_proj", inputs=self.rank, outputs=self.inner, bias=True),
                last,
            )
        if self.kind == "kda":
            return self._channelwise()
        gates = 2 * self.heads
        if self.fused_inputs:
            return (
                Matrix(name="in_proj_qkvz", inputs=h, outputs=self.mixed + self.inner),
                Matrix(name="in_proj_ba", inputs=h, outputs=gates),
                last,
            )
        return (
            Matrix(name="in_proj_qkv", inputs=h, outputs=self.mixed),
            Matrix(name="in_proj_z", inputs=h, outputs=self.inner),
            Matrix(name="in_proj_b", inputs=h, outputs=self.heads),
            Matrix(name="in_proj_a", inputs=h, outputs=self.heads),
            last,
        )

    def _channelwise(self) -> tuple[Matrix, ...]:
        """Those of ``kda``: the decay (``f``) and the gate of the result (``g``) have a low rank."""
        h, inner, rank = self.hidden, self.inner, self.rank
        wide = (("q_proj", self.keys), ("k_proj", self.keys), ("v_proj", inner))
        return (
            *(Matrix(name=name, inputs=h, outputs=width) for name, width in wide),
            Matrix(name="f_a_proj", inputs=h, outputs=rank),
            Matrix(name="f_b_proj", inputs=rank, outputs=inner),
            Matrix(name="b_proj", inputs=h, outputs=self.heads),
            Matrix(name="g_a_proj", inputs=h, outputs=rank),
            Matrix(name="g_b_proj", inputs=rank, outputs=inner),
            Matrix(name="o_proj", inputs=inner, outputs=h),
        )

    @property
    def rest(self) -> int:
        """Parameters beside the matrices: the convolution, what a head or a channel has, norms."""
        convolution = self.mixed * (self.kernel + self.biased)
        if self.kind == "mamba":
            return convolution + self.inner * (self.state + 1) + (self.steps if self.normed else 0)
        if self.kind == "kda":
            return convolution + self.heads + self.inner + self.head_dim
        if self.kind == "conv":
            return convolution
        if self.kind == "delta":
            return convolution + 2 * self.heads + self.head_dim
        return convolution + 3 * self.heads + (self.inner if self.normed else 0)
