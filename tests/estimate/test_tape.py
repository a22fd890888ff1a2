"""What is alive, counted by hand."""

from __future__ import annotations

from translator.estimate.tape import Tape


def test_a_chain_that_saves_nothing_keeps_two_tensors_at_a_time() -> None:
    tape = Tape()
    x = tape.outside("x", 10)
    a = tape.run("a", x, 20)
    b = tape.run("b", a, 30)
    counted = tape.play(b)
    assert counted.forward == 20 + 30
    assert counted.saved == 0
    assert not counted.keeps_input
    # backwards: the gradients of a and x, then of x alone
    assert counted.backward == 20 + 10


def test_what_is_saved_waits_and_is_let_go() -> None:
    tape = Tape()
    x = tape.outside("x", 10)
    a = tape.run("a", x, 20, saves=(x,), save_result=True)
    b = tape.run("b", a, 30, saves=(a,))
    counted = tape.play(b)
    assert counted.saved == 20
    assert counted.keeps_input
    # at b: a is saved, its gradient is made; the gradient of b is the caller's
    assert counted.backward == 20 + 20 + 10


def test_a_sum_passes_its_gradient_on_without_a_copy() -> None:
    tape = Tape()
    x = tape.outside("x", 8)
    a = tape.run("a", x, 8)
    out = tape.run("sum", (x, a), 8, passes=True)
    counted = tape.play(out)
    # x gets the caller's gradient and that through a, which is added in place
    assert counted.backward == 8


def test_scratch_counts_only_while_it_runs() -> None:
    tape = Tape()
    x = tape.outside("x", 4)
    out = tape.run("a", x, 4, forward_extra=100, backward_extra=50)
    counted = tape.play(out)
    assert (counted.forward, counted.backward) == (104, 54)


def test_a_kernel_in_place_reuses_what_it_saved() -> None:
    def backward(inplace: bool) -> int:
        tape = Tape()
        gate = tape.run("gate", tape.outside("x", 1, grad=0), 16, grad=16)
        up = tape.run("up", tape.outside("y", 1, grad=0), 16, grad=16)
        gate.grad = up.grad = 16
        out = tape.run("gated", (gate, up), 16, saves=(gate, up), inplace=inplace)
        return tape.play(out).backward

    assert backward(inplace=False) - backward(inplace=True) == 32


def test_frozen_inputs_get_no_gradient_and_are_not_saved() -> None:
    tape = Tape()
    x = tape.outside("x", 10, grad=0)
    out = tape.run("a", x, 20, saves=(x,), save_result=True)
    counted = tape.play(out)
    assert (counted.saved, counted.backward) == (0, 0)


def test_a_variable_of_the_caller_keeps_its_tensor() -> None:
    def forward(held: bool) -> int:
        tape = Tape()
        x = tape.outside("x", 1)
        wide = tape.run("wide", x, 100)
        narrow = tape.run("narrow", wide, 10)
        out = tape.run("out", narrow, 50, holds=(wide,) if held else ())
        return tape.play(out).forward

    assert forward(held=True) == 160
    assert forward(held=False) == 110


def test_the_parts_at_the_peak_add_up() -> None:
    tape = Tape()
    x = tape.outside("x", 10)
    a = tape.run("a", x, 20, saves=(x,), save_result=True, side=3)
    b = tape.run("b", a, 30, saves=(a,), weight_grad=7, backward_extra=5)
    counted = tape.play(b, parts=True)
    assert sum(size for _, size in counted.at_backward) == counted.backward
    assert sum(size for _, size in counted.saved_parts) == counted.saved
