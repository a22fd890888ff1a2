"""Comments that silence findings, in YAML and Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint.examples import whole
from translator import loads
from translator.lint.checking import check_document
from translator.lint.settings import Settings

SETTINGS = Settings(root=Path.cwd(), select=("CFG101", "CFG103", "SYN"))


def found(example: str) -> list[tuple[str, int]]:
    text, _ = whole("axolotl", example)
    findings = check_document(loads(text, name="run.yaml", format="axolotl"), SETTINGS).findings
    return [(d.code, d.span.line if d.span else 0) for d in findings]


@pytest.mark.parametrize(
    "example",
    [
        "batch_size: 8  # ftx: ignore[CFG101] as the paper has it\n",
        "batch_size: 8  # ftx: ignore[batch-fields]\n",
        "batch_size: 8  #ftx:ignore[CFG]\n",
        "# ftx: ignore[CFG101] the line below\n\n# more\nbatch_size: 8\n",
        "# ftx: disable[CFG101]\nbatch_size: 8\n# ftx: enable[CFG101]\n",
        "batch_size: 8\nseed: 1 # ftx: file-ignore[CFG101]\n",
    ],
)
def test_a_comment_silences(example: str) -> None:
    assert found(example) == []
    assert found(example.replace("ftx", "xyz")) == [("CFG101", example.split("\n").index(
        next(line for line in example.split("\n") if line.startswith("batch_size"))) + 1)]  # fmt: skip


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        ("batch_size: 8  # ftx: ignore[CFG103]\n", [("CFG101", 1), ("SYN007", 1)]),
        ("batch_size: 8\nseed: 1  # ftx: ignore[CFG101]\n", [("CFG101", 1), ("SYN007", 2)]),
        ("batch_size: 8  # ftx: ignore\n", [("CFG101", 1), ("SYN008", 1)]),
        ("batch_size: 8  # ftx: ignore[CFG999]\n", [("CFG101", 1), ("SYN008", 1)]),
        ("batch_size: 8  # ftx: ingore[CFG101]\n", [("CFG101", 1), ("SYN008", 1)]),
        (
            "# ftx: disable[CFG101]\nseed: 1\n# ftx: enable[CFG101]\nbatch_size: 8\n",
            [("SYN007", 1), ("CFG101", 4)],
        ),
    ],
)
def test_what_silences_nothing_is_told(example: str, expected: list[tuple[str, int]]) -> None:
    assert found(example) == expected


def test_codes_that_are_not_looked_for_are_no_fault() -> None:
    assert found("seed: 1  # ftx: ignore[DATA101]\n") == []


def test_in_python() -> None:
    script = (
        "from unsloth import FastLanguageModel\nfrom trl import SFTConfig, SFTTrainer\n"
        "from datasets import load_dataset\n"
        'model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B")\n'
        'TEXT = "# ftx: ignore[CFG101]"\n'
        "model = FastLanguageModel.get_peft_model(model, r=16, lora_dropout=0.1)  "
        "# ftx: ignore[TRAIN105] measured\n"
        'trainer = SFTTrainer(model=model, train_dataset=load_dataset("a/b", split="train"),\n'
        '    args=SFTConfig(dataset_text_field="text", max_steps=9, learning_rate=2e-4))\n'
        "trainer.train()\n"
    )
    settings = Settings(root=Path.cwd(), select=("TRAIN105", "SYN"))
    checked = check_document(loads(script, name="run.py", format="unsloth"), settings)
    assert checked.silenced == 1
    assert checked.findings == []
