"""Fixes in notebooks: the code changes, no other byte does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from translator import loads
from translator.diagnostics import Edit
from translator.lint.checking import check_document
from translator.lint.fixing import applied
from translator.lint.settings import Settings
from translator.source import Source
from translator.syntax.notebook import read_notebook
from translator.syntax.notebook_edits import NotebookEdits

CODE = [
    ["!pip install unsloth\n", "from unsloth import FastLanguageModel\n",
     "from datasets import load_dataset\n", "from trl import SFTConfig, SFTTrainer"],
    ['model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B", ',
     "max_seq_length=2048)\n",
     "model = FastLanguageModel.get_peft_model(model, r=16)\n",
     'd = load_dataset("a/ö\\u00e4", split="train")  # "\\\\"\n',
     "trainer = SFTTrainer(model=model, train_dataset=d, args=SFTConfig(max_steps=10, ",
     'output_dir="out", learning_rate=1e-4, lr_scheduler_type="constant", warmup_steps=5))\n',
     "trainer.train()"],
]  # fmt: skip


def notebook(*, joined: bool, ascii: bool, indent: int | None) -> str:
    """A notebook with text and outputs between its code."""
    text = {"cell_type": "markdown", "metadata": {}, "source": ['# "cells" {[,:\n', "öö"]}
    cells: list[object] = [text]
    for lines in CODE:
        source = "".join(lines) if joined else lines
        outputs = [{"name": "stdout", "text": ["source: [1]\n"], "output_type": "stream"}]
        cells += [{"source": source, "outputs": outputs, "cell_type": "code"}, text]
    content = {"metadata": {"cells": [{"source": "x"}]}, "cells": cells, "nbformat": 4}
    return json.dumps(content, ensure_ascii=ascii, indent=indent)


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("indent", [None, 1])
def test_a_fix_changes_its_value_alone(joined: bool, ascii: bool, indent: int | None) -> None:
    text = notebook(joined=joined, ascii=ascii, indent=indent)
    document = loads(text, name="run.ipynb")
    found = check_document(document, Settings(root=Path.cwd())).findings
    fixes = [d.fix for d in found if d.code == "TRAIN117" and d.fix is not None]
    assert len(fixes) == 1
    changed = applied(text, fixes[0].edits)
    assert changed == text.replace('\\"constant\\"', '\\"constant_with_warmup\\"')


@pytest.mark.parametrize("ascii", [False, True])
def test_every_character_is_found(ascii: bool) -> None:
    text = notebook(joined=False, ascii=ascii, indent=1)
    code = read_notebook(Source(path="run.ipynb", text=text)).raw
    edits = NotebookEdits(text)
    for position, character in enumerate(code):
        edit = edits.translate(Edit(start=position, end=position + 1, text=character))
        if edit is not None:
            assert json.loads(f'"{text[edit.start : edit.end]}"') == character
            assert edit.text == text[edit.start : edit.end] or character > "~"


def test_an_edit_over_several_strings_is_none() -> None:
    text = notebook(joined=False, ascii=True, indent=1)
    code = read_notebook(Source(path="run.ipynb", text=text)).raw
    start = code.index("FastLanguageModel")
    assert NotebookEdits(text).translate(Edit(start=start, end=start + 60, text="")) is None
