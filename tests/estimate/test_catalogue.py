"""The catalogue of shapes and devices: well formed, and what the files say is what is computed."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import jsonschema
import pytest
from ftx_process import ROOT

from translator import FtxError
from translator.estimate.catalog import find, gpus, shape_of
from translator.estimate.configuration import shape_from_config

DATA = ROOT / "translator" / "estimate"
SHAPES = json.loads((DATA / "shapes.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ["shapes", "gpus"])
def test_the_files_fit_their_schemas(name: str) -> None:
    schema = json.loads((ROOT / "schemas" / f"estimate-{name}.schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads((DATA / f"{name}.json").read_text("utf-8")), schema)


def test_no_id_stands_twice() -> None:
    ids = [i.lower() for entry in SHAPES["models"] for i in entry["ids"]]
    assert len(ids) == len(set(ids))
    names = [g.name for g in gpus()]
    assert len(names) == len(set(names))


def test_common_devices_and_aliases_exist() -> None:
    data = json.loads((DATA / "gpus.json").read_text("utf-8"))
    names = {g["name"] for g in data["gpus"]}
    assert set(data["common"]) <= names
    assert set(data["aliases"].values()) <= names


@pytest.mark.parametrize("entry", SHAPES["models"], ids=lambda e: e["ids"][0])
def test_every_shape_has_the_parameters_that_were_counted(entry: dict) -> None:  # type: ignore[type-arg]
    shape = shape_from_config(entry["config"])
    assert shape.parameters == entry["config"]["text_parameters"]
    assert shape.total == entry["config"]["parameters"]
    # what the formula does not see is small
    assert abs(shape.other) <= 0.15 * shape.parameters


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        ("experts", "Qwen/Qwen3-30B-A3B"),
        ("experts", "openai/gpt-oss-20b"),
        ("experts", "mistralai/Mixtral-8x7B-v0.1"),
        ("latent", "deepseek-ai/DeepSeek-V2-Lite"),
        ("tied", "google/gemma-3-4b-it"),
        ("vision", "Qwen/Qwen2.5-VL-7B-Instruct"),
        ("vision", "mistralai/Mistral-Small-3.1-24B-Instruct-2503"),
    ],
)
def test_kinds_of_models_are_there(kind: str, model: str) -> None:
    found = find(model)
    assert found is not None
    assert getattr(found.shape, kind)


@pytest.mark.parametrize(
    ("name", "base", "assumed"),
    [
        ("unsloth/Qwen3.5-4B", "Qwen/Qwen3.5-4B", False),
        ("unsloth/granite-4.0-h-tiny-bnb-4bit", "ibm-granite/granite-4.0-h-tiny", False),
        ("nvidia/Qwen3-30B-A3B-NVFP4", "Qwen/Qwen3-30B-A3B", True),
        ("somebody/DeepSeek-V2.5", "deepseek-ai/DeepSeek-V2.5", True),
        ("xiuyul/mamba-2.8b-zephyr", "state-spaces/mamba-2.8b", True),
        ("unsloth/Llasa-3B", "HKUSTAudio/Llasa-3B", False),
    ],
)
def test_a_copy_under_another_owner_is_found(name: str, base: str, assumed: bool) -> None:
    found, expected = find(name), find(base)
    assert found is not None
    assert expected is not None
    assert found.shape.parameters == expected.shape.parameters
    assert found.assumed is assumed


def test_every_fact_says_where_it_was_read() -> None:
    """A shape names a file with its commit or version, or a page, a device a thread, table or printed
    line."""
    for entry in SHAPES["models"]:
        told = r"@[0-9a-f]{7,40}: \S|transformers \d[\d.]+: \S|https://\S+/\S+"
        assert re.search(told, entry["source"]), entry
    for device in gpus():
        told = r"#\d+|@[0-9a-f]{7,40}: |'.+' in .* public file|bytes in .* public file"
        assert re.search(told, device.source), device.name
        assert "remembered" not in device.source


def test_gemma_3n_borrows_as_many_layers_as_its_maker_says() -> None:
    """E2B has 20 layers with keys and values of their own, as E4B has; the class has E4B's number."""
    found = find("google/gemma-3n-E2B-it")
    assert found is not None
    assert found.shape.parameters == 4_435_182_688


