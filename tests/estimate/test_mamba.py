"""Mamba's selective scan and Kimi's delta attention: dimensions, what a layer keeps, adapters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from estimate.situations import full, lora

from translator.api import loads
from translator.estimate.catalog import shape_of
from translator.estimate.configuration import shape_from_config
from translator.estimate.instants import peak
from translator.estimate.layer import layer_moments
from translator.estimate.packages import without_packages
from translator.estimate.reading import read, targets_of
from translator.estimate.recurrence import MixerTape
from translator.estimate.tape import Moments
from translator.estimate.workload import Lora, Workload
from translator.ir import Adapter

MAMBA = "state-spaces/mamba-2.8b"
JAMBA = "ai21labs/Jamba-v0.1"
KIMI = "moonshotai/Kimi-Linear-48B-A3B-Instruct"


def _mixed(work: Workload, layer: int = 0) -> Moments:
    built = MixerTape(work, layer, work.tokens)
    given = built.tape.outside("normed input", work.shape.hidden * work.tokens * 2)
    return built.tape.play(built.mixed(given))


@pytest.mark.parametrize(
    ("model", "published"),
    [
        (MAMBA, 2_768_345_600),
        ("tiiuae/falcon-mamba-7b", 7_272_665_088),
        (KIMI, 49_122_681_728),
    ],
)
def test_parameters_are_those_of_the_checkpoints(model: str, published: int) -> None:
    shape = shape_of(model).shape
    assert shape.parameters == published
    assert shape.other == 0


def test_a_layer_of_mamba_is_its_mixer() -> None:
    shape = shape_of(MAMBA).shape
    assert shape.attending == 0
    assert {m.name for m in shape.matrices(0)} == {"in_proj", "x_proj", "dt_proj", "out_proj"}
    assert shape.layer_kinds == ((0, 64),)


def test_jamba_attends_where_its_configuration_says() -> None:
    shape = shape_of(JAMBA).shape
    assert [n for n in range(shape.layers) if shape.attends(n)] == [4, 12, 20, 28]


def test_jambas_class_says_what_its_configuration_leaves_out() -> None:
    config = {"model_type": "jamba", "hidden_size": 64, "num_hidden_layers": 16, "vocab_size": 100,
              "num_attention_heads": 4}  # fmt: skip
    shape = shape_from_config(config)
    assert [n for n in range(16) if shape.attends(n)] == [4, 12]
    shape = shape_from_config({**config, "attn_layer_period": 4, "attn_layer_offset": 1})
    assert [n for n in range(16) if shape.attends(n)] == [1, 5, 9, 13]


def test_kimi_counts_its_layers_from_one() -> None:
    shape = shape_of(KIMI).shape
    assert [n for n in range(27) if shape.attends(n)] == [3, 7, 11, 15, 19, 23, 26]
    names = {m.name for m in shape.attention_of(3)}
    assert names == {"q_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj"}


def test_mambas_kernel_keeps_its_input_and_result() -> None:
    """mamba-ssm's function saves the projection, turned, the scan's result, what B, C and the time
    step come from, and two float32 numbers an element of the state at the end of each chunk."""
    work = full(MAMBA, rows=1, length=4096, lora=Lora(rank=8, targets=()))
    inner, tokens = 5120, 4096
    kept = 2 * tokens * (3 * inner + 160 + 32 + 32) + 2 * 8 * inner * 16
    assert _mixed(work).saved == kept


def test_jambas_kernels_copy_what_they_keep() -> None:
    """The scan takes input and gate with tokens last; the convolution keeps the projection."""
    work = full(JAMBA, rows=1, length=2048, lora=Lora(rank=8, targets=()))
    inner, tokens = 8192, 2048
    scan = 2 * tokens * (2 * inner + 4 * inner + 2 * 16) + 8 * inner * 16
    norms = 4 * tokens * (256 + 32)
    assert _mixed(work).saved == scan + norms


def test_without_kernels_every_tokens_state_is_kept() -> None:
    work = lora(MAMBA, rows=1, length=2048, checkpointing="full")
    (said,) = without_packages(work, "axolotl")
    plain = replace(work, kernels=replace(work.kernels, recurrence="torch"))
    assert f"{peak(plain).bytes / 2**30:.1f} GiB" in said
    states = 4 * 5120 * 16 * 2048
    assert _mixed(plain).saved > 3.5 * states
    assert _mixed(plain).backward > 6.5 * states


def test_kimis_rule_keeps_two_float32_numbers_a_channel() -> None:
    """The decay of every channel, and its sum within a chunk."""
    work = full(KIMI, rows=1, length=4096, lora=Lora(rank=8, targets=()))
    inner, tokens, heads = 4096, 4096, 32
    # inputs of three convolutions, the decay before its kernel, normed queries and keys, values, the
    # result and its gate
    low = 2 * tokens * inner * (3 + 1 + 3 + 2)
    wide = 4 * tokens * inner * 2
    squares = 2 * 2 * 64 * heads * tokens
    scalars = 4 * heads * tokens * (1 + 2 + 1)
    assert _mixed(work).saved == low + wide + squares + scalars


@pytest.mark.parametrize("model", [MAMBA, KIMI])
def test_the_hidden_state_is_float32(model: str) -> None:
    text = f"base_model: {model}\nsequence_len: 2048\nmicro_batch_size: 1\nbf16: true\nadapter: lora\nlora_r: 8\nlora_target_modules: [in_proj, q_proj]\n"
    work = read(loads(text, format="axolotl")).work
    assert work.kernels.stream == 4
    half = replace(work, kernels=replace(work.kernels, stream=2))
    assert layer_moments(work, 0, 2048).result == 2 * layer_moments(half, 0, 2048).result


def test_a_configuration_may_leave_the_hidden_state_narrow() -> None:
    config: dict[str, Any] = {"model_type": "mamba", "hidden_size": 64, "num_hidden_layers": 2,
                              "vocab_size": 100}  # fmt: skip
    assert shape_from_config(config).float_residual
    assert not shape_from_config({**config, "residual_in_fp32": False}).float_residual


def test_adapters_reach_both_kinds_of_kimis_layers() -> None:
    shape = shape_of(KIMI).shape
    adapter = Adapter(rank=8, alpha=8, modules=("q_proj", "k_proj", "v_proj", "o_proj"))
    assert set(targets_of(adapter, shape)) == {"q_proj", "k_proj", "v_proj", "o_proj"}


_KIMI_RUN = f"""
base_model: {KIMI}
adapter: lora
load_in_8bit: true
lora_r: 16
lora_target_modules: [gate_proj, up_proj, down_proj, q_proj, k_proj, v_proj, o_proj]
lora_dropout: 0.05
sequence_len: 2048
micro_batch_size: 2
sample_packing: true
optimizer: adamw_8bit
bf16: true
gradient_checkpointing: true
plugins: [axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin]
"""


def test_kimis_code_recomputes_nothing() -> None:
    """Which is why Axolotl's README tells 98.7 GiB for 8-bit weights of 46 GiB."""
    reading = read(loads(_KIMI_RUN, format="axolotl"))
    assert reading.work.checkpointing == "none"
    assert any("never recomputes" in said for said in reading.assumptions)
    assert peak(reading.work).bytes / 2**30 == pytest.approx(98.7, rel=0.1)


