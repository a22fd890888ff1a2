"""Hybrid models: their mixers beside what was measured, their parameters, what is said of kernels."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from estimate.situations import full, lora

from translator.estimate import states
from translator.estimate.catalog import shape_of
from translator.estimate.configuration import shape_from_config
from translator.estimate.instants import peak
from translator.estimate.layer import layer_moments
from translator.estimate.packages import without_packages
from translator.estimate.reading import targets_of
from translator.estimate.recurrence import MixerTape
from translator.estimate.workload import Kernels, Lora
from translator.ir import Adapter

ROOT = Path(__file__).parents[2]
MEASURED = json.loads((ROOT / "measurements/h100-mixers/results.json").read_text("utf-8"))["layers"]
HYBRIDS = (
    "Qwen/Qwen3.5-9B",
    "LiquidAI/LFM2-1.2B",
    "LiquidAI/LFM2-8B-A1B",
    "tiiuae/Falcon-H1-1.5B-Base",
    "ibm-granite/granite-4.0-h-tiny",
    "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
    "nvidia/NVIDIA-Nemotron-Nano-9B-v2",
    "ai21labs/Jamba-v0.1",
    "moonshotai/Kimi-Linear-48B-A3B-Instruct",
)


def _named(layer: dict[str, Any]) -> str:
    trained = "trained" if layer["trained"] else "frozen"
    kind = f"{layer['config']['model_type']}{layer['config']['hidden_size']}"
    return f"{kind}-{layer['ran']}-{layer['rows']}x{layer['length']}-{trained}"


@pytest.mark.parametrize("layer", MEASURED, ids=_named)
def test_a_mixer_takes_what_was_measured(layer: dict[str, Any]) -> None:
    plain = {"num_attention_heads": 16, "num_key_value_heads": 4, "vocab_size": 32000}
    shape = shape_from_config({**plain, **layer["config"]})
    work = full(rows=layer["rows"], length=layer["length"], shape=shape,
                lora=None if layer["trained"] else Lora(rank=8, targets=()),
                kernels=Kernels(recurrence="torch" if layer["ran"] == "torch" else "fused"))  # fmt: skip
    built = MixerTape(work, 0, work.tokens)
    given = built.tape.outside("normed input", shape.hidden * work.tokens * 2)
    moments = built.tape.play(built.mixed(given))
    # the result and its gradient are the measurement's own
    result = shape.hidden * work.tokens * 2
    assert moments.backward + 2 * result == pytest.approx(layer["backward"], rel=0.045)
    # frozen layers without kernels are counted to 4 %, trained ones to 9: their products save more
    within = 0.03 if layer["ran"] == "kernel" else 0.09 if layer["trained"] else 0.04
    assert moments.saved + result == pytest.approx(layer["saved"], rel=within)


@pytest.mark.parametrize("model", HYBRIDS)
def test_nothing_of_a_hybrid_is_left_unexplained(model: str) -> None:
    shape = shape_of(model).shape
    assert shape.mixer is not None
    assert shape.other == 0
    assert 0 < shape.attending <= shape.layers


def test_layers_of_one_block_have_nothing_else() -> None:
    shape = shape_of("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16").shape
    kinds = {letter: shape.blocks.index(letter) for letter in "ME*"}
    names = {letter: {m.name for m in shape.matrices(layer)} for letter, layer in kinds.items()}
    assert names["M"] == {"in_proj", "out_proj"}
    assert names["*"] == {"q_proj", "k_proj", "v_proj", "o_proj"}
    assert names["E"] == {"up_proj", "down_proj"}
    assert sum(count for _, count in shape.layer_kinds) == shape.layers == 52


def test_mixers_are_quantised_but_for_what_a_framework_leaves_out() -> None:
    work = lora("tiiuae/Falcon-H1-1.5B-Base", base="nf4-double")
    left_out = replace(work, left_out=("out_proj",))
    mixer = work.shape.mixer
    assert mixer is not None
    elements = mixer.inner * mixer.hidden * work.shape.layers
    more = states.base_weights(left_out) - states.base_weights(work)
    assert more == pytest.approx(elements * (2 - states.element_bytes(work)), rel=1e-6)


def test_adapters_reach_the_mixers_when_every_linear_layer_is_meant() -> None:
    shape = shape_of("Qwen/Qwen3.5-0.8B").shape
    names = {m.name for layer, _ in shape.layer_kinds for m in shape.matrices(layer)}
    assert {"in_proj_qkv", "in_proj_z", "in_proj_b", "in_proj_a", "out_proj"} <= names


@pytest.mark.parametrize(
    ("model", "named", "reached"),
    [
        ("LiquidAI/LFM2-1.2B", {"in_proj", "out_proj", "w1"},
         {"in_proj", "out_proj", "o_proj", "gate_proj"}),
        ("ibm-granite/granite-4.0-h-1b", {"shared_mlp.input_linear", "mamba.in_proj"},
         {"gate_up_proj", "in_proj"}),
        ("tiiuae/Falcon-H1-0.5B-Base", {"out_proj", "o_proj"}, {"out_proj", "o_proj"}),
        ("Qwen/Qwen3.5-0.8B", {"out_proj"}, {"out_proj"}),
    ],
)  # fmt: skip
def test_modules_are_known_by_the_names_of_their_family(
    model: str, named: set[str], reached: set[str]
) -> None:
    adapter = Adapter(rank=8, alpha=8, modules=tuple(named))
    assert set(targets_of(adapter, shape_of(model).shape)) == reached


def test_a_pattern_reaches_mixers() -> None:
    adapter = Adapter(
        rank=8, alpha=8, module_pattern=r"model\.layers\.\d+\.linear_attn\.in_proj_\w+"
    )
    found = targets_of(adapter, shape_of("Qwen/Qwen3.5-0.8B").shape)
    assert set(found) == {"in_proj_qkv", "in_proj_z", "in_proj_b", "in_proj_a"}


def test_without_packages_the_peak_is_told() -> None:
    work = lora("ibm-granite/granite-4.0-h-1b", checkpointing="full")
    (said,) = without_packages(work, "axolotl")
    plain = replace(work, kernels=replace(work.kernels, recurrence="torch"))
    assert "mamba-ssm" in said
    assert f"{peak(plain).bytes / 2**30:.1f} GiB" in said
    assert peak(plain).bytes > 2 * peak(work).bytes


@pytest.mark.parametrize(
    ("model", "framework", "told"),
    [
        ("Qwen/Qwen3.5-4B", "axolotl", 0),  # which installs flash-linear-attention
        ("Qwen/Qwen3.5-4B", "unsloth", 1),
        ("LiquidAI/LFM2-1.2B", "unsloth", 0),  # takes the same either way
        ("Qwen/Qwen3-4B", "unsloth", 0),
    ],
)
def test_packages_are_told_of_where_they_matter(model: str, framework: str, told: int) -> None:
    assert len(list(without_packages(lora(model), framework))) == told


def test_a_gate_makes_attention_wider() -> None:
    work = lora("Qwen/Qwen3.5-0.8B")
    shape = work.shape
    attending = next(n for n in range(shape.layers) if shape.attends(n))
    plain = replace(work, shape=replace(shape, gated_attention=False))
    assert layer_moments(work, attending, 2048).saved > layer_moments(plain, attending, 2048).saved