def test_fields_that_are_no_widths_are_understood() -> None:
    """Qwen counts gate and up together, LFM2 two thirds of what stands there."""
    qwen = {"model_type": "qwen", "hidden_size": 4096, "num_hidden_layers": 32,
            "num_attention_heads": 32, "intermediate_size": 22016, "vocab_size": 151936}  # fmt: skip
    assert shape_from_config(qwen).intermediate == 11008
    lfm = {"model_type": "lfm2", "hidden_size": 2048, "num_hidden_layers": 16,
           "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 12288,
           "vocab_size": 65536}  # fmt: skip
    assert shape_from_config(lfm).intermediate == 8192
    assert shape_from_config({**lfm, "block_auto_adjust_ff_dim": False}).intermediate == 12288


def test_a_fine_tune_has_the_shape_of_its_base() -> None:
    found = find("somebody/My-Llama-3.1-8B-Chat")
    assert found is not None
    assert found.assumed
    assert found.shape.parameters == 8_030_261_248


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("teknium/OpenHermes-2.5-Mistral-7B", "mistralai/Mistral-7B-v0.1"),
        ("me/qwen2.5-14b-my-sft", "Qwen/Qwen2.5-14B"),
        ("me/some-gemma-2-9b-tune", "google/gemma-2-9b"),
    ],
)
def test_a_base_in_the_middle_of_a_name_is_seen(name: str, base: str) -> None:
    found, expected = find(name), find(base)
    assert found is not None
    assert expected is not None
    assert found.assumed
    assert found.shape.parameters == expected.shape.parameters


@pytest.mark.parametrize(
    "name",
    [
        "me/Cerebras-GPT-13B-tuned",  # not the 1.3B
        "Qwen/Qwen2-57B-A14B-Instruct",  # not Qwen2.5-7B
        "me/my-qwen-14b",  # of which generation?
        "me/laser-dolphin-mixtral-2x7b-dpo",  # not 8x7b
        "me/Mistral-7B-to-Mamba",
        "state-spaces/mamba2-1.3b",  # other layers than mamba-1.4b's
        "mistralai/Mamba-Codestral-7B-v0.1",
        "me/Falcon3-Mamba-3B",
        "Qwen/Qwen2-Audio-7B-Instruct",
        "HuggingFaceH4/zephyr-7b-gemma-v0.1",
        "llava-hf/llava-onevision-qwen2-7b-ov-hf",
        "OpenGVLab/InternVL2_5-8B",
        "allenai/Molmo-7B-D-0924",
        "ibm-granite/granite-8b-code-base",
        "google/recurrentgemma-2b",
        "me/Qwen2.5-8B",
        "me/Llama-3-13B-frankenmerge",
    ],
)
def test_no_size_is_made_up(name: str) -> None:
    assert find(name) is None


def test_a_size_is_no_generation() -> None:
    found = find("google/medgemma-4b-it")
    assert found is not None
    assert found.shape.family == "gemma3_text"  # a 4B, not a Gemma 4
    assert find("me/paligemma-3b-mix") is None


@pytest.mark.parametrize(
    "name",
    [
        'config["model_name"]',
        '"unsloth/Llama-3.3-70B" if big else "unsloth/Llama-3.1-8B"',
    ],
)
def test_a_model_that_is_left_open_is_asked_for(name: str) -> None:
    with pytest.raises(FtxError, match="leaves open"):
        shape_of(name)


def test_nothing_heavy_is_loaded() -> None:
    file = ROOT / "fixtures" / "recipes" / "chat_lora" / "axolotl.yaml"
    code = (
        "import sys\nfrom translator.cli import main\n"
        "try: main(['estimate', sys.argv[1]])\nexcept SystemExit: pass\n"
        "print('==', *sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, cwd=ROOT
    )
    modules = set(done.stderr.partition("==")[2].split())
    assert "translator.estimate.report" in modules
    assert not modules & {"torch", "transformers", "libcst", "jsonschema", "ruamel.yaml"}
