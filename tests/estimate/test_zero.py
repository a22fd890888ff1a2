"""DeepSpeed's part of an estimate: its own sizes, what goes to the host, and how it casts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.estimate.situations import full, lora
from translator.api import loads
from translator.estimate.instants import instants, peak
from translator.estimate.reading import read
from translator.estimate.workload import Sharding, Workload

GIB = 1 << 30
CONFIG = """\
base_model: meta-llama/Llama-3.2-1B
datasets:
  - path: tatsu-lab/alpaca
    type: alpaca
sequence_len: 2048
bf16: true
deepspeed: {name}
"""
ADAPTER = "adapter: lora\nlora_r: 8\nlora_target_linear: true\n"


def work(name: str, more: str = "") -> Workload:
    return read(loads(CONFIG.format(name=name) + more, name="run.yaml"), gpus=2).work


def at(found: Workload, instant: str) -> dict[str, int]:
    wanted = next(i for i in instants(found) if i.name == instant)
    return {term.name: term.bytes for term in wanted.terms}


def test_axolotls_own_files_gather_nothing_ahead_and_have_small_buckets() -> None:
    shared = work("deepspeed_configs/zero3_bf16.json").sharding
    assert (shared.live, shared.group, shared.bucket) == (0, 0, 2048**2)


def test_states_that_are_offloaded_take_nothing_on_the_device() -> None:
    on = at(work("zero1.json"), "forward")["optimizer states"]
    assert on > 4 * GIB
    assert "optimizer states" not in at(work("zero2.json"), "forward")


def test_overlapped_communication_has_two_buckets() -> None:
    one = full(sharding=Sharding(strategy="zero2", gpus=2))
    two = replace(one, sharding=replace(one.sharding, overlapped=True))
    name = "backward, last layer"
    assert at(two, name)["layer gradients"] - at(one, name)["layer gradients"] == 1_000_000_000


def test_one_device_pays_for_float32_masters_as_well() -> None:
    alone = full(sharding=Sharding(strategy="zero2", gpus=1))
    assert peak(alone).bytes > peak(full()).bytes


@pytest.mark.parametrize(("name", "size"), [("zero2.json", 2), ("zero3_bf16.json", 4)])
def test_adapters_are_cast_before_stage_3(name: str, size: int) -> None:
    found = work(name, ADAPTER)
    assert found.lora is not None
    assert found.lora.bytes == size
    assert not found.kernels.autocast
    assert found.kernels.keeps_inputs == (size == 4)


def test_fsdp_gathers_16_bits_of_weights_that_it_keeps_in_float32() -> None:
    kernels = replace(full().kernels, autocast=True)
    alone = full(kernels=kernels, weight_bytes=4, checkpointing="none")
    shared = replace(alone, sharding=Sharding(strategy="fsdp1", gpus=2))
    name = "forward"
    assert at(shared, name)["saved activations"] < at(alone, name)["saved activations"]


def test_shards_from_the_host_lie_beside_what_is_gathered() -> None:
    here = lora(sharding=Sharding(strategy="fsdp1", gpus=2))
    there = replace(here, sharding=replace(here.sharding, offload_parameters=True))
    name = "forward"
    for term in ("gathered layers", "gathered embeddings and head"):
        assert at(there, name)[term] == pytest.approx(1.5 * at(here, name)[term], rel=0.01)
