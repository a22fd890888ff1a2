"""What Axolotl files mean, traps included."""

from __future__ import annotations

from pathlib import Path

import pytest

from translator import convert, loads
from translator.document import Document
from translator.errors import NotAConfigError, UnreadableError
from translator.frameworks import axolotl
from translator.frameworks.base import ReadOptions
from translator.ir import (
    ChatFormat,
    Epochs,
    Every,
    HeldOutRows,
    InstructionRows,
    LabelledRows,
    LabelObjective,
    MessageRows,
    OnlineObjective,
    PerEpoch,
    PlainFormat,
    PreferenceObjective,
    PreferenceRows,
    SeparateRows,
    Steps,
    TextRows,
    WarmupRatio,
    WarmupSteps,
)
from translator.source import decode, read_source

FIXTURES = Path(__file__).parent.parent / "fixtures" / "axolotl"
BASE = """
base_model: meta-llama/Llama-3.1-8B
datasets:
  - path: tatsu-lab/alpaca
    type: alpaca
learning_rate: 0.0001
"""
LORA = "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"


def read(text: str, **overrides: str) -> Document:
    return axolotl.read(decode(text.encode(), "run.yaml"), ReadOptions(overrides=overrides))


def fixture(name: str) -> Document:
    return axolotl.read(read_source(FIXTURES / name), ReadOptions())


def found(document: Document, code: str) -> list[str]:
    return [d.message for d in document.diagnostics if d.code == code]


def test_defaults_are_those_of_axolotl() -> None:
    recipe = read(BASE).recipe
    assert recipe.data.max_length == 512
    assert recipe.data.overlong == "drop"
    assert (recipe.batching.micro_batch, recipe.batching.accumulation) == (1, 1)
    assert recipe.duration == Epochs(count=1.0)
    assert recipe.schedule.shape == "cosine"
    assert recipe.schedule.warmup == WarmupRatio(ratio=0.03, rounding="down", at_most=100)
    assert (recipe.optimizer.name, recipe.optimizer.fused) == ("adamw_torch", True)
    assert (recipe.optimizer.weight_decay, recipe.optimizer.max_grad_norm) == (0.0, 1.0)
    assert recipe.precision.compute == "auto"
    assert recipe.checkpoints.interval == PerEpoch(times=1.0)
    assert recipe.checkpoints.keep == 4
    assert recipe.adapter is None
    assert recipe.quantization is None


def test_a_qlora_file() -> None:
    document = fixture("qlora_alpaca.yaml")
    recipe = document.recipe
    assert recipe.adapter is not None
    assert (recipe.adapter.rank, recipe.adapter.alpha, recipe.adapter.dropout) == (16, 32, 0.05)
    assert recipe.adapter.modules == (
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"
    )  # fmt: skip
    assert recipe.quantization is not None
    assert recipe.quantization.kind == "nf4"
    assert recipe.optimizer.learning_rate == 2e-4
    assert recipe.data.validation == HeldOutRows(size=0.05)
    assert recipe.evaluation.interval == PerEpoch(times=2.0)
    assert recipe.kernels.attention == "flash_attention_2"
    source = recipe.data.sources[0]
    assert isinstance(source.rows, InstructionRows)
    assert source.rows.style == "alpaca"
    assert source.rows.with_input.startswith(
        "Below is an instruction that describes a task, paired"
    )
    assert source.format == PlainFormat(joined="separately", end="eos")
    assert not source.supervision.prompt
    assert recipe.logging.run_name == "first try"
    assert document.origin("data.max_length").comment == "longer rows are dropped"


def test_a_full_chat_file() -> None:
    recipe = fixture("chat_full.yaml").recipe
    source = recipe.data.sources[0]
    assert (source.path, source.files) == ("json", ("talks.jsonl",))
    assert source.rows == MessageRows(
        column="conversations",
        role_key="from",
        content_key="value",
        roles=(("gpt", "assistant"), ("human", "user")),
    )
    assert source.format == ChatFormat(template="chatml")
    assert isinstance(recipe.data.validation, SeparateRows)
    assert recipe.duration == Steps(count=300)
    assert recipe.evaluation.interval == Every(steps=50)
    assert recipe.evaluation.patience == 3
    assert recipe.optimizer.max_grad_norm is None
    assert (recipe.schedule.shape, recipe.schedule.min_ratio) == ("cosine", 0.1)
    assert recipe.parallelism.strategy == "fsdp2"
    assert recipe.precision.weights == "compute"
    assert (recipe.kernels.fused_loss, recipe.kernels.fused_layers) == ("liger", True)
    assert recipe.seed == 7


