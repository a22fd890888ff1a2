"""torchtune builders: by id, by path, by numbers, by config.json."""

from __future__ import annotations

import pytest

from translator.catalog.data import table
from translator.catalog.torchtune import (
    builder,
    builder_for,
    builders,
    checkpoint_files,
    form_of,
    from_config,
    identify,
)

T = "torchtune.models."


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("unsloth/llama-3.1-8b-bnb-4bit", "llama3_1.llama3_1_8b"),
        ("NousResearch/Llama-3.2-1B", "llama3_2.llama3_2_1b"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "llama3_1.llama3_1_8b"),
        ("Qwen/Qwen2.5-7B", "qwen2_5.qwen2_5_7b_base"),
        ("Qwen/Qwen2.5-7B-Instruct", "qwen2_5.qwen2_5_7b_instruct"),
        ("microsoft/phi-4", "phi4.phi4_14b"),
        ("mistralai/Mistral-7B-v0.1", "mistral.mistral_7b"),
    ],
)
def test_builder_of_a_model(model: str, path: str) -> None:
    found = builder_for(model)
    assert found is not None
    assert found.path == T + path
    assert not found.assumed


def test_builder_by_likeness_is_assumed() -> None:
    found = builder_for("org/My-Llama-3.1-8B-finetune")
    assert found is not None
    assert (found.path, found.assumed) == (T + "llama3_1.llama3_1_8b", True)


def test_versions() -> None:
    assert builder_for("Qwen/Qwen3-8B", "0.6.1") is None
    newer = builder_for("Qwen/Qwen3-8B", "main")
    assert newer is not None
    assert newer.path == T + "qwen3.qwen3_8b_instruct"
    assert builder_for("codellama/CodeLlama-7b-hf", "main") is None
    assert builder_for("codellama/CodeLlama-7b-hf", "0.6.1") is not None
    assert builder_for("openai/gpt-oss-20b", "main") is None


def test_forms() -> None:
    found = builder(T + "llama3_2.qlora_llama3_2_3b")
    assert found is not None
    assert found is builder(T + "llama3_2.llama3_2_3b")
    assert form_of(T + "llama3_2.qlora_llama3_2_3b") == "qlora"
    assert found.dotpath("lora") == T + "llama3_2.lora_llama3_2_3b"
    qwen = builder(T + "qwen2_5.lora_qwen2_5_0_5b")
    assert qwen is not None
    assert qwen.dotpath("qlora") is None


def test_a_component_call_with_a_builders_numbers_is_that_builder() -> None:
    for item in builders().values():
        if item.component is None:
            continue
        arguments = dict(item.architecture) | {"max_seq_len": 1}
        found = identify(item.component, arguments)
        assert found is not None
        assert found.component == item.component
        same = {key: value for key, value in found.architecture if key != "max_seq_len"}
        assert same == {key: value for key, value in item.architecture if key != "max_seq_len"}


def test_tinyllama_is_recognised_from_a_shipped_configs_numbers() -> None:
    arguments = {
        "vocab_size": 32000, "num_layers": 22, "num_heads": 32, "num_kv_heads": 4,
        "embed_dim": 2048, "max_seq_len": 2048, "intermediate_dim": 5632, "norm_eps": 1e-5,
        "lora_rank": 8, "lora_alpha": 16, "lora_attn_modules": ["q_proj"],
    }  # fmt: skip
    found = identify(T + "llama2.lora_llama2", arguments)
    assert found is not None
    assert found.ids[0] == "TinyLlama/TinyLlama_v1.1"
    assert found.lora_component() == T + "llama2.lora_llama2"
    assert identify(T + "llama2.llama2", arguments | {"num_layers": 23}) is None


def config(**changes: object) -> dict[str, object]:
    return {
        "model_type": "llama", "vocab_size": 128256, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096,
        "intermediate_size": 14336, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0, "tie_word_embeddings": False,
        "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 8192},
    } | changes  # fmt: skip


def test_from_config() -> None:
    found = from_config(config())
    assert found is not None
    assert found.path == T + "llama3_1.llama3_1_8b"
    other = from_config(config(num_hidden_layers=16))
    assert other is not None
    assert (other.path, other.component) == (None, T + "llama3_1.llama3_1")
    assert dict(other.architecture)["num_layers"] == 16


