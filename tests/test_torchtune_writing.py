"""What torchtune configurations say of runs that torchtune has no key for, or another one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from translator import Conversion, convert
from translator.api import loads
from translator.codes import Code
from translator.frameworks.torchtune.held_out import parts

LORA = """
base_model: {model}
adapter: {adapter}
load_in_4bit: {four}
lora_r: 8
lora_alpha: 16
lora_target_linear: true
{further}
datasets:
{data}
sequence_len: 1024
micro_batch_size: 1
gradient_accumulation_steps: 2
num_epochs: 1
learning_rate: 1e-4
optimizer: adamw_torch
lr_scheduler: cosine
"""
ALPACA = "  - {path: tatsu-lab/alpaca, type: alpaca}"


def written(
    model: str = "meta-llama/Llama-3.1-8B",
    *,
    adapter: str = "lora",
    data: str = ALPACA,
    further: str = "",
    to: str = "torchtune",
) -> Conversion:
    """An Axolotl run as torchtune is told of it."""
    text = LORA.format(
        model=model,
        adapter=adapter,
        four=str(adapter == "qlora").lower(),
        data=data,
        further=further,
    )
    return convert(loads(text, name="run.yml", format="axolotl"), to, strict=False, stem="run")


def keys(conversion: Conversion) -> Any:
    return yaml.safe_load(conversion.text)


def test_embeddings_and_head_train_beside_adapters() -> None:
    result = written(further="lora_modules_to_save: [embed_tokens, lm_head]")
    model = keys(result)["model"]
    assert model["_component_"] == "run_components.lora_and_more"
    assert model["base"] == "torchtune.models.llama3_1.lora_llama3_1_8b"
    assert model["trained"] == ["tok_embeddings", "output"]
    assert keys(result)["save_adapter_weights_only"] is False
    assert "def lora_and_more" in result.files["run_components.py"]
    assert not result.refused
    again = loads(result.text, name="run.yaml", format="torchtune").recipe.adapter
    assert again is not None
    assert again.trained_modules == ("embed_tokens", "lm_head")


def test_a_tied_head_is_the_embedding() -> None:
    result = written(
        "meta-llama/Llama-3.2-1B", further="lora_modules_to_save: [embed_tokens, lm_head]"
    )
    assert keys(result)["model"]["trained"] == ["tok_embeddings"]
    assert "adapter.trained_modules" in [loss.field for loss in result.losses]


@pytest.mark.parametrize(
    ("place", "source", "files"),
    [
        ("path: rows.jsonl", "json", "rows.jsonl"),
        ("path: rows.csv.gz", "csv", "rows.csv.gz"),
        ("path: json, data_files: [a.json, b.json]", "json", ["a.json", "b.json"]),
        ("path: org/rows", "org/rows", None),
    ],
)
def test_files_are_named_as_load_dataset_wants_them(place: str, source: str, files: Any) -> None:
    dataset = keys(written(data=f"  - {{{place}, type: alpaca}}"))["dataset"]
    assert dataset["source"] == source
    assert dataset.get("data_files") == files


def test_a_model_by_its_numbers_and_its_tokenizer_file() -> None:
    result = written("HuggingFaceTB/SmolLM2-1.7B-Instruct")
    model, tokenizer = keys(result)["model"], keys(result)["tokenizer"]
    assert model["_component_"] == "torchtune.models.llama3_2.lora_llama3_2"
    assert (model["embed_dim"], model["num_layers"]) == (2048, 24)
    assert tokenizer["_component_"] == "run_components.turn_tokenizer"
    assert tokenizer["base"].endswith(".HuggingFaceBaseTokenizer")
    assert tokenizer["tokenizer_json_path"].endswith("/tokenizer.json")
    assert not result.refused


def test_weights_that_nf4_cannot_divide_stay_in_16_bits() -> None:
    result = written("HuggingFaceTB/SmolLM2-135M", adapter="qlora")
    assert "quantize_base" not in keys(result)["model"]
    lost = [loss for loss in result.losses if loss.field == "quantization"]
    assert [loss.severity.value for loss in lost] == ["warning"]


def test_the_shape_in_a_folder_tells_the_model(tmp_path: Path) -> None:
    shape = {
        "model_type": "llama", "vocab_size": 32000, "hidden_size": 256, "num_hidden_layers": 3,
        "num_attention_heads": 4, "intermediate_size": 512, "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-5,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(shape), encoding="utf-8")
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    result = written(str(tmp_path))
    assert keys(result)["model"]["embed_dim"] == 256
    assert keys(result)["tokenizer"]["base"].endswith(".HuggingFaceBaseTokenizer")
    (tmp_path / "tokenizer.model").write_bytes(b"")
    assert keys(written(str(tmp_path)))["tokenizer"]["_component_"].endswith(".llama2_tokenizer")
    shape["rope_scaling"] = {"type": "linear", "factor": 4.0}
    (tmp_path / "config.json").write_text(json.dumps(shape), encoding="utf-8")
    (refused,) = written(str(tmp_path)).refused
    assert refused.code == Code.LOST_MODEL.code
    assert "does not scale positions as linear does" in refused.message


def test_an_unknown_model_says_how_to_give_its_shape() -> None:
    (refused,) = [d for d in written("acme/base-7b").refused if d.code == Code.LOST_MODEL.code]
    assert refused.help is not None
    assert "hf download acme/base-7b config.json" in refused.help


def test_qwen3_is_pointed_to_main() -> None:
    (refused,) = [d for d in written("Qwen/Qwen3-8B").refused if d.code == Code.LOST_MODEL.code]
    assert refused.help == "torchtune main has it: --to torchtune@main"
    assert "qwen3" in keys(written("Qwen/Qwen3-8B", to="torchtune@main"))["model"]["_component_"]


def test_prompts_of_several_data_sets_are_each_worded_by_their_own() -> None:
    both = """  - path: org/one
    type: {system_prompt: "", field_instruction: q, field_output: a, format: "Q: {instruction} A:"}
  - path: org/two
    type: {system_prompt: "", field_instruction: q, field_output: a, format: "Say {instruction}:"}
