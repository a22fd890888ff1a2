"""A small model of what autograd keeps: which tensors are alive while a piece of network runs
forward and backward.

A :class:`Tape` holds operations in the order in which they run. An operation says what it reads,
what it makes, and what it *saves* for the backward pass. From that follows, by counting:

- what is alive at each moment of the forward pass: a tensor lives until its last reader has run,
  and beyond that when somebody saved it;
- what is alive at each moment of the backward pass: an operation needs what it saved and the
  gradient of its result, makes the gradients of its inputs, and lets go of the former. A second
  gradient of one tensor is added to the first in place, so both are alive for a moment
  (``torch/csrc/autograd/input_buffer.cpp``).

All sizes are bytes. Nothing here knows a model or a framework.
"""

from __future__ import annotations

from typing import NamedTuple

from translator.record import Record


class Tensor:
    """A result, in bytes. ``grad`` is the size of its gradient; 0 when none is wanted. ``base`` is
    the tensor whose storage this one shares."""

    __slots__ = ("base", "grad", "name", "size")

    def __init__(self, name: str, size: int, grad: int, base: Tensor | None = None) -> None:
        self.name, self.size, self.grad, self.base = name, size, grad, base

    @property
    def storage(self) -> Tensor:
        """What really takes memory."""
        return self if self.base is None else self.base.storage


class Operation(NamedTuple):
    """One step of the network."""

    name: str
    reads: tuple[Tensor, ...]
    makes: tuple[Tensor, ...]
    saves: tuple[Tensor, ...]
    forward_extra: int
    """Bytes that are alive only while it runs."""
    backward_extra: int
    passes: bool
    """Whether the gradient of the result *is* the gradient of each input (an addition)."""
    inplace: bool
    """Whether the backward step writes gradients over what it saved."""
    weight_grad: int
    """Bytes of parameter gradients that the backward step leaves behind."""
    holds: tuple[Tensor, ...] = ()
    """Tensors that a caller's variables keep alive until it has run."""


class Moments(Record):
    """Bytes of a piece of network. ``forward`` and ``backward`` are the highest counts while it
    runs, ``saved`` is what waits in between; inputs that came from outside are not counted, nor is
    the gradient of the result, ``result_grad``. ``keeps_input``: somebody saved an input.
    ``at_backward`` names what makes the peak."""

    forward: int
    saved: int
    backward: int
    result: int
    result_grad: int
    keeps_input: bool
    at_backward: tuple[tuple[str, int], ...] = ()
    saved_parts: tuple[tuple[str, int], ...] = ()


class Tape:
    """Operations in order; build with :meth:`outside` and :meth:`run`, read with :meth:`play`."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.inputs: list[Tensor] = []

    def outside(self, name: str, size: int, *, grad: int | None = None) -> Tensor:
        """A tensor that exists before and whose memory is somebody else's."""
        tensor = Tensor(name, size, size if grad is None else grad)
        self.inputs.append(tensor)
        return tensor

    def run(
        self,
        name: str,
        reads: tuple[Tensor, ...] | Tensor,
        size: int,
        *,
        saves: tuple[Tensor, ...] = (),
        save_result: bool = False,
        side: int = 0,
        forward_extra: int = 0,
        backward_extra: int = 0,
        passes: bool = False,
        inplace: bool = False,
        weight_grad: int = 0,
        trained: bool = False,
        grad: int | None = None,
        holds: tuple[Tensor, ...] = (),
    ) -> Tensor:
        """Adds an operation with one result of ``size`` bytes and returns that.

        ``side`` is a further result that nobody but the backward step reads (a mask, statistics).
        ``trained``: a parameter of its own wants a gradient, whatever the inputs do.
        """
        read = reads if isinstance(reads, tuple) else (reads,)
        wanted = trained or weight_grad > 0 or any(t.grad for t in read)
        result = Tensor(name, size, (size if grad is None else grad) if wanted else 0)
        made, kept = [result], list(saves)
        if save_result:
            kept.append(result)
        if side:
            extra = Tensor(f"{name} statistics", side, 0)
            made.append(extra)
            kept.append(extra)
        self.operations.append(
            Operation(name, read, tuple(made), tuple(kept) if wanted else (), forward_extra,
                      backward_extra, passes, inplace, weight_grad, holds)
        )  # fmt: skip
        return result

    def play(self, result: Tensor, *, parts: bool = False) -> Moments:
        """Runs the operations forward and backward and counts.

        ``result`` stays alive after the forward pass. ``parts`` asks for names as well.
        """
        forward, saved = self._forward(result)
        backward, at = self._backward(result, parts)
        kept = self._saved_sizes()
        return Moments(
            forward=forward,
            saved=saved,
            backward=backward,
            result=result.storage.size,
            result_grad=result.grad,
            keeps_input=any(t.storage in self.inputs for op in self.operations for t in op.saves),
            at_backward=at,
            saved_parts=tuple((t.name, t.size) for t in kept) if parts else (),
        )

    def unrecorded(self, result: Tensor) -> int:
        """The most that is alive when the operations run and nobody wants gradients."""
        return self._forward(result, record=False)[0]

    def _saved_sizes(self) -> list[Tensor]:
        outside = {id(t) for t in self.inputs}
        kept = {id(t.storage): t.storage for op in self.operations for t in op.saves}
        return [t for key, t in kept.items() if key not in outside]

    def _forward(self, result: Tensor, *, record: bool = True) -> tuple[int, int]:
        last: dict[int, int] = {}
        for number, op in enumerate(self.operations):
            for tensor in (*op.reads, *op.makes, *op.holds):
                last[id(tensor.storage)] = number
        kept = {id(result.storage)} | ({id(t) for t in self._saved_sizes()} if record else set())
        outside = {id(t) for t in self.inputs}
        alive: dict[int, int] = {}
        now = peak = 0
        for number, op in enumerate(self.operations):
            for tensor in op.makes:
                if id(tensor.storage) not in alive and id(tensor.storage) not in outside:
                    alive[id(tensor.storage)] = tensor.storage.size
                    now += tensor.storage.size
            peak = max(peak, now + op.forward_extra)
            for key in [k for k in alive if last[k] == number and k not in kept]:
                now -= alive.pop(key)
        return peak, sum(t.size for t in self._saved_sizes())

    def _backward(self, result: Tensor, parts: bool) -> tuple[int, tuple[tuple[str, int], ...]]:
        state = _Backward(self, result)
        for op in reversed(self.operations):
            state.step(op, parts)
        return state.peak, state.at


