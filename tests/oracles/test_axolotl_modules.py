"""The modules that ftx writes for Axolotl make the tokens and labels that the recipe says.

Axolotl itself loads them by the ``type`` of the written file and tokenizes rows. Runs in an
environment with Axolotl: ``pytest tests/oracles/test_axolotl_modules.py -m oracle``.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from translator import ir
from translator.diagnostics import Severity
from translator.document import Document, Leftover
from translator.frameworks import axolotl
from translator.frameworks.base import ReadOptions, WriteOptions
from translator.source import read_source

pytest.importorskip("axolotl", reason="needs Axolotl")

from axolotl.utils.dict import DictDefault
from datasets import Dataset
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).parents[2]
BASE = (ROOT / "fixtures" / "axolotl" / "qlora_alpaca.yaml").resolve()
MODEL = "acme/no-model-that-ftx-knows"
TEMPLATE = (
    "{{ bos_token }}{% if messages[0]['role'] != 'system' %}[S]Default.[E]{% endif %}"
    "{% for m in messages %}{{ {'system': '[S]', 'user': '[U]', 'assistant': '[A]'}[m['role']] }}"
    "{{ m['content'] }}{{ eos_token if m['role'] == 'assistant' else '[E]' }}{% endfor %}"
    "{% if add_generation_prompt %}[A]{% endif %}"
)
ROWS = [
    {"question": "Add 1 and {2}.", "notes": "", "topic": "sums", "answer": "3", "system": "Loud."},
    {"question": "Greet.", "notes": "in French", "topic": "talk", "answer": "Salut", "system": ""},
]
TALKS = [
    [("user", "a?"), ("assistant", "b"), ("user", "c?"), ("assistant", "d")],
    [("system", "Be kind."), ("user", "e?"), ("assistant", "f")],
]
FOLDER = itertools.count()


@pytest.fixture(name="tokenizer", scope="module")
def a_tokenizer() -> Any:
    """Single bytes and a few markers; rows open with ``<s>`` unless told otherwise."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {token: i for i, token in enumerate(["<s>", "</s>", *alphabet, "ab"])}
    inner = Tokenizer(models.BPE(vocab=vocab, merges=[("a", "b")]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(f"[{name}]", special=True) for name in "SUAE"])
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)]
    )
    found = PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")
    found.chat_template = TEMPLATE
    return found


def written(
    folder: Path, source: ir.Source, leftovers: tuple[Leftover, ...] = ()
) -> tuple[dict[str, Any], ir.Source]:
    """The file for Axolotl, written with its modules under a name of its own, and what ftx reads
    in it again."""
    recipe = axolotl.read(read_source(BASE), ReadOptions()).recipe
    data = replace(recipe.data, sources=(source,), validation=None)
    recipe = replace(recipe, data=data, model=ir.Model(id=MODEL))
    document = Document(
        path="x.py", format="unsloth", text="", recipe=recipe, origins={}, leftovers=leftovers
    )
    stem = f"run{next(FOLDER)}"
    result = axolotl.write(document, WriteOptions(stem=stem))
    assert not [loss for loss in result.losses if loss.severity is Severity.ERROR]
    for name, text in {f"{stem}.yaml": result.text, **result.files}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    again = axolotl.read(read_source(folder / f"{stem}.yaml"), ReadOptions())
    return yaml.safe_load(result.text), again.recipe.data.sources[0]


def made(config: dict[str, Any], tokenizer: Any, rows: Dataset) -> list[dict[str, list[int]]]:
    """The rows as Axolotl tokenizes them."""
    from axolotl.utils.data.wrappers import get_dataset_wrapper  # warns, which is ignored by now

    cfg = DictDefault({"sequence_len": 4096, **config})
    dataset = DictDefault(config["datasets"][0])
    wrapped, _ = get_dataset_wrapper(dataset, tokenizer, cfg, dataset.type, rows)
    return [dict(row) for row in wrapped]


