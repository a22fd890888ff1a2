"""The learning rate is left to a default that suits another run.

What it does
Looks for a file that does not say its learning rate. torchtune then takes the optimizer's own
(1e-3 for torch's AdamW), Unsloth 5e-5 and TRL 2e-5, for preference objectives as well.

Why it matters
The defaults differ by a factor of fifty, and change with the version of a library.

When it is fine
When the default was looked up and is meant; then it costs nothing to write it down.

References
unsloth/models/rl.py, patched TRL configurations; torch.optim.AdamW; trl/trainer/sft_config.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN102",
    name="learning-rate-unsaid",
    severity=Severity.WARNING,
    formats=("torchtune", "unsloth"),
    bad={
        "torchtune": "optimizer:\n  _component_: torch.optim.AdamW\n  weight_decay: 0.01\n",
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n',
    },
    good={
        "torchtune": "optimizer:\n  _component_: torch.optim.AdamW\n  lr: 2e-4\n",
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n',
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding, at the optimizer where there is one."""
    if file.written("optimizer.learning_rate") or file.open_ended:
        return
    if file.format == "torchtune" and file.node("optimizer") is None:
        return
    rate = file.recipe.optimizer.learning_rate
    place = file.at("optimizer", "args") if file.format != "unsloth" else file.at()
    yield RULE.at(
        file,
        place,
        f"the learning rate is not said: it will be {rate:g}, a default",
    )
