"""Data sets of scripts: files read whole, sets joined, and what is quoted of them."""

from __future__ import annotations

import json

import pytest
from test_script_data import QA, SCRIPT, read

from translator import convert, ir, loads
from translator.diagnostics import Severity

READ_TEXT = """
from pathlib import Path
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--data", default="data/train.jsonl")
lines = Path(parser.parse_args().data).read_text(encoding="utf-8").splitlines()
dataset = Dataset.from_list([json.loads(line) for line in lines if line.strip()])
dataset = dataset.map(lambda r: {"text": f"Q: {r['q']}\\nA: {r['a']}" + tokenizer.eos_token})
"""


def test_rows_of_a_file_that_is_read_whole() -> None:
    document = read(READ_TEXT)
    source = document.recipe.data.sources[0]
    assert (source.files, source.file_format) == (("data/train.jsonl",), "json")
    assert source.rows == QA
    assert document.leftovers == ()  # a test for empty lines leaves out no row


@pytest.mark.parametrize("part", ["select(range(100))", "take(100)", "skip(10)"])
def test_a_part_of_joined_sets_is_no_part_of_each(part: str) -> None:
    joined = (
        'both = [load_dataset(name, split="train") for name in ("acme/a", "acme/b")]\n'
        f"dataset = concatenate_datasets(both).{part}"
    )
    document = read(joined)
    assert [s.split for s in document.recipe.data.sources] == ["train", "train"]
    left = [item for item in document.leftovers if "several data sets" in item.why]
    assert [item.severity for item in left] == [Severity.ERROR]


def test_a_split_of_joined_sets_at_random_is_one_of_each() -> None:
    joined = (
        'both = [load_dataset(name, split="train") for name in ("acme/a", "acme/b")]\n'
        'dataset = concatenate_datasets(both).train_test_split(test_size=0.1)["train"]'
    )
    assert read(joined).recipe.data.validation == ir.HeldOutRows(size=0.1)
    assert read(joined).leftovers == ()


def test_a_notebook_is_quoted_from_its_code() -> None:
    rows = 'load_dataset("acme/chats", split="train").map(lambda r: {"text": str(hash(r["q"]))})'
    cells = SCRIPT.replace("{code}", f"dataset = {rows}").replace("{more}", "").split("\n\n")
    nb = {"cells": [{"cell_type": "code", "source": c} for c in ["# first", *cells]], "nbformat": 4}
    document = loads(json.dumps(nb), name="data.ipynb", format="unsloth")
    said = convert(document, "axolotl", strict=False).diagnostics
    lost = [d.message for d in said if d.code == "XLT401"]
    assert lost
    assert all(m.startswith("train_dataset") for m in lost)
    assert all("(" not in m.split(":")[0] or rows[:20] in m for m in lost)
