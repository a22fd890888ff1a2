"""Texts of the user's own code become the tokens in torchtune that the code says.

torchtune instantiates the written data set and tokenizer, from the folder that holds the side
file. Runs in an environment with torchtune: ``pytest tests/oracles/test_torchtune_own_texts.py
-m oracle``.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tiny_tokenizers import tokenizers
from translator import ir
from translator.catalog.row_kinds import SEGMENTS
from translator.diagnostics import Severity
from translator.document import Document
from translator.frameworks import axolotl, torchtune
from translator.frameworks.base import ReadOptions, WriteOptions
from translator.source import read_source

tune = pytest.importorskip("torchtune", reason="needs torchtune")
pytestmark = [pytest.mark.oracle, pytest.mark.torchtune, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).parents[2]
BASE = (ROOT / "fixtures" / "axolotl" / "qlora_alpaca.yaml").resolve()
ROWS = [
    {"question": "Add 1 and {2}.", "notes": "", "answer": "3"},
    {"question": "Greet.", "notes": "in French", "answer": "Salut"},
]
MODELS = {
    "meta-llama/Meta-Llama-3.1-8B": ("<|begin_of_text|>", "<|end_of_text|>"),
    "Qwen/Qwen2.5-7B-Instruct": ("", "<|im_end|>"),
}
FOLDER = itertools.count()
JOINED = """\
def text_of(row, tokenizer):
    import json
    return json.dumps([row['question'], row['answer']]) + tokenizer.eos_token
"""
FILTERED = """\
def text_of(row, tokenizer):
    if not row['notes']:
        return None
    return row['answer']
"""
OPENED = """\
def text_of(row, tokenizer):
    return (tokenizer.bos_token or '') + row['answer']
"""


PIECES = [
    {"segments": [{"label": False, "text": "Q: a "}, {"label": True, "text": "b<|im_end|>"}]},
    {"segments": [{"label": True, "text": "c"}, {"label": False, "text": " d"}]},
]


def written(
    folder: Path, model: str, code: str | None, *, packed: bool = False
) -> tuple[dict[str, Any], ir.Source, str]:
    """What the config says, what ftx reads in it again, and the folder's name for its module."""
    recipe = axolotl.read(read_source(BASE), ReadOptions()).recipe
    source = ir.Source(
        path="json",
        file_format="json",
        files=(str(folder / "rows.jsonl"),),
        rows=ir.CustomRows(reference="…" if code else SEGMENTS, code=code),
        format=ir.PlainFormat(joined="whole", end="none") if code else ir.PlainFormat(),
        supervision=ir.Supervision(prompt=code is not None),
    )
    packing = ir.Packing(isolated=True) if packed else None
    data = replace(recipe.data, sources=(source,), validation=None, packing=packing)
    recipe = replace(recipe, data=data, model=replace(recipe.model, id=model))
    document = Document(path="x.ir.json", format="ir", text="", recipe=recipe, origins={})
    stem = f"own{next(FOLDER)}"
    result = torchtune.write(document, WriteOptions(stem=stem))
    assert not [loss for loss in result.losses if loss.severity is Severity.ERROR]
    lines = "".join(json.dumps(row) + "\n" for row in (ROWS if code else PIECES))
    (folder / "rows.jsonl").write_text(lines, "utf-8")
    for name, text in {f"{stem}.yaml": result.text, **result.files}.items():
        (folder / name).write_text(text, encoding="utf-8")
    again = torchtune.read(read_source(folder / f"{stem}.yaml"), ReadOptions())
    return yaml.safe_load(result.text), again.recipe.data.sources[0], f"{stem}_components"


