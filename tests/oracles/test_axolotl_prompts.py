"""The prompts that ftx writes for Axolotl become the tokens they say, with Axolotl's own code.

Runs in an environment with Axolotl: ``pytest tests/oracles/test_axolotl_prompts.py -m oracle``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from translator import ir
from translator.document import Document
from translator.frameworks import axolotl
from translator.frameworks.base import ReadOptions, WriteOptions
from translator.source import read_source

pytest.importorskip("axolotl", reason="needs Axolotl")

from axolotl.prompt_strategies import load
from axolotl.utils.dict import DictDefault
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).parents[2]
ALPACA = (ROOT / "fixtures" / "axolotl" / "qlora_alpaca.yaml").resolve()
ROWS: tuple[dict[str, str], ...] = (
    {"instruction": "Add.", "input": "1 and {2}", "output": "3", "persona": "Be brief."},
    {"instruction": "Say {hi}.", "input": "", "output": "hi", "persona": "Be brief."},
    {"instruction": "Greet.", "input": "", "output": "hello", "persona": "", "system": "Loudly."},
)

PROMPTS = (
    ("Q: {instruction}\nC: {input}\nA:\n", "Q: {instruction}\nA:\n", None),
    ("### Q:\n{instruction}\n\n### Response:", "### Q:\n{instruction}\n\n### Response:", None),
    ("{instruction} {input} -> ", "{instruction} -> ", None),
    ("a\n\n\n{instruction}\n{input}\n\n\n", "b\n\n\n{instruction}\n\n\n", None),
    ('{{"q": "{instruction}", "c": "{input}"}}\n', '{{"q": "{instruction}"}}\n', None),
    ("Q: {instruction}\nC: {input}\n", "Q: {instruction}\nC: {input}\n", None),
    ("  indented: {instruction}\n\tC: {input}\n", "  indented: {instruction}\n", None),
    ("# not a comment\n{instruction}: {input}\n", "- {instruction}\n", None),
    ("S: {system}\nQ: {instruction}\n{input}\n", "S: {system}\nQ: {instruction}\n", "persona"),
    ("{system}{instruction}\n{input}\n", "{system}{instruction}\n", "persona"),
)


@pytest.fixture(name="tokenizer", scope="module")
def a_tokenizer() -> Any:
    """A vocabulary of single bytes; the model's own special tokens are whole."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {token: i for i, token in enumerate(["<s>", "</s>", *alphabet])}
    inner = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")


def written(rows: ir.InstructionRows) -> dict[str, Any]:
    """The data set as the file for Axolotl has it, read by Axolotl's own loader."""
    recipe = axolotl.read(read_source(ALPACA), ReadOptions()).recipe
    mask = ir.Supervision(prompt=False)
    source = ir.Source(path="a/b", rows=rows, format=ir.PlainFormat(), supervision=mask)
    recipe = replace(recipe, data=replace(recipe.data, sources=(source,)))
    document = Document(path="x.py", format="unsloth", text="", recipe=recipe, origins={})
    content = yaml.safe_load(axolotl.write(document, WriteOptions(stem="run")).text)
    (dataset,) = content["datasets"]
    assert isinstance(dataset, dict)
    return dataset


@pytest.mark.parametrize(("with_input", "without_input", "system"), PROMPTS)
def test_rows_become_the_tokens_of_the_prompt(
    tokenizer: Any, with_input: str, without_input: str, system: str | None
) -> None:
    rows = ir.InstructionRows(with_input=with_input, without_input=without_input, system=system)
    kind = written(rows)["type"]
    assert isinstance(kind, dict)
    config = DictDefault({"train_on_inputs": False, "sequence_len": 4096})
    strategy = load("user_defined", tokenizer, config, DictDefault(kind))
    for row in ROWS:
        text = with_input if row["input"] else without_input
        if "{system}" in text and not row["persona"]:
            continue  # Axolotl leaves the words around an absent system text out as well
        wanted = text.format(
            instruction=row["instruction"], input=row["input"], system=row["persona"]
        )
        tokens = strategy.tokenize_prompt(row)
        prompt = tokenizer(wanted)["input_ids"]
        answer = [*tokenizer(row["output"])["input_ids"], tokenizer.eos_token_id]
        assert tokenizer.decode(tokens["input_ids"]) == tokenizer.decode(prompt + answer)
        assert tokens["input_ids"] == prompt + answer
        assert tokens["labels"] == [-100] * len(prompt) + answer
