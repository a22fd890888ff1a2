"""Values of the wrong kind in scripts: one message each, and the rest is read."""

from __future__ import annotations

import pytest

from translator.api import loads

GRPO = """\
from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import GRPOConfig, GRPOTrainer

model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B", max_seq_length=2048)
model = FastLanguageModel.get_peft_model(model, r=16)
trainer = GRPOTrainer(
    model=model,
    reward_funcs=[len],
    train_dataset=load_dataset("acme/prompts", split="train"),
    args=GRPOConfig(output_dir="out", {setting}),
)
trainer.train()
"""


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("temperature=[1.0]", "args.temperature"),
        ('num_generations="many"', "args.num_generations"),
        ("num_generations=1e999", "args.num_generations"),
        ("beta=None", None),
        ('epsilon={"a": 1}', "args.epsilon"),
        ('reward_weights="ab"', "args.reward_weights"),
        ("scale_rewards=[1]", None),
        ("save_steps=1e999", "args.save_steps"),
        ("max_steps=1e999", "args.max_steps"),
        ("warmup_steps=1e999", "args.warmup_steps"),
        ("max_completion_length=1e999", "args.max_completion_length"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_one_message(setting: str, key: str | None) -> None:
    document = loads(GRPO.format(setting=setting), name="run.py", format="unsloth")
    wrong = [d.key for d in document.diagnostics if d.code == "CFG003"]
    assert wrong == ([] if key is None else [key])


def test_an_argument_without_a_flag_has_a_name_by_its_destination() -> None:
    text = (
        "import argparse\nparser = argparse.ArgumentParser()\n"
        'parser.add_argument(dest="rate", required=True)\nargs = parser.parse_args()\n'
    ) + GRPO.format(setting="learning_rate=args.rate")
    document = loads(text, name="run.py", format="unsloth")
    assert any("rate" in d.message and d.code == "CFG005" for d in document.diagnostics)


def test_an_endless_length_is_one_message() -> None:
    text = GRPO.format(setting="max_steps=60").replace(
        "max_seq_length=2048", "max_seq_length=1e999"
    )
    document = loads(text, name="run.py", format="unsloth")
    assert [d.key for d in document.diagnostics if d.code == "CFG003"] == ["load.max_seq_length"]
