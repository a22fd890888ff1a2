"""Losses of pairs and rewards, layers that differ, shards: what was measured on an H200."""

from __future__ import annotations

from dataclasses import replace

import pytest
from estimate.situations import full, lora

from translator import loads
from translator.estimate import sharding, states
from translator.estimate.catalog import shape_of
from translator.estimate.instants import instants, peak
from translator.estimate.loss import loss_moments
from translator.estimate.reading import read
from translator.estimate.stack import layers
from translator.estimate.term import Instant
from translator.estimate.workload import Sharding, Workload

GIB = 1 << 30


def instant(work: Workload, name: str) -> Instant:
    return next(i for i in instants(work) if i.name == name)


@pytest.mark.parametrize(
    ("rl", "path", "bytes_of_a_logit"),
    [("dpo", "pairs-copied", 16), ("orpo", "odds-copied", 10)],
)
def test_axolotls_preference_losses_hold_float32_logits(
    rl: str, path: str, bytes_of_a_logit: int
) -> None:
    text = f"""
base_model: meta-llama/Llama-3.2-1B
rl: {rl}
datasets:
  - path: some/pairs
    type: chat_template.argilla
adapter: lora
lora_r: 16
lora_alpha: 16
lora_target_linear: true
sequence_len: 1024
micro_batch_size: 2
bf16: true
gradient_checkpointing: true
output_dir: out
"""
    work = read(loads(text, format="axolotl")).work
    assert (work.loss, work.pairs) == (path, True)
    tokens = 2 * 2 * 1024
    assert loss_moments(work).forward == bytes_of_a_logit * 128256 * tokens


def test_trls_dpo_of_llama_1b_takes_what_was_measured() -> None:
    work = lora(rows=2, length=1024, pairs=True, reference="pass", loss="pairs",
                workspaces=64 << 20)  # fmt: skip
    assert peak(work).bytes / GIB == pytest.approx(8.83, rel=0.02)


def test_a_reference_that_trl_loads_is_float32_and_cast_at_once() -> None:
    work = full(rows=1, length=1152, pairs=True, reference="copy", loss="pairs")
    wide = replace(work, reference_bytes=4)
    more = 2 * work.shape.parameters
    weights = [instant(w, "forward").terms[0].bytes for w in (work, wide)]
    assert weights[1] - weights[0] == more
    cast = replace(wide, kernels=replace(wide.kernels, autocast=True))
    assert any(t.name == "16-bit casts" and t.bytes == more
               for t in instant(cast, "reference pass").terms)  # fmt: skip


def test_gemma_4_counts_its_layers_one_by_one() -> None:
    shape = shape_of("google/gemma-4-E2B").shape
    assert shape.parameters - shape.other == pytest.approx(shape.parameters, rel=0.004)
    assert {m.name for m in shape.attention_of(34)} == {"q_proj", "o_proj"}
    assert shape.at(4).head_dim == 512
    assert shape.at(0).head_dim == 256
    assert shape.at(34).intermediate == 2 * shape.at(0).intermediate
    assert sum(count for _, count in shape.layer_kinds) == shape.layers


def test_nothing_before_a_frozen_embedding_is_kept() -> None:
    work = lora(checkpointing="none")
    trained = replace(work.lora, trained_embedding=True) if work.lora else None
    assert layers(work).kept < layers(replace(work, lora=trained)).kept
    assert not work.input_gradient
    assert replace(work, checkpointing="full").input_gradient


def test_experts_that_bits_pass_over_are_float32_after_pefts_preparation() -> None:
    work = lora("mistralai/Mixtral-8x7B-v0.1", base="nf4-double", experts_quantized=False)
    wide = replace(work, loose_bytes=4)
    experts = work.shape.layer_sum("expert")
    assert states.base_weights(wide) - states.base_weights(work) == 2 * experts


def test_zero_3_keeps_masters_and_states_in_float32() -> None:
    work = full(sharding=Sharding(strategy="zero3", gpus=2), loss="fused")
    view, elements = sharding.view(work), work.shape.parameters
    assert view.optimizer == 12 * elements / 2
    assert view.step == 6 * elements / 2
    assert view.weights == pytest.approx(2 * elements / 2, abs=1)


def test_embeddings_are_float32_for_a_moment_when_axolotl_loads_for_adapters() -> None:
    work = lora("google/gemma-4-E2B", rows=1, length=1024, loss="fused", widens_at_load=True,
                keeps_vision=False)  # fmt: skip
    assert peak(work).name == "load"
    assert peak(work).bytes / GIB == pytest.approx(18.12, rel=0.02)


def test_graphs_that_a_loop_holds_count_in_the_next_forward_pass() -> None:
    work = lora(
        base="nf4", checkpointing="none", loss="pieces", quantized_head=True, holds_graph=True
    )
    work = replace(work, kernels=replace(work.kernels, keeps_quantized_inputs=True))
    held = instant(work, "forward loss").bytes
    assert held > instant(replace(work, holds_graph=False), "forward loss").bytes


def test_heads_too_wide_for_a_kernel_materialise_scores_in_older_transformers() -> None:
    work = lora("google/gemma-4-E2B", rows=1, length=4096, loss="fused")
    square = 4 * 8 * 4096 * 4096
    older, newer = (
        instant(
            replace(work, kernels=replace(work.kernels, wide_heads=way)), "backward, last layer"
        )
        for way in ("math", "efficient")
    )
    assert older.bytes > newer.bytes + square


def test_a_window_is_a_mask_in_memory_once_rows_are_longer() -> None:
    work = lora("google/gemma-3-1b-it", rows=1, length=16384, loss="fused")
    masked = replace(work, kernels=replace(work.kernels, window_mask=True))
    assert masked.mask_elements == 16384 * 16384
    assert peak(masked).bytes - peak(work).bytes > 3 * masked.mask_elements
    assert replace(masked, length=512).mask_elements == 0


def test_a_pass_without_gradients_counts_all_its_rows() -> None:
    work = lora(rows=4, length=4096, loss="tile", unrecorded=2)
    once = instant(replace(work, unrecorded=1), "pass without gradients").bytes
    assert instant(work, "pass without gradients").bytes > once
