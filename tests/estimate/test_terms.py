"""Terms against numbers that others published or that follow from the format."""

from __future__ import annotations

from dataclasses import replace

import pytest
from estimate.situations import ALL, full, lora

from translator.estimate import states
from translator.estimate.catalog import shape_of
from translator.estimate.instants import instants, peak
from translator.estimate.optimizers import optimizer_cost
from translator.estimate.workload import Kernels, Lora, Workload

GIB = 1 << 30


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("meta-llama/Llama-3.1-8B", 8_030_261_248),
        ("meta-llama/Llama-3.2-1B", 1_235_814_400),
        ("mistralai/Mistral-7B-v0.1", 7_241_732_096),
        ("Qwen/Qwen2.5-0.5B", 494_032_768),
        ("google/gemma-2-9b", 9_241_705_984),
        ("microsoft/phi-2", 2_779_683_840),
        ("mistralai/Mixtral-8x7B-v0.1", 46_702_792_704),
        ("tiiuae/falcon-7b", 6_921_720_704),
    ],
)
def test_parameters_are_those_of_the_model_card(model: str, parameters: int) -> None:
    assert shape_of(model).shape.parameters == parameters


def test_adapter_sizes_follow_from_rank_and_matrices() -> None:
    # peft prints 41,943,040 trainable parameters for rank 16 on all linear layers of Llama 3 8B
    assert states.adapter_elements(lora("meta-llama/Llama-3.1-8B")) == 41_943_040
    attention = Lora(rank=16, targets=ALL[:4])
    assert states.adapter_elements(lora("meta-llama/Llama-3.1-8B", lora=attention)) == 13_631_488


def test_four_bits_take_what_bitsandbytes_packs() -> None:
    shape = shape_of("mistralai/Mistral-7B-v0.1").shape
    linear = shape.layer_sum("linear")
    rest = 2 * (shape.parameters - linear)
    double = states.base_weights(lora(shape.id, base="nf4-double"))
    assert double - rest == pytest.approx(linear * (0.5 + 1 / 64 + 4 / 16384), rel=1e-9)
    single = states.base_weights(lora(shape.id, base="nf4"))
    assert single - rest == pytest.approx(linear * 0.5625, rel=1e-9)


def test_a_step_of_plain_adamw_in_16_bits_takes_ten_bytes_a_parameter() -> None:
    # weights 2, gradients 2, states 4, the list of updates 2
    work = full(length=64, rows=1)
    step = next(i for i in instants(work) if i.name == "optimizer step")
    spared = work.workspaces + work.buffers
    assert step.bytes - spared == 10 * work.shape.parameters
    fused = replace(work, optimizer=optimizer_cost("adamw_torch_fused"))
    step = next(i for i in instants(fused) if i.name == "optimizer step")
    assert step.bytes - spared == 8 * work.shape.parameters


def test_cross_entropy_in_float32_takes_twelve_bytes_a_logit() -> None:
    work = lora()
    longer = replace(work, rows=4)
    tokens = longer.tokens - work.tokens
    more = peak(longer).bytes - peak(work).bytes
    stream = work.shape.hidden * 2
    assert peak(work).name == "loss"
    # the logits, the input of every layer, and the float32 copy the last norm keeps
    norm = work.shape.hidden * 4 + 4
    assert more == tokens * (12 * work.shape.vocab + stream * work.shape.layers + norm)


def test_a_recomputed_layer_of_llama_3_takes_what_was_measured() -> None:
    """258,208 bytes a token beside the checkpoints: the slope of fms-acceleration's published
    measurements of Llama 3 8B with adapters on attention."""
    attention = Lora(rank=16, targets=ALL[:4])

    def working(rows: int) -> int:
        work = lora("meta-llama/Llama-3.1-8B", lora=attention, rows=rows, length=4096)
        last = next(i for i in instants(work) if i.name == "backward, last layer")
        return next(t.bytes for t in last.terms if t.name == "layer working set")

    assert (working(4) - working(2)) / (2 * 4096) == pytest.approx(258_208, rel=0.005)


def test_updates_during_the_backward_pass_leave_no_gradients() -> None:
    work = full(in_backward=True)
    assert states.gradients(work) < 0.3 * 2 * work.shape.parameters
    assert "optimizer step" not in [i.name for i in instants(work)]


def test_paged_states_are_not_in_pytorchs_memory() -> None:
    work = full(optimizer=optimizer_cost("paged_adamw_8bit"))
    assert states.optimizer_states(work) == 0
    assert states.paged_states(work) == pytest.approx(2.03 * work.shape.parameters, rel=0.01)


def test_trainer_keeps_the_states_of_embeddings_in_float32() -> None:
    work = full(optimizer=optimizer_cost("adamw_bnb_8bit"))
    shape = work.shape
    rest = shape.parameters - shape.embedding
    assert states.optimizer_states(work) == pytest.approx(
        8 * shape.embedding + 2.03125 * rest, rel=1e-6
    )


def test_float32_norms_and_embeddings_make_the_hidden_state_float32() -> None:
    plain = full()
    mixed = full(root_bytes=4, kernels=Kernels(autocast=True, stream=4))
    assert states.base_weights(mixed) > states.base_weights(plain)
    kept = [
        next(t.bytes for t in peak(w).terms if t.name == "saved activations")
        for w in (plain, mixed)
    ]
    assert kept[1] > 1.8 * kept[0]


@pytest.mark.parametrize("strategy", ["fsdp1", "fsdp2", "zero3"])
def test_shards_divide_what_is_always_there(strategy: str) -> None:
    from translator.estimate.workload import Sharding

    one = full("meta-llama/Llama-3.1-8B")
    eight = replace(one, sharding=Sharding(strategy=strategy, gpus=8))  # type: ignore[arg-type]

    def weights(work: Workload) -> int:
        return next(t.bytes for t in peak(work).terms if t.name == "weights")

    assert weights(eight) == -(-states.base_weights(one) // 8)