def spelled(tokenizer: Any, pieces: list[tuple[str, bool]]) -> tuple[list[int], list[int]]:
    """Ids and labels of pieces of text, each trained or not; no token spans two pieces."""
    ids, labels = [], []
    for text, trained in pieces:
        more = tokenizer(text, add_special_tokens=False)["input_ids"]
        ids += more
        labels += more if trained else [-100] * len(more)
    return ids, labels


def check(tokenizer: Any, row: dict[str, list[int]], pieces: list[tuple[str, bool]]) -> None:
    ids, labels = spelled(tokenizer, pieces)
    assert tokenizer.decode(row["input_ids"]) == tokenizer.decode(ids)
    assert row["input_ids"] == ids
    assert row["labels"] == labels


PROMPTS = ir.InstructionRows(
    instruction="question",
    input="notes",
    output="answer",
    with_input="{topic}: {instruction} ({input})\n",
    without_input="{topic}: {instruction}\n",
    fields=(("topic", "topic"),),
)


def prompt(row: dict[str, str]) -> str:
    text = PROMPTS.with_input if row["notes"] else PROMPTS.without_input
    return text.format(instruction=row["question"], input=row["notes"], topic=row["topic"])


def instructions(**further: Any) -> ir.Source:
    told: dict[str, Any] = {
        "rows": PROMPTS,
        "format": ir.ChatFormat(template="tokenizer"),
        "supervision": ir.Supervision(prompt=False),
    }
    return ir.Source(path="a/b", **{**told, **further})


