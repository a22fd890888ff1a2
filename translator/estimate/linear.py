"""Norms, sums and linear layers of a decoder layer, as operations on a tape.

Which tensors an operation saves is read from the libraries: PyTorch's derivatives
(``tools/autograd/derivatives.yaml``: a product saves the *other* factor, a linear layer its input
only when its weight is trained), transformers' eager norms, PEFT's LoRA layers
(``peft/tuners/lora/layer.py``), bitsandbytes' ``MatMul4Bit`` (saves no activation while the base is
frozen), Liger's and Unsloth's kernels (save inputs and recompute). Sizes are bytes for the tokens of
one micro batch.
"""

from __future__ import annotations

from translator.estimate.matrix import Matrix
from translator.estimate.shape import Shape
from translator.estimate.tape import Tape, Tensor
from translator.estimate.workload import Lora, Workload


class LinearTape:
    """What every block of a layer is made of."""

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
        if self.shape.wide_norms:
            product = self.tape.run(f"{name} in full", y, elements * 4, saves=(y,) if trains else (),
                                    weight_grad=weight)  # fmt: skip
            return self.tape.run(name, product, out) if out < elements * 4 else product
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
        if not self.work.base_quantized or matrix.name in self.work.left_out:
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
        saved = trains or keeps or self.work.kernels.keeps_inputs
        source = x
        if self.work.kernels.autocast and x.size > matrix.inputs * t * self.c:
            source = self.tape.run(f"{matrix.name} input cast", x, matrix.inputs * t * self.c)
        if keeps:
            self.held[id(source.storage)] = source.storage.size
        base = self.tape.run(
            matrix.name, source, size, saves=(source,) if saved else (),
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
            copies = (
                r * (matrix.inputs + matrix.outputs) * self.c if self.work.kernels.compiled else 0
            )
            a = self.tape.run(f"{matrix.name} A", x, r * t * self.c, saves=(x,), save_result=True,
                              trained=True, side=copies + self.mask(matrix, t))  # fmt: skip
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
        if lora.dropout and not self.work.kernels.redraws:
            given = self.tape.run(f"{matrix.name} dropout", given, given.size, side=wide)
        if given.size > wide * element:
            given = self.tape.run(f"{matrix.name} A input cast", given, wide * element)
        a = self.tape.run(f"{matrix.name} A", given, r * t * element, saves=(given,), trained=True)
        reached = round(lora.share * matrix.outputs) if "qkv" in matrix.name else matrix.outputs
        b = self.tape.run(f"{matrix.name} B", a, reached * t * element, saves=(a,))
        if reached < matrix.outputs:
            # ``index_copy`` keeps what it copies
            b = self.tape.run(f"{matrix.name} padded", b, matrix.outputs * t * element, saves=(b,))
        total = matrix.outputs * t * max(element, self.c)
        if lora.decomposed:
            total = matrix.outputs * t * max(lora.bytes, self.c)
            added = self.decomposed(given, base, b, matrix, t)
        else:
            added = self.tape.run(f"{matrix.name} scale", b, matrix.outputs * t * element)
        out = self.tape.run(f"{matrix.name} sum", (base, added), total, passes=True,
                            weight_grad=grads, holds=(x, given32))  # fmt: skip
        if total == size or (lora.decomposed and lean):
            return out  # PEFT's layers over 4 and 8 bits leave the result in float32 as well
        return self.tape.run(f"{matrix.name} sum cast", out, size)

    def mask(self, matrix: Matrix, t: int) -> int:
        """Bytes of what dropout has to remember of an adapter's input."""
        lora = self.work.lora
        forgets = lora is None or not lora.dropout or self.work.kernels.redraws
        return 0 if forgets else matrix.inputs * t

    def decomposed(self, x: Tensor, base: Tensor, b: Tensor, matrix: Matrix, t: int) -> Tensor:
        """DoRA's part of the result: base and adapter scaled by a vector in the adapter's format,
        whose gradient is as large as the result before it is summed (peft/tuners/lora/dora.py)."""
        lora = self.work.lora
        assert lora is not None
        weights = matrix.inputs * matrix.outputs
        wide = matrix.outputs * t * max(lora.bytes, self.c)
        # the norm of weights and adapter together is computed each time, from copies of both
        self.tape.run(f"{matrix.name} norm", (), 0, forward_extra=12 * weights)
        if lora.dropout and not self.work.kernels.redraws:
            # what was dropped has to go through the base weights too, which autocast copies
            copy = self.c * weights if self.work.kernels.autocast else 0
            base = self.tape.run(f"{matrix.name} again", x, matrix.outputs * t * self.c, side=copy,
                                 forward_extra=4 * weights)  # fmt: skip
        first = self.tape.run(f"{matrix.name} magnitude", base, wide, saves=(base,),
                              backward_extra=2 * wide - base.size)  # fmt: skip
        second = self.tape.run(f"{matrix.name} magnitude of BA", b, wide, saves=(b,),
                               backward_extra=2 * wide - b.size)  # fmt: skip
        second = self.tape.run(f"{matrix.name} scale", second, wide)
        return self.tape.run(f"{matrix.name} DoRA", (first, second), wide, passes=True)