class _Backward:
    """The backward pass: what is saved, which gradients are alive."""

    def __init__(self, tape: Tape, result: Tensor) -> None:
        self.saved: dict[int, list[int]] = {}  # storage -> [bytes, operations that still need it]
        self.names: dict[int, str] = {}
        outside = {id(t) for t in tape.inputs}
        for op in tape.operations:
            for key, tensor in {id(t.storage): t.storage for t in op.saves}.items():
                if key in outside:
                    continue
                self.saved.setdefault(key, [tensor.size, 0])[1] += 1
                self.names[key] = tensor.name
        # gradients are buffers that several tensors may share; the first one is the caller's
        self.buffers: dict[int, list[int]] = {0: [0, 1]}  # buffer -> [bytes, tensors that hold it]
        self.of: dict[int, int] = {id(result.storage): 0}
        self.labels: dict[int, str] = {0: "gradient of the result"}
        self.weights = 0
        self.peak = 0
        self.at: tuple[tuple[str, int], ...] = ()

    def count(self) -> int:
        saved = sum(size for size, _ in self.saved.values())
        return saved + sum(size for size, _ in self.buffers.values()) + self.weights

    def note(self, extra: int, name: str, parts: bool) -> None:
        now = self.count() + extra
        if now > self.peak:
            self.peak = now
            if parts:
                self.at = (
                    *((self.names[k], size) for k, (size, _) in self.saved.items()),
                    *((self.labels[k], size) for k, (size, _) in self.buffers.items() if size),
                    *(((f"scratch of {name}", extra),) if extra else ()),
                    *((("weight gradients", self.weights),) if self.weights else ()),
                )

    def step(self, op: Operation, parts: bool) -> None:
        incoming = self.of.pop(id(op.makes[0].storage), None)
        if incoming is None:
            return
        reused = 0
        if op.inplace:
            reused = sum(
                self.saved[k][0]
                for k in {id(t.storage) for t in op.saves}
                if k in self.saved and self.saved[k][1] == 1
            )
        self.weights += op.weight_grad
        for position, tensor in enumerate(op.reads):
            if not tensor.grad:
                continue
            key = id(tensor.storage)
            if op.passes and tensor.grad == op.makes[0].grad:
                buffer = incoming
                self.buffers[buffer][1] += 1
            else:
                size = max(0, tensor.grad - reused)
                reused = max(0, reused - tensor.grad)
                buffer = len(self.labels)
                self.buffers[buffer] = [size, 1]
                self.labels[buffer] = f"gradient of {tensor.name}"
            held = self.of.get(key)
            if held is None:
                self.of[key] = buffer
                if position + 1 < len(op.reads):
                    continue
            self.note(op.backward_extra, op.name, parts)
            if held is not None and held != buffer:
                # added in place to the one that is there
                self.release(buffer)
        self.note(op.backward_extra, op.name, parts)
        for key in {id(t.storage) for t in op.saves}:
            if key in self.saved:
                self.saved[key][1] -= 1
                if not self.saved[key][1]:
                    del self.saved[key]
        self.release(incoming)

    def release(self, buffer: int) -> None:
        entry = self.buffers[buffer]
        entry[1] -= 1
        if not entry[1]:
            del self.buffers[buffer]