"""
    result = written("meta-llama/Llama-2-7b-hf", data=both)
    assert [d["with_input"] for d in keys(result)["dataset"]] == [
        "Q: {instruction} A:",
        "Say {instruction}:",
    ]
    assert not result.refused


def test_part_of_the_layers_is_checkpointed_by_ac_mode() -> None:
    text = written(adapter="", further="").text
    start = loads(text, name="run.yaml", format="torchtune", recipe="full_finetune_distributed",
                  set={"ac_mode": "selective", "enable_activation_checkpointing": "False"})  # fmt: skip
    assert start.recipe.kernels.activation_checkpointing == "selective"
    again = keys(convert(start, "torchtune", strict=False, stem="run", rewrite=True))
    assert (again["enable_activation_checkpointing"], again["ac_mode"]) == (False, "selective")
    both = loads(text, name="run.yaml", format="torchtune", recipe="full_finetune_distributed",
                 set={"ac_mode": "selective", "enable_activation_checkpointing": "True"})  # fmt: skip
    assert both.recipe.kernels.activation_checkpointing == "none"


@pytest.mark.parametrize(
    ("split", "size", "kept", "held"),
    [
        ("train", 0.05, "train[:95%]", "train[95%:]"),
        ("train", 100.0, "train[:-100]", "train[-100:]"),
        ("train[:5000]", 0.05, "train[:4750]", "train[4750:5000]"),
        ("train[100:200]", 10.0, "train[100:190]", "train[190:200]"),
        ("train[:50%]", 0.02, "train[:49%]", "train[49%:50%]"),
        ("train[:10%]", 0.05, None, None),
        ("train[10%:]", 0.05, None, None),
        ("train", 0.033, None, None),
        ("a+b[:10]", 0.1, None, None),
        ("a+b", 0.1, None, None),
        ("train[:3]", 0.001, "train[:2]", "train[2:3]"),
    ],
)
def test_held_out_rows_are_a_slice(split: str, size: float, kept: str | None, held: str) -> None:
    assert parts(split, size) == (None if kept is None else (kept, held))
