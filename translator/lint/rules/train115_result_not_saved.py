"""The run ends without anything being saved.

What it does
Looks for a script that switches checkpoints off and calls neither `save_pretrained`,
`save_model`, `push_to_hub` nor one of their kin.

Why it matters
The adapter is gone when the process ends.

When it is fine
In a measurement.

References
transformers, `save_strategy`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN115",
    name="result-not-saved",
    severity=Severity.WARNING,
    words=("save_strategy",),
    formats=("unsloth",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        save_strategy="no",  # <-\n    ),\n)\ntrainer.train()\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        save_strategy="no",\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
)

CALLS = ("save_pretrained", "push_to_hub", "save_model", "save_state", "torch.save", "state_dict",
         "save_file", "save_lora")  # fmt: skip


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the strategy."""
    if file.value("args.save_strategy") != "no" or file.on("args.push_to_hub"):
        return
    if any(call in file.document.text for call in CALLS):
        return
    yield RULE.at(
        file,
        file.at("args.save_strategy"),
        "no checkpoints are kept, and nothing saves the model afterwards",
    )