def made(
    folder: Path, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, list[Any]]:
    """The tokenizer and the rows as torchtune makes them."""
    from omegaconf import OmegaConf
    from torchtune.config import instantiate

    monkeypatch.syspath_prepend(str(folder))
    base = tokenizers(folder)[config["tokenizer"]["base"]]
    module = __import__(config["tokenizer"]["_component_"].split(".")[0])
    monkeypatch.setattr(module, "_get_component_from_path", lambda path: lambda **_: base)
    tokenizer = instantiate(OmegaConf.create(config["tokenizer"]))
    rows = instantiate(OmegaConf.create(config["dataset"]), tokenizer)
    return tokenizer, [rows[number] for number in range(len(rows))]


@pytest.mark.parametrize("model", MODELS)
def test_a_text_and_its_end(tmp_path: Path, monkeypatch: Any, model: str) -> None:
    config, again, module = written(tmp_path, model, JOINED)
    assert again.rows == ir.CustomRows(
        reference=f"{module}.{config['dataset']['text_of']}", code=JOINED
    )
    start, end = MODELS[model]
    assert config["dataset"]["eos_token"] == end
    tokenizer, rows = made(tmp_path, config, monkeypatch)
    for row, tokens in zip(ROWS, rows, strict=True):
        text = f'{start}["{row["question"]}", "{row["answer"]}"]{end}'
        assert tokens["tokens"] == tokenizer.ids(text)
        assert tokens["tokens"][-1] == tokenizer.number(end)
        assert tokens["labels"] == [-100, *tokens["tokens"][1:]]


@pytest.mark.parametrize("model", MODELS)
def test_a_row_that_is_left_out(tmp_path: Path, monkeypatch: Any, model: str) -> None:
    config, _, _ = written(tmp_path, model, FILTERED)
    tokenizer, (only,) = made(tmp_path, config, monkeypatch)
    assert only["tokens"] == tokenizer.ids(MODELS[model][0] + "Salut")


@pytest.mark.parametrize("model", MODELS)
def test_a_text_that_opens_itself(tmp_path: Path, monkeypatch: Any, model: str) -> None:
    config, _, _ = written(tmp_path, model, OPENED)
    tokenizer, (first, _) = made(tmp_path, config, monkeypatch)
    assert first["tokens"] == tokenizer.ids(MODELS[model][0] + "3")


@pytest.mark.parametrize("packed", [False, True])
def test_pieces_of_text(tmp_path: Path, monkeypatch: Any, packed: bool) -> None:
    config, again, _ = written(tmp_path, "Qwen/Qwen2.5-7B-Instruct", None, packed=packed)
    assert again.rows == ir.CustomRows(reference=SEGMENTS)
    assert (again.format, again.supervision) == (ir.PlainFormat(), ir.Supervision(prompt=False))
    tokenizer, made_rows = made(tmp_path, config, monkeypatch)
    asked, answer = tokenizer.ids("Q: a "), tokenizer.ids("b<|im_end|>")
    assert answer[-1] == tokenizer.number("<|im_end|>")
    known, more = tokenizer.ids("c"), tokenizer.ids(" d")
    tokens = [[*asked, *answer], [*known, *more]]
    labels = [[-100] * len(asked) + answer, [-100] * (len(known) + len(more))]
    if packed:
        (pack,) = made_rows
        length = sum(map(len, tokens))
        assert pack["tokens"][:length].tolist() == [*tokens[0], *tokens[1]]
        assert pack["labels"][:length].tolist() == [*labels[0], *labels[1]]
        return
    assert [row["tokens"] for row in made_rows] == tokens
    assert [row["labels"] for row in made_rows] == labels


def test_packed_texts(tmp_path: Path, monkeypatch: Any) -> None:
    model = "meta-llama/Meta-Llama-3.1-8B"
    config, _, _ = written(tmp_path, model, JOINED, packed=True)
    tokenizer, (pack,) = made(tmp_path, config, monkeypatch)
    both = [tokenizer.ids(f'["{row["question"]}", "{row["answer"]}"]') for row in ROWS]
    assert len(pack["seq_lens"]) >= 2
    assert pack["seq_lens"][:2].tolist() == [len(ids) + 2 for ids in both]
