"""Functions of a script that are brought along: they make the same texts, alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from translator import Document, convert, ir, load, loads

HEAD = """
import json
import random
import re
import torch
from collections import Counter as Count
from unsloth import FastLanguageModel
from unsloth.chat_templates import get_chat_template, train_on_responses_only
from datasets import load_dataset
from trl import SFTTrainer, SFTConfig
model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Qwen2.5-7B-Instruct", load_in_4bit=False)
rows = load_dataset("acme/qa", split="train")
"""
TAIL = """
trainer = SFTTrainer(model=model, tokenizer=tokenizer, train_dataset=dataset, {more}
                     args=SFTConfig(output_dir="o", dataset_text_field="text"))
{then}
trainer.train()
"""
ROW = {"q": "How many?", "a": [1, 2, 2], "note": "x"}


class Tokenizer:
    """As much of a tokenizer as the functions below look at."""

    eos_token = "</s>"

    def apply_chat_template(self, turns: list[dict[str, str]], **_: object) -> str:
        return "".join(f"<{turn['role']}>{turn['content']}" for turn in turns)


def read(code: str, more: str = "", then: str = "") -> Document:
    return loads(HEAD + code + TAIL.format(more=more, then=then), name="s.py", format="unsloth")


def brought(code: str, more: str = "", then: str = "") -> ir.CustomRows:
    (source,) = read(code, more, then).recipe.data.sources
    assert isinstance(source.rows, ir.CustomRows), source.rows
    return source.rows


def run(code: str | None) -> str:
    """What the code makes of the row."""
    assert code is not None
    names: dict[str, Any] = {}
    exec(code, names)
    text = names["text_of"](dict(ROW), Tokenizer())
    assert isinstance(text, str)
    return text


SAME = {
    "a comprehension over rows": (
        "from datasets import Dataset\n"
        "def form(one):\n    return f\"{one['q']} {json.dumps(one['a'])}\"\n"
        'dataset = Dataset.from_dict({"text": [form(one) + "." for one in rows]})',
        "How many? [1, 2, 2].",
    ),
    "rows made in a comprehension": (
        "from datasets import Dataset\n"
        'made = [{"text": one["q"] + json.dumps(one["a"])} for one in rows]\n'
        "dataset = Dataset.from_list(made)",
        "How many?[1, 2, 2]",
    ),
    "imports and constants": (
        'START = "Q:\\n"\nEND = tokenizer.eos_token\n'
        "def render(row):\n"
        "    return {\"text\": f\"{START}{row['q']} {json.dumps(row['a'])}{END}\"}\n"
        "dataset = rows.map(render)",
        "Q:\nHow many? [1, 2, 2]</s>",
    ),
    "helpers": (
        "def most(numbers):\n    return Count(numbers).most_common(1)[0][0]\n"
        "def render(row, sep=' = '):\n"
        '    return {"text": re.sub("many", "often", row["q"]) + sep + str(most(row["a"]))}\n'
        "dataset = rows.map(render)",
        "How often? = 2",
    ),
    "batches": (
        "def render(batch):\n    texts = []\n"
        '    for q, a in zip(batch["q"], batch["a"]):\n'
        '        texts.append(q + "".join(str(n) for n in sorted(a, reverse=True)))\n'
        '    return {"text": texts}\n'
        "dataset = rows.map(render, batched=True)",
        "How many?221",
    ),
    "a lambda with the tokenizer": (
        "def render(row, tok):\n"
        '    turns = [{"role": "user", "content": row["q"].split()[0]}]\n'
        "    return tok.apply_chat_template(turns, tokenize=False)\n"
        'dataset = rows.map(lambda row: {"text": render(row, tokenizer)})',
        "<user>How",
    ),
    "keywords": (
        "def render(row, width, tok):\n"
        '    return {"text": row["q"][:width] + "|" + tok.eos_token * len(row["a"])}\n'
        'dataset = rows.map(render, fn_kwargs={"width": 3, "tok": tokenizer})',
        "How|</s></s></s>",
    ),
    "two steps": (
        'first = rows.map(lambda row: {"asked": row["q"].replace("?", "!").title()[::-1]})'
        '.rename_column("asked", "said").remove_columns(["q"]).shuffle(seed=1)\n'
        'dataset = first.map(lambda row: {"text": row["said"] + row["note"].center(3)})',
        "!ynaM woH x ",
    ),
    "names of a function around it": (
        "def prepare(words):\n    lead = 'a\\tb'\n    def render(row):\n"
        '        return {"text": lead + row["q"].swapcase().partition(words)[2]}\n'
        "    return rows.map(render)\n"
        'dataset = prepare(" ")',
        "a\tbMANY?",
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_functions_make_the_same_texts_alone(name: str) -> None:
    code, text = SAME[name]
    assert run(brought(code).code) == text


FILTERED = (
    'numbers = rows.filter(lambda row: row["a"][0] == WANTED)\nWANTED = 1\n'
    'dataset = numbers.map(lambda row: {"text": row["q"].zfill(9) if row["note"] else None})'
    '.filter(lambda row: row["text"])'
)


def test_filters_are_brought_along() -> None:
    document = read(FILTERED)
    result = convert(document, "axolotl", stem="run")
    assert not result.refused  # though the first one makes it another data set
    code = brought(FILTERED).code
    assert run(code) == "How many?"
    names: dict[str, Any] = {}
    exec(code or "", names)
    assert names["text_of"]({**ROW, "a": [2]}, Tokenizer()) is None
    assert names["text_of"]({**ROW, "note": ""}, Tokenizer()) is None


def test_a_formatting_function_is_brought_along() -> None:
    code = (
        "dataset = rows\ndef render(batch):\n"
        '    return [q + str(max(a)) for q, a in zip(batch["q"], batch["a"])]\n'
        "def one(row):\n"
        '    return [row["q"] + str(max(row["a"]))]\n'
    )
    assert run(brought(code, more="formatting_func=render,").code) == "How many?2"


BEYOND = {
    "the model": 'lambda row: {"text": str(model.generate(row["q"]))}',
    "chance": 'lambda row: {"text": random.choice([row["q"], row["note"]])}',
    "files": 'lambda row: {"text": open(row["q"]).read()}',
    "places in memory": 'lambda row: {"text": row["q"] + str(hash(row["note"]))}',
    "tensors": 'lambda row: {"text": str(torch.tensor(row["a"]))}',
    "code from elsewhere": 'lambda row: {"text": elsewhere(row["q"])}',
    "a class": 'lambda row: {"text": Helper().render(row)}',
    "other columns": 'lambda row: {"words": row["q"].split()[1:]}',
    "numbers of rows": None,
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_needs_more_is_not_brought_along(name: str) -> None:
    given = BEYOND[name]
    step = f"rows.map({given})" if given else (
        'rows.map(lambda row, n: {"text": str(n).zfill(3) + row["q"]}, with_indices=True)'
    )  # fmt: skip
    code = (
        "from somewhere import elsewhere\nclass Helper:\n    def render(self, row):\n"
        f'        return row["q"].zfill(9)\ndataset = {step}'
    )
    (source,) = read(code).recipe.data.sources
    assert getattr(source.rows, "code", None) is None


def test_a_comprehension_that_leaves_out_rows_is_not_brought_along() -> None:
    code = (
        "from datasets import Dataset\n"
        'made = [{"text": json.dumps(one["a"])} for one in rows if len(one["a"]) > 2]\n'
        "dataset = Dataset.from_list(made)"
    )
    assert brought(code).code is None


def test_a_name_with_two_values_is_not_brought_along() -> None:
    """Which of them the function saw is a matter of time."""
    code = (
        'START = "A"\ndef render(row):\n    return {"text": START + row["q"].zfill(9)}\n'
        'dataset = rows.map(render)\nSTART = "B"\n'
    )
    assert brought(code).code is None
    again = brought(code.replace('START = "B"', 'START = "A"'))
    assert run(again.code) == "AHow many?"


CHAT = (
    'tokenizer = get_chat_template(tokenizer, "chatml")\n'
    "def render(row):\n"
    '    turns = [{"role": "user", "content": json.dumps(row["q"])},\n'
    '             {"role": "assistant", "content": json.dumps(row["a"])}]\n'
    '    return {"text": tokenizer.apply_chat_template(turns, tokenize=False)}\n'
    "dataset = rows.map(render)"
)


def test_answers_alone_are_told_by_their_marks() -> None:
    given = 'instruction_part="<|im_start|>user\\n", response_part="<|im_start|>assistant\\n"'
    then = f"trainer = train_on_responses_only(trainer, {given})"
    rows = brought(CHAT, then=then)
    assert rows.marks == ("<|im_start|>user\n", "<|im_start|>assistant\n")
    assert brought(CHAT, then="trainer = train_on_responses_only(trainer)").marks == rows.marks
    last = f"trainer = train_on_responses_only(trainer, {given}, last_response_only=True)"
    assert brought(CHAT, then=last).code is None
    (source,) = read(CHAT, then=then).recipe.data.sources
    assert source.format == ir.ChatFormat(template="chatml", end_is_eos=True)
    assert source.supervision == ir.Supervision(prompt=False)
    unknown = CHAT.replace('get_chat_template(tokenizer, "chatml")', "tokenizer")
    unknown = f'model, tokenizer = FastLanguageModel.from_pretrained("acme/unheard-of")\n{unknown}'
    assert brought(unknown, then="trainer = train_on_responses_only(trainer)").marks == ("", "")


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("code", [CHAT, FILTERED, *(code for code, _ in SAME.values())])
def test_brought_along_to_axolotl_and_read_again(tmp_path: Path, code: str, masked: bool) -> None:
    then = (
        'trainer = train_on_responses_only(trainer, instruction_part="Q", response_part="A")'
        if masked
        else ""
    )
    before = read(code, then=then)
    result = convert(before, "axolotl", stem="run")
    for name, content in {"run.yaml": result.text, **result.files}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    after = load(tmp_path / "run.yaml")
    assert after.recipe.data.sources == before.recipe.data.sources


@pytest.mark.parametrize("name", SAME)
def test_the_code_goes_back_into_a_script(name: str) -> None:
    code, text = SAME[name]
    written = convert(read(code), "unsloth", stem="run", rewrite=True).text
    again = loads(written, name="run.py", format="unsloth").recipe.data.sources[0].rows
    assert isinstance(again, ir.CustomRows)
    assert run(again.code) == text


def test_marks_go_back_into_a_script() -> None:
    then = 'trainer = train_on_responses_only(trainer, instruction_part="Q:", response_part="A:")'
    before = read(CHAT, then=then)
    written = convert(before, "unsloth", stem="run", rewrite=True).text
    (source,) = loads(written, name="run.py", format="unsloth").recipe.data.sources
    assert isinstance(source.rows, ir.CustomRows)
    assert source.rows.marks == ("Q:", "A:")
    assert source.format == before.recipe.data.sources[0].format


READY = 'dataset = load_dataset("acme/rendered", split="train")'
GIVEN = 'instruction_part="<user>", response_part="<bot>"'


def test_answers_alone_in_a_column_that_holds_whole_turns() -> None:
    masked = read(READY, then=f"trainer = train_on_responses_only(trainer, {GIVEN})")
    (source,) = masked.recipe.data.sources
    assert isinstance(source.rows, ir.CustomRows)
    assert source.rows.marks == ("<user>", "<bot>")
    assert source.rows.code == "def text_of(row, tokenizer):\n    return row['text']\n"
    (module,) = convert(masked, "axolotl", stem="run").files.values()
    assert '"marks": ["<user>", "<bot>"]' in module
    again = convert(masked, "unsloth", rewrite=True, stem="run").text
    (back,) = loads(again, name="run.py", format="unsloth").recipe.data.sources
    assert isinstance(back.rows, ir.CustomRows)
    assert back.rows.marks == source.rows.marks
    assert not back.supervision.prompt


def test_what_is_masked_in_a_column_is_not_guessed() -> None:
    then = f"trainer = train_on_responses_only(trainer, {GIVEN}, last_response_only=True)"
    (source,) = read(READY, then=then).recipe.data.sources
    assert isinstance(source.rows, ir.CustomRows)
    assert source.rows.code is None
    (source,) = read(READY).recipe.data.sources
    assert source.rows == ir.TextRows()
