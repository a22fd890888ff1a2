"""One value of a script, a notebook or a torchtune configuration changes, and nothing else."""

from __future__ import annotations

import json

import pytest

from translator import Document, FtxError, Recipe
from translator.editing import edited
from translator.editing_python import set_in_script
from translator.ir import Model

SCRIPT = """import argparse
from unsloth import FastLanguageModel

RANK: int = 16  # small
MODEL = "unsloth/llama-3-8b"
parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, default=2e-4)
args = parser.parse_args()
model, tokenizer = FastLanguageModel.from_pretrained(MODEL, max_seq_length=2048)
model = FastLanguageModel.get_peft_model(model, r=RANK, lora_alpha=2 * RANK, random_state=3407)
config = SFTConfig(seed=3407, output_dir="a")
again = DPOConfig(seed=1)
"""

YAML = """\
# tune run lora_finetune_single_device --config x.yaml
model:
  _component_: torchtune.models.llama3.lora_llama3_8b
  lora_rank: 8
optimizer:
  _component_: torch.optim.AdamW
  lr: 3e-4
  fused: True   # quick
seed: null
epochs:
output_dir: /tmp/x
log_dir: ${output_dir}/logs
"""


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("RANK", "32", "RANK: int = 16", "RANK: int = 32"),
        ("MODEL", "org/other", '"unsloth/llama-3-8b"', '"org/other"'),
        ("learning_rate", "1e-5", "default=2e-4", "default=1e-5"),
        ("max_seq_length", "4096", "max_seq_length=2048", "max_seq_length=4096"),
        ("get_peft_model.lora_alpha", "64", "lora_alpha=2 * RANK", "lora_alpha=64"),
        ("SFTConfig.seed", "nothing", "SFTConfig(seed=3407", 'SFTConfig(seed="nothing"'),
        ("SFTConfig.seed", "null", "SFTConfig(seed=3407", "SFTConfig(seed=None"),
        ("output_dir", 'it\'s "x"', 'output_dir="a"', 'output_dir="it\'s \\"x\\""'),
    ],
)
def test_a_script_changes_in_one_place(name: str, value: str, old: str, new: str) -> None:
    assert SCRIPT.count(old) == 1
    assert set_in_script(SCRIPT, "a.py", name, value) == SCRIPT.replace(old, new)


@pytest.mark.parametrize(
    ("name", "reason"), [("seed", "stands in lines 11, 12"), ("lora_rank", "no such name")]
)
def test_a_name_that_is_not_one_place_is_refused(name: str, reason: str) -> None:
    with pytest.raises(FtxError, match=reason):
        set_in_script(SCRIPT, "a.py", name, "1")


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_notebook_changes_in_one_line(ascii_only: bool) -> None:
    lines = ["%pip install unsloth\n", 'NAME = "größe" # x\n', "RANK = 16\n", "print(RANK)"]
    cells = [
        {"cell_type": "markdown", "source": ["RANK = 16\n"]},
        {"cell_type": "code", "source": lines, "outputs": [], "metadata": {}},
    ]
    text = json.dumps({"cells": cells, "nbformat": 4}, indent=1, ensure_ascii=ascii_only)
    changed = set_in_script(text, "a.ipynb", "NAME", "länge")
    spelled = json.dumps('NAME = "größe" # x', ensure_ascii=ascii_only)[1:-1]
    assert text.count(spelled) == 1
    wanted = json.dumps('NAME = "länge" # x', ensure_ascii=ascii_only)[1:-1]
    assert json.loads(changed)["cells"][1]["source"][1] == 'NAME = "länge" # x\n'
    assert changed.replace("\\u00e4", "ä") == text.replace(spelled, wanted).replace("\\u00e4", "ä")
    with pytest.raises(FtxError, match="cannot be told from others"):
        set_in_script(text, "a.ipynb", "RANK", "32")


def _torchtune(recipe: Recipe, **overrides: str) -> str:
    return edited(
        Document(
            path="x.yaml", format="torchtune", text=YAML, recipe=recipe, origins={},
            overrides=overrides,
        )
    )  # fmt: skip


@pytest.fixture
def recipe() -> Recipe:
    """A recipe; editing a text does not look at it."""
    empty: dict[str, object] = dict.fromkeys(Recipe.__dataclass_fields__)
    return Recipe(**{**empty, "model": Model(id="a/b")})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("optimizer.lr", "1e-5", "lr: 3e-4", "lr: 1e-5"),
        ("optimizer.fused", "False", "fused: True   # quick", "fused: False   # quick"),
        ("optimizer", "torch.optim.SGD", "torch.optim.AdamW", "torch.optim.SGD"),
        ("epochs", "3", "epochs:\n", "epochs: 3\n"),
        ("seed", "7", "seed: null", "seed: 7"),
        ("log_dir", "/logs", "${output_dir}/logs", "/logs"),
        ("model.lora_dropout", "0.1", "lora_rank: 8\n", "lora_rank: 8\n  lora_dropout: 0.1\n"),
        ("~optimizer.fused", "", "  fused: True   # quick\n", ""),
        ("~seed", "", "seed: null\n", ""),
    ],
)
def test_a_torchtune_file_changes_in_one_line(
    recipe: Recipe, name: str, value: str, old: str, new: str
) -> None:
    assert YAML.count(old) == 1
    assert _torchtune(recipe, **{name: value}) == YAML.replace(old, new)


def test_a_key_that_is_not_there_cannot_be_removed(recipe: Recipe) -> None:
    with pytest.raises(FtxError, match="no such key"):
        _torchtune(recipe, **{"~nothing": ""})
