"""Mamba's mixer, a selective scan, as operations on a tape.

With kernels as in mamba-ssm 2.3 (``mamba_ssm/ops/selective_scan_interface.py``): Mamba and Falcon
Mamba run one autograd function from the first projection to the last, Jamba the scan alone. Either
saves the state at the end of every 2,048 tokens, twice (a product and a sum), in float32.

Without them transformers 5.16 (``models/mamba/modeling_mamba.py``, ``mamba_selective_scan``) goes
through the tokens one by one in Python and keeps the state of each. That was held beside what
PyTorch's profiler counts on the CPU (``tests/oracles/test_selective_scan.py``).
"""

from __future__ import annotations

from translator.estimate.attention import AttentionTape
from translator.estimate.matrix import Matrix
from translator.estimate.mixer import Mixer
from translator.estimate.tape import Tensor


class SelectiveTape(AttentionTape):
    """Adds the selective scan."""

    def selective(self, n: Tensor, mixer: Mixer, by_name: dict[str, Matrix]) -> Tensor:
        """Input and gate from one projection, a convolution, the scan, the last projection."""
        given = self.linear(n, by_name["in_proj"])
        if self.work.kernels.recurrence == "torch":
            return self.token_by_token(given, mixer, by_name)
        if mixer.whole:
            return self.in_one(given, mixer, by_name)
        return self.scan_alone(given, mixer, by_name)

    def ends(self, mixer: Mixer) -> int:
        """Bytes of the states at the ends of chunks: two float32 numbers for each element."""
        length = min(self.work.length, self.tokens)
        chunks = -(-length // mixer.chunk) * max(1, self.tokens // length)
        return 8 * chunks * mixer.inner * mixer.state

    def in_one(self, given: Tensor, mixer: Mixer, by_name: dict[str, Matrix]) -> Tensor:
        """One function that takes the weights of the other projections itself (past any adapter),
        keeps its input and the scan's result, and computes the rest anew."""
        t, c = self.tokens, self.c
        inner, result = mixer.inner * t * c, self.shape.hidden * t * c
        # the kernel wants tokens last
        turned = self.tape.run("projection turned", given, given.size, passes=True)
        later = sum(by_name[name].elements for name in ("x_proj", "dt_proj", "out_proj"))
        trained = self.work.trains_all
        # the convolution, the time step, the gated result, gradients of the first two, of the
        # scan's result; gradients of weights are made whether anybody wants them or not
        anew = 6 * inner + 8 * mixer.keys * t + (0 if trained else later * c)
        return self.tape.run(
            "selective scan", turned, result, saves=(turned,),
            side=inner + (mixer.steps + 2 * mixer.keys) * t * c + self.ends(mixer),
            forward_extra=max(0, 3 * inner - result), backward_extra=anew,
            weight_grad=later * self.work.weight_bytes if trained else 0, holds=(given,),
        )  # fmt: skip

    def scan_alone(self, given: Tensor, mixer: Mixer, by_name: dict[str, Matrix]) -> Tensor:
        """The convolution's kernel, projections as ever, the scan's kernel."""
        t, c = self.tokens, self.c
        inner = mixer.inner * t * c
        # the gradient of the gate waits for that of the other half
        half = self.tape.run("scan input", given, 0, grad=inner, backward_extra=inner)
        active = self.tape.run("convolution", half, inner, saves=(given,))
        delta = self.time_step(active, mixer, by_name)
        # the kernel wants tokens last: input and gate are copied
        turned = self.tape.run("scan input turned", active, inner, passes=True)
        gate = self.tape.run("gate turned", (), inner)
        scanned = self.tape.run(
            "selective scan", (turned, delta), inner, saves=(turned, delta, gate),
            side=inner + 2 * mixer.keys * t * c + self.ends(mixer),
            backward_extra=inner + 8 * mixer.keys * t, holds=(given, active),
        )  # fmt: skip
        return self.linear(scanned, by_name["out_proj"], shared=False)

    def time_step(self, active: Tensor, mixer: Mixer, by_name: dict[str, Matrix]) -> Tensor:
        """The time step of every channel, through a low rank; B and C beside it are small."""
        t, c = self.tokens, self.c
        low = self.linear(active, by_name["x_proj"], shared=False)
        if mixer.normed:
            wide = self.tape.run("steps in float32", low, 4 * mixer.steps * t)
            scaled = self.tape.run("steps scaled", wide, 4 * mixer.steps * t, saves=(wide,))
            saves = (scaled,) if self.work.trains_all else ()
            low = self.tape.run("steps normed", scaled, mixer.steps * t * c, saves=saves)
        # a product with the weight itself, past an adapter
        projection = by_name["dt_proj"]
        trains = self.work.trains_all
        return self.tape.run("time step", low, mixer.inner * t * c, saves=(low,) if trains else (),
                             weight_grad=projection.elements * self.work.weight_bytes if trains else 0)  # fmt: skip

    def token_by_token(self, given: Tensor, mixer: Mixer, by_name: dict[str, Matrix]) -> Tensor:
        """The same in PyTorch. Decay and input of every state lie in memory for all tokens, in
        float32, and so does each token's state, once more in 16 bits for its product with C."""
        t, c = self.tokens, self.c
        inner, wide = mixer.inner * t * c, 4 * mixer.inner * t
        # autocast computes the softplus in float32
        step = wide if self.work.kernels.autocast else inner
        convolved = self.tape.run("convolution", given, inner, saves=(given,))
        active = self.tape.run("convolution activation", convolved, inner, saves=(convolved,))
        delta = self.time_step(active, mixer, by_name)
        biased = self.tape.run("time step biased", delta, step)
        positive = self.tape.run("time step positive", biased, step, saves=(biased,))
        states = 4 * mixer.inner * mixer.state * t
        cast = states // 2 if c == 2 else 0
        # the input itself, to be multiplied, in float32
        copy = wide if c == 2 else 0
        trains = self.work.trains_all
        scanned = self.tape.run(
            "selective scan", (active, positive), wide,
            saves=(positive, *((active,) if trains or not copy else ())),
            side=3 * states + cast + copy + (4 * mixer.keys + mixer.steps * c) * t,
            # what is added to the states, results before and after they are joined, the product
            # with D and the sum; two gradients for all tokens and one that is added to them
            forward_extra=states + 2 * inner + 2 * wide, backward_extra=3 * states,
            holds=(active, given),
        )  # fmt: skip
        opened = self.tape.run("gate opened", (), inner)
        gated = self.tape.run("gated", scanned, wide, saves=(scanned, opened), backward_extra=wide)
        low = self.tape.run("gated cast", gated, inner) if c == 2 else gated
        return self.linear(low, by_name["out_proj"], shared=False)