def test_a_prompt_of_ones_own() -> None:
    recipe = fixture("own_prompt.yaml").recipe
    first, second = recipe.data.sources
    assert isinstance(first.rows, InstructionRows)
    assert first.rows.with_input == ("Answer like a clerk.\nQ: {instruction}\nC: {input}\nA: ")
    assert (first.subset, first.split) == ("support", "train[:90%]")
    assert first.supervision.prompt
    assert second.rows == TextRows(column="body")
    assert recipe.quantization is not None
    assert recipe.quantization.kind == "int8"
    assert not recipe.data.shuffle


def test_preference_files() -> None:
    recipe = fixture("dpo.yaml").recipe
    assert isinstance(recipe.objective, PreferenceObjective)
    assert (recipe.objective.method, recipe.objective.beta) == ("dpo", 0.2)
    first, second = recipe.data.sources
    assert first.rows == PreferenceRows(
        prompt="conversation", chosen="better", rejected="worse", messages=True
    )
    assert first.format == ChatFormat(template="llama3")
    assert second.rows == PreferenceRows(prompt="question", system="system")
    assert recipe.parallelism.strategy == "zero3"
    assert recipe.parallelism.offload_optimizer
    kto = fixture("kto.yaml").recipe
    assert kto.objective == LabelObjective(desirable_weight=0.5)
    assert kto.data.sources[0].rows == LabelledRows(prompt="instruction")


def test_online_rl() -> None:
    document = fixture("grpo.yaml")
    objective = document.recipe.objective
    assert isinstance(objective, OnlineObjective)
    assert objective.rewards == ("rewards.exact", "rewards.short")
    assert objective.inference_server
    assert {left.key for left in document.leftovers} == {"trl.top_p", "trl.vllm_mode"}


def test_old_spellings_are_read_by_their_meaning() -> None:
    document = fixture("old_spellings.yml")
    recipe = document.recipe
    assert not [d for d in document.diagnostics if d.severity.value == "error"]
    assert recipe.data.sources[0].format == ChatFormat(template="chatml")
    assert isinstance(recipe.data.sources[0].rows, MessageRows)
    assert recipe.batching.neftune_alpha == 5
    assert recipe.evaluation.interval == PerEpoch(times=1.0)
    assert recipe.precision.compute == "bfloat16"
    assert recipe.kernels.activation_offload
    refused = " ".join(found(document, "CFG003"))
    assert "sharegpt" in refused
    assert "'full'" in refused
    assert "'unsloth'" in refused


def test_misspelt_keys_are_found_with_what_they_may_mean() -> None:
    document = fixture("old_spellings.yml")
    unknown = {d.key: d.help for d in document.diagnostics if d.code == "CFG001"}
    assert set(unknown) == {"lora_ranks"}
    nested = read(BASE.replace("type: alpaca", "type: alpaca\n    field_mesages: talks"))
    (message,) = [d for d in nested.diagnostics if d.code == "CFG001"]
    assert message.key == "datasets[0].field_mesages"
    assert message.help == "did you mean datasets[].field_messages?"


def test_lora_with_load_in_4bit_is_not_quantised() -> None:
    document = read(BASE + LORA + "load_in_4bit: true\n")
    assert document.recipe.quantization is None
    assert "not quantised" in found(document, "CFG008")[0]


def test_a_prequantised_model_is_quantised_with_any_adapter() -> None:
    text = BASE.replace("meta-llama/Llama-3.1-8B", "unsloth/llama-3.1-8b-bnb-4bit")
    recipe = read(text + LORA).recipe
    assert recipe.model.id == "meta-llama/Llama-3.1-8B"
    assert recipe.quantization is not None
    assert recipe.quantization.kind == "nf4"


def test_batch_size_is_read_as_what_was_meant() -> None:
    document = read(BASE + "batch_size: 8\nmicro_batch_size: 2\n")
    assert document.recipe.batching.accumulation == 4
    assert "accumulates 1" in found(document, "CFG008")[0]


def test_rows_held_out_without_a_frequency_are_never_looked_at() -> None:
    document = read(BASE + "val_set_size: 0.1\n")
    assert document.recipe.evaluation.interval is None
    assert "never looked at" in found(document, "CFG008")[0]


def test_one_warmup_step_is_two() -> None:
    assert read(BASE + "warmup_steps: 1\n").recipe.schedule.warmup == WarmupSteps(steps=2)


def test_plugin_keys_without_the_plugin_do_nothing() -> None:
    document = read(BASE + "liger_rope: true\nspectrum_top_fraction: 0.5\n")
    assert not document.recipe.kernels.fused_layers
    assert len(found(document, "CFG001")) == 2


