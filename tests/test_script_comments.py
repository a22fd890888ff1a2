"""Comments of a script go where its values go."""

from __future__ import annotations

import yaml

from translator import convert, loads

SCRIPT = """\
from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

RANK = 16  # 32 did not help

model, tokenizer = FastLanguageModel.from_pretrained(
    "meta-llama/Llama-3.1-8B",
    max_seq_length=2048,  # longest row has 1,900 # tokens
    load_in_4bit=True,  # @param {type: "boolean"}
)
model = FastLanguageModel.get_peft_model(model, r=RANK, lora_alpha=16)
trainer = SFTTrainer(
    model=model,
    tokenizer=tokenizer,
    train_dataset=load_dataset("acme/texts", split="train"),
    args=SFTConfig(
        dataset_text_field="text",
        learning_rate=1e-4, # 2e-4 diverged
        num_train_epochs=3, weight_decay=0.01,  # noqa: E501
        output_dir="out"),  # small
)
trainer.train()
"""


def test_comments_stand_beside_the_values_they_are_about() -> None:
    text = convert(loads(SCRIPT, name="run.py"), to="axolotl", allow=["all"]).text
    lines = text.splitlines()
    assert "lora_r: 16  # 32 did not help" in lines
    assert "learning_rate: 0.0001  # 2e-4 diverged" in lines
    assert "sequence_len: 2048  # longest row has 1,900 # tokens" in lines
    assert "output_dir: out  # small" in lines
    assert "param" not in text
    assert "noqa" not in text
    assert yaml.safe_load(text)["lora_r"] == 16
