"""The length given to the trainer is not the one that counts.

What it does
Looks for a `max_length` in `SFTConfig` that is longer than the `max_seq_length` that the model was
loaded with, or that is 1024 where the model's is longer.

Why it matters
Unsloth lowers a longer length to the model's with a print. A length of 1024 is TRL's default, so that
Unsloth cannot tell it from none and takes the model's: rows are longer, and memory with them
(unslothai/unsloth#2904 is the same trap in an older version).

When it is fine
Never; say the same in both places.

References
unsloth/models/rl.py:2770-2835 (2026.10.9); trl/trainer/sft_config.py (1.9.0).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import SupervisedObjective
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA107",
    name="length-of-trainer-ignored",
    severity=Severity.WARNING,
    words=("max_length",),
    formats=("unsloth",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        max_length=4096,  # <-\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        max_length=2048,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
)

_DEFAULT = 1024


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the trainer's length."""
    if file.document.facts.get("flavour") != "PATCHED":
        return
    if not isinstance(file.recipe.objective, SupervisedObjective):
        return  # there the trainer's length counts, and the reader tells where it cannot
    loaded, given = file.value("load.max_seq_length"), file.value("args.max_length")
    if not isinstance(loaded, int) or not isinstance(given, int) or given <= 0:
        return
    if file.value("args.max_seq_length") is not None or _cuts_itself(file):
        return
    if given == loaded or (given < loaded and given != _DEFAULT):
        return  # a shorter length counts
    why = "TRL's default, which Unsloth takes for unsaid" if given < loaded else "lowered"
    yield RULE.at(
        file,
        file.at("args.max_length"),
        f"max_length={given} is not what counts ({why}): max_seq_length={loaded} of the model is",
        help=f"load the model with max_seq_length={given}, if that is meant",
    )


def _cuts_itself(file: File) -> bool:
    """Whether a collator of the script's own gets the rows as they are: then neither length counts."""
    collator = file.node("trainer.data_collator")
    if collator is None or not file.on("args.dataset_kwargs.skip_prepare_dataset"):
        return False
    return not str(file.value("trainer.data_collator.class")).startswith("Unsloth")
