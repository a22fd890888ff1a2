"""The dimensions of a model, and what follows from them: its matrices and its parameters.

Everything counts elements, never bytes; what an element takes is a matter of the run
(:mod:`translator.estimate.states`).
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from translator.estimate.matrix import Matrix
from translator.estimate.mixer import Mixer
from translator.record import Record, replace

Norm = Literal["rms", "layer"]


class Experts(Record):
    """The mixture of a layer: ``count`` gated networks, ``active`` of them for each token."""

    count: int
    active: int
    intermediate: int
    """Inner dimension of one expert."""
    shared_intermediate: int = 0
    """Inner dimension of the expert that sees every token; 0 for none."""
    dense_layers: int = 0
    """Layers (the first ones) that have the ordinary network instead."""
    bias: bool = False
    every: int = 1
    """One layer in so many is a mixture, the others have the ordinary network."""
    gated: bool = True
    """Three matrices an expert rather than two."""
    apart: bool = False
    """Whether every expert is linear layers of its own, run one after the other, and not a part of
    stacked parameters (Kimi Linear's code)."""
    corrected: bool = False
    """Whether the router has one more number for each expert as a parameter (Kimi Linear)."""
    latent: int = 0
    """Width that tokens are brought to before the experts; 0 for the hidden size."""


class Latent(Record):
    """Attention through low-rank bottlenecks (DeepSeek's MLA)."""

    query_rank: int | None
    key_rank: int
    plain: int
    """Dimension of a head without position."""
    rotary: int
    """Dimension of a head with position."""
    value: int


class Shape(Record):
    """A decoder, in the words of transformers' configurations."""

    id: str
    """Hub id, or the path it was read from."""
    family: str
    """``model_type`` of transformers."""
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    tied: bool
    gated: bool = True
    """Three matrices (gate, up, down) rather than two."""
    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    head_bias: bool = False
    norm: Norm = "rms"
    layer_norms: int = 2
    """Norms of the hidden size in one layer."""
    wide_norms: bool = False
    """Whether norms multiply by their weight in float32, before the cast (Gemma, Qwen3.5)."""
    head_norms: bool = False
    """Norms of queries and keys, per head (Qwen3, Gemma 3)."""
    full_head_norms: bool = False
    """The same over all heads at once (OLMo 2, OLMoE)."""
    fused_qkv: bool = False
    fused_gate_up: bool = False
    parallel: bool = False
    """Attention and network read the same norm (Phi, GPT-NeoX, Falcon)."""
    sliding_window: int | None = None
    residual_dropout: bool = False
    """Whether transformers' layers drop parts of what is added to the hidden state, be it with
    probability 0."""
    float_residual: bool = False
    """Whether the hidden state is float32 whatever the run's format (Mamba, Kimi Linear)."""
    softcap: bool = False
    """Whether logits are squashed (Gemma 2), which keeps a further copy."""
    positions: int = 0
    """Rows of a learned position table; 0 for rotary positions."""
    experts: Experts | None = None
    latent: Latent | None = None
    global_every: int = 0
    """One layer in so many attends to everything, with heads of ``global_head_dim`` (Gemma 4)."""
    global_head_dim: int = 0
    global_kv_heads: int = 0
    """Key heads of those layers; 0 for as many as the others."""
    global_values: bool = True
    """Whether those layers have values of their own; else their keys serve (Gemma 4's largest)."""
    borrowing: int = 0
    """The last layers that read the keys and values of earlier ones and make none (Gemma 3n, 4)."""
    wide: int = 0
    """The last layers whose network is twice ``intermediate`` (Gemma 4's smallest)."""
    per_layer_vocab: int = 0
    """Rows of the embedding that every layer reads a part of (Gemma 3n, Gemma 4)."""
    per_layer_dim: int = 0
    mixer: Mixer | None = None
    """What most layers have in place of attention, or beside it (Mamba, gated delta rule)."""
    blocks: str = ""
    """One letter a layer where each is one block alone (Nemotron-H): M for the mixer, * for attention,
    E for experts, - for a network."""
    gated_attention: bool = False
    """Whether the query projection makes a gate for attention's result as well (Qwen3.5)."""
    other: int = 0
    """Parameters of the text part that the fields above do not account for."""
    vision: int = 0
    """Parameters of towers beside the text model (images, audio) and their projectors."""
    source: str = ""
    """Where the dimensions were read."""

    @property
    def queries(self) -> int:
        """Width of all query heads."""
        return self.heads * self.head_dim

    @property
    def keys(self) -> int:
        """Width of all key (or value) heads."""
        return self.kv_heads * self.head_dim

    def attends(self, layer: int) -> bool:
        """Whether a layer has attention."""
        if self.blocks:
            return self.blocks[layer] == "*"
        return self.mixer is None or self.mixer.beside or layer in self.mixer.attention

    def mixes(self, layer: int) -> bool:
        """Whether a layer has the mixer."""
        if self.blocks:
            return self.blocks[layer] == "M"
        return self.mixer is not None and (self.mixer.beside or layer not in self.mixer.attention)

    @cached_property
    def attending(self) -> int:
        """How many layers have attention."""
        return sum(map(self.attends, range(self.layers)))

    def is_global(self, layer: int) -> bool:
        """Whether a layer has the wide heads."""
        return self.global_every > 0 and layer % self.global_every == self.global_every - 1

    def at(self, layer: int) -> Shape:
        """The shape as one layer sees it: the same, unless layers differ in their dimensions."""
        if not (self.global_every or self.borrowing or self.wide):
            return self
        if layer in self._seen:
            return self._seen[layer]
        late = self.layers - layer
        everywhere = self.is_global(layer)
        borrows = late <= self.borrowing
        self._seen[layer] = replace(
            self,
            intermediate=self.intermediate * (2 if late <= self.wide else 1),
            head_dim=self.global_head_dim if everywhere else self.head_dim,
            kv_heads=(everywhere and self.global_kv_heads) or self.kv_heads,
            borrowing=int(borrows),
            wide=0,
            global_every=0,
            global_values=borrows or self.global_values or not everywhere,
        )
        return self._seen[layer]

    @cached_property
    def _seen(self) -> dict[int, Shape]:
        return {}

    def attention_of(self, layer: int) -> tuple[Matrix, ...]:
        """Linear layers of one layer's attention block."""
        if not self.attends(layer):
            return ()
        here = self.at(layer)
        left_out: tuple[str, ...] = ()
        if here is not self:
            left_out = ("k_proj", "v_proj") if here.borrowing else ()
            left_out = left_out or (() if here.global_values else ("v_proj",))
        return tuple(matrix for matrix in here.attention if matrix.name not in left_out)

    def mixing(self, layer: int) -> tuple[Matrix, ...]:
        """Linear layers of one layer's mixer."""
        return self.mixer.matrices if self.mixer is not None and self.mixes(layer) else ()

    @cached_property
    def attention(self) -> tuple[Matrix, ...]:
        """Linear layers of one attention block."""
        h, q, kv = self.hidden, self.queries, self.keys
        out = Matrix(name="o_proj", inputs=q, outputs=h, bias=self.output_bias)
        if self.latent is not None:
            return _latent_matrices(self, self.latent)
        if self.fused_qkv:
            return (Matrix(name="qkv_proj", inputs=h, outputs=q + 2 * kv, bias=self.qkv_bias), out)
        return (
            Matrix(
                name="q_proj", inputs=h, outputs=q * (1 + self.gated_attention), bias=self.qkv_bias
            ),
            Matrix(name="k_proj", inputs=h, outputs=kv, bias=self.qkv_bias),
            Matrix(name="v_proj", inputs=h, outputs=kv, bias=self.qkv_bias),
            out,
        )

    def network(self, layer: int) -> tuple[Matrix, ...]:
        """Linear layers of the feed-forward part of a layer, experts included."""
        if self.blocks and self.blocks[layer] in "M*":
            return ()
        mixture = self.experts
        if mixture is None or not self.is_mixture(layer):
            return self._dense(self.at(layer).intermediate)
        e, i, width = mixture.count, mixture.intermediate, mixture.latent or self.hidden
        first, both = ("gate_up_proj", 2 * i) if mixture.gated else ("up_proj", i)
        experts = (
            Matrix(name=first, inputs=width, outputs=both, count=e, bias=mixture.bias, expert=True),
            Matrix(name="down_proj", inputs=i, outputs=width, count=e, bias=mixture.bias, expert=True),
        )  # fmt: skip
        shared = self._dense(mixture.shared_intermediate) if mixture.shared_intermediate else ()
        return (*experts, *self._latents(mixture), *shared)

    def _latents(self, mixture: Experts) -> tuple[Matrix, ...]:
        if not mixture.latent:
            return ()
        return (
            Matrix(name="fc1_latent_proj", inputs=self.hidden, outputs=mixture.latent),
            Matrix(name="fc2_latent_proj", inputs=mixture.latent, outputs=self.hidden),
        )

    def is_mixture(self, layer: int) -> bool:
        """Whether a layer routes its tokens."""
        mixture = self.experts
        if self.blocks:
            return self.blocks[layer] == "E"
        if mixture is None or layer < mixture.dense_layers:
            return False
        return (layer - mixture.dense_layers) % mixture.every == mixture.every - 1

    def _dense(self, inner: int) -> tuple[Matrix, ...]:
        h, bias = self.hidden, self.mlp_bias
        down = Matrix(name="down_proj", inputs=inner, outputs=h, bias=bias)
        if not self.gated:
            return (Matrix(name="up_proj", inputs=h, outputs=inner, bias=bias), down)
        if self.fused_gate_up:
            both = Matrix(name="gate_up_proj", inputs=h, outputs=2 * inner, bias=bias)
            return (both, down)
        return (
            Matrix(name="gate_proj", inputs=h, outputs=inner, bias=bias),
            Matrix(name="up_proj", inputs=h, outputs=inner, bias=bias),
            down,
        )

    def matrices(self, layer: int) -> tuple[Matrix, ...]:
        """All linear layers of a decoder layer."""
        blocks = (*self.attention_of(layer), *self.mixing(layer))
        return (*blocks, *self.network(layer), *self.injection)

    @cached_property
    def injection(self) -> tuple[Matrix, ...]:
        """Linear layers that bring in a layer's part of the per-layer embedding (Gemma 3n, 4)."""
        if not self.per_layer_dim:
            return ()
        return (
            Matrix(name="per_layer_input_gate", inputs=self.hidden, outputs=self.per_layer_dim),
            Matrix(name="per_layer_projection", inputs=self.per_layer_dim, outputs=self.hidden),
        )

    @cached_property
    def layer_kinds(self) -> tuple[tuple[int, int], ...]:
        """(an example layer, how many are like it), dense ones first."""
        groups: dict[tuple[bool, ...], list[int]] = {}
        for n in range(self.layers):
            late = self.layers - n
            kind = (
                self.is_mixture(n),
                self.is_global(n),
                late <= self.borrowing,
                late <= self.wide,
                self.attends(n),
                bool(self.network(n)),
            )
            groups.setdefault(kind, []).append(n)
        return tuple((group[0], len(group)) for _, group in sorted(groups.items()))

    @property
    def norm_width(self) -> int:
        """Elements of one norm of the hidden size."""
        return self.hidden * (2 if self.norm == "layer" else 1)

    def layer_linear(self, layer: int) -> int:
        """Elements of the linear layers of a layer, without biases and experts."""
        return sum(m.elements for m in self.matrices(layer) if not m.expert)

    def layer_expert(self, layer: int) -> int:
        """Elements of the experts of a layer."""
        return sum(m.elements for m in self.matrices(layer) if m.expert)

    def layer_rest(self, layer: int) -> int:
        """Norms, biases, the router and a mixer's small parameters of a layer."""
        biases = sum(m.outputs * m.count for m in self.matrices(layer) if m.bias)
        norms = self.layer_norms * self.norm_width
        if self.latent is not None and self.attends(layer):
            norms += self.latent.key_rank + (self.latent.query_rank or 0)
        if self.mixer is not None and self.mixes(layer):
            norms += self.mixer.rest
        here = self.at(layer)
        if self.head_norms and self.attends(layer):
            norms += (1 if here is not self and here.borrowing else 2) * here.head_dim
        if self.full_head_norms:
            norms += self.queries + self.keys
        router = 0
        if self.experts is not None and self.is_mixture(layer):
            router = self.experts.count * (self.hidden + self.experts.corrected)
        return biases + norms + router

    @property
    def embedding(self) -> int:
        """Elements of the input embedding and of a learned position table."""
        extra = self.per_layer_vocab * self.per_layer_dim * self.layers
        return self.vocab * self.hidden + self.positions * self.hidden + extra

    @property
    def head(self) -> int:
        """Elements of the output head; 0 when it is the embedding."""
        return 0 if self.tied else self.vocab * self.hidden + (self.vocab if self.head_bias else 0)

    def layer_sum(self, of: Literal["linear", "expert", "rest"]) -> int:
        """A count over all layers."""
        function = {
            "linear": self.layer_linear,
            "expert": self.layer_expert,
            "rest": self.layer_rest,
        }[of]
        return sum(count * function(layer) for layer, count in self.layer_kinds)

    @cached_property
    def parameters(self) -> int:
        """All parameters of the text model."""
        layers = self.layer_sum("linear") + self.layer_sum("expert") + self.layer_sum("rest")
        return layers + self.embedding + self.head + self.norm_width + self.other

    @property
    def total(self) -> int:
        """All parameters, towers included."""
        return self.parameters + self.vision

    def layer_parameters(self, layer: int) -> int:
        """All parameters of one layer."""
        return self.layer_linear(layer) + self.layer_expert(layer) + self.layer_rest(layer)

    @cached_property
    def largest_layer(self) -> int:
        """Parameters of the largest layer."""
        return max(self.layer_parameters(layer) for layer, _ in self.layer_kinds)

    @cached_property
    def largest_parameter(self) -> int:
        """Elements of the largest parameter of a layer's matrices: its experts are stacked in one."""
        return max(m.elements for layer, _ in self.layer_kinds for m in self.matrices(layer))

    @cached_property
    def largest_matrix(self) -> int:
        """Elements of the largest single matrix inside a layer (one expert at a time)."""
        return max(
            m.elements // m.count for layer, _ in self.layer_kinds for m in self.matrices(layer)
        )


def _latent_matrices(shape: Shape, latent: Latent) -> tuple[Matrix, ...]:
    h, a = shape.hidden, shape.heads
    per_head = latent.plain + latent.rotary
    query = (
        (Matrix(name="q_proj", inputs=h, outputs=a * per_head),)
        if latent.query_rank is None
        else (
            Matrix(name="q_a_proj", inputs=h, outputs=latent.query_rank),
            Matrix(name="q_b_proj", inputs=latent.query_rank, outputs=a * per_head),
        )
    )
    return (
        *query,
        Matrix(name="kv_a_proj_with_mqa", inputs=h, outputs=latent.key_rank + latent.rotary),
        Matrix(name="kv_b_proj", inputs=latent.key_rank, outputs=a * (latent.plain + latent.value)),
        Matrix(name="o_proj", inputs=a * latent.value, outputs=h),
    )
