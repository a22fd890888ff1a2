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


UNSLOTH = """\
from datasets import load_dataset
from unsloth import FastLanguageModel, FastVisionModel
from trl import DPOConfig, DPOTrainer, SFTTrainer
model, tokenizer = {loaded}
model = FastLanguageModel.get_peft_model(model, r=16)
trainer = {trainer}
trainer.train()
"""
ONCE_SILENT = {
    "length of a model that pairs do not reach": (
        UNSLOTH.format(
            loaded='FastLanguageModel.from_pretrained("acme/zephyr", max_seq_length=4096)',
            trainer="DPOTrainer(model=model, ref_model=None, max_length=1024, tokenizer=tokenizer, "
            'args=DPOConfig(output_dir="o"), train_dataset=load_dataset("acme/pairs", split="train"))',
        ),
        ".py",
    ),
    "4 bits of a model that torchtune does not make": (
        UNSLOTH.format(
            loaded="FastVisionModel.from_pretrained("
            '"unsloth/Qwen2.5-VL-7B-Instruct-bnb-4bit", load_in_4bit=True)',
            trainer="SFTTrainer(model=model, tokenizer=tokenizer, "
            'train_dataset=load_dataset("acme/rows", split="train"))',
        ),
        ".py",
    ),
    "how rows are mapped, cast, cut and evaluated": (
        UNSLOTH.format(
            loaded='FastLanguageModel.from_pretrained("acme/zephyr", max_seq_length=2048, '
            'dtype="bfloat16")\n'
            "def tokens(row):\n"
            '    return tokenizer(row.get("text", "none"), truncation=True, padding=False)\n'
            'rows = load_dataset("acme/rows", split="train").cast_column("day", Value("string"))\n'
            "parts = rows.train_test_split(test_size=0.1, seed=5)\n"
            'trained = parts["train"].map(tokens, num_proc=4, desc="x", remove_columns=["day"])\n'
            'held = parts["test"].map(tokens, num_proc=8).select(range(50))\n',
            trainer="SFTTrainer(model=model, tokenizer=tokenizer, train_dataset=trained, "
            'eval_dataset=held, max_seq_length=2048, dataset_text_field="text")',
        ).replace("import load_dataset", "import Value, load_dataset"),
        ".py",
    ),
    "a tokenizer in another folder than the weights": (
        "tokenizer:\n  _component_: torchtune.models.gemma.gemma_tokenizer\n"
        "  path: /models//gemma/tokenizer.model\n"
        "dataset:\n  _component_: torchtune.datasets.alpaca_dataset\n"
        "model:\n  _component_: torchtune.models.gemma.gemma_7b\n"
        "checkpointer:\n  _component_: torchtune.training.FullModelHFCheckpointer\n"
        "  checkpoint_dir: /models/gemma\n  checkpoint_files: [model.safetensors]\n"
        "  model_type: GEMMA\n  output_dir: /out\n"
        "optimizer:\n  _component_: torch.optim.AdamW\n  lr: 2e-5\n"
        "batch_size: 2\nepochs: 1\n",
        ".yaml",
    ),
}


@pytest.mark.parametrize("name", ONCE_SILENT)
def test_what_once_was_silent_is_told(name: str, tmp_path: Path) -> None:
    text, suffix = ONCE_SILENT[name]
    path = tmp_path / f"run{suffix}"
    path.write_text(text, "utf-8")
    result = audit.audit(path)
    assert result.changed > 3
    assert result.silent == ()


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
