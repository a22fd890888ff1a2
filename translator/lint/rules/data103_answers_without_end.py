"""Nothing ends the answers, so the model does not learn to stop.

What it does
Looks for prompts and answers as plain text to which no end-of-sequence token is added.

Why it matters
The model answers, and goes on with the next made-up instruction until its limit. It is the
commonest complaint about first fine-tunes; Unsloth's notebooks carry a warning in capitals.

When it is fine
When the rows themselves end with the token, or in continued pretraining.

References
unslothai notebooks, *must add EOS_TOKEN*; semantics of torchtune's `text_completion_dataset` with
`add_eos`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import InstructionRows, PlainFormat, SupervisedObjective
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA103",
    name="answers-without-end",
    severity=Severity.WARNING,
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\nPROMPT = "### Question:\\n{}\\n### Answer:\\n{}"\n\n\ndef render(rows):\n    pairs = zip(rows["question"], rows["answer"])\n    return {"text": [PROMPT.format(*pair) for pair in pairs]}\n\n\ndataset = dataset.map(render, batched=True)\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\nPROMPT = "### Question:\\n{}\\n### Answer:\\n{}"\n\n\ndef render(rows):\n    pairs = zip(rows["question"], rows["answer"])\n    return {"text": [PROMPT.format(*pair) + tokenizer.eos_token for pair in pairs]}\n\n\ndataset = dataset.map(render, batched=True)\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for the first such source."""
    if not isinstance(file.recipe.objective, SupervisedObjective):
        return
    for number, source in enumerate(file.recipe.data.sources):
        plain = isinstance(source.format, PlainFormat) and source.format.end == "none"
        if plain and isinstance(source.rows, InstructionRows):
            field = f"data.sources[{number}]"
            yield RULE.at(
                file,
                file.where(f"{field}.format.end", f"{field}.format", f"{field}.rows", field),
                "no end-of-sequence token follows the answers: the model will not learn to stop",
                help="append tokenizer.eos_token" if file.format == "unsloth" else None,
            )
            return
