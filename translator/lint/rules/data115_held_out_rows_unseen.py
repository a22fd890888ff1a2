"""Rows are kept for evaluation, and nothing evaluates on them.

What it does
Looks for rows that are held out, or evaluation data, without anything that says when they are looked
at. In Axolotl that includes an `evals_per_epoch` that comes to one evaluation or less in the whole run,
which it drops.

Why it matters
The rows are missing in training and serve nothing; the author believes that there will be an
evaluation loss.

When it is fine
When the script evaluates by itself in a way that ftx does not see.

References
axolotl/core/builders/base.py:523 and axolotl/utils/config/__init__.py:257 (0.19);
transformers/training_args.py, `eval_strategy` `"no"`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Applicability, Diagnostic, Edit, Fix, Severity
from translator.ir import HeldOutRows
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA115",
    name="held-out-rows-unseen",
    severity=Severity.WARNING,
    bad={
        "axolotl": "val_set_size: 0.05  # <-\n",
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\nheld = load_dataset("roneneldan/TinyStories", split="validation")  # <-\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    eval_dataset=held,\n    args=SFTConfig(\n        max_steps=60,\n        learning_rate=2e-4,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n',
    },
    good={
        "axolotl": "val_set_size: 0.05\neval_strategy: epoch\n",
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\nheld = load_dataset("roneneldan/TinyStories", split="validation")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    eval_dataset=held,\n    args=SFTConfig(\n        max_steps=60,\n        learning_rate=2e-4,\n        eval_strategy="steps",\n        eval_steps=20,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n',
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the rows, or at the number of evaluations that is dropped."""
    data, evaluation = file.recipe.data, file.recipe.evaluation
    if data.validation is None or evaluation.interval is not None:
        return
    held = isinstance(data.validation, HeldOutRows)
    what = "rows are held out" if held else "evaluation data is named"
    if file.format == "axolotl":
        if file.on("evals_per_epoch"):
            yield RULE.at(
                file,
                file.at("evals_per_epoch"),
                f"{what}, but Axolotl drops an evals_per_epoch that comes to one evaluation or less "
                "in the whole run",
                help="eval_strategy: epoch",
                fix=_by_epoch(file),
            )
        elif file.value("eval_strategy") not in ("no", False):
            yield RULE.at(
                file,
                file.at("val_set_size" if file.on("val_set_size") else "test_datasets"),
                f"{what} and never looked at: no eval_steps, evals_per_epoch or eval_strategy",
                help="eval_strategy: epoch",
                fix=file.add("eval_strategy: epoch", after="val_set_size", safe=False),
            )
    elif file.format == "torchtune":
        if "run_val_every_n_steps" in file.document.text:
            return  # as null it says that the data is there for another day
        yield RULE.at(
            file, file.at("dataset_val"), f"{what} and never looked at: no run_val_every_n_steps"
        )
    elif file.node("data.eval") is not None and not _evaluates(file):
        yield RULE.at(
            file,
            file.where("data.validation"),
            f"{what} and never looked at: eval_strategy is not set",
            help='eval_strategy="epoch"',
        )


def _evaluates(file: File) -> bool:
    """Whether a script may look at the rows after all."""
    given = file.given("args.eval_strategy", "args.evaluation_strategy", "args.do_eval")
    return bool(given) or file.open_ended or ".evaluate(" in file.document.text


def _by_epoch(file: File) -> Fix | None:
    """``evals_per_epoch`` becomes an evaluation after each epoch."""
    node = file.node("evals_per_epoch")
    if node is None or node.key_span is None or file.node("eval_strategy"):
        return None
    if node.reference is not None or node.key_span.line != node.span.line:
        return None
    edit = Edit(start=node.key_span.start, end=node.span.end, text="eval_strategy: epoch")
    return Fix(message=edit.text, edits=(edit,), applicability=Applicability.UNSAFE)
