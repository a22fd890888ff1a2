"""Functions over data frames that are brought along, and objects that give their fields."""

from __future__ import annotations

from typing import Any

import pytest

from translator import Document, convert, ir, loads

HEAD = """
import json
import pandas as pd
from unsloth import FastLanguageModel
from datasets import Dataset, load_dataset
from trl import SFTTrainer, SFTConfig
model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Qwen2.5-7B-Instruct", max_seq_length=64)
"""
TAIL = """
trainer = SFTTrainer(model=model, tokenizer=tokenizer, train_dataset=dataset,
                     args=SFTConfig(output_dir="o", dataset_text_field="text"))
trainer.train()
"""
FRAME = """
frame = pd.read_csv("food.csv").fillna("")
frame["input"] = frame["title"] + ": " + frame["parts"]
def told(row):
    return f"{row['input']} -> {json.dumps(row['steps'])}"
texts = frame.apply(told, axis=1).tolist()
dataset = Dataset.from_dict({"text": texts})
"""


class Tokenizer:
    eos_token = "</s>"

    def __call__(self, text: str) -> dict[str, list[int]]:
        return {"input_ids": [ord(letter) for letter in text]}


def read(code: str) -> Document:
    return loads(HEAD + code + TAIL, name="s.py", format="unsloth")


def rows_of(code: str) -> ir.CustomRows:
    (source,) = read(code).recipe.data.sources
    assert isinstance(source.rows, ir.CustomRows), source.rows
    return source.rows


def run(code: str | None, row: dict[str, Any]) -> str | None:
    assert code is not None
    names: dict[str, Any] = {}
    exec(code, names)
    text: str | None = names["text_of"](dict(row), Tokenizer())
    return text


def test_a_function_over_the_rows_of_a_frame() -> None:
    code = rows_of(FRAME).code
    row = {"title": "Soup", "parts": "salt", "steps": 'stir "it"'}
    assert run(code, row) == 'Soup: salt -> "stir \\"it\\""'
    assert run(code, {**row, "parts": None}) == 'Soup:  -> "stir \\"it\\""'


@pytest.mark.parametrize(
    "change",
    [
        ("json.dumps(row['steps'])", "json.dumps(row.steps)"),
        ("json.dumps(row['steps'])", "json.dumps(list(row))"),
        ("json.dumps(row['steps'])", "json.dumps(row[0])"),
        ('.fillna("")', ".fillna({'title': ''})"),
        ('frame["title"] + ": "', 'frame["title"].str.strip() + ": "'),
    ],
)
def test_what_a_dictionary_would_not_answer_alike(change: tuple[str, str]) -> None:
    assert change[0] in FRAME
    assert rows_of(FRAME.replace(*change)).code is None


FILTERED = """
def told(row):
    return {"text": json.dumps(row["steps"]) + tokenizer.eos_token}
def short(row):
    return len(tokenizer(row["text"])["input_ids"]) <= 12
dataset = load_dataset("acme/food", split="train").map(told).filter(short)
"""


def test_a_filter_may_count_tokens() -> None:
    code = rows_of(FILTERED).code
    assert run(code, {"steps": "stir"}) == '"stir"</s>'
    assert run(code, {"steps": "stir for long"}) is None


def test_a_function_that_makes_tokens_makes_no_texts() -> None:
    tokens = FILTERED.replace(
        'return {"text"', 'ids = tokenizer(row["steps"])["input_ids"]\n    return {"text"'
    )
    assert rows_of(tokens.replace('(row["steps"]) +', '([*row["steps"], *ids]) +')).code is None


@pytest.mark.parametrize(
    "named",
    ['pd.read_csv("food.csv", header=None)', 'pd.read_csv("food.csv")\nframe.columns = COLUMNS'],
)
def test_columns_that_the_script_names_are_not_lost(named: str) -> None:
    columns = 'COLUMNS = ["title", "parts", "steps"]\n'
    document = read(columns + FRAME.replace('pd.read_csv("food.csv").fillna("")', named))
    errors = [loss.message for loss in convert(document, "axolotl", strict=False).refused]
    assert any("how a data set is loaded" in message for message in errors)


DUMPED = """
from pydantic import BaseModel
from typing import Any, Optional
class Adapter(BaseModel):
    r: int = 16
    target_modules: Any = ["q_proj", "v_proj"]
    lora_alpha: int = 32
    layers_to_transform: Optional[list] = None
settings = Adapter(r=8)
model = FastLanguageModel.get_peft_model(model, **settings.{call})
dataset = load_dataset("acme/food", split="train")
"""


@pytest.mark.parametrize("call", ["model_dump()", "dict()", "model_dump(exclude_none=True)"])
def test_fields_that_an_object_gives(call: str) -> None:
    adapter = read(DUMPED.format(call=call)).recipe.adapter
    assert adapter is not None
    assert (adapter.rank, adapter.alpha, adapter.modules) == (8, 32.0, ("q_proj", "v_proj"))


def test_fields_that_are_chosen_by_more_are_not_guessed() -> None:
    document = read(DUMPED.format(call="model_dump(exclude_unset=True)"))
    said = [d.message for d in document.diagnostics]
    assert any("get_peft_model gets further arguments from" in message for message in said)