@pytest.fixture(autouse=True)
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``PYTHONPATH=.`` of the head comment."""
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("system", [None, "Be brief."])
@pytest.mark.parametrize("everything", [False, True])
def test_prompts_under_the_tokenizers_own_template(
    tmp_path: Path, tokenizer: Any, system: str | None, everything: bool
) -> None:
    source = instructions(
        format=ir.ChatFormat(template="tokenizer", system_prompt=system),
        supervision=ir.Supervision(prompt=everything, turn_headers=everything),
    )
    config, again = written(tmp_path, source)
    assert again == source
    for row, tokens in zip(ROWS, made(config, tokenizer, Dataset.from_list(ROWS)), strict=True):
        before = f"<s>[S]{system or 'Default.'}[E][U]{prompt(row)}[E][A]"
        check(tokenizer, tokens, [(before, everything), (f"{row['answer']}</s>", True)])


def test_a_column_of_system_texts_goes_before_a_given_one(tmp_path: Path, tokenizer: Any) -> None:
    source = instructions(
        rows=replace(PROMPTS, system="system"),
        format=ir.ChatFormat(template="tokenizer", system_prompt="Be brief."),
    )
    config, again = written(tmp_path, source)
    assert again == source
    for row, tokens in zip(ROWS, made(config, tokenizer, Dataset.from_list(ROWS)), strict=True):
        before = f"<s>[S]{row['system'] or 'Be brief.'}[E][U]{prompt(row)}[E][A]"
        check(tokenizer, tokens, [(before, False), (f"{row['answer']}</s>", True)])


def test_a_template_in_the_script_renders_prompts(tmp_path: Path, tokenizer: Any) -> None:
    text = TEMPLATE.replace("Default.", "Other.")
    source = instructions(format=ir.ChatFormat(template="jinja", jinja=text))
    config, again = written(tmp_path, source)
    assert again == source
    for row, tokens in zip(ROWS, made(config, tokenizer, Dataset.from_list(ROWS)), strict=True):
        before = f"<s>[S]Other.[E][U]{prompt(row)}[E][A]"
        check(tokenizer, tokens, [(before, False), (f"{row['answer']}</s>", True)])


@pytest.mark.parametrize("joined", ["separately", "whole"])
@pytest.mark.parametrize("end", ["eos", "none"])
@pytest.mark.parametrize("trained", [False, True])
def test_prompts_of_plain_text(
    tmp_path: Path, tokenizer: Any, joined: Any, end: Any, trained: bool
) -> None:
    rows = replace(PROMPTS, with_input="{topic} {instruction} ({input})a",
                   without_input="{topic} {instruction}a")  # fmt: skip
    source = instructions(
        rows=rows,
        format=ir.PlainFormat(joined=joined, end=end),
        supervision=ir.Supervision(prompt=trained),
    )
    config, again = written(tmp_path, source)
    assert again == source
    given = [{**row, "answer": f"b{row['answer']}"} for row in ROWS]
    for row, tokens in zip(given, made(config, tokenizer, Dataset.from_list(given)), strict=True):
        words = rows.with_input if row["notes"] else rows.without_input
        asked = words.format(instruction=row["question"], input=row["notes"], topic=row["topic"])
        close = "</s>" if end == "eos" else ""
        if joined == "separately":
            pieces = [(f"<s>{asked}", trained), (row["answer"] + close, True)]
            check(tokenizer, tokens, pieces)
            continue
        ids = tokenizer(f"<s>{asked}{row['answer']}{close}", add_special_tokens=False)["input_ids"]
        masked = 0 if trained else len(tokenizer(f"<s>{asked}", add_special_tokens=False).input_ids)
        assert tokens["input_ids"] == ids  # with a token across the border
        assert tokens["labels"] == [-100] * masked + ids[masked:]


def messages(**further: Any) -> ir.Source:
    rows = ir.MessageRows(
        column="talk", role_key="from", content_key="value",
        roles=(("gpt", "assistant"), ("human", "user")),
    )  # fmt: skip
    told: dict[str, Any] = {
        "rows": rows,
        "format": ir.ChatFormat(template="tokenizer"),
        "supervision": ir.Supervision(prompt=False),
    }
    return ir.Source(path="a/b", **{**told, **further})


def talks() -> Dataset:
    names = {"assistant": "gpt", "user": "human"}
    return Dataset.from_list(
        [
            {"talk": [{"from": names.get(role, role), "value": text} for role, text in talk]}
            for talk in TALKS
        ]
    )


def test_only_the_last_answer_counts(tmp_path: Path, tokenizer: Any) -> None:
    source = messages(supervision=ir.Supervision(prompt=False, turns="last"))
    config, again = written(tmp_path, source)
    assert again == source
    first, second = made(config, tokenizer, talks())
    check(tokenizer, first, [("<s>[S]Default.[E][U]a?[E][A]b</s>[U]c?[E][A]", False),
                             ("d</s>", True)])  # fmt: skip
    check(tokenizer, second, [("<s>[S]Be kind.[E][U]e?[E][A]", False), ("f</s>", True)])


@pytest.mark.parametrize("drop", [False, True])
def test_a_system_turn_for_conversations_without_one(
    tmp_path: Path, tokenizer: Any, drop: bool
) -> None:
    source = messages(format=ir.ChatFormat(template="tokenizer", system_prompt="Short!"))
    assert isinstance(source.rows, ir.MessageRows)
    source = replace(source, rows=replace(source.rows, drop_system=drop))
    config, again = written(tmp_path, source)
    assert again == source
    first, second = made(config, tokenizer, talks())
    check(tokenizer, first, [("<s>[S]Short![E][U]a?[E][A]", False), ("b</s>", True),
                             ("[U]c?[E][A]", False), ("d</s>", True)])  # fmt: skip
    kept = "Short!" if drop else "Be kind."
    check(tokenizer, second, [(f"<s>[S]{kept}[E][U]e?[E][A]", False), ("f</s>", True)])


def test_columns_that_a_script_names_anew(tmp_path: Path, tokenizer: Any) -> None:
    left = [
        Leftover(key=f"data.load.{key}", value=value, span=None, why="", severity=Severity.ERROR)
        for key, value in (("column_names", ["question", "answer"]), ("skiprows", 1))
    ]
    source = ir.Source(
        path="csv", files=("table.csv",), file_format="csv", format=ir.PlainFormat(joined="whole"),
        rows=ir.InstructionRows(
            instruction="question", input=None, output="answer",
            with_input="Q: {instruction}\n", without_input="Q: {instruction}\n",
        ),
        supervision=ir.Supervision(prompt=False),
    )  # fmt: skip
    config, again = written(tmp_path, source, tuple(left))
    assert again == source
    (tmp_path / "table.csv").write_text('Frage,"Antwort, kurz"\nwho?,me\n"a, b?",c\n', "utf-8")
    rows = Dataset.from_csv(str(tmp_path / "table.csv"))
    first, second = made(config, tokenizer, rows)
    check(tokenizer, first, [("<s>Q: who?\n", False), ("me</s>", True)])
    check(tokenizer, second, [("<s>Q: a, b?\n", False), ("c</s>", True)])


OWN = """\
def text_of(row, tokenizer):
    import json
    return json.dumps([row['question'], row['answer']]) + tokenizer.eos_token
