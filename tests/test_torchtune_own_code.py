"""The user's own row function goes beside a torchtune config, and is read there again."""

from __future__ import annotations

from pathlib import Path

import pytest

from translator import convert, load
from translator.api import loads
from translator.codes import Code
from translator.frameworks.torchtune.own_code import OwnCode, own_code
from translator.ir import CustomRows

SCRIPT = """
from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Meta-Llama-3.1-8B", max_seq_length=2048)
model = FastLanguageModel.get_peft_model(model, r=16, lora_alpha=16, target_modules=["q_proj"])

def fit(row):
    import textwrap
    return {"text": textwrap.fill(row["story"], 70) + tokenizer.eos_token}

rows = load_dataset("acme/stories", split="train").map(fit)
trainer = SFTTrainer(model=model, tokenizer=tokenizer, train_dataset=rows,
                     args=SFTConfig(dataset_text_field="text", max_steps=60, output_dir="out"))
trainer.train()
"""


def written(folder: Path) -> Path:
    result = convert(loads(SCRIPT, name="run.py", format="unsloth"), "torchtune", stem="run")
    for name, text in {"run.yaml": result.text, **result.files}.items():
        (folder / name).write_text(text, "utf-8")
    return folder / "run.yaml"


def test_the_function_is_read_again(tmp_path: Path) -> None:
    config = written(tmp_path)
    assert "eos_token: <|end_of_text|>" in config.read_text("utf-8")
    rows = load(config).recipe.data.sources[0].rows
    before = loads(SCRIPT, name="run.py", format="unsloth").recipe.data.sources[0].rows
    assert isinstance(rows, CustomRows)
    assert isinstance(before, CustomRows)
    assert rows.code == before.code
    assert "textwrap.fill" in (rows.code or "")
    script = convert(load(config), "unsloth", stem="again").text
    assert "textwrap.fill" in script


@pytest.mark.parametrize("change", [(", 70)", ", width)"), ("def text_of_", "def other_")])
def test_a_changed_function_is_not_taken_for_the_same(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    config = written(tmp_path)
    module = tmp_path / "run_components.py"
    module.write_text(module.read_text("utf-8").replace(*change), "utf-8")
    document = load(config)
    assert document.recipe.data.sources[0].rows == CustomRows(
        reference=document.recipe.data.sources[0].rows.reference  # type: ignore[union-attr]
    )
    assert any(
        "is not beside the config as ftx wrote it" in d.message for d in document.diagnostics
    )


def test_without_its_file_the_rows_are_told_as_unknown(tmp_path: Path) -> None:
    config = written(tmp_path)
    (tmp_path / "run_components.py").unlink()
    refused = convert(load(config), "axolotl", strict=False).refused
    assert Code.LOST_SOURCE.code in {loss.code for loss in refused}


def test_a_model_without_a_known_end() -> None:
    script = SCRIPT.replace("unsloth/Meta-Llama-3.1-8B", "acme/unheard-of-8b")
    document = loads(script, name="run.py", format="unsloth")
    said = [loss.message for loss in convert(document, "torchtune", strict=False).refused]
    assert any("asks for the eos_token, which ftx does not know" in message for message in said)


FUNCTION = "def text_of(row, tokenizer):\n    return {}\n"


@pytest.mark.parametrize(
    ("made", "asks"),
    [
        ("row['a']", ()),
        ("tokenizer.bos_token + row['a'] + tokenizer.eos_token", ("bos_token", "eos_token")),
    ],
)
def test_what_is_asked_of_the_tokenizer(made: str, asks: tuple[str, ...]) -> None:
    found = own_code(FUNCTION.format(made))
    assert isinstance(found, OwnCode)
    assert found.asks == asks


@pytest.mark.parametrize(
    "made",
    [
        "tokenizer.apply_chat_template(row['turns'], tokenize=False)",
        "getattr(tokenizer, 'eos_token')",
        "(lambda tokenizer: tokenizer.eos_token)(tokenizer)",
        "tokenizer.pad_token",
    ],
)
def test_what_no_tokenizer_of_torchtune_can_say(made: str) -> None:
    found = own_code(FUNCTION.format(made))
    assert isinstance(found, str)
    assert "asks more of the tokenizer" in found


@pytest.mark.parametrize("code", [None, "", "text_of = 1", "def text_of(row): pass", "def ("])
def test_what_is_no_such_function(code: str | None) -> None:
    assert isinstance(own_code(code), str)


PIECES = """
base_model: meta-llama/Llama-3.1-8B
datasets:
  - {path: acme/pieces, type: input_output}
adapter: lora
lora_r: 8
lora_alpha: 16
lora_target_linear: true
micro_batch_size: 1
gradient_accumulation_steps: 1
num_epochs: 1
learning_rate: 1e-4
"""


@pytest.mark.parametrize("all_of_it", [False, True])
def test_pieces_of_text_that_say_what_counts(all_of_it: bool) -> None:
    text = f"{PIECES}train_on_inputs: {str(all_of_it).lower()}\n"
    document = loads(text, name="run.yaml", format="axolotl")
    result = convert(document, "torchtune", stem="run")
    assert not result.refused
    assert "_component_: run_components.segments" in result.text
    again = loads(result.text, name="again.yaml", format="torchtune")
    (before,), (after,) = document.recipe.data.sources, again.recipe.data.sources
    assert (after.rows, after.supervision) == (before.rows, before.supervision)
    assert "type: input_output" in convert(again, "axolotl", strict=False).text


def test_evaluation_without_rows_to_evaluate_on_is_said() -> None:
    script = SCRIPT.replace("max_steps=60", 'max_steps=60, eval_strategy="epoch"')
    said = loads(script, name="run.py", format="unsloth").diagnostics
    assert any("no eval_dataset to evaluate on" in d.message for d in said)
    plain = loads(SCRIPT, name="run.py", format="unsloth").diagnostics
    assert not any("no eval_dataset" in d.message for d in plain)
