"""What a decoder layer keeps and needs: its operations on a :class:`translator.estimate.tape.Tape`.

Norms and linear layers are in :mod:`translator.estimate.linear`, attention in
:mod:`translator.estimate.attention`, what hybrids have instead in
:mod:`translator.estimate.recurrence`; here are the network and the whole. SiLU saves its input, a
product both factors, Liger's and Unsloth's gates their inputs.
"""

from __future__ import annotations

from translator.estimate.matrix import Matrix
from translator.estimate.recurrence import MixerTape
from translator.estimate.tape import Moments, Tape, Tensor
from translator.estimate.workload import Workload


class LayerTape(MixerTape):
    """Builds the tape of one decoder layer."""

    def build(self) -> tuple[Tape, Tensor]:
        """The tape and the result of the layer; its input is somebody else's."""
        shape, h = self.shape, self.shape.hidden
        size = h * self.tokens * self.s
        x = self.tape.outside("layer input", size, grad=size if self.wanted else 0)
        if shape.blocks:
            n = self.norm(x, "norm")
            alone = self.network(n) if shape.network(self.layer) else self.tokens_mixed(n)
            return self.tape, self.add(x, alone)
        n1 = self.norm(x, "attention norm")
        attended = self.tokens_mixed(n1)
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
        return self.tape, self.injected(self.add(x2, self.dropped(fed)))

    def tokens_mixed(self, n: Tensor) -> Tensor:
        """Attention, the mixer in its place, or the sum of both."""
        shape = self.work.shape
        if not shape.mixes(self.layer):
            return self.attention(n)
        mixed = self.mixed(n)
        if not shape.attends(self.layer):
            return mixed
        given = self.tape.run("attention input scaled", n, n.size)
        attended = self.attention(given)
        return self.add_plain(mixed, self.tape.run("attention scaled", attended, attended.size))

    def injected(self, x: Tensor) -> Tensor:
        """What a layer adds from its part of the per-layer embedding (Gemma 4)."""
        if not self.shape.injection:
            return x
        gate, projection = self.shape.injection
        part = gate.outputs * self.tokens * self.c
        active = self.tape.run("injection activation", self.linear(x, gate), part, save_result=True)
        given = self.tape.run("injection", active, part, saves=(active,))
        return self.add(
            x, self.norm(self.linear(given, projection, shared=False), "injection norm")
        )

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
            active = self.tape.run("activation", gate, max(gate.size, inner), saves=(gate,))
            wide = max(active.size, up.size)
            product = self.tape.run("gated", (active, up), wide, saves=(active, up))
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
                                 backward_extra=unpacked, side=self.mask(down, t),
                                 weight_grad=(down.inputs + down.outputs) * lora.rank * lora.bytes)  # fmt: skip
        return self.linear(product, down, shared=False, tokens=t)

    def mixture(self, n: Tensor) -> Tensor:
        """Tokens are copied to the experts they are routed to, and summed on the way back."""
        shape, t, c = self.shape, self.tokens, self.c
        experts = shape.experts
        assert experts is not None
        routed = t * experts.active
        given = self.work.shape.network(self.layer)
        by_name = {m.name: m for m in given if m.expert}
        plain = {m.name: m for m in given if not m.expert}
        scores = self.tape.run("router", n, experts.count * t * 4, save_result=True)
        x = self.linear(n, plain["fc1_latent_proj"]) if experts.latent else n
        width = experts.latent or shape.hidden
        parts = experts.count if self.work.kernels.experts == "loop" else 1
        gathered = self.tape.run("tokens of the experts", x, width * routed * c,
                                 grad=width * routed * c // parts)  # fmt: skip
        trains = self.work.trains_all
        up, down = by_name["gate_up_proj" if experts.gated else "up_proj"], by_name["down_proj"]
        whole_up, whole_down = self.merged(up), self.merged(down)
        inner = experts.intermediate * routed * c
        wide = inner * (1 + experts.gated)
        weight = self.work.weight_bytes if trains else 0
        one = self.unpacked(up)
        keeps_given = self.work.kernels.keeps_quantized_inputs and self.quantized(up)
        keeps = (gathered,) if trains or whole_up or keeps_given else ()
        both = self.tape.run("experts gate and up", (gathered, *whole_up), wide,
                             forward_extra=one, saves=(*keeps, *whole_up), backward_extra=one,
                             weight_grad=up.elements * weight, grad=wide // parts)  # fmt: skip
        product = self.tape.run("experts activation", both, inner, saves=(both,),
                                grad=inner // parts)  # fmt: skip
        if experts.gated:
            product = self.tape.run("experts gated", (product, both), inner, saves=(product, both),
                                    grad=inner // parts)  # fmt: skip
        keeps = (product,) if trains or whole_down or keeps_given else ()
        back = self.tape.run("experts down", (product, *whole_down), width * routed * c,
                             grad=width * routed * c // parts,
                             saves=(*keeps, *whole_down), forward_extra=one,
                             backward_extra=one, weight_grad=down.elements * weight)  # fmt: skip
        if parts == 1:
            back = self.in_order(back, scores, gathered)
            summed = self.tape.run("experts sum", back, width * t * c)
        else:
            summed = self.tape.run("experts sum", (back, scores), width * t * c, saves=(back,))
        if experts.latent:
            summed = self.linear(summed, plain["fc2_latent_proj"], shared=False)
        if not experts.shared_intermediate:
            return summed
        return self.add_plain(summed, self.dense(n, plain, t))

    def in_order(self, back: Tensor, scores: Tensor, gathered: Tensor) -> Tensor:
        """The experts' results, weighted, then in the order of the tokens: two copies, beside what
        the variables of the function still hold (transformers/integrations/moe.py:400-440).

        A recomputation that stops early makes no second copy, but then its gradient, as large, is
        there already: the sum over experts needs nothing that was saved."""
        held = (gathered, back)
        weighted = self.tape.run("experts weighted", (back, scores), back.size, saves=(back,),
                                 holds=held)  # fmt: skip
        # its backward pass puts the gradient into a copy of zeros
        return self.tape.run("experts in order", weighted, back.size, grad=back.grad, holds=held,
                             backward_extra=back.grad)  # fmt: skip

    def merged(self, matrix: Matrix) -> tuple[Tensor, ...]:
        """The weights of all experts with their adapters multiplied out, if they have any."""
        lora = self.work.lora
        if lora is None or matrix.name not in lora.expert_targets:
            return ()
        if not self.work.kernels.merges_experts:
            return ()
        wide = matrix.elements * lora.bytes
        return (
            self.tape.run(f"experts {matrix.name} adapted", (), matrix.elements * self.c,
                          forward_extra=wide, backward_extra=wide, trained=True,
                          weight_grad=lora.rank * matrix.count * lora.bytes
                          * (matrix.inputs + matrix.outputs)),
        )  # fmt: skip

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


def unrecorded_pass(work: Workload, tokens: int) -> int:
    """Bytes that the widest decoder layer takes in a forward pass without gradients."""
    widest = 0
    for layer, _ in work.shape.layer_kinds:
        tape, result = LayerTape(work, layer, tokens).build()
        widest = max(widest, tape.unrecorded(result))
    return widest
