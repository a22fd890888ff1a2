"""The warm-up takes as long as the run.

What it does
Compares warm-up steps with the steps of the run, where the file says both.

Why it matters
The rate never reaches its peak, so the run learns with half of it on average. torchtune's
configurations come with 100 warm-up steps, which a trial of 60 does not reach.

When it is fine
In a smoke test.

References
torchtune/training/lr_schedulers.py; transformers/optimization.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import Steps, WarmupSteps
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN104",
    name="warmup-longer-than-run",
    severity=Severity.WARNING,
    bad={
        "axolotl": "max_steps: 50\nwarmup_steps: 100  # <-\n",
        "torchtune": "max_steps_per_epoch: 60\nlr_scheduler:\n  _component_: torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup\n  num_warmup_steps: 100  # <-\n",
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        warmup_steps=100,  # <-\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n',
    },
    good={
        "axolotl": "max_steps: 500\nwarmup_steps: 100\n",
        "torchtune": "max_steps_per_epoch: 600\nlr_scheduler:\n  _component_: torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup\n  num_warmup_steps: 100\n",
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n        warmup_steps=5,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n',
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the warm-up."""
    duration, warmup = file.recipe.duration, file.recipe.schedule.warmup
    if not isinstance(duration, Steps):
        return
    steps = warmup.steps if isinstance(warmup, WarmupSteps) else warmup.ratio * duration.count
    if steps < duration.count or steps <= 1 or not file.written("schedule.warmup"):
        return
    yield RULE.at(
        file,
        file.where("schedule.warmup"),
        f"{steps:g} steps of warm-up in a run of {duration.count}: the peak is never reached",
    )