def test_an_end_of_turn_that_is_not_trained() -> None:
    text = BASE.replace("type: alpaca", "type: chat_template") + "chat_template: chatml\n"
    assert read(text).recipe.data.sources[0].supervision.turn_ends == "none"
    listed = read(text + 'eot_tokens: ["<|im_end|>"]\n').recipe
    assert listed.data.sources[0].supervision.turn_ends == "answers"
    renamed = read(text + 'special_tokens: {eos_token: "<|im_end|>"}\n').recipe
    assert renamed.data.sources[0].format == ChatFormat(template="chatml", end_is_eos=True)


def test_values_that_axolotl_refuses_are_told() -> None:
    document = read(BASE + "logging_steps: 0.2\nwandb_watch: false\nnum_epochs:\n")
    messages = found(document, "CFG003")
    assert len(messages) == 3
    assert document.recipe.logging.every is None


def test_one_value_from_the_command_line() -> None:
    document = read(BASE, **{"datasets.0.path": "org/mine", "learning_rate": "3e-5"})
    assert document.recipe.data.sources[0].path == "org/mine"
    assert document.recipe.optimizer.learning_rate == 3e-5


@pytest.mark.parametrize("missing", ["base_model", "learning_rate", "datasets"])
def test_what_axolotl_needs(missing: str) -> None:
    text = "\n".join(
        line for line in BASE.splitlines()
        if not line.startswith(missing) and not (missing == "datasets" and line.startswith(" "))
    )  # fmt: skip
    document = read(text)
    assert [d.code for d in document.diagnostics if d.severity.value == "error"] == ["CFG006"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", NotAConfigError),
        ("- a\n- b\n", NotAConfigError),
        ("provider: modal\ngpu: h100\n", NotAConfigError),
        ("base_model: [\n", UnreadableError),
    ],
)
def test_other_files_are_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(text)


def test_recognition() -> None:
    for file in FIXTURES.iterdir():
        assert axolotl.recognise(read_source(file)), file.name
    assert not axolotl.recognise(decode(b"model:\n  _component_: torchtune.x\n", "x"))
    assert not axolotl.recognise(decode(b"name: ci\non: push\n", "x"))


def test_the_pairs_of_orpo_lie_in_fixed_columns() -> None:
    document = read(
        """
base_model: Qwen/Qwen2.5-0.5B
rl: orpo
chat_template: chatml
datasets:
  - path: acme/pairs
    type: chat_template.argilla
    field_chosen: good
    chat_template: llama3
"""
    )
    source = document.recipe.data.sources[0]
    assert source.rows == PreferenceRows(prompt=None, messages=True)
    assert source.format == ChatFormat(template="chatml")
    said = {d.key for d in document.diagnostics if d.code == "CFG004"}
    assert said == {"datasets[0].field_chosen", "datasets[0].chat_template"}


def test_a_column_named_system_goes_in_front_of_a_prompt() -> None:
    text = BASE.replace(
        "type: alpaca", 'type: {field_instruction: system, format: "{instruction}"}'
    )
    (source,) = read(text).recipe.data.sources
    assert isinstance(source.rows, InstructionRows)
    assert source.rows.system == "system"
    assert source.rows.without_input == "{system}{instruction} "


@pytest.mark.parametrize(
    ("type", "idle"), [("alpaca", True), ("bradley_terry.chat_template", False)]
)
def test_a_template_may_be_used_by_a_strategy_that_is_not_known(type: str, idle: bool) -> None:
    # axolotl/prompt_strategies/bradley_terry/chat_template.py:85 asks the configuration for it
    text = f"base_model: a/b\nchat_template: qwen3\ndatasets:\n  - path: a/c\n    type: {type}\n"
    found = loads(text, name="run.yaml", format="axolotl").diagnostics
    said = [d for d in found if d.key == "chat_template" and "no data set is rendered" in d.message]
    assert bool(said) is idle


@pytest.mark.parametrize("model", ["meta-llama/Llama-3.1-8B", "acme/unheard-of-7b"])
def test_what_is_no_linear_layer_gets_its_adapter_beside_all_that_are(model: str) -> None:
    """axolotl/loaders/adapter.py:174: the names are joined to all linear layers."""
    more = "lora_target_modules: [q_proj, embed_tokens, lm_head]\n"
    document = read(BASE.replace("meta-llama/Llama-3.1-8B", model) + LORA + more)
    adapter = document.recipe.adapter
    assert adapter is not None
    assert {"embed_tokens", "lm_head"} < set(adapter.modules)
    assert "lora_target_modules (['q_proj']) has no effect" in " ".join(found(document, "CFG004"))
    back = convert(document, to="axolotl", strict=False)
    assert read(back.text).recipe.adapter == adapter
    script = convert(document, to="unsloth", strict=False)
    told = [loss for loss in script.losses if loss.field == "adapter.modules"]
    assert bool(told) is (model == "acme/unheard-of-7b")
