"""More of anything never takes less, and sums are sums."""

from __future__ import annotations

from dataclasses import replace

import pytest
from estimate.situations import ALL
from hypothesis import given, settings
from hypothesis import strategies as st

from translator.estimate.instants import instants, peak
from translator.estimate.mixer import Mixer
from translator.estimate.optimizers import optimizer_cost
from translator.estimate.reserved import band
from translator.estimate.shape import Experts, Shape
from translator.estimate.workload import Kernels, Lora, Sharding, Workload

LOSSES = ("fp32", "fp32-kept", "fp32-entropy", "in-place", "compute", "chunked",
          "compiled-chunks", "fused", "cut", "unsloth", "tuned-chunks", "tile", "in-place-kept")  # fmt: skip


MIXING = ("in_proj", "out_proj", "in_proj_qkv", "in_proj_z", "in_proj_qkvz")


@st.composite
def mixers(draw: st.DrawFn, hidden: int, layers: int) -> Mixer | None:
    kind = draw(st.sampled_from([None, None, "delta", "kda", "mamba", "mamba2", "conv"]))
    if kind is None:
        return None
    return Mixer(
        kind=kind, hidden=hidden, heads=draw(st.sampled_from([2, 8])), head_dim=64,
        groups=draw(st.sampled_from([1, 2])), rank=8, whole=draw(st.booleans()), state=draw(st.sampled_from([16, 128])),
        chunk=draw(st.sampled_from([64, 256])), normed=draw(st.booleans()),
        scaled=draw(st.booleans()), fused_inputs=draw(st.booleans()), beside=draw(st.booleans()),
        attention=tuple(draw(st.sets(st.integers(0, layers)))),
    )  # fmt: skip


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    layers = draw(st.integers(1, 12))
    heads = draw(st.sampled_from([4, 8, 32]))
    kv = draw(st.sampled_from([1, 2, 4]))
    mixture = draw(st.booleans())
    return Shape(
        id="drawn", family="llama", hidden=heads * 64, layers=layers,
        heads=heads, kv_heads=kv, head_dim=64, intermediate=draw(st.sampled_from([256, 2048])),
        vocab=draw(st.sampled_from([1000, 32000, 128256])), tied=draw(st.booleans()),
        head_norms=draw(st.booleans()), qkv_bias=draw(st.booleans()),
        experts=Experts(count=8, active=2, intermediate=128) if mixture else None,
        mixer=draw(mixers(heads * 64, layers)), gated_attention=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def workloads(draw: st.DrawFn, losses: tuple[str, ...] = LOSSES) -> Workload:
    adapted = draw(st.booleans())
    quantized = adapted and draw(st.booleans())
    return Workload(
        shape=draw(shapes()),
        rows=draw(st.integers(1, 4)),
        length=draw(st.sampled_from([128, 1024, 4096])),
        accumulation=draw(st.integers(1, 2)),
        base=draw(st.sampled_from(["nf4", "nf4-double", "int8"])) if quantized else "16bit",
        lora=Lora(rank=draw(st.sampled_from([4, 64])), targets=(*ALL, *MIXING),
                  dropout=draw(st.booleans()), decomposed=draw(st.booleans()))
        if adapted else None,
        optimizer=optimizer_cost(draw(st.sampled_from(
            ["adamw_torch", "adamw_torch_fused", "adamw_bnb_8bit", "sgd", "paged_adamw_8bit"]))),
        checkpointing=draw(st.sampled_from(["none", "full", "offload"])),
        kernels=Kernels(
            norm=draw(st.sampled_from(["eager", "fused", "torch"])),
            mlp=draw(st.sampled_from(["eager", "fused", "recompute"])),
            lora=draw(st.sampled_from(["eager", "fused"])),
            attention=draw(st.sampled_from(["flash", "efficient", "eager"])),
            autocast=draw(st.booleans()),
            recurrence=draw(st.sampled_from(["fused", "torch"])),
        ),
        loss=draw(st.sampled_from(losses)),
        sharding=Sharding(strategy=draw(st.sampled_from(
            ["none", "ddp", "fsdp1", "fsdp2", "zero1", "zero2", "zero3"])), gpus=2),
    )  # fmt: skip


STEADY = tuple(name for name in LOSSES if name != "unsloth")
"""Unsloth goes from one piece of logits to four at once, so a few tokens more can take less."""


def by_instant(work: Workload) -> dict[str, int]:
    return {instant.name: instant.bytes for instant in instants(work)}


@settings(max_examples=150, deadline=None)
@given(workloads())
def test_terms_are_whole_bytes_and_add_up(work: Workload) -> None:
    for instant in instants(work):
        assert all(isinstance(t.bytes, int) and t.bytes > 0 for t in instant.terms)
        assert len({t.name for t in instant.terms}) == len(instant.terms)
        assert instant.bytes == sum(t.bytes for t in instant.terms)
    low, high = band(work)
    assert low <= peak(work).bytes <= high


@settings(max_examples=100, deadline=None)
@given(workloads(STEADY), st.integers(2, 3))
def test_more_rows_take_no_less(work: Workload, times: int) -> None:
    more = by_instant(replace(work, rows=work.rows * times))
    assert all(more[name] >= size for name, size in by_instant(work).items())


@settings(max_examples=100, deadline=None)
@given(workloads(STEADY))
def test_longer_rows_take_no_less(work: Workload) -> None:
    more = by_instant(replace(work, length=work.length * 2))
    assert all(more[name] >= size for name, size in by_instant(work).items())


@settings(max_examples=100, deadline=None)
@given(workloads())
def test_more_layers_take_no_less(work: Workload) -> None:
    more = by_instant(replace(work, shape=replace(work.shape, layers=work.shape.layers + 1)))
    assert all(more[name] >= size for name, size in by_instant(work).items())


@settings(max_examples=100, deadline=None)
@given(workloads())
def test_a_higher_rank_takes_no_less(work: Workload) -> None:
    if work.lora is None:
        return
    more = by_instant(replace(work, lora=replace(work.lora, rank=work.lora.rank * 2)))
    assert all(more[name] >= size for name, size in by_instant(work).items())


@settings(max_examples=100, deadline=None)
@given(workloads(), st.sampled_from(["fsdp1", "fsdp2", "zero1", "zero2", "zero3"]))
def test_more_devices_take_no_more_of_each(work: Workload, strategy: str) -> None:
    def terms(gpus: int) -> dict[tuple[str, str], int]:
        shared = replace(work, sharding=Sharding(strategy=strategy, gpus=gpus))  # type: ignore[arg-type]
        return {(i.name, t.name): t.bytes for i in instants(shared) for t in i.terms}

    two, four = terms(2), terms(4)
    assert all(four.get(name, 0) <= size for name, size in two.items())


@settings(max_examples=100, deadline=None)
@given(workloads(("unsloth",)))
def test_unsloths_pieces_never_take_more_than_a_gibibyte_of_logits(work: Workload) -> None:
    forward = next(i for i in instants(work) if i.name == "forward loss")
    loss = next(t.bytes for t in forward.terms if t.name == "logits and loss")
    hidden = work.shape.hidden * work.tokens * 2
    head = 0 if work.lora else 2 * work.shape.vocab * work.shape.hidden * 2
    assert loss <= (1 << 30) + 4 * work.shape.vocab + hidden + head


@settings(max_examples=60, deadline=None)
@given(workloads())
def test_checkpointing_and_offload_never_keep_more(work: Workload) -> None:
    def kept(kind: str) -> int:
        changed = replace(work, checkpointing=kind)  # type: ignore[arg-type]
        forward = instants(changed)[0]
        return sum(t.bytes for t in forward.terms if t.name == "saved activations")

    assert kept("full") <= kept("none")
    if work.shape.layers > 2:
        assert kept("offload") <= kept("full")


@pytest.mark.parametrize("name", ["adamw_torch", "adamw_bnb_8bit", "adamw_torch_4bit", "sgd"])
def test_fewer_bits_take_fewer_bytes(name: str) -> None:
    order = ["adamw_torch", "adamw_bnb_8bit", "adamw_torch_4bit", "sgd"]
    costs = [optimizer_cost(n) for n in order]
    sizes = [sum(c.states) + c.follows * 2 for c in costs]
    assert sizes == sorted(sizes, reverse=True)
    assert optimizer_cost(name).name == name
