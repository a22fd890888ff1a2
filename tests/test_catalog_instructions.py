"""Instruction styles: their words, their names, and the frameworks' own prompters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from translator.catalog.data import table
from translator.catalog.instructions import (
    InstructionStyle,
    fill,
    instruction_style,
    recognise,
    style_name_in,
    styles,
    torchtune_datasets,
    torchtune_template,
)

ROOT = Path(__file__).parent.parent


def plain() -> list[InstructionStyle]:
    return [item for item in styles().values() if not item.opaque]


def rows(item: InstructionStyle) -> list[dict[str, str]]:
    """Rows of marked values, with and without an input and a system text."""
    row = {item.instruction_column: "INSTRUCTION", str(item.output_column): "OUTPUT"}
    made = [row]
    if item.input_column:
        made = [{**each, item.input_column: text} for each in made for text in ("INPUT", "")]
    if item.system_column:
        made = [{**each, item.system_column: text} for each in made for text in ("SYSTEM", "")]
    return made


def test_data_follows_its_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "schemas/catalog-instructions.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(table("instructions"))


def test_no_id_and_no_name_stands_twice() -> None:
    data = table("instructions")["styles"]
    ids = [row["id"] for row in data]
    assert len(set(ids)) == len(ids)
    names = [(f, name) for row in data for f, names in row["names"].items() for name in names]
    assert len(set(names)) == len(names)


def test_names() -> None:
    alpaca = instruction_style("axolotl", "alpaca")
    assert alpaca is not None
    assert alpaca is instruction_style("torchtune", "torchtune.datasets.alpaca_cleaned_dataset")
    assert style_name_in("axolotl", alpaca) == "alpaca"
    assert style_name_in("torchtune", alpaca) == "torchtune.datasets.alpaca_dataset"
    assert instruction_style("axolotl", "chat_template") is None


def test_prompt() -> None:
    item = instruction_style("axolotl", "alpaca:chat")
    assert item is not None
    row = {"instruction": "Add {input}.", "input": "1 + 1", "output": "2"}
    assert item.prompt(row).endswith("\nUSER: Add {input}.\n1 + 1\nASSISTANT:")
    assert item.prompt({**row, "input": ""}).endswith("\nUSER: Add {input}.\nASSISTANT:")
    jeopardy = instruction_style("axolotl", "jeopardy")
    assert jeopardy is not None
    assert jeopardy.response({"answer": "love"}) == "what is love"
    opaque = instruction_style("axolotl", "reflection")
    assert opaque is not None
    with pytest.raises(ValueError, match="no plain text"):
        opaque.prompt({"instruction": "a"})


def test_fill_leaves_braces_in_values_alone() -> None:
    assert fill("{a}-{b}-{a}", {"a": "{b}", "b": "x"}) == "{b}-x-{b}"


def test_recognise() -> None:
    alpaca = styles()["alpaca"]
    assert recognise(alpaca.with_input, alpaca.without_input) is alpaca
    assert recognise(None, alpaca.without_input) is alpaca
    always = recognise(alpaca.with_input, alpaca.with_input)
    assert always is not None
    assert always.id == "alpaca-always-input"
    # One text fits two styles that differ in the other.
    assert recognise(alpaca.with_input) is None
    assert recognise("{instruction}?", "{instruction}?") is None
    assert recognise(None) is None
    for item in plain():
        if item.response_prefix or item.eos_count != 1:
            continue
        found = recognise(item.with_input, item.without_input, system=item.system)
        assert found is not None
        assert (found.with_input, found.without_input) == (item.with_input, item.without_input)


def test_torchtune_datasets() -> None:
    builder = torchtune_datasets()["torchtune.datasets.samsum_dataset"]
    assert dict(builder.columns) == {"input": "dialogue", "output": "summary"}
    assert builder.train_on_input is False
    assert torchtune_datasets()["torchtune.datasets.alpaca_dataset"].train_on_input is True
    for item in torchtune_datasets().values():
        assert item.style is None or item.style in styles()
        assert (item.source is None) == ("source" in item.required or item.kind == "multimodal")


def test_torchtune_templates() -> None:
    assert torchtune_template("torchtune.data.SummarizeTemplate") == {
        "user": ("Summarize this dialogue:\n", "\n---\nSummary:\n")
    }
    assert torchtune_template("torchtune.data.Nothing") is None


class Letters:
    """A tokenizer whose tokens are letters."""

    eos_token_id = 0
    bos_token_id = -1

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": [ord(c) for c in text], "attention_mask": [1] * len(text)}


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")  # those of the frameworks
def test_axolotls_prompters_write_what_the_styles_say() -> None:
    pytest.importorskip("axolotl")
    from axolotl.prompt_strategies import load
    from axolotl.utils.data.wrappers import DATASET_HANDLERS
    from axolotl.utils.dict import DictDefault
    from datasets import Dataset

    cfg = DictDefault({"train_on_inputs": False, "sequence_len": 100_000})
    for item in plain():
        for name in dict(item.names).get("axolotl", ()):
            strategy = load(name, Letters(), cfg, DictDefault({"path": "x", "type": name}))
            for row in rows(item):
                if strategy is not None:
                    made = strategy.tokenize_prompt(row)
                else:
                    kind, _, style = name.partition(":")
                    data = Dataset.from_list([row])
                    options = {"process_count": 1, "keep_in_memory": True}
                    made = DATASET_HANDLERS[kind](style or None, Letters(), cfg, data, options)[0][
                        0
                    ]
                ids, labels = list(made["input_ids"]), list(made["labels"])
                masked = sum(label == -100 for label in labels)
                text = "".join(chr(i) for i in ids)
                assert text[:masked] == item.prompt(row), (name, row)
                assert text[masked:] == item.response(row) + chr(0) * item.eos_count, (name, row)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")  # those of the frameworks
def test_torchtunes_builders_have_these_defaults() -> None:
    pytest.importorskip("torchtune")
    import inspect
    from importlib import import_module

    from torchtune.data import AlpacaToMessages

    for item in torchtune_datasets().values():
        if item.kind == "multimodal":
            continue
        module, _, name = item.path.rpartition(".")
        found = inspect.signature(getattr(import_module(module), name)).parameters
        defaults = {key: value.default for key, value in found.items()}
        for key, value in {
            "source": item.source,
            "train_on_input": item.train_on_input,
            "packed": item.packed,
            "split": item.split,
        }.items():
            expected = inspect.Parameter.empty if key in item.required else value
            if key == "source" and key not in defaults:
                continue  # fixed inside
            if value is None and key not in defaults:
                continue
            assert defaults[key] == expected or key in item.required, (item.path, key)
        assert ("new_system_prompt" in defaults) == item.new_system_prompt, item.path
    alpaca = styles()["alpaca"]
    for row in rows(alpaca):
        user, assistant = AlpacaToMessages()(row)["messages"]
        assert user.text_content == alpaca.prompt(row)
        assert assistant.text_content == alpaca.response(row)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")  # those of the frameworks
def test_torchtunes_prompt_templates_have_these_texts() -> None:
    pytest.importorskip("torchtune")
    from torchtune.config._utils import _get_component_from_path

    for path in table("instructions")["torchtune_prompt_templates"]["templates"]:
        real = _get_component_from_path(path)().template
        ours = torchtune_template(path)
        assert ours == {
            role: tuple(parts) for role, parts in real.items() if parts and role != "ipython"
        }
