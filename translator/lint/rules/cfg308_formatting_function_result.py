"""A formatting function returns no list of texts.

What it does
Looks at what the function given as `formatting_func` returns: Unsloth wants a list of strings.

Why it matters
Unsloth ends with *The `formatting_func` should return a list of processed strings*.

When it is fine
Without Unsloth: TRL 1.x wants a single string.

References
unsloth_zoo/dataset_utils.py:2778 (2026.10.9).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import SupervisedObjective
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG308",
    name="formatting-function-result",
    severity=Severity.ERROR,
    formats=("unsloth",),
    words=("formatting_func",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("acme/rows", split="train")\n\n\ndef render(rows):  # <-\n    return f"### Question: {rows[\'question\']} ### Answer: {rows[\'answer\']}"\n\n\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    formatting_func=render,\n    args=SFTConfig(\n        max_steps=60,\n        learning_rate=2e-4,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("acme/rows", split="train")\n\n\ndef render(rows):\n    return [f"### Question: {q} ### Answer: {a}" for q, a in zip(rows["question"], rows["answer"])]\n\n\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    formatting_func=render,\n    args=SFTConfig(\n        max_steps=60,\n        learning_rate=2e-4,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the function's argument."""
    if file.document.facts.get("flavour") != "PATCHED":
        return
    if not isinstance(file.recipe.objective, SupervisedObjective):
        return
    node = file.node("trainer.formatting_func")
    if node is None:
        return
    name = str(file.value("trainer.formatting_func.name") or "")
    returned = _returned(file.document.text, name)
    if returned and all(isinstance(value, _TEXT | _ROW) for value in returned):
        kind = "a dictionary" if isinstance(returned[0], _ROW) else "a single text"
        yield RULE.at(
            file,
            file.at("trainer.formatting_func"),
            f"{name} returns {kind}, Unsloth wants a list of texts",
        )


_TEXT = ast.JoinedStr
_ROW = ast.Dict


def _returned(text: str, name: str) -> list[ast.expr]:
    """What a function of the script returns; nothing for one that is not there, or there twice."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == name]
    if len(found) != 1:
        return []
    returns = [n.value for n in ast.walk(found[0]) if isinstance(n, ast.Return)]
    return [value for value in returns if value is not None]
