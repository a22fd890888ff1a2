"""Checkpoints that hold quantised weights, and adapters on experts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from estimate.situations import lora

from translator.api import loads
from translator.estimate import states
from translator.estimate.instants import instants
from translator.estimate.reading import Reading, read
from translator.estimate.workload import Lora

MOE = "Qwen/Qwen3-30B-A3B"
STACKED = ("gate_up_proj", "down_proj")


def axolotl(model: str, more: str = "adapter: lora\n") -> Reading:
    text = (
        f"base_model: {model}\n{more}lora_r: 16\nlora_target_modules: [q_proj, v_proj]\n"
        "sequence_len: 2048\nmicro_batch_size: 1\ndatasets:\n  - path: rows.json\n    type: alpaca\n"
    )
    return read(loads(text, name="run.yaml", format="axolotl"))


@pytest.mark.parametrize(
    ("model", "base"),
    [
        ("nvidia/Qwen3-30B-A3B-NVFP4", "nvfp4"),
        ("Qwen/Qwen3-30B-A3B-FP8", "fp8"),
        ("TheBloke/Mistral-7B-v0.1-GPTQ", "gptq4"),
        ("solidrust/Mistral-7B-v0.1-AWQ", "gptq4"),
        ("Qwen/Qwen3-30B-A3B", "16bit"),
    ],
)
def test_the_name_of_a_checkpoint_tells_how_its_weights_are_stored(model: str, base: str) -> None:
    found = axolotl(model)
    assert found.work.base == base
    told = [line for line in found.assumptions if "the model's name tells" in line]
    assert bool(told) == (base != "16bit")


def test_weights_that_are_all_trained_are_not_in_few_bits() -> None:
    assert axolotl("nvidia/Qwen3-30B-A3B-NVFP4", "").work.base == "16bit"


def test_experts_of_a_quantised_checkpoint_are_quantised() -> None:
    four = "adapter: qlora\nload_in_4bit: true\n"
    stored = axolotl("someone/Qwen3-30B-A3B-bnb-nf4", four).work
    made = axolotl(MOE, four).work
    assert stored.experts_quantized
    assert not made.experts_quantized
    assert states.base_weights(stored) < states.base_weights(made) / 3


def test_adapters_of_experts_are_as_many_as_experts() -> None:
    # PEFT's ParamWrapper: A and B of every expert, r (in + out) each
    plain = lora(MOE, lora=Lora(rank=16, targets=("q_proj",)))
    work = lora(MOE, lora=Lora(rank=16, targets=("q_proj",), expert_targets=STACKED))
    more = states.adapter_elements(work) - states.adapter_elements(plain)
    assert more == 48 * 128 * 16 * ((2048 + 2 * 768) + (768 + 2048))


def test_adapters_that_are_multiplied_out_take_a_layer_of_experts() -> None:
    work = lora(MOE, lora=Lora(rank=16, targets=("q_proj",), expert_targets=STACKED), length=64)
    apart = replace(work, kernels=replace(work.kernels, merges_experts=False))
    here, there = (
        next(i.bytes for i in instants(w) if i.name == "backward, last layer")
        for w in (work, apart)
    )
    assert here - there > 2 * 2 * work.shape.layer_expert(0)


def test_the_parameters_that_a_file_names_are_found() -> None:
    named = "adapter: lora\nlora_target_parameters: [mlp.experts.down_proj, experts.gate_up_proj]\n"
    found = axolotl(MOE, named).work
    assert found.lora is not None
    assert found.lora.expert_targets == STACKED
    assert found.kernels.merges_experts
    kernel = "use_scattermoe: true\nplugins: [axolotl.integrations.kernels.KernelsPlugin]\n"
    assert not axolotl(MOE, named + kernel).work.kernels.merges_experts
