"""The audit finds silence, and there is none in the sample corpus."""

from __future__ import annotations

import json
from pathlib import Path

import audit
import pytest
from audit_values import other
from test_corpus_sample import SAMPLE, TRAININGS

from translator.api import load_source
from translator.source import Source

EVERY = 5
"""Of the sample's values; ``make audit`` takes all, of any folder."""


@pytest.mark.parametrize("name", TRAININGS)
def test_no_value_changes_in_silence(name: str) -> None:
    excused = audit.reviewed()
    silent = [
        s
        for s in audit.audit(SAMPLE / name, every=EVERY).silent
        if not {(s.format, s.key, s.target), (s.format, s.key, "*")} & excused
    ]
    assert silent == []


def test_values_are_changed_in_place(tmp_path: Path) -> None:
    text = "base_model: a/b\ndatasets:\n  - {path: 'x', type: alpaca}\nlearning_rate: 2e-5\nfp16:\n"
    document = load_source(Source(path="x.yml", text=text), format="axolotl")
    found = {audit.general(address): node for address, node in audit.values(document)}
    assert set(found) == {"base_model", "datasets[].path", "datasets[].type", "learning_rate"}
    changed = audit.replaced(text, found["datasets[].path"], "y", yaml=True)
    assert changed == text.replace("'x'", '"y"')


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("load_in_4bit", True),
        ("warmup_steps", 0),
        ("lora_dropout", 0.5),
        ("lora_dropout", 0.0),
        ("learning_rate", "2e-5"),
        ("optimizer", "adamw_torch"),
        ("bf16", "auto"),
        ("base_model", "org/model"),
        ("datasets[].path", "rows.jsonl"),
        ("wandb_project", None),
        ("model._component_", "torchtune.models.llama3.llama3_8b"),
        ("lora_target_modules", []),
    ],
)
def test_another_value_is_of_the_same_kind(key: str, value: object) -> None:
    changed = other(key, value)
    assert changed != value
    if isinstance(value, bool | float) and key != "bf16":
        assert type(changed) is type(value)
    if key == "lora_dropout":
        assert 0 < float(str(changed)) < 1


def test_reviewed_exceptions_say_why() -> None:
    for row in json.loads(audit.EXCEPTIONS.read_text(encoding="utf-8")):
        assert set(row) == {"format", "key", "target", "reason"}
        assert len(row["reason"]) > 20
