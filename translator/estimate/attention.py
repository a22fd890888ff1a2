"""The attention block of a decoder layer, as operations on a tape.

Read from transformers' rotary embeddings and head norms, and from PyTorch's attention
(``ATen/native/transformers``): flash attention saves queries, keys, values, result and a statistic;
the memory-efficient kernel likewise, without grouped heads; without a kernel scores lie in float32.
"""

from __future__ import annotations

from translator.estimate.linear import LinearTape
from translator.estimate.matrix import Matrix
from translator.estimate.tape import Tensor

WIDEST = 256
"""Dimension of the widest head that flash attention takes."""


class AttentionTape(LinearTape):
    """Adds the attention block."""

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
            if shape.gated_attention:
                gate = self.tape.run("attention gate", q, shape.queries * t * c)
                q = Tensor("q", shape.queries * t * c, shape.queries * t * c, q)
            if shape.head_norms or shape.full_head_norms:
                q = self.head_norm(q, "q norm", shape.queries)
                k = self.head_norm(k, "k norm", shape.keys) if "k_proj" in by_name else k
            if not shape.positions:
                q = self.rotate(q, "q")
                k = self.rotate(k, "k") if "k_proj" in by_name else k
        width = shape.latent.value * shape.heads if shape.latent else shape.queries
        attended = self.scores(q, k, v, width)
        if self.work.kernels.attention_copy or shape.gated_attention:
            attended = self.tape.run("attention copy", attended, attended.size)
        if shape.gated_attention:
            opened = self.tape.run("attention gate opened", gate, gate.size, save_result=True)
            attended = self.tape.run("attention gated", (attended, opened), attended.size,
                                     saves=(attended, opened))  # fmt: skip
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
        # squaring makes three copies on the way back, where the product has made one
        y = self.tape.run(f"{name} scaled", wide, elements * 4, saves=(wide,),
                          forward_extra=elements * 4, backward_extra=3 * elements * 4)  # fmt: skip
        if self.shape.wide_norms:
            saves = (y,) if self.work.trains_all else ()
            product = self.tape.run(f"{name} in full", y, elements * 4, saves=saves)
            return self.tape.run(name, product, x.size)
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
        if self.work.lora is not None and self.work.lora.decomposed and shape.latent is None:
            q, k, v = (self.narrow(x, heads) for x, heads in (
                (q, shape.heads), (k, shape.kv_heads), (v, shape.kv_heads)))  # fmt: skip
        grouped = shape.kv_heads != shape.heads
        if kind == "flash" and shape.head_dim > WIDEST:
            plain = grouped and self.work.kernels.wide_heads == "math"
            return self.plain_scores(q, k, v, size) if plain else self.repeated(q, k, v, size)
        if kind == "flash" and self.work.mask_elements:
            return self.repeated(q, k, v, size)
        if kind == "flash":
            return self.tape.run("attention", (q, k, v), size, saves=(q, k, v), save_result=True,
                                 side=4 * shape.heads * t)  # fmt: skip
        if kind == "efficient":
            return self.repeated(q, k, v, size)
        if grouped:
            k, v = self.for_each_query(k, "keys"), self.for_each_query(v, "values")
        square = shape.heads * t * min(self.work.length, t)
        if kind == "compiled":
            return self.tape.run("attention", (q, k, v), size, saves=(q, k, v), side=square * self.c,
                                 backward_extra=square * (4 + self.c))  # fmt: skip
        raw = self.tape.run("scores", (q, k), square * self.c, saves=(q, k),
                            forward_extra=square * self.c)  # fmt: skip
        if shape.softcap:
            raw = self.tape.run("scores capped", raw, square * self.c, save_result=True)
        wide = self.tape.run("scores in float32", raw, square * 4, save_result=True)
        weights = self.tape.run("attention weights", wide, square * self.c)
        return self.tape.run("attention", (weights, v), size, saves=(weights, v))

    def narrow(self, x: Tensor, heads: int) -> Tensor:
        """What autocast makes of float32 queries, keys or values."""
        size = heads * self.shape.head_dim * self.tokens * self.c
        wide = self.work.kernels.autocast and x.size > size
        return self.tape.run(f"{x.name} cast", x, size) if wide else x

    def for_each_query(self, x: Tensor, name: str) -> Tensor:
        """Keys or values once for each query head."""
        return self.tape.run(f"{name} repeated", x, self.shape.queries * self.tokens * self.c)

    def repeated(self, q: Tensor, k: Tensor, v: Tensor, size: int) -> Tensor:
        """The memory-efficient kernel: it takes masks and any width, but no grouped heads, and sums
        the gradients of wide ones in float32 (ATen, ``mem_eff_attention/kernel_backward.h``)."""
        shape, t = self.shape, self.tokens
        if shape.kv_heads != shape.heads:
            k, v = self.for_each_query(k, "keys"), self.for_each_query(v, "values")
        sums = 12 * shape.queries * t if shape.head_dim > 128 and self.c == 2 else 0
        # a mask is made numbers of
        bias = 2 * self.work.mask_elements
        return self.tape.run("attention", (q, k, v), size, saves=(q, k, v), save_result=True,
                             side=4 * shape.heads * t + bias, backward_extra=sums)  # fmt: skip

    def plain_scores(self, q: Tensor, k: Tensor, v: Tensor, size: int) -> Tensor:
        """SDPA without a kernel: everything in float32 (ATen/native/transformers/attention.cpp,
        ``_scaled_dot_product_attention_math``)."""
        shape, t = self.shape, self.tokens
        square = 4 * shape.heads * t * min(self.work.length, t)
        wide = 4 * shape.queries * t
        q = self.tape.run("queries in float32", q, wide)
        k = self.tape.run("keys in float32", k, wide)
        v = self.tape.run("values in float32", v, wide)
        raw = self.tape.run("scores", (q, k), square, saves=(q, k))
        weights = self.tape.run("attention weights", raw, square, save_result=True,
                                forward_extra=square // 2)  # fmt: skip
        both = self.tape.run("attention in float32", (weights, v), wide, saves=(weights, v))
        return self.tape.run("attention", both, size)

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
