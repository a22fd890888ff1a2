"""What a decoder layer keeps and needs: its operations on a :class:`translator.estimate.tape.Tape`.

Which tensors an operation saves is read from the libraries: PyTorch's derivatives
(``tools/autograd/derivatives.yaml``: a product saves the *other* factor, a linear layer its input
only when its weight is trained, SiLU its input, softmax its result), transformers' eager norms and
rotary embeddings, PEFT's LoRA layers (``peft/tuners/lora/layer.py``), bitsandbytes' ``MatMul4Bit``
(saves no activation while the base is frozen), Liger's and Unsloth's kernels (save inputs and
recompute). Sizes are bytes for the tokens of one micro batch.
"""

from __future__ import annotations

from translator.estimate.shape import Matrix, Shape
from translator.estimate.tape import Moments, Tape, Tensor
from translator.estimate.workload import Lora, Workload


class LayerTape:
    """Builds the tape of one decoder layer."""

    def __init__(self, work: Workload, layer: int, tokens: int, *, wanted: bool = True) -> None:
        self.work = work
        self.wanted = wanted  # whether somebody before this layer is trained
        self.shape: Shape = work.shape.at(layer)
        self.layer = layer
        self.tokens = tokens
        self.tape = Tape()
        self.held: dict[int, int] = {}
        """Sizes of inputs that quantised products keep as long as the graph lives."""
        self.c = work.kernels.compute
        self.s = work.kernels.stream

    def build(self) -> tuple[Tape, Tensor]:
        """The tape and the result of the layer; its input is somebody else's."""
        shape, h = self.shape, self.shape.hidden
        size = h * self.tokens * self.s
        x = self.tape.outside("layer input", size, grad=size if self.wanted else 0)
        n1 = self.norm(x, "attention norm")
        attended = self.attention(n1)
        if shape.layer_norms >= 4:
            attended = self.norm(attended, "attention output norm")
        if shape.parallel:
            n2 = n1 if shape.layer_norms == 1 else self.norm(x, "network norm")
            fed = self.network(n2)
            both = self.add(attended, fed)
            return self.tape, self.add(x, both)
        x2 = self.add(x, self.dropped(attended))
        fed = self.network(self.norm(x2, "network norm"))
        if shape.layer_norms >= 4:
            fed = self.norm(fed, "network output norm")
        return self.tape, self.add(x2, self.dropped(fed))

    # --- norms and sums ---------------------------------------------------------------------

    def dropped(self, x: Tensor) -> Tensor:
        """Dropout before the residual: a mask of one byte is kept even at probability 0."""
        if not self.shape.residual_dropout or self.work.kernels.norm == "torch":
            return x
        return self.tape.run("residual dropout", x, x.size, side=self.shape.hidden * self.tokens)

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        """The residual connection; its gradient is passed on as it is."""
        size = self.shape.hidden * self.tokens * self.s
        return self.tape.run("residual", (a, b), size, passes=True)

    def norm(self, x: Tensor, name: str) -> Tensor:
        """A norm of the hidden state, in the implementation that runs."""
        elements = self.shape.hidden * self.tokens
        out = elements * max(self.c, self.s)
        trains = self.work.trains_all
        weight = self.shape.hidden * self.work.weight_bytes if trains else 0
        if self.work.kernels.norm == "fused":
            return self.tape.run(name, x, out, saves=(x,), side=self.tokens * 4, weight_grad=weight)
        if self.shape.norm == "layer":
            # autocast computes it in float32 and leaves the result so
            out = elements * 4 if self.work.kernels.autocast else out
            return self.tape.run(name, x, out, saves=(x,), side=self.tokens * 8, weight_grad=weight)
        wide = x
        if self.s == 2:
            wide = self.tape.run(f"{name} in float32", x, elements * 4)
        if self.work.kernels.norm == "torch":
            normal = self.tape.run(f"{name} in float32", wide, elements * 4, saves=(wide,),
                                   side=self.tokens * 4)  # fmt: skip
            y = self.tape.run(name, normal, elements * 4, saves=(normal,) if trains else (),
                              weight_grad=weight)  # fmt: skip
            return self.tape.run(f"{name} cast", y, out) if self.c == 2 else y
        # x * rsqrt(mean(x^2)) keeps the float32 copy; squaring it makes a second for a moment
        y = self.tape.run(f"{name} scaled", wide, elements * 4, saves=(wide,),
                          side=self.tokens * 4, forward_extra=elements * 4,
                          backward_extra=elements * 4)  # fmt: skip
        low = self.tape.run(f"{name} cast", y, out) if out < elements * 4 else y
        return self.tape.run(name, low, out, saves=(low,) if trains else (), weight_grad=weight)

    # --- linear layers ----------------------------------------------------------------------

    def adapted(self, name: str) -> Lora | None:
        """The adapter of a matrix, if it has one."""
        lora = self.work.lora
        if lora is None or name not in lora.targets:
            return None
        if lora.layers is not None and self.layer >= lora.layers:
            return None
        return lora

    def quantized(self, matrix: Matrix) -> bool:
        """Whether a matrix is dequantised for every product."""
        if self.work.base in ("16bit", "float32"):
            return False
        if self.work.quantized == "adapted" and self.adapted(matrix.name) is None:
            return False
        return not (matrix.expert and not self.work.experts_quantized)

    def unpacked(self, matrix: Matrix) -> int:
        """Bytes that exist while a quantised matrix is dequantised."""
        if not self.quantized(matrix):
            return 0
        return self.work.unpacking * matrix.inputs * matrix.outputs

    def linear(self, x: Tensor, matrix: Matrix, *, shared: bool = True, tokens: int = 0) -> Tensor:
        """A linear layer, with its adapter. ``shared``: several layers read ``x``."""
        t = tokens or self.tokens
        size = matrix.outputs * t * self.c
        unpacked = self.unpacked(matrix)
        lora = self.adapted(matrix.name)
        trains = self.work.trains_all
        weight = matrix.elements * self.work.weight_bytes if trains else 0
        keeps = self.work.kernels.keeps_quantized_inputs and self.quantized(matrix)
        source = x
        if self.work.kernels.autocast and x.size > matrix.inputs * t * self.c:
            source = self.tape.run(f"{matrix.name} input cast", x, matrix.inputs * t * self.c)
        if keeps:
            self.held[id(source.storage)] = source.storage.size
        base = self.tape.run(
            matrix.name, source, size, saves=(source,) if trains or keeps else (),
            forward_extra=unpacked, backward_extra=unpacked, weight_grad=weight,
        )  # fmt: skip
        if lora is None:
            return base
        return self.lora(x, base, matrix, lora, t)

    def lora(self, x: Tensor, base: Tensor, matrix: Matrix, lora: Lora, t: int) -> Tensor:
        """PEFT's adapter, or a kernel that keeps only the input."""
        r, wide = lora.rank, matrix.inputs * t
        grads = (matrix.inputs + matrix.outputs) * r * lora.bytes
        size = matrix.outputs * t * self.c
        if self.work.kernels.lora == "fused":
            a = self.tape.run(f"{matrix.name} A", x, r * t * self.c, saves=(x,), save_result=True,
                              trained=True)  # fmt: skip
            return self.tape.run(f"{matrix.name} adapted", (base, a), size, passes=True,
                                 weight_grad=grads)  # fmt: skip
        element = self.c if self.work.kernels.autocast else max(lora.bytes, self.c)
        given = x
        # PEFT's layers over 4 and 8 bits leave the cast to autocast (peft/tuners/lora/bnb.py)
        kernels = self.work.kernels
        lean = kernels.autocast and self.quantized(matrix) and not kernels.casts_over_bits
        lean = lean or self.work.kernels.lora == "lean"
        if lora.bytes == 4 and x.size < wide * 4 and not lean:
            given = self.tape.run(f"{matrix.name} A input in float32", x, wide * 4)
        given32 = given
        if lora.dropout:
            given = self.tape.run(f"{matrix.name} dropout", given, given.size, side=wide)
        if given.size > wide * element:
            given = self.tape.run(f"{matrix.name} A input cast", given, wide * element)
        a = self.tape.run(f"{matrix.name} A", given, r * t * element, saves=(given,), trained=True)
        reached = round(lora.share * matrix.outputs) if "qkv" in matrix.name else matrix.outputs
        b = self.tape.run(f"{matrix.name} B", a, reached * t * element, saves=(a,))
        if reached < matrix.outputs:
            # ``index_copy`` keeps what it copies
            b = self.tape.run(f"{matrix.name} padded", b, matrix.outputs * t * element, saves=(b,))
        scaled = self.tape.run(f"{matrix.name} scale", b, matrix.outputs * t * element)
        total = matrix.outputs * t * max(element, self.c)
        if lora.decomposed:
            # the magnitude is float32 and makes its products so (peft/tuners/lora/dora.py)
            wide32 = matrix.outputs * t * 4
            first = self.tape.run(f"{matrix.name} magnitude", base, wide32, saves=(base,))
            second = self.tape.run(f"{matrix.name} magnitude of BA", scaled, wide32, saves=(b,))
            scaled = self.tape.run(f"{matrix.name} DoRA", (first, second), wide32, passes=True)
            total = wide32
        out = self.tape.run(f"{matrix.name} sum", (base, scaled), total, passes=True,
                            weight_grad=grads, holds=(x, given32))  # fmt: skip
        return self.tape.run(f"{matrix.name} sum cast", out, size) if total > size else out

    # --- attention --------------------------------------------------------------------------

    def attention(self, n: Tensor) -> Tensor:
        """Projections, rotary embedding, attention, output projection."""
        shape, t, c = self.shape, self.tokens, self.c
        by_name = {m.name: m for m in self.work.shape.attention_of(self.layer)}
        if shape.latent is not None:
            q, k, v = self.latent(n, by_name)
        elif shape.fused_qkv:
            all_three = self.linear(n, by_name["qkv_proj"])
            q = Tensor("q", shape.queries * t * c, shape.queries * t * c, all_three)
            q = self.tape.run("q", all_three, shape.queries * t * c)
            k = self.tape.run("k", all_three, shape.keys * t * c)
            v = Tensor("v", shape.keys * t * c, shape.keys * t * c, all_three)
        else:
            q, k, v = self.separate(n, by_name)
            if shape.head_norms or shape.full_head_norms:
                q = self.head_norm(q, "q norm", shape.queries)
                k = self.head_norm(k, "k norm", shape.keys) if "k_proj" in by_name else k
            if not shape.positions:
                q = self.rotate(q, "q")
                k = self.rotate(k, "k") if "k_proj" in by_name else k
        width = shape.latent.value * shape.heads if shape.latent else shape.queries
        attended = self.scores(q, k, v, width)
        if self.work.kernels.attention_copy:
            attended = self.tape.run("attention copy", attended, attended.size)
        return self.linear(attended, by_name["o_proj"], shared=False)

    def separate(self, n: Tensor, by_name: dict[str, Matrix]) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values; a layer may borrow the latter two from an earlier one."""
        q = self.linear(n, by_name["q_proj"])
        if "k_proj" not in by_name:
            size = self.shape.keys * self.tokens * self.c
            return q, self.tape.outside("keys", size), self.tape.outside("values", size)
        k = self.linear(n, by_name["k_proj"])
        return q, k, self.linear(n, by_name["v_proj"]) if "v_proj" in by_name else k

    def head_norm(self, x: Tensor, name: str, width: int) -> Tensor:
        """Norms of queries and keys."""
        elements = width * self.tokens
        if self.work.kernels.norm == "fused" or self.c == 4:
            return self.tape.run(name, x, x.size, saves=(x,), side=self.tokens * 4)
        wide = self.tape.run(f"{name} in float32", x, elements * 4)
        y = self.tape.run(f"{name} scaled", wide, elements * 4, saves=(wide,),
                          forward_extra=elements * 4, backward_extra=elements * 4)  # fmt: skip
        low = self.tape.run(f"{name} cast", y, x.size)
        saves = (low,) if self.work.trains_all else ()
        return self.tape.run(name, low, x.size, saves=saves)

    def rotate(self, x: Tensor, name: str) -> Tensor:
        """x * cos + rotate_half(x) * sin: two products and a concatenation for a moment."""
        if self.work.kernels.rope == "fused":
            return self.tape.run(f"{name} rotated", x, x.size)
        return self.tape.run(f"{name} rotated", x, x.size, forward_extra=2 * x.size,
                             backward_extra=2 * x.size)  # fmt: skip

    def scores(self, q: Tensor, k: Tensor, v: Tensor, width: int) -> Tensor:
        """Attention itself."""
        shape, t = self.shape, self.tokens
        size = width * t * self.c
        kind = self.work.kernels.attention
        if kind == "flash":
            return self.tape.run("attention", (q, k, v), size, saves=(q, k, v), save_result=True,
                                 side=4 * shape.heads * t)  # fmt: skip
        if shape.kv_heads != shape.heads:
            full = shape.queries * t * self.c
            k = self.tape.run("keys repeated", k, full)
            v = self.tape.run("values repeated", v, full)
        if kind == "efficient":
            return self.tape.run("attention", (q, k, v), size, saves=(q, k, v), save_result=True,
                                 side=4 * shape.heads * t)  # fmt: skip
        square = shape.heads * t * min(self.work.length, t)
        raw = self.tape.run("scores", (q, k), square * self.c, saves=(q, k),
                            forward_extra=square * self.c)  # fmt: skip
        if shape.softcap:
            raw = self.tape.run("scores capped", raw, square * self.c, save_result=True)
        wide = self.tape.run("scores in float32", raw, square * 4, save_result=True)
        weights = self.tape.run("attention weights", wide, square * self.c)
        return self.tape.run("attention", (weights, v), size, saves=(weights, v))

    def latent(
        self, n: Tensor, by_name: dict[str, Matrix]
    ) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
        """Multi-head latent attention: low-rank inputs, full heads."""
        shape, latent, t = self.shape, self.shape.latent, self.tokens
        assert latent is not None
        if latent.query_rank is None:
            q = self.linear(n, by_name["q_proj"])
        else:
            low = self.norm_small(self.linear(n, by_name["q_a_proj"]), latent.query_rank)
            q = self.linear(low, by_name["q_b_proj"])
        low = self.linear(n, by_name["kv_a_proj_with_mqa"])
        both = self.linear(self.norm_small(low, latent.key_rank), by_name["kv_b_proj"])
        per_head = latent.plain + latent.rotary
        k = self.tape.run("k assembled", both, shape.heads * per_head * t * self.c)
        v = self.tape.run("v padded", both, shape.heads * per_head * t * self.c)
        return self.rotate(q, "q"), k, v

    def norm_small(self, x: Tensor, width: int) -> Tensor:
        """A norm of a narrow bottleneck."""
        size = width * self.tokens * self.c
        return self.tape.run("bottleneck norm", x, size, saves=(x,))

    # --- feed forward -----------------------------------------------------------------------

    def network(self, n: Tensor) -> Tensor:
        """The feed-forward part: dense, or experts with a shared one."""
        if not self.work.shape.is_mixture(self.layer):
            return self.dense(
                n, {m.name: m for m in self.work.shape.network(self.layer)}, self.tokens
            )
        return self.mixture(n)

    def dense(self, n: Tensor, by_name: dict[str, Matrix], t: int) -> Tensor:
        """Gated (three matrices) or plain (two)."""
        down = by_name["down_proj"]
        inner = down.inputs * t * self.c
        if not self.shape.gated:
            up = self.linear(n, by_name["up_proj"], tokens=t)
            active = self.tape.run("activation", up, inner, saves=(up,))
            return self.linear(active, down, shared=False, tokens=t)
        if "gate_up_proj" in by_name:
            both = self.linear(n, by_name["gate_up_proj"], tokens=t)
            gate = Tensor("gate", inner, inner, both)
            up = Tensor("up", inner, inner, both)
            active = self.tape.run("activation", both, inner, saves=(both,), save_result=True)
            product = self.tape.run("gated", (active, both), inner, saves=(active, both))
            return self.linear(product, down, shared=False, tokens=t)
        gate = self.linear(n, by_name["gate_proj"], tokens=t)
        up = self.linear(n, by_name["up_proj"], tokens=t)
        return self.gate(gate, up, inner, down, t)

    def gate(self, gate: Tensor, up: Tensor, inner: int, down: Matrix, t: int) -> Tensor:
        """silu(gate) * up, then down."""
        kind = self.work.kernels.mlp
        if kind == "eager":
            active = self.tape.run("activation", gate, inner, saves=(gate,))
            product = self.tape.run("gated", (active, up), inner, saves=(active, up))
            return self.linear(product, down, shared=False, tokens=t)
        traced = kind == "traced"
        product = self.tape.run("gated", (gate, up), inner, saves=(gate, up), inplace=not traced,
                                backward_extra=inner if traced else 0)  # fmt: skip
        if kind in ("recompute", "traced") and self.adapted("down_proj") is not None:
            # the product is computed anew, in the memory of its own gradient
            size = down.outputs * t * self.c
            unpacked = self.unpacked(down)
            lora = self.work.lora
            assert lora is not None
            return self.tape.run("down_proj", product, size, forward_extra=unpacked,
                                 backward_extra=unpacked,
                                 weight_grad=(down.inputs + down.outputs) * lora.rank * lora.bytes)  # fmt: skip
        return self.linear(product, down, shared=False, tokens=t)

    def mixture(self, n: Tensor) -> Tensor:
        """Tokens are copied to the experts they are routed to, and summed on the way back."""
        shape, t, c = self.shape, self.tokens, self.c
        experts = shape.experts
        assert experts is not None
        routed = t * experts.active
        by_name = {m.name: m for m in self.work.shape.network(self.layer) if m.expert}
        scores = self.tape.run("router", n, experts.count * t * 4, save_result=True)
        parts = experts.count if self.work.kernels.experts == "loop" else 1
        gathered = self.tape.run("tokens of the experts", n, shape.hidden * routed * c,
                                 grad=shape.hidden * routed * c // parts)  # fmt: skip
        trains = self.work.trains_all
        up, down = by_name["gate_up_proj"], by_name["down_proj"]
        inner = experts.intermediate * routed * c
        weight = self.work.weight_bytes if trains else 0
        one = self.unpacked(up)
        both = self.tape.run("experts gate and up", gathered, 2 * inner, forward_extra=one,
                             saves=(gathered,) if trains else (), backward_extra=one,
                             weight_grad=up.elements * weight, grad=2 * inner // parts)  # fmt: skip
        active = self.tape.run("experts activation", both, inner, saves=(both,),
                               grad=inner // parts)  # fmt: skip
        product = self.tape.run("experts gated", (active, both), inner, saves=(active, both),
                                grad=inner // parts)  # fmt: skip
        back = self.tape.run("experts down", product, shape.hidden * routed * c,
                             grad=shape.hidden * routed * c // parts,
                             saves=(product,) if trains else (), forward_extra=one,
                             backward_extra=one, weight_grad=down.elements * weight)  # fmt: skip
        summed = self.tape.run("experts sum", (back, scores), shape.hidden * t * c, saves=(back,))
        if not experts.shared_intermediate:
            return summed
        plain = {m.name: m for m in self.work.shape.network(self.layer) if not m.expert}
        return self.add_plain(summed, self.dense(n, plain, t))

    def add_plain(self, a: Tensor, b: Tensor) -> Tensor:
        """A sum inside the layer."""
        return self.tape.run("sum", (a, b), a.size, passes=True)


def final_norm(work: Workload, tokens: int) -> Moments:
    """The norm behind the last layer; a trained head keeps its result too."""
    builder = LayerTape(work, 0, tokens)
    x = builder.tape.outside("last hidden state", work.shape.hidden * tokens * builder.s)
    return builder.tape.play(builder.norm(x, "final norm"))


def layer_moments(
    work: Workload, layer: int, tokens: int, *, parts: bool = False, wanted: bool = True
) -> Moments:
    """Bytes of one decoder layer, forward and backward, for ``tokens`` tokens. ``wanted``: whether
    its input has a gradient."""
    tape, result = LayerTape(work, layer, tokens, wanted=wanted).build()
    return tape.play(result, parts=parts)


def held_inputs(work: Workload, layer: int, tokens: int) -> int:
    """Bytes of the inputs that one layer's quantised products keep until the graph is dropped."""
    builder = LayerTape(work, layer, tokens)
    tape, _ = builder.build()
    assert tape.operations  # the tape owns the tensors whose identities were noted
    return sum(builder.held.values())
