"""What is found in scripts and notebooks: where it points, and how grave it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from translator import loads
from translator.api import load
from translator.diagnostics import Diagnostic, Severity
from translator.lint.checking import check_document
from translator.lint.settings import Settings

HEAD = "from unsloth import FastLanguageModel\n"
TRL = "from trl import SFTConfig, SFTTrainer\nfrom transformers import TrainingArguments\n"
BODY = """from datasets import load_dataset

model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B", max_seq_length=4096)
model = FastLanguageModel.get_peft_model(model, r=16, target_modules={targets})
trainer = SFTTrainer(
    model=model,
    train_dataset=load_dataset("acme/rows", split="train"),
    {trainer}
    args={args},
)
{train}
"""


def body(
    args: str = "SFTConfig(max_steps=60, learning_rate=1e-4, output_dir='out')",
    trainer: str = "",
    train: str = "trainer.train()",
    targets: str = "['q_proj', 'v_proj']",
) -> str:
    return BODY.format(args=args, trainer=trainer, train=train, targets=targets)


def told(text: str, code: str, name: str = "run.py") -> list[Diagnostic]:
    """The findings of one code in a text, without ``-v``."""
    found = check_document(loads(text, name=name), Settings(root=Path.cwd())).findings
    return [d for d in found if d.code == code and not d.verbose]


def told_in(folder: Path, code: str) -> list[Diagnostic]:
    """The same for ``run.py`` of a folder."""
    found = check_document(load(folder / "run.py"), Settings(root=folder)).findings
    return [d for d in found if d.code == code and not d.verbose]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def lines(found: list[Diagnostic]) -> list[int]:
    return [d.span.line for d in found if d.span is not None]


# -- places -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late", "part", "help"),
    [
        ("from unsloth import FastLanguageModel\n", "from unsloth", "put the line first"),
        ("import os, unsloth\nFastLanguageModel = unsloth.FastLanguageModel\n", "import os",
         "import unsloth at the top, before them"),
        ("import importlib\nfound = importlib.import_module('unsloth')\n"
         "FastLanguageModel = found.FastLanguageModel\n", "importlib.import_module",
         "import unsloth at the top, before them"),
        ("def loader():\n    from unsloth import FastLanguageModel as kind\n    return kind\n"
         "FastLanguageModel = loader()\n", "from unsloth",
         "import unsloth at the top, before them"),
    ],
)  # fmt: skip
def test_a_late_import_is_told_at_the_import(late: str, part: str, help: str) -> None:
    text = TRL + "# unsloth is fast\n" + late + body()
    (found,) = told(text, "CFG301")
    assert lines([found]) == [line_of(text, part)]
    assert found.help == help


def test_a_name_is_told_at_its_keyword() -> None:
    text = (
        HEAD + TRL + "share = 0.1\n"
        "def start(share=share, unknown=None):\n"
        "    return TrainingArguments(\n        warmup_ratio=share,\n        maximal=unknown,\n"
        "        output_dir='out')\n" + body("start()")
    )
    assert lines(told(text, "CFG302")) == [line_of(text, "warmup_ratio=")]
    assert lines(told(text, "CFG001")) == [line_of(text, "maximal=")]


def test_a_value_of_a_module_beside_is_told_where_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "numbers_of_mine.py").write_text("ALPHA = 512\nMORE = {'warmup_ratio': 0.1}\n")
    text = HEAD + TRL + "from numbers_of_mine import ALPHA, MORE  # warmup_ratio\n" + body(
        "TrainingArguments(output_dir='out', **MORE)"
    ).replace("r=16", "r=16, lora_alpha=ALPHA")  # fmt: skip
    (tmp_path / "run.py").write_text(text)
    assert lines(told_in(tmp_path, "TRAIN103")) == [line_of(text, "lora_alpha=")]
    assert lines(told_in(tmp_path, "CFG302")) == [line_of(text, "args=Tr")]


def test_a_trainer_of_a_module_beside_is_told_at_the_call_that_leads_there(tmp_path: Path) -> None:
    inner = body(
        "TrainingArguments(output_dir='out', warmup_ratio=0.1)", "callbacks=callbacks,"
    ).replace("\n", "\n    ")
    (tmp_path / "training_of_mine.py").write_text(
        HEAD + TRL + f"def start(callbacks=None):\n    {inner}\n"
    )
    text = "import unsloth\nfrom training_of_mine import start\n# with a warmup_ratio\nstart()\n"
    (tmp_path / "run.py").write_text(text)
    assert lines(told_in(tmp_path, "CFG302")) == [4]
    assert told_in(tmp_path, "CFG001") == []


# -- classes of the script's own --------------------------------------------------------------------


def test_fields_of_a_configuration_of_the_scripts_own_are_known(tmp_path: Path) -> None:
    (tmp_path / "margins.py").write_text(
        "from dataclasses import dataclass\nfrom transformers import TrainingArguments\n"
        "from trl import SFTTrainer\n\n\n@dataclass\nclass MarginConfig(TrainingArguments):\n"
        "    margin: float = 0.3\n    floor: float = -2.0\n    evaluation_strategy: str = 'no'\n\n\n"
        "class MarginTrainer(SFTTrainer):\n    def __init__(self, **kwargs):\n"
        "        self.kept = kwargs.pop('kept_rows', 1)\n        super().__init__(**kwargs)\n"
    )
    text = HEAD + "from margins import MarginConfig, MarginTrainer\n" + body(
        "MarginConfig(output_dir='out', margin=0.5)", "kept_rows=3,"
    ).replace("SFTTrainer", "MarginTrainer")  # fmt: skip
    (tmp_path / "run.py").write_text(text)
    assert told_in(tmp_path, "CFG001") == told_in(tmp_path, "CFG302") == []


def test_names_for_a_class_that_is_not_at_hand_are_its_own_affair() -> None:
    text = HEAD + TRL + "from acme.training import AcmeConfig\n" + body(
        "AcmeConfig(output_dir='out', margin=0.5, warmup_ratio=0.1)"
    )  # fmt: skip
    assert told(text, "CFG001") == told(text, "CFG302") == []


@pytest.mark.parametrize("callbacks", ["None", "[]", "made_elsewhere()", "[Mine()]"])
def test_callbacks_are_known_whatever_they_are(callbacks: str) -> None:
    assert told(HEAD + TRL + body(trainer=f"callbacks={callbacks},"), "CFG001") == []


# -- how grave it is --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trainer", "severity"),
    [("trunkation=True,", Severity.ERROR), ("num_of_sequences=8,", Severity.WARNING)],
)
def test_an_argument_that_no_trainer_has_taken_is_an_error(
    trainer: str, severity: Severity
) -> None:
    (found,) = told(HEAD + TRL + body(trainer=trainer), "CFG001")
    assert found.severity is severity


@pytest.mark.parametrize(
    ("args", "severity"),
    [("TrainingArguments", Severity.ERROR), ("SFTConfig", Severity.WARNING)],
)
def test_a_misspelt_argument_is_an_error_where_the_class_refuses_it(
    args: str, severity: Severity
) -> None:
    text = HEAD + TRL + body(f"{args}(max_steps=60, learnig_rate=1e-4, output_dir='out')")
    (found,) = told(text, "CFG001")
    assert (found.severity, found.help) == (severity, "did you mean args.learning_rate?")


@pytest.mark.parametrize(
    ("first", "args", "severity"),
    [
        ("", "SFTConfig", Severity.NOTE),
        ("", "TrainingArguments", Severity.WARNING),
        ("# pip install transformers==5.2.0\n", "TrainingArguments", Severity.ERROR),
        ("# pip install transformers==4.51.0\n", "TrainingArguments", None),
        ("import subprocess\nsubprocess.run('pip install transformers<5', shell=True)\n",
         "TrainingArguments", None),
    ],
)  # fmt: skip
def test_what_a_class_refuses_is_graver_than_what_unsloth_drops(
    first: str, args: str, severity: Severity | None
) -> None:
    text = first + HEAD + TRL + body(f"{args}(warmup_ratio=0.1, output_dir='out')")
    assert [d.severity for d in told(text, "CFG302")] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("file", "content", "severity"),
    [
        ("requirements.txt", "torch\ntransformers==4.49.0\n", Severity.NOTE),
        ("requirements.txt", "transformers>=4.49\n", Severity.WARNING),
        ("pyproject.toml", 'dependencies = ["transformers[torch]>=4.40,<5"]\n', Severity.NOTE),
        ("pyproject.toml", 'transformers = "^4.40"\n', Severity.NOTE),
        ("requirements.txt", "# transformers==4.49.0\nsentence-transformers==3.0\n",
         Severity.WARNING),
    ],
)  # fmt: skip
def test_a_project_that_asks_for_an_older_version_is_told_in_a_note(
    tmp_path: Path, file: str, content: str, severity: Severity
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / file).write_text(content)
    (tmp_path / "src").mkdir()
    text = HEAD + TRL + body("TrainingArguments(warmup_ratio=0.1, output_dir='out')")
    (tmp_path / "src/run.py").write_text(text)
    (found,) = told_in(tmp_path / "src", "CFG302")
    assert found.severity is severity


# -- others -----------------------------------------------------------------------------------------


def test_the_trainer_of_unsloth_train_is_no_checkpoint() -> None:
    args = "SFTConfig(output_dir='out', resume_from_checkpoint=True)"
    text = HEAD + "from unsloth import unsloth_train\n" + TRL
    assert told(text + body(args, train="unsloth_train(trainer)"), "CFG004") == []
    (found,) = told(text + body(args, train="unsloth_train(trainer, 'out/5')"), "CFG004")
    assert "train.resume_from_checkpoint ('out/5') is taken" in found.message


@pytest.mark.parametrize(
    ("targets", "count"),
    [("['q_proj', 'lm_head']", 1), ("['lm_head', 'embed_tokens', 'q_proj']", 0)],
)
def test_unsloth_trains_head_and_embeddings_as_one_matrix(targets: str, count: int) -> None:
    assert len(told(HEAD + TRL + body(targets=targets), "TRAIN111")) == count


def test_a_secret_in_a_notebook_is_told_by_its_cell() -> None:
    token = "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH"
    shown = "hf_" + "ZyXwVuTsRqPoNmLkJiHgFeDcBaZyXwVuTs"
    cells = [
        {"cell_type": "markdown", "source": "# A\n\n\ntitle"},
        {"cell_type": "code", "source": HEAD + TRL, "outputs": [{"text": [shown]}]},
        {"cell_type": "code", "source": f"!huggingface-cli login --token {token}\n{body()}"},
    ]
    text = json.dumps({"cells": cells, "nbformat": 4}, indent=1)
    first, second = sorted(told(text, "SEC101", "run.ipynb"), key=lambda d: d.span is not None)
    assert first.span is None
    assert first.message.endswith("in the text or the output of a cell")
    assert lines([second]) == [5]


def test_code_of_models_that_are_known_to_bring_none_is_not_worth_a_note() -> None:
    for model, count in (("unsloth/Llama-3.2-1B", 0), ("acme/model-of-mine", 1)):
        text = HEAD + TRL + body().replace(
            '"unsloth/Llama-3.2-1B"', f'"{model}", trust_remote_code=True'
        )  # fmt: skip
        assert len(told(text, "SEC102")) == count
