"""What is written for Axolotl, and that it reads back as the same recipe."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from translator import ir
from translator.diagnostics import Severity
from translator.document import Document, Origin
from translator.fields import flatten
from translator.frameworks import axolotl
from translator.frameworks.base import ReadOptions, WriteOptions, Written
from translator.source import decode, read_source

FIXTURES = Path(__file__).parent.parent / "fixtures" / "axolotl"
FILES = sorted(path.name for path in FIXTURES.iterdir())


def fixture(name: str) -> Document:
    return axolotl.read(read_source(FIXTURES / name), ReadOptions())


def write(document: Document) -> Written:
    return axolotl.write(document, WriteOptions(stem="run"))


def foreign(recipe: ir.Recipe, **origins: Origin) -> Document:
    """A recipe as if another framework had it, everything by default."""
    return Document(path="x.py", format="unsloth", text="", recipe=recipe, origins=origins)


@pytest.fixture(name="recipe")
def a_recipe() -> ir.Recipe:
    return fixture("qlora_alpaca.yaml").recipe


@pytest.mark.parametrize("name", FILES)
def test_reading_what_was_written_gives_the_same_recipe(name: str) -> None:
    document = fixture(name)
    written = write(document)
    again = axolotl.read(decode(written.text.encode(), name), ReadOptions())
    lost = tuple(loss.field or "" for loss in written.losses)
    before, after = flatten(document.recipe), flatten(again.recipe)
    different = {
        field: (before.get(field), after.get(field))
        for field in {**before, **after}
        if before.get(field) != after.get(field) and not field.startswith(lost or ("?",))
    }
    assert different == {}


def test_a_file_is_what_a_person_would_write() -> None:
    text = write(fixture("qlora_alpaca.yaml")).text
    assert text.startswith("# Made by ftx from qlora_alpaca.yaml (axolotl), for Axolotl 0.19.\n")
    assert "# Run it with: axolotl train run.yaml" in text
    assert "\n# Model\nbase_model: meta-llama/Llama-3.1-8B\n" in text
    assert "learning_rate: 0.0002\n" in text
    assert "sequence_len: 2048 # longer rows are dropped\n" in text.replace("  #", " #")
    keys = list(yaml.safe_load(text))
    assert keys.index("adapter") < keys.index("datasets") < keys.index("optimizer")


def test_batches_are_always_explicit(recipe: ir.Recipe) -> None:
    batching = replace(recipe.batching, micro_batch=1, accumulation=1)
    config = yaml.safe_load(write(foreign(replace(recipe, batching=batching))).text)
    assert (config["micro_batch_size"], config["gradient_accumulation_steps"]) == (1, 1)


def test_what_axolotl_would_do_otherwise_is_stated(recipe: ir.Recipe) -> None:
    recipe = replace(
        recipe,
        optimizer=replace(recipe.optimizer, max_grad_norm=None),
        data=replace(recipe.data, shuffle=False, overlong="truncate"),
        adapter=replace(recipe.adapter, dtype="bfloat16") if recipe.adapter else None,
    )
    config = yaml.safe_load(write(foreign(recipe)).text)
    assert config["max_grad_norm"] == 0
    assert config["excess_length_strategy"] == "truncate"
    assert config["curriculum_sampling"] is True
    assert config["shuffle_merged_datasets"] is False
    assert config["peft_autocast_adapter_dtype"] is False


def test_a_broken_alpha_is_told_as_rank_stabilised(recipe: ir.Recipe) -> None:
    assert recipe.adapter is not None
    adapter = replace(recipe.adapter, rank=8, alpha=16 * 8**0.5, rank_stabilized=False)
    written = write(foreign(replace(recipe, adapter=adapter)))
    config = yaml.safe_load(written.text)
    assert (config["lora_alpha"], config["peft_use_rslora"]) == (16, True)
    assert [loss.code for loss in written.losses if loss.field == "adapter.alpha"] == ["XLT903"]
    adapter = replace(adapter, alpha=1.5)
    written = write(foreign(replace(recipe, adapter=adapter)))
    assert [loss.code for loss in written.losses if loss.field == "adapter.alpha"] == ["XLT201"]


def test_an_instruction_in_a_chat_turn_becomes_a_prompt_of_its_own(recipe: ir.Recipe) -> None:
    source = replace(
        recipe.data.sources[0],
        format=ir.ChatFormat(template="llama3"),
        supervision=ir.Supervision(prompt=True, turn_headers=True),
    )
    data = replace(recipe.data, sources=(source,))
    written = write(foreign(replace(recipe, data=data)))
    config = yaml.safe_load(written.text)
    kind = config["datasets"][0]["type"]
    assert kind["format"].startswith("<|start_header_id|>user<|end_header_id|>\n\nBelow is")
    assert kind["format"].endswith(
        "### Response:<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    )
    assert config["train_on_inputs"] is True
    assert config["special_tokens"]["eos_token"] == "<|eot_id|>"


def test_a_template_without_a_name_is_written_out(recipe: ir.Recipe) -> None:
    source = replace(
        recipe.data.sources[0], rows=ir.MessageRows(), format=ir.ChatFormat(template="zephyr")
    )
    data = replace(recipe.data, sources=(source,))
    config = yaml.safe_load(write(foreign(replace(recipe, data=data))).text)
    assert config["chat_template"] == "jinja"
    assert "<|assistant|>" in config["chat_template_jinja"]


def test_zero_gets_a_file_of_its_own(recipe: ir.Recipe) -> None:
    parallelism = replace(recipe.parallelism, strategy="zero3", offload_optimizer=True)
    written = write(foreign(replace(recipe, parallelism=parallelism)))
    name = yaml.safe_load(written.text)["deepspeed"]
    settings = json.loads(written.files[name])
    assert settings["zero_optimization"]["stage"] == 3
    assert settings["gradient_clipping"] == "auto"


def test_losses_are_told_in_the_head(recipe: ir.Recipe) -> None:
    adapter = replace(recipe.adapter, bias="all") if recipe.adapter else None
    written = write(foreign(replace(recipe, adapter=adapter)))
    (loss,) = [loss for loss in written.losses if loss.field == "adapter.bias"]
    assert loss.severity.value == "error"
    assert f"# - {loss.message}" in written.text


def test_no_cost_for_a_common_run(recipe: ir.Recipe) -> None:
    errors = [loss for loss in write(foreign(recipe)).losses if loss.severity.value == "error"]
    assert errors == []


def test_a_prompt_keeps_its_empty_lines(recipe: ir.Recipe) -> None:
    prompt = "Do:\n\n\n\n{instruction}\n\n\nAnswer:\n"
    rows = ir.InstructionRows(with_input=prompt, without_input=prompt)
    source = replace(recipe.data.sources[0], rows=rows, format=ir.PlainFormat())
    config = yaml.safe_load(write(foreign(replace_sources(recipe, source))).text)
    assert config["datasets"][0]["type"]["no_input_format"] == prompt


def replace_sources(recipe: ir.Recipe, source: ir.Source) -> ir.Recipe:
    return replace(recipe, data=replace(recipe.data, sources=(source,)))


def test_experts_get_adapters_without_dropout(recipe: ir.Recipe) -> None:
    assert recipe.adapter is not None
    parameters = ("mlp.experts.gate_up_proj", "mlp.experts.down_proj")
    adapter = replace(recipe.adapter, parameters=parameters, dropout=0.1)
    written = write(foreign(replace(recipe, adapter=adapter)))
    config = yaml.safe_load(written.text)
    assert config["lora_target_parameters"] == list(parameters)
    assert not config["lora_dropout"]
    assert "adapter.dropout" in {loss.field for loss in written.losses}


ODD_PAIRS = {
    "turns": (ir.PreferenceRows(prompt=None, messages=True), ir.ChatFormat(template="chatml"), ()),
    "other columns": (
        ir.PreferenceRows(prompt="prompt", chosen="good", messages=True),
        ir.ChatFormat(template="chatml"),
        ("rows.prompt", "rows.chosen"),
    ),
    "texts": (ir.PreferenceRows(), ir.PlainFormat(joined="separately", end="eos"), ()),
    "texts in a template": (
        ir.PreferenceRows(),
        ir.ChatFormat(template="chatml"),
        ("format",),
    ),
}


@pytest.mark.parametrize("name", ODD_PAIRS)
def test_orpo_has_one_transform_only(recipe: ir.Recipe, name: str) -> None:
    rows, form, lost = ODD_PAIRS[name]
    source = replace(
        recipe.data.sources[0], rows=rows, format=form, supervision=ir.Supervision(prompt=False)
    )
    method = ir.PreferenceObjective(method="orpo")
    data = replace(recipe.data, sources=(source,))
    written = write(foreign(replace(recipe, objective=method, data=data)))
    entry = yaml.safe_load(written.text)["datasets"][0]
    assert not [key for key in entry if key.startswith("field_")]
    assert entry.get("type") == ("chat_template.argilla" if rows.messages else None)
    errors = {loss.field for loss in written.losses if loss.severity is Severity.ERROR}
    assert {f"data.sources[0].{field}" for field in lost} <= errors
    assert bool(errors) is bool(lost)


def test_ends_of_turns_count_though_another_data_set_changed_the_end_token(
    recipe: ir.Recipe,
) -> None:
    chat = ir.ChatFormat(template="tokenizer")
    turns = ir.Source(path="acme/turns", rows=ir.MessageRows(), format=chat,
                      supervision=ir.Supervision(prompt=False))  # fmt: skip
    fields = ir.Source(path="acme/fields", rows=ir.InstructionRows(),
                       format=ir.ChatFormat(template="chatml", end_is_eos=True),
                       supervision=ir.Supervision(prompt=False))  # fmt: skip
    model = ir.Model(id="meta-llama/Llama-3.2-1B-Instruct")
    data = ir.Data(sources=(turns, fields), max_length=2048)
    recipe = replace(recipe, model=model, data=data)
    text = write(foreign(recipe)).text
    assert yaml.safe_load(text)["special_tokens"] == {"eos_token": "<|im_end|>"}
    assert yaml.safe_load(text)["eot_tokens"] == ["<|eot_id|>"]
    (first, _) = axolotl.read(decode(text.encode(), "r.yaml"), ReadOptions()).recipe.data.sources
    assert first.supervision.turn_ends == "answers"