@pytest.mark.parametrize(
    "changes",
    [
        {"head_dim": 64},
        {"attention_bias": True},
        {"rope_scaling": {"rope_type": "yarn", "factor": 4.0}},
        {"model_type": "gpt_oss"},
        {"model_type": "llama", "hidden_size": None},
    ],
)
def test_a_shape_torchtune_cannot_compute_has_no_component(changes: dict[str, object]) -> None:
    full = config(**changes)
    if full["hidden_size"] is None:
        del full["hidden_size"]
    assert from_config(full) is None


def test_builders_that_compute_something_else_say_so() -> None:
    caveats = {item.family for item in builders().values() if item.caveat}
    assert caveats == {"gemma2", "code_llama2"}


def test_checkpoint_files() -> None:
    one = checkpoint_files("unsloth/Llama-3.2-1B")
    assert one is not None
    assert one.short == ["model.safetensors"]
    many = checkpoint_files("meta-llama/Llama-3.3-70B-Instruct")
    assert many is not None
    assert many.short == {
        "filename_format": "model-{}-of-{}.safetensors",
        "max_filename": "00030",
    }
    assert many.names[9] == "model-00010-of-00030.safetensors"
    tuned = checkpoint_files("org/Llama-3.1-8B-mine")
    assert tuned is not None
    assert tuned.assumed


def test_every_builders_model_has_files_and_a_tokenizer() -> None:
    for item in builders().values():
        assert item.tokenizer.component in table("torchtune")["tokenizers"], item.path
        for name, _ in item.tokenizer.files:
            assert name in item.tokenizer.accepts


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")  # those of the frameworks
def test_builders_exist_in_the_installed_torchtune() -> None:
    """Names and parameters against the real package."""
    pytest.importorskip("torchtune")
    import inspect
    from functools import partial
    from importlib import import_module

    for item in builders().values():
        # Vision models import torchvision, which a text run does not need.
        if "0.6.1" not in item.versions or "vision" in item.family:
            continue
        for form in ("full", "lora", "qlora"):
            path = item.dotpath(form)
            if path is None:
                continue
            module, _, name = path.rpartition(".")
            made = getattr(import_module(module), name)
            if form == "lora":
                assert list(inspect.signature(made).parameters) == [
                    key for key, _ in item.lora_accepts
                ]
            if form == "qlora":
                assert isinstance(made, partial)
                assert made.keywords == {"quantize_base": True}


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")  # those of the frameworks
def test_component_calls_make_the_models_they_stand_for() -> None:
    """Parameter counts on the meta device, and arguments that both forms take."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchtune")
    import inspect

    from torchtune.config._utils import _get_component_from_path

    def size(path: str, arguments: dict[str, object]) -> int:
        with torch.device("meta"):
            model = _get_component_from_path(path)(**arguments)
        return sum(parameter.numel() for parameter in model.parameters())

    billions = {
        "TinyLlama/TinyLlama_v1.1": 1.100,
        "mistralai/Mistral-7B-v0.3": 7.248,
        "HuggingFaceTB/SmolLM2-135M": 0.135,
        "codellama/CodeLlama-34b-hf": 33.744,
        "microsoft/Phi-3-medium-4k-instruct": 13.960,
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": 1.777,
    }
    components = table("torchtune")["components"]
    for name, row in table("torchtune")["architectures"].items():
        if "0.6.1" not in components[row["component"]]["versions"]:
            continue
        arguments = dict(row["architecture"])
        module, _, leaf = row["component"].rpartition(".")
        for path in (row["component"], f"{module}.lora_{leaf}"):
            taken = inspect.signature(_get_component_from_path(path)).parameters
            assert set(arguments) <= set(taken), (name, path)
        if name in billions:
            assert round(size(row["component"], arguments) / 1e9, 3) == billions[name]
    for item in builders().values():
        small = dict(item.architecture).get("num_layers", 99)
        if item.path and item.component and "0.6.1" in item.versions and small <= 40:
            assert size(item.path, {}) == size(item.component, dict(item.architecture)), item.path