def test_axolotl_keeps_jambas_mixers_from_8_bits() -> None:
    text = f"base_model: {JAMBA}\nadapter: lora\nload_in_8bit: true\nlora_r: 8\nlora_target_modules: [q_proj]\nsequence_len: 1024\nmicro_batch_size: 1\n"
    work = read(loads(text, format="axolotl")).work
    assert set(work.left_out) == {"in_proj", "x_proj", "dt_proj", "out_proj"}
    work = read(
        loads(text.replace("8bit", "4bit").replace(": lora", ": qlora"), format="axolotl")
    ).work
    assert not work.left_out


def test_products_in_8_bits_keep_their_inputs() -> None:
    """bitsandbytes holds them for a gradient of the weights that nobody asks for."""
    work = lora(base="int8", lora=Lora(rank=8, targets=("q_proj",)))
    held = replace(work, kernels=replace(work.kernels, keeps_quantized_inputs=True))
    assert layer_moments(held, 0, 2048).saved > layer_moments(work, 0, 2048).saved
    text = "base_model: NousResearch/Llama-3.2-1B\nadapter: lora\nload_in_8bit: true\nlora_r: 8\nlora_target_linear: true\nsequence_len: 1024\nmicro_batch_size: 1\n"
    assert read(loads(text, format="axolotl")).work.kernels.keeps_quantized_inputs