"""


def test_texts_of_the_users_own_code(tmp_path: Path, tokenizer: Any) -> None:
    source = ir.Source(
        path="a/b",
        rows=ir.CustomRows(reference="json.dumps(row)", code=OWN),
        format=ir.PlainFormat(joined="whole", end="none"),
        supervision=ir.Supervision(prompt=True),
    )
    config, again = written(tmp_path, source)
    assert again == source
    for row, tokens in zip(ROWS, made(config, tokenizer, Dataset.from_list(ROWS)), strict=True):
        check(tokenizer, tokens, [(f'<s>["{row["question"]}", "{row["answer"]}"]</s>', True)])


def test_rows_that_the_users_own_code_leaves_out(tmp_path: Path, tokenizer: Any) -> None:
    code = (
        "def text_of(row, tokenizer):\n"
        "    if not row['notes']:\n        return None\n    return row['answer']\n"
    )
    source = ir.Source(
        path="a/b",
        rows=ir.CustomRows(reference="…", code=code),
        format=ir.PlainFormat(joined="whole", end="none"),
        supervision=ir.Supervision(prompt=True),
    )
    config, again = written(tmp_path, source)
    assert again == source
    (only,) = made(config, tokenizer, Dataset.from_list(ROWS))
    check(tokenizer, only, [("<s>Salut", True)])


CHATS = """\
def text_of(row, tokenizer):
    turns = [{'role': role, 'content': text} for role, text in row['talk']]
    return tokenizer.apply_chat_template(turns, tokenize=False)
"""


@pytest.mark.parametrize("marks", [("[U]", "[A]"), ("", "")])
def test_answers_alone_in_texts_of_the_users_own(
    tmp_path: Path, tokenizer: Any, marks: tuple[str, str]
) -> None:
    """As train_on_responses_only counts them: an answer and its end, not what stands behind."""
    template = TEMPLATE.replace("{{ eos_token if", "{{ eos_token ~ '\\n' if")
    source = ir.Source(
        path="a/b",
        rows=ir.CustomRows(reference="…", code=CHATS, marks=marks),
        format=ir.ChatFormat(template="jinja", jinja=template),
        supervision=ir.Supervision(prompt=False),
    )
    config, again = written(tmp_path, source)
    assert again == source
    rows = Dataset.from_list([{"talk": [list(turn) for turn in talk]} for talk in TALKS])
    usual = tokenizer.chat_template
    tokenizer.chat_template = config["chat_template_jinja"]  # as axolotl/loaders/tokenizer.py does
    first, second = made(config, tokenizer, rows)
    tokenizer.chat_template = usual
    check(tokenizer, first, [("<s>[S]Default.[E][U]a?[E][A]", False), ("b</s>", True),
                             ("\n[U]c?[E][A]", False), ("d</s>", True), ("\n", False)])  # fmt: skip
    check(tokenizer, second, [("<s>[S]Be kind.[E][U]e?[E][A]", False), ("f</s>", True),
                              ("\n", False)])  # fmt: skip
