"""What the data of a script means, however it is brought to the trainer."""

from __future__ import annotations

from pathlib import Path

import pytest

from translator import convert, ir, load, loads
from translator.diagnostics import Severity
from translator.document import Document

SCRIPT = """
import json
import pandas as pd
from unsloth import FastLanguageModel
from unsloth.chat_templates import get_chat_template, standardize_sharegpt
from datasets import Dataset, concatenate_datasets, load_dataset
from trl import SFTTrainer, SFTConfig
model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Qwen2.5-7B-Instruct")
{code}
SFTTrainer(model=model, train_dataset=dataset, args=SFTConfig(output_dir="o"{more})).train()
"""


def read(code: str, more: str = "") -> Document:
    text = SCRIPT.replace("{code}", code).replace("{more}", more)
    return loads(text, name="data.py", format="unsloth")


def rows_of(code: str, more: str = "") -> ir.Rows:
    document = read(code, more)
    return document.recipe.data.sources[0].rows


QA = ir.InstructionRows(
    instruction="q",
    input=None,
    output="a",
    with_input="Q: {instruction}\nA: ",
    without_input="Q: {instruction}\nA: ",
)
TEXT = "f\"Q: {r['q']}\\nA: {r['a']}\""
LOADED = 'rows = load_dataset("acme/qa", split="train")\n'
SAME = {
    "list of dicts": f'{LOADED}dataset = Dataset.from_list([{{"text": {TEXT}}} for r in rows])',
    "dict of lists": f'{LOADED}dataset = Dataset.from_dict({{"text": [{TEXT} for r in rows]}})',
    "appended": f'{LOADED}out = []\nfor r in rows:\n    out.append({{"text": {TEXT}}})\n'
    "dataset = Dataset.from_list(out)",
    "generator": f'{LOADED}def gen():\n    for r in rows:\n        yield {{"text": {TEXT}}}\n'
    "dataset = Dataset.from_generator(gen)",
    "data frame": f"{LOADED}frame = rows.to_pandas()\n"
    f'frame["text"] = frame.apply(lambda r: {TEXT}, axis=1)\ndataset = Dataset.from_pandas(frame)',
    "columns": f"{LOADED}frame = rows.to_pandas()\n"
    'frame["text"] = "Q: " + frame["q"] + "\\nA: " + frame["a"]\n'
    "dataset = Dataset.from_pandas(frame)",
    "by number": f"{LOADED}out = []\nfor i in range(len(rows)):\n    r = rows[i]\n"
    f'    out.append({{"text": {TEXT}}})\ndataset = Dataset.from_list(out)',
    "zip of columns": f'{LOADED}dataset = Dataset.from_dict({{"text": ['
    '"Q: " + q + "\\nA: " + a for q, a in zip(rows["q"], rows["a"])]})',
    "iterrows": f"{LOADED}out = []\nfor _, r in rows.to_pandas().iterrows():\n"
    f'    out.append({{"text": {TEXT}}})\ndataset = Dataset.from_list(out)',
    "two maps": f'{LOADED}dataset = rows.map(lambda r: {{"prompt_text": "Q: " + r["q"]}})'
    '.map(lambda r: {"text": r["prompt_text"] + "\\nA: " + r["a"]})',
    "input columns": f'{LOADED}dataset = rows.map(lambda q, a: {{"text": f"Q: {{q}}\\nA: {{a}}"}}, '
    'input_columns=["q", "a"])',
    "tokens": f"{LOADED}dataset = rows.map(lambda r: tokenizer({TEXT}, truncation=True))",
    "text, then tokens": f'{LOADED}dataset = rows.map(lambda r: {{"text": {TEXT}}})\n'
    "def tokenize(batch):\n    out = tokenizer(batch['text'], truncation=True)\n"
    '    out["labels"] = out["input_ids"].copy()\n    return out\n'
    "dataset = dataset.map(tokenize, batched=True)",
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_rows_in_many_ways(name: str) -> None:
    document = read(SAME[name])
    (source,) = document.recipe.data.sources
    assert source.path == "acme/qa"
    assert source.rows == QA
    assert source.format == ir.PlainFormat(joined="whole", end="none")
    assert not [d for d in document.diagnostics if d.severity is Severity.ERROR]


FILES = {
    "lines": 'rows = []\nwith open("qa.jsonl") as f:\n    for line in f:\n'
    "        rows.append(json.loads(line))",
    "lines that are stripped": 'with open("qa.jsonl", encoding="utf-8") as f:\n'
    "    rows = [json.loads(line.strip()) for line in f if line.strip()]",
    "whole": 'with open("qa.jsonl") as f:\n    rows = json.load(f)',
    "path": 'from pathlib import Path\nrows = json.loads(Path("qa.jsonl").read_text())',
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_a_script_reads_itself(name: str) -> None:
    code = f"{FILES[name]}\ndataset = Dataset.from_list([{{'text': {TEXT}}} for r in rows])"
    (source,) = read(code).recipe.data.sources
    assert (source.path, source.files, source.file_format) == ("json", ("qa.jsonl",), "json")
    assert source.rows == QA


SPLITS = {
    "rows.select(range(500))": "train[:500]",
    "rows.select(range(10, 500))": "train[10:500]",
    "rows.select(range(min(500, len(rows))))": "train[:500]",
    "rows.select(range(int(0.9 * len(rows))))": "train[:90%]",
    "rows.select(range(int(len(rows) * 0.9), len(rows)))": "train[90%:]",
    "rows.take(7)": "train[:7]",
    "rows.skip(7)": "train[7:]",
    "rows.skip(7).take(3)": "train[7:10]",
    "rows.to_pandas().head(20)": "train[:20]",
    "rows.select(range(500)) if len(rows) > 500 else rows": "train[:500]",
}


@pytest.mark.parametrize("code", SPLITS)
def test_parts_of_a_data_set(code: str) -> None:
    (source,) = read(f"{LOADED}dataset = {code}").recipe.data.sources
    assert source.split == SPLITS[code]


def test_choosing_rows_is_kept_aside() -> None:
    def severity(code: str) -> Severity:
        (left,) = [item for item in read(code).leftovers if item.key.startswith("data.filter")]
        return left.severity

    start = 'dataset = load_dataset("acme/qa", split="train")'
    assert severity(f'{start}.filter(lambda r: r["kind"] == "code")') is Severity.ERROR
    assert severity(f'{start}.filter(lambda r: len(r["text"]) < 4000)') is Severity.WARNING


def test_a_prompt_of_many_columns() -> None:
    code = f"{LOADED}dataset = rows.map(lambda r: {{'text': "
    code += "f\"{r['subject']}|{r['hint']}|{r['level']}|{r['q']}: {r['a']}\"})"
    rows = rows_of(code)
    assert isinstance(rows, ir.InstructionRows)
    assert rows.with_input == "{instruction}|{input}|{level}|{q}: "
    assert rows.fields == (("level", "level"), ("q", "q"))
    assert rows.output == "a"


def test_what_stands_for_a_missing_value() -> None:
    code = f"{LOADED}dataset = rows.map(lambda r: {{'text': "
    code += "(r['q'] if r['q'] else 'Nothing.') + '\\n' + r['a']})"
    document = read(code)
    rows = document.recipe.data.sources[0].rows
    assert isinstance(rows, ir.InstructionRows)
    assert rows.with_input == "{instruction}\n"
    assert any("'Nothing.'" in d.message for d in document.diagnostics)


# --- conversations -------------------------------------------------------------------------------

TURNS = """
def render(row):
    text = ""
    for turn in row["conversation"]:
        {body}
    return {"text": text}
dataset = load_dataset("acme/chats", split="train").map(render)
"""
CHATML = {
    "by role": "text += f\"<|im_start|>{turn['role']}\\n{turn['content']}<|im_end|>\\n\"",
    "by test": 'role, said = turn["from"], turn["value"]\n'
    '        if role == "system":\n            text += f"<|im_start|>system\\n{said}<|im_end|>\\n"\n'
    '        elif role in ["human", "user"]:\n'
    '            text += f"<|im_start|>user\\n{said}<|im_end|>\\n"\n'
    '        else:\n            text += f"<|im_start|>assistant\\n{said}<|im_end|>\\n"',
}


@pytest.mark.parametrize("name", CHATML)
def test_a_chat_format_written_out_in_a_loop(name: str) -> None:
    (source,) = read(TURNS.replace("{body}", CHATML[name])).recipe.data.sources
    assert isinstance(source.rows, ir.MessageRows)
    assert source.rows.column == "conversation"
    assert source.format == ir.ChatFormat(template="chatml")
    if name == "by test":
        assert (source.rows.role_key, source.rows.content_key) == ("from", "value")
        assert ("human", "user") in source.rows.roles


def test_a_chat_format_of_ones_own_becomes_a_template() -> None:
    body = 'text += "[Q] " + turn["content"] if turn["role"] == "user" else '
    body += '"[A] " + turn["content"] + tokenizer.eos_token'
    (source,) = read(TURNS.replace("{body}", body)).recipe.data.sources
    assert isinstance(source.rows, ir.MessageRows)
    assert isinstance(source.format, ir.ChatFormat)
    assert source.format.template == "jinja"
    jinja2 = pytest.importorskip("jinja2")
    template = jinja2.Environment().from_string(source.format.jinja or "")
    turns = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
    assert template.render(messages=turns, eos_token="<end>").startswith("[Q] Why?[A] So.<")


def test_a_template_over_a_list_of_conversations() -> None:
    code = (
        "tokenizer = get_chat_template(tokenizer, chat_template='chatml')\n"
        'rows = standardize_sharegpt(load_dataset("acme/chats", split="train"))\n'
        'texts = tokenizer.apply_chat_template(list(rows["conversations"]), tokenize=False)\n'
        'dataset = Dataset.from_dict({"text": texts})'
    )
    (source,) = read(code).recipe.data.sources
    assert isinstance(source.rows, ir.MessageRows)
    assert (source.path, source.rows.column) == ("acme/chats", "conversations")


def test_two_data_sets_made_in_their_own_ways() -> None:
    code = (
        'first = load_dataset("acme/qa", split="train").map(lambda r: {"text": "Q: " + r["q"] + '
        '"\\nA: " + r["a"]})\n'
        'second = load_dataset("acme/texts", split="train").rename_column("body", "text")\n'
        "dataset = concatenate_datasets([first, second.select(range(100))])"
    )
    first, second = read(code).recipe.data.sources
    assert (first.path, first.rows) == ("acme/qa", QA)
    assert (second.path, second.split) == ("acme/texts", "train[:100]")
    assert second.rows == ir.TextRows(column="body")


def test_a_split_that_is_changed_in_place() -> None:
    code = (
        'parts = load_dataset("acme/qa")\n'
        'parts["train"] = parts["train"].rename_column("question", "q")\n'
        'dataset = parts["train"].map(lambda r: {"text": "Q: " + r["q"] + "\\nA: " + r["a"]})'
    )
    (source,) = read(code).recipe.data.sources
    assert (source.path, source.split) == ("acme/qa", "train")
    assert isinstance(source.rows, ir.InstructionRows)
    assert source.rows.instruction == "question"


# --- rows in the script --------------------------------------------------------------------------


def test_rows_of_the_script_go_into_a_file() -> None:
    code = 'dataset = Dataset.from_list([{"text": "One."}, {"text": "Two."}])'
    document = read(code)
    (source,) = document.recipe.data.sources
    assert source.rows == ir.TextRows(column="text")
    written = convert(document, "axolotl", strict=False)
    assert written.files["rows.jsonl"] == '{"text": "One."}\n{"text": "Two."}\n'
    assert "rows.jsonl" in written.text


# --- pictures ------------------------------------------------------------------------------------

PICTURES = """
def to_chat(row):
    return {"messages": [
        {"role": "user", "content": [{"type": "text", "text": "What is it?"},
                                     {"type": "image", "image": row["scan"]}]},
        {"role": "assistant", "content": [{"type": "text", "text": row["caption"]}]},
    ]}
dataset = [to_chat(row) for row in load_dataset("acme/scans", split="train")]
"""


def test_rows_with_pictures() -> None:
    document = read(PICTURES)
    rows = document.recipe.data.sources[0].rows
    assert isinstance(rows, ir.InstructionRows)
    assert (rows.images, rows.output) == ("scan", "caption")
    assert rows.with_input == "What is it?{images}"
    assert document.recipe.model.modality == "vision"
    lost = convert(document, "axolotl", strict=False).losses
    assert any(item.field == "data.sources[0].rows.images" for item in lost)


# --- what is not understood ----------------------------------------------------------------------

CUSTOM = {
    'rows.map(lambda r: {"text": shuffle_words(r["q"])})': "shuffle_words",
    'rows.map(lambda r: {"text": r["turns"][0]["value"] + "\\n" + r["a"]})': "turns[0]['value']",
    'rows.map(lambda r: {"text": "Q: " + r["q"] + "\\n### End of it"})': "### End of it",
}


@pytest.mark.parametrize("code", CUSTOM)
def test_what_is_not_understood_is_named(code: str) -> None:
    document = read(f"{LOADED}dataset = {code}")
    assert isinstance(document.recipe.data.sources[0].rows, ir.CustomRows)
    told = [d for d in document.diagnostics if d.field == "data.sources" and d.span is not None]
    assert any(CUSTOM[code] in d.message for d in told)


# --- modules and files beside the script ---------------------------------------------------------


def test_modules_beside_a_script_are_followed(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text("RANK = 24\nPROMPT = 'Q: {}\\nA: {}'\n")
    (tmp_path / "prep").mkdir()
    (tmp_path / "prep" / "__init__.py").write_text("")
    (tmp_path / "prep" / "rows.py").write_text(
        "from settings import PROMPT\n"
        "from datasets import load_dataset\n"
        "def get():\n"
        "    rows = load_dataset('acme/qa', split='train')\n"
        "    return rows.map(lambda r: {'text': PROMPT.format(r['q'], r['a'])})\n"
    )
    script = tmp_path / "train.py"
    text = SCRIPT.replace("{more}", "").replace(
        "{code}",
        "import settings\nfrom prep.rows import get\ndataset = get()\n"
        "model = FastLanguageModel.get_peft_model(model, r=settings.RANK)",
    )
    script.write_text(text)
    document = load(script)
    assert document.recipe.adapter is not None
    assert document.recipe.adapter.rank == 24
    assert document.origin("adapter.rank").comment == "settings.py, line 1"
    assert document.recipe.data.sources[0].rows == QA


def test_toml_beside_a_script(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("[lora]\nr = 12\n")
    script = tmp_path / "train.py"
    code = (
        "import tomllib\nwith open('run.toml', 'rb') as f:\n    cfg = tomllib.load(f)\n"
        "model = FastLanguageModel.get_peft_model(model, r=cfg['lora']['r'])\n"
        "dataset = load_dataset('acme/texts', split='train')"
    )
    script.write_text(SCRIPT.replace("{more}", "").replace("{code}", code))
    adapter = load(script).recipe.adapter
    assert adapter is not None
    assert adapter.rank == 12


def test_what_a_spread_holds_is_asked_for() -> None:
    code = (
        "with open(config_file) as f:\n    config = json.load(f)\n"
        'model = FastLanguageModel.get_peft_model(model, **config["lora"])\n'
        'dataset = load_dataset("acme/texts", split="train")'
    )
    document = read(code)
    (told,) = [d for d in document.diagnostics if d.key == "peft.**"]
    assert told.severity is Severity.ERROR
    assert told.help is not None


# --- Unsloth's own ways --------------------------------------------------------------------------

MERGED = """
from unsloth import apply_chat_template, to_sharegpt
dataset = load_dataset("acme/alpaca", split="train")
dataset = to_sharegpt(dataset, merged_prompt="{instruction}[[\\nInput: {input}]]"{more})
dataset = standardize_sharegpt(dataset)
dataset = apply_chat_template(dataset, tokenizer=tokenizer, chat_template=\"\"\"{SYSTEM}
### Instruction:
{INPUT}
### Response:
{OUTPUT}\"\"\", default_system_message="Do it.")
"""


def test_merged_columns_in_a_template() -> None:
    (source,) = read(MERGED.replace("{more}", "")).recipe.data.sources
    rows = source.rows
    assert isinstance(rows, ir.InstructionRows)
    start, end = "Do it.\n### Instruction:\n{instruction}", "\n### Response:\n"
    assert rows.with_input == f"{start}\nInput: {{input}}{end}"
    assert rows.without_input == start + end
    assert (rows.input, rows.output) == ("input", "output")
    assert source.format == ir.PlainFormat(joined="whole", end="eos")


def test_conversations_joined_at_random_are_an_error() -> None:
    left = read(MERGED.replace("{more}", ", conversation_extension=3")).leftovers
    (extended,) = [item for item in left if item.key == "data.to_sharegpt.conversation_extension"]
    assert extended.severity is Severity.ERROR


def test_a_mask_that_looks_for_other_words() -> None:
    code = (
        "from unsloth.chat_templates import train_on_responses_only\n"
        "tokenizer = get_chat_template(tokenizer, chat_template='chatml')\n"
        'dataset = load_dataset("acme/chats", split="train").map(lambda r: {"text": '
        'tokenizer.apply_chat_template(r["messages"], tokenize=False)})'
    )
    text = SCRIPT.replace("{code}", code).replace("{more}", "").replace(
        "\nSFTTrainer(", "\ntrainer = SFTTrainer("
    ).replace(").train()", ")\ntrainer = train_on_responses_only(trainer, "
              'instruction_part="<|im_start|>user\\n", response_part="{part}")\ntrainer.train()')  # fmt: skip

    def told(part: str) -> list[str]:
        document = loads(text.replace("{part}", part), name="mask.py", format="unsloth")
        assert document.recipe.data.sources[0].supervision.prompt is False
        found = [d for d in document.diagnostics if d.key == "response_part"]
        return [d.message for d in found if d.severity is Severity.WARNING]

    assert told("<|im_start|>assistant\\n") == []
    (message,) = told("<|start_header_id|>assistant")
    assert "does not open a turn of assistant" in message


def test_a_collator_of_unsloth_that_masks() -> None:
    collator = "UnslothVisionDataCollator(model, tokenizer, train_on_responses_only=True)"
    text = SCRIPT.replace("{code}", PICTURES).replace("{more}", "")
    text = text.replace("model=model, ", f"model=model, data_collator={collator}, ")
    document = loads(text, name="masks.py", format="unsloth")
    assert document.recipe.data.sources[0].supervision.prompt is False


def test_how_a_file_is_read_is_kept_aside() -> None:
    code = (
        'dataset = load_dataset("csv", data_files="a.csv", column_names=["text"], skiprows=1, '
        'num_proc=4, split="train")'
    )
    left = {item.key: item.severity for item in read(code).leftovers}
    assert left["data.load.column_names"] is Severity.ERROR
    assert left["data.load.skiprows"] is Severity.ERROR
    assert left["data.load.num_proc"] is Severity.NOTE


def test_a_prompt_of_pairs_with_text_around_it() -> None:
    text = """
from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import ORPOConfig, ORPOTrainer
model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B")
def form(row):
    return {"prompt": f"Task: {row['task']}\\nFacts: {row['facts']}\\nAnswer: ",
            "chosen": row["good"] + tokenizer.eos_token,
            "rejected": row["bad"] + tokenizer.eos_token}
dataset = load_dataset("acme/pairs", split="train").map(form)
ORPOTrainer(model=model, train_dataset=dataset, args=ORPOConfig(output_dir="o")).train()
"""
    document = loads(text, name="pairs.py", format="unsloth")
    rows = document.recipe.data.sources[0].rows
    assert rows == ir.PreferenceRows(
        prompt="task",
        chosen="good",
        rejected="bad",
        text="Task: {prompt}\nFacts: {facts}\nAnswer: ",
        fields=(("facts", "facts"),),
    )
    again = convert(document, "unsloth", rewrite=True, strict=False)
    written = loads(again.text, name="again.py", format="unsloth")
    assert written.recipe.data.sources[0].rows == rows


@pytest.mark.parametrize("version", ['Version("0.24")', 'Version("0.24.0")'])
def test_versions_are_taken_to_be_current(version: str) -> None:
    code = (
        "import trl\nfrom packaging.version import Version\n"
        f"if Version(trl.__version__) < {version}:\n"
        '    dataset = load_dataset("acme/old", split="train")\n'
        'else:\n    dataset = load_dataset("acme/new", split="train")'
    )
    assert read(code).recipe.data.sources[0].path == "acme/new"


# --- what is trained -----------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [True, False])
def test_full_finetuning_leaves_out_the_adapter(whole: bool) -> None:
    code = (
        f'model, tokenizer = FastLanguageModel.from_pretrained("m", full_finetuning={whole})\n'
        "model = FastLanguageModel.get_peft_model(model, r=8)\n"
        'dataset = load_dataset("acme/texts", split="train")'
    )
    document = read(code)
    assert (document.recipe.adapter is None) is whole
    told = [d for d in document.diagnostics if "get_peft_model has no effect" in d.message]
    assert bool(told) is whole


@pytest.mark.parametrize(
    ("code", "streams"),
    [("dataset = stream", True), ("dataset = Dataset.from_list(list(stream.take(500)))", False)],
)
def test_a_stream_that_is_put_into_a_list_is_none(code: str, streams: bool) -> None:
    document = read(f'stream = load_dataset("acme/qa", split="train", streaming=True)\n{code}')
    assert document.recipe.data.streaming is streams
    assert document.recipe.data.sources[0].split == ("train" if streams else "train[:500]")


SPLIT = f"""{LOADED}parts = rows.train_test_split(test_size=0.1)
dataset = parts["train"].map(lambda r: {{"text": {TEXT}}})
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [(f'lambda r: {{"text": {TEXT}}}', False), ('lambda r: {"text": r["a"]}', True)],
    ids=["the same", "another"],
)
def test_held_out_rows_that_are_made_another_way_are_told(code: str, said: bool) -> None:
    document = read(
        f'{SPLIT}held = parts["test"].map({code})', more="), eval_dataset=held, **dict("
    )
    assert document.recipe.data.validation == ir.HeldOutRows(size=0.1)
    told = [d for d in document.diagnostics if "by other steps than those of training" in d.message]
    assert bool(told) is said


@pytest.mark.parametrize(
    ("given", "said"), [("", True), ("drop=False", True), ("drop=True", False)]
)
def test_row_numbers_kept_as_a_column_are_told(given: str, said: bool) -> None:
    document = read(
        f"{LOADED}frame = rows.to_pandas().reset_index({given})\n"
        f'frame["text"] = frame.apply(lambda r: {TEXT}, axis=1)\n'
        "dataset = Dataset.from_pandas(frame)"
    )
    assert any("column 'index'" in d.message for d in document.diagnostics) is said


@pytest.mark.parametrize(
    ("name", "left"),
    [("AutoModelForCausalLM", False), ("Lfm2ForCausalLM", False), ("AutoModel", True)],
)
def test_the_usual_class_of_model_is_no_loss(name: str, left: bool) -> None:
    text = SCRIPT.replace("{code}", f"{LOADED}dataset = rows").replace("{more}", "")
    text = text.replace('Instruct")', f'Instruct", auto_model={name})')
    text = f"from transformers import {name}\n{text}"
    document = loads(text, name="data.py", format="unsloth")
    assert any(leftover.key == "load.auto_model" for leftover in document.leftovers) is left
