"""What one cause has for consequences is told once, and what is off hardly at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint.examples import whole
from translator.api import decode_any, load_source
from translator.diagnostics import Diagnostic
from translator.lint.checking import check_document
from translator.lint.settings import Settings
from translator.nearest import alike, meant_by

CHAT = "datasets:\n  - path: acme/chats\n    type: chat_template\n"


def everything(format: str, text: str) -> list[Diagnostic]:
    document = load_source(decode_any(text.encode(), "run.yaml"), format=format, as_written=True)
    return check_document(document, Settings(root=Path.cwd())).findings


def found(format: str, example: str) -> list[Diagnostic]:
    """What is told without ``-v`` of an example, made whole."""
    return [d for d in everything(format, whole(format, example)[0]) if not d.verbose]


def about(key: str, findings: list[Diagnostic]) -> list[Diagnostic]:
    return [d for d in findings if d.key == key]


@pytest.mark.parametrize("bits", ["load_in_4bit", "load_in_8bit"])
def test_a_forgotten_adapter_is_told_once(bits: str) -> None:
    text = f"{bits}: true\nlora_r: 64\nlora_alpha: 16\nfloat16: true\nbf16: false\nlearning_rate: 2e-3\n"
    codes = {d.code for d in found("axolotl", text)}
    assert "CFG106" in codes
    assert not codes & {"TRAIN109", "TRAIN101", "CFG004"}


@pytest.mark.parametrize("bits", ["", "load_in_4bit: false\n", "load_in_4bit:\n"])
def test_qlora_without_four_bits_is_told_once(bits: str) -> None:
    told = found(
        "axolotl", f"adapter: qlora\nlora_r: 16\nlora_alpha: 32\nlora_target_linear: true\n{bits}"
    )
    assert [d.code for d in told if "load_in_4bit" in d.message] == ["CFG106"]


def test_a_model_without_a_name_is_told_once_where_it_stands() -> None:
    told = [d for d in found("axolotl", "base_model:\n") if "base_model" in d.message]
    assert [d.code for d in told] == ["CFG006"]
    assert told[0].span is not None
    assert told[0].message.startswith("base_model has no value")


def test_fields_under_a_type_that_is_none_are_not_told_of() -> None:
    data = "datasets:\n  - path: acme/chats\n    type: {}\n    field_messages: turns\n"
    for type, codes in (("chats", ["CFG010"]), ("completion", ["CFG004"])):
        told = found("axolotl", data.format(type))
        assert [d.code for d in told if (d.key or "").startswith("datasets[0].")] == codes


def test_a_prompt_without_rows_that_lack_input_is_a_note_told_once() -> None:
    one = "  - path: acme/{}\n    type:\n      field_input: context\n      format: '{{input}} {{instruction}}'\n"
    told = found("axolotl", "datasets:\n" + one.format("a") + one.format("b"))
    told = [d for d in told if "no_input_format" in d.message]
    assert [d.severity.value for d in told] == ["note"]


def test_a_schedule_of_ones_own_is_no_finding() -> None:
    text = "lr_scheduler:\n  _component_: schedules.stairs\n  steps: 3\n"
    assert not about("lr_scheduler._component_", found("torchtune", text))


def test_settings_of_plugins_that_are_off_need_no_plugin() -> None:
    told = found("axolotl", "liger_rope: false\nliger_cross_entropy: true\nuse_mora: false\n")
    assert [d.key for d in told if "plugin" in d.message] == ["liger_cross_entropy"]


@pytest.mark.parametrize(
    ("format", "line"),
    [
        ("axolotl", "preload_rows: false"),
        ("axolotl", "preload_rows: null"),
        ("axolotl", "preload_rows: ''"),
        ("axolotl", "packing: false"),
        ("torchtune", "generate_steps: null"),
        ("torchtune", "prompt_shape: ''"),
    ],
)
def test_unknown_keys_that_are_off_are_not_told_of(format: str, line: str) -> None:
    assert not about(line.partition(":")[0], found(format, line + "\n"))


@pytest.mark.parametrize("line", ["hub_private_repo: false", "shuffle_merged_dataset: false"])
def test_what_is_on_anyway_cannot_be_switched_off_by_a_name_that_is_none(line: str) -> None:
    told = about(line.partition(":")[0], found("axolotl", line + "\n"))
    assert [d.code for d in told] == ["CFG001"]


def test_pushing_is_what_a_repository_is_named_for() -> None:
    pushed = "push_adapter_to_hub: true\n"
    assert about("push_adapter_to_hub", found("axolotl", pushed))
    named = pushed + "hub_model_id: acme/tuned\n"
    assert not about("push_adapter_to_hub", found("axolotl", named))


@pytest.mark.parametrize(
    ("line", "help"),
    [
        ("data_seed: 3", None),
        ("random_init_weights: true", "did you mean reinit_weights?"),
        ("peft_type: lora", "did you mean adapter?"),
        ("use_peft: true", None),
        ("global_batch_size: 64", None),
        ("gradient_accumulation_: 4", "did you mean gradient_accumulation_steps?"),
    ],
)
def test_only_names_that_were_meant_are_offered(line: str, help: str | None) -> None:
    told = about(line.partition(":")[0], found("axolotl", line + "\n"))
    assert [d.help for d in told] == [help]


@pytest.mark.parametrize(
    ("value", "help"),
    [("jsonl", "did you mean ds_type: json?"), ("alpaca", "did you mean datasets[].type?"),
     ("rows.py::shape", None)],
)  # fmt: skip
def test_the_format_of_a_data_set_may_mean_two_things(value: str, help: str | None) -> None:
    text = CHAT + f"    format: {value}\n    weight: 0.5\n"
    told = found("axolotl", text)
    assert [d.help for d in about("datasets[0].format", told)] == [help]
    assert [d.help for d in about("datasets[0].weight", told)] == [None]


@pytest.mark.parametrize("name", ["eot_tokens", "tokens"])
def test_tokens_beside_the_special_ones_stand_at_the_top(name: str) -> None:
    told = found("axolotl", f"special_tokens:\n  {name}: ['<|done|>']\n")
    assert [d.help for d in about(f"special_tokens.{name}", told)] == [
        f"{name} stands at the top, outside special_tokens"
    ]


def test_a_prefix_is_no_former_name_of_what_is_no_key() -> None:
    text = "fsdp_version: 2\nfsdp_config:\n  fsdp_backward_prefetch: BACKWARD_PRE\n"
    told = found("axolotl", text)
    assert "CFG132" not in {d.code for d in told}
    assert "CFG002" not in {d.code for d in told}
    assert [d.code for d in about("fsdp_config.backward_prefetch", told)] == ["CFG001"]


def test_alike() -> None:
    for one, other in (("saves_total_limit", "save_total_limit"), ("pad_to_seq_len", "pad_to_sequence_len"),
                       ("context_parapllel_size", "context_parallel_size"), ("lorar", "lora_r"),
                       ("liger_swiglu_activation", "liger_glu_activation")):  # fmt: skip
        assert alike(one, other), one
    for one, other in (("moe_kernels", "use_kernels"), ("diff_attention", "sdp_attention"),
                       ("use_peft", "use_eaft"), ("weight", "length")):  # fmt: skip
        assert not alike(one, other), one
    assert meant_by("datasets[].weight", ("datasets[].length", "datasets[].path")) is None


@pytest.mark.parametrize(
    ("section", "name", "now"),
    [
        ("checkpointer", "torchtune.utils.FullModelHFCheckpointer", "torchtune.training.FullModelHFCheckpointer"),
        ("metric_logger", "torchtune.utils.metric_logging.DiskLogger", "torchtune.training.metric_logging.DiskLogger"),
        ("profiler", "torchtune.utils.setup_torch_profiler", "torchtune.training.setup_torch_profiler"),
        ("lr_scheduler", "torchtune.modules.lr_schedulers.get_cosine_schedule_with_warmup",
         "torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup"),
    ],
)  # fmt: skip
def test_a_name_that_has_moved_stops_the_run(section: str, name: str, now: str) -> None:
    more = "  checkpoint_dir: m\n  checkpoint_files: [a]\n  output_dir: o\n  model_type: LLAMA3\n"
    text = f"{section}:\n  _component_: {name}\n" + (more if section == "checkpointer" else "")
    told = [d for d in found("torchtune", text) if name in d.message]
    assert [(d.code, d.severity.value) for d in told] == [("CFG201", "error")]
    assert now in str(told[0].help)
    assert told[0].fix is not None


def test_a_former_name_that_still_works_is_a_note() -> None:
    text = "lr_scheduler:\n  _component_: torchtune.training.get_cosine_schedule_with_warmup\n"
    text += "  num_warmup_steps: 10\n"
    told = about("lr_scheduler._component_", found("torchtune", text))
    assert [(d.code, d.severity.value) for d in told] == [("CFG002", "note")]


def test_a_part_that_lies_elsewhere_is_named() -> None:
    text = "lr_scheduler:\n  _component_: torchtune.schedules.get_cosine_schedule_with_warmup\n"
    told = [d for d in found("torchtune", text) if d.code == "CFG201"]
    assert "torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup" in str(told[0].help)


def test_who_tunes_a_model_of_others_may_end_its_turns_otherwise() -> None:
    text = "chat_template: chatml\n" + CHAT
    for model, told in (
        ("mistralai/Mistral-Nemo-Base-2407", True),
        ("acme/mistral-nemo-chats-2409", False),
    ):
        codes = {d.code for d in found("axolotl", f"base_model: {model}\n{text}")}
        assert bool(codes & {"DATA113", "CFG008"}) is told, model


def test_a_start_that_no_tokenizer_is_known_to_add_is_not_doubled() -> None:
    text = "rl: dpo\nchat_template: tokenizer_default\ndatasets:\n  - path: acme/pairs\n    type: chat_template.default\n"
    for model, told in (("meta-llama/Llama-3.1-8B-Instruct", True), ("LiquidAI/LFM2-1.2B", False),
                        ("microsoft/Phi-3-mini-4k-instruct", False)):  # fmt: skip
        codes = {d.code for d in found("axolotl", f"base_model: {model}\n{text}")}
        assert ("DATA112" in codes) is told, model


def test_kimi_linear_cannot_be_loaded() -> None:
    for model, told in (
        ("moonshotai/Kimi-Linear-48B-A3B-Base", True),
        ("moonshotai/Kimi-K2", False),
    ):
        codes = [d.code for d in about("base_model", found("axolotl", f"base_model: {model}\n"))]
        assert ("CFG010" in codes) is told


def test_a_plugin_without_its_module_stops_the_run() -> None:
    told = [
        d
        for d in found("axolotl", "plugins: [LigerPlugin, mine.RowsPlugin]\n")
        if d.code == "CFG136"
    ]
    assert [(d.severity.value, d.help) for d in told] == [
        ("error", "axolotl.integrations.liger.LigerPlugin")
    ]


def test_an_optimizer_that_the_check_still_takes_is_no_error() -> None:
    (told,) = about("optimizer", found("axolotl", "optimizer: adamw_hf\n"))
    assert (told.code, told.severity.value) == ("CFG010", "warning")


@pytest.mark.parametrize(
    ("entries", "severity", "often"), [(2, "warning", "twice"), (4, "note", "4 times")]
)
def test_rows_that_are_listed_again_are_told_once(entries: int, severity: str, often: str) -> None:
    text = "datasets:\n" + "  - path: acme/rows\n    type: alpaca\n" * entries
    (told,) = [d for d in found("axolotl", text) if d.code == "DATA104"]
    assert (told.severity.value, often in told.message) == (severity, True)
    assert told.span is not None
    assert told.span.line == 4


@pytest.mark.parametrize("value", ["false", "0"])
def test_noise_that_is_off_under_its_former_name_is_fine(value: str) -> None:
    """Under the present name Axolotl refuses it, so that no fix may rename it."""
    assert not about("noisy_embedding_alpha", found("axolotl", f"noisy_embedding_alpha: {value}\n"))
    present = found("axolotl", f"neftune_noise_alpha: {value}\n")
    assert {d.severity.value for d in about("neftune_noise_alpha", present)} == {"error"}


def test_epochs_beside_steps_may_set_an_interval() -> None:
    steps = "max_steps: 100\nnum_epochs: 3\n"
    assert about("num_epochs", found("axolotl", steps))
    assert not about("num_epochs", found("axolotl", f"{steps}saves_per_epoch: 2\n"))
