"""Modules beside Axolotl's YAML: when they are written, and that reading them runs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from translator import Document, convert, diff, load
from translator.api import loads
from translator.cli import main
from translator.ir import CustomRows, InstructionRows, MessageRows

SCRIPT = """
from unsloth import FastLanguageModel
from unsloth.chat_templates import train_on_responses_only
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

model, tokenizer = FastLanguageModel.from_pretrained("acme/unheard-of-7b", max_seq_length=2048)
model = FastLanguageModel.get_peft_model(model, r=16, lora_alpha=16)


def render(row):
    turns = [
        {"role": "user", "content": PROMPT},
        {"role": "assistant", "content": row["reply"]},
    ]
    return {"text": tokenizer.apply_chat_template(turns, tokenize=False)}


trainer = SFTTrainer(
    model=model,
    tokenizer=tokenizer,
    train_dataset=load_dataset("acme/tickets", split="train").map(render),
    args=SFTConfig(per_device_train_batch_size=2, max_steps=30, output_dir="out"),
)
trainer = train_on_responses_only(trainer)
trainer.train()
"""
ONE_COLUMN = SCRIPT.replace("PROMPT", 'row["ticket"]')
SEVERAL = SCRIPT.replace(
    "PROMPT", "f\"{row['ticket']} {row['product']}, {row['owner']}: {row['urgency']}?\""
)


def beside(folder: Path, text: str) -> Document:
    """A script converted for Axolotl, written into a folder and read again."""
    result = convert(loads(text, name="run.py", format="unsloth"), "axolotl", stem="run")
    for name, content in {"run.yaml": result.text, **result.files}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return load(folder / "run.yaml")


@pytest.mark.parametrize("text", [ONE_COLUMN, SEVERAL], ids=["one column", "several"])
def test_prompts_under_an_unknown_template_arrive(tmp_path: Path, text: str) -> None:
    (before,) = loads(text, name="run.py", format="unsloth").recipe.data.sources
    (after,) = beside(tmp_path, text).recipe.data.sources
    assert isinstance(before.rows, InstructionRows)
    assert after == before


def test_a_known_template_needs_no_module() -> None:
    known = ONE_COLUMN.replace("acme/unheard-of-7b", "Qwen/Qwen2.5-7B-Instruct")
    result = convert(loads(known, name="run.py", format="unsloth"), "axolotl", stem="run")
    assert not result.files


def test_the_file_says_how_it_is_found() -> None:
    result = convert(loads(ONE_COLUMN, name="run.py", format="unsloth"), "axolotl", stem="my run")
    ((name, text),) = result.files.items()
    folder, _, module = name.removesuffix(".py").partition("/")
    assert folder == "my_run_rows"
    assert yaml.safe_load(result.text)["datasets"][0]["type"] == f"{folder}.{module}"
    assert "# Run it with: PYTHONPATH=. " in result.text
    assert "PYTHONPATH=." in text


def test_other_settings_make_another_name() -> None:
    """Axolotl keeps prepared rows by the name of their type."""
    one, other = (
        convert(loads(text, name="run.py", format="unsloth"), "axolotl", stem="run")
        for text in (ONE_COLUMN, ONE_COLUMN.replace('row["reply"]', 'row["answer"]'))
    )
    assert one.files.keys().isdisjoint(other.files)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"output": "reply",', '"output": len("x"),'),
        ('"output": "reply",', '"output": 3,'),
        ('"output": "reply",', ""),
        ('"output": "reply",', '"output": "reply", "input": ["a"],'),
        ("ROWS = {", "ROWS = ["),
        ("    def role(self", "    open('ran', 'w')\n\n    def role(self"),
        ("import chat_template\n", "import chat_template\nopen('ran', 'w')\n"),
        ("class Turns", "\0"),
        ("class Turns", "clas Turns"),
    ],
)
def test_another_module_is_code_of_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    monkeypatch.chdir(tmp_path)
    beside(tmp_path, ONE_COLUMN)
    (file,) = (tmp_path / "run_rows").iterdir()
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new).replace("ROWS = [", "ROWS = [] or {"), "utf-8")
    (source,) = load(tmp_path / "run.yaml").recipe.data.sources
    assert isinstance(source.rows, CustomRows)
    assert not (tmp_path / "ran").exists()


def test_settings_changed_by_hand_are_read(tmp_path: Path) -> None:
    beside(tmp_path, ONE_COLUMN)
    (file,) = (tmp_path / "run_rows").iterdir()
    file.write_text(file.read_text("utf-8").replace('"reply"', '"größe 😀"'), "utf-8")
    (source,) = load(tmp_path / "run.yaml").recipe.data.sources
    assert isinstance(source.rows, InstructionRows)
    assert source.rows.output == "größe 😀"


def test_texts_of_any_letters_arrive(tmp_path: Path) -> None:
    strange = "a\\u2028b\\U0001f600\\x7f\\t\\\\ \\'\\\"{{}}"
    text = SCRIPT.replace("PROMPT", f'"{strange}" + row["ticket"]')
    (before,) = loads(text, name="run.py", format="unsloth").recipe.data.sources
    (after,) = beside(tmp_path, text).recipe.data.sources
    assert after == before


def test_the_last_answer_alone_counts(tmp_path: Path) -> None:
    text = ONE_COLUMN.replace("turns, tokenize", 'row["messages"], tokenize').replace(
        "train_on_responses_only(trainer)",
        "train_on_responses_only(trainer, last_response_only=True)",
    )
    (before,) = loads(text, name="run.py", format="unsloth").recipe.data.sources
    (after,) = beside(tmp_path, text).recipe.data.sources
    assert isinstance(before.rows, MessageRows)
    assert before.supervision.turns == "last"
    assert after == before


def ended(arguments: list[str]) -> object:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


def test_the_command_makes_the_folder(tmp_path: Path) -> None:
    script, out = tmp_path / "run.py", tmp_path / "out.yaml"
    script.write_text(ONE_COLUMN, encoding="utf-8")
    asked = ["convert", str(script), "--to", "axolotl", "-o", str(out)]
    assert ended(asked) == 0
    (file,) = (tmp_path / "out_rows").iterdir()
    assert ended(asked) == 2
    assert ended([*asked, "--force"]) == 0
    assert not [d for d in diff(script, out) if d.field.startswith("data.")]
    assert file.read_text("utf-8").startswith('"""Rows become turns')
    assert ended([*asked[:-1], str(tmp_path / "no" / "out.yaml")]) == 2


@pytest.mark.parametrize("model", ["unsloth/Qwen3-8B", "unsloth/Llama-3.1-8B-Instruct"])
def test_a_template_that_adds_more_than_turns_renders_them(tmp_path: Path, model: str) -> None:
    text = ONE_COLUMN.replace("acme/unheard-of-7b", model)
    (before,) = loads(text, name="run.py", format="unsloth").recipe.data.sources
    (after,) = beside(tmp_path, text).recipe.data.sources
    assert after == before
    assert list((tmp_path / "run_rows").iterdir())


def test_a_template_that_wraps_turns_is_written_as_text(tmp_path: Path) -> None:
    beside(tmp_path, ONE_COLUMN.replace("acme/unheard-of-7b", "unsloth/Qwen2.5-7B-Instruct"))
    assert not (tmp_path / "run_rows").exists()


def test_what_mistral_adds_to_turns_is_said(tmp_path: Path) -> None:
    text = ONE_COLUMN.replace("acme/unheard-of-7b", "mistralai/Magistral-Small-2509")
    result = convert(loads(text, name="run.py", format="unsloth"), "axolotl", stem="run")
    assert not result.files
    assert any("without what else it adds" in loss.message for loss in result.losses)
