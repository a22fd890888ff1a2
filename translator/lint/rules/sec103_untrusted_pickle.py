"""A pickle is loaded, which can run any code.

What it does
Looks for `pickle.load`, `torch.load(..., weights_only=False)`, `joblib.load` and `dill` in
scripts.

Why it matters
Loading a pickle runs what its author put into it.

When it is fine
For files that the same person has written.

References
docs.python.org/3/library/pickle.html; torch.load, `weights_only`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File, Place
from translator.lint.rule import Rule
from translator.spans import LineIndex

RULE = Rule(
    code="SEC103",
    name="untrusted-pickle",
    severity=Severity.WARNING,
    words=("pickle", "weights_only", "joblib", "dill"),
    formats=("unsloth",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\nimport torch\nextra = torch.load("downloaded.pt", weights_only=False)  # <-\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\nimport torch\nextra = torch.load("downloaded.pt", weights_only=True)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
)

CALLS = re.compile(
    r"^[^#\n]*?\b(pickle\.loads?\(|joblib\.load\(|dill\.loads?\(|"
    r"torch\.load\([^)\n]*weights_only\s*=\s*False[^)\n]*\))",
    re.M,
)


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each call."""
    text = file.document.text
    index = LineIndex(text)
    for match in CALLS.finditer(text):
        call = match[1].split("(")[0]
        yield RULE.at(
            file,
            Place(index.span(match.start(1), match.start(1) + len(call))),
            f"{call} runs whatever code the file holds",
            help="safetensors, or weights_only=True",
        )
