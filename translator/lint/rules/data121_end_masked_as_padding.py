"""The end-of-sequence token is the padding token, and padding is masked by its id.

What it does
Looks for a script that sets `tokenizer.pad_token` to the end-of-sequence token and lets transformers'
`DataCollatorForLanguageModeling(mlm=False)` make the labels.

Why it matters
That collator masks every token with the id of the padding token, the ends of the answers among them:
the model does not learn to stop. Other collators mask by position.

When it is fine
When answers end with another token, such as `<|eot_id|>`; under `if tokenizer.pad_token is None:`
where the tokenizer is one that Unsloth has loaded, which has a padding token.

References
transformers/data/data_collator.py:793 (5.17.0): `labels[labels == self.tokenizer.pad_token_id] = -100`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.tree import Node

RULE = Rule(
    code="DATA121",
    name="end-masked-as-padding",
    severity=Severity.WARNING,
    formats=("unsloth",),
    words=("DataCollatorForLanguageModeling",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\nfrom transformers import DataCollatorForLanguageModeling\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\ntokenizer.pad_token = tokenizer.eos_token  # <-\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False),\n    args=SFTConfig(\n        max_steps=60,\n        learning_rate=2e-4,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\nfrom transformers import DataCollatorForLanguageModeling\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False),\n    args=SFTConfig(\n        max_steps=60,\n        learning_rate=2e-4,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the padding token."""
    node = file.node("tokens.pad_token")
    if node is None or not _is_end(file, node.plain()) or _guarded(file, node):
        return
    collator = file.node("trainer.data_collator")
    if collator is None or not collator.is_mapping or file.node("responses") is not None:
        return
    name = str(file.value("trainer.data_collator.class") or "").rpartition(".")[2]
    if (
        name != "DataCollatorForLanguageModeling"
        or file.value("trainer.data_collator.mlm") is not False
    ):
        return
    yield RULE.at(
        file,
        file.at("tokens.pad_token"),
        "padding and the end of answers share a token, and DataCollatorForLanguageModeling masks "
        "both: the model does not learn to stop",
        help="a padding token of its own, or no data_collator: TRL's own masks by position",
    )


def _guarded(file: File, node: Node) -> bool:
    """Whether the token is set only where there is none: Unsloth's loaders have set one before
    (unsloth_zoo/pad_token.py:317, 2026.10.9), transformers' have not."""
    if file.value("script.padding_repaired") is not True:
        return False
    before = file.document.text[: node.span.start].splitlines()[-3:]
    return any(
        re.search(r"if .*pad_token(_id)? is None|if not .*pad_token", line) for line in before
    )


def _is_end(file: File, value: object) -> bool:
    """Whether a value is the tokenizer's end-of-sequence token, by name or as text."""
    known = file.model
    return str(getattr(value, "name", value)).endswith("eos_token") or (
        known is not None and value == known.eos_token
    )
