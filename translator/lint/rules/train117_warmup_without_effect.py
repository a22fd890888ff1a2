"""A warm-up beside a schedule that has none.

What it does
Looks for a warm-up beside the schedule `constant`.

Why it matters
transformers' `constant` starts at the full rate; the warm-up is dropped without a word. The schedule
`constant_with_warmup` has one.

When it is fine
When no warm-up is wanted: the key can go.

References
transformers/optimization.py, `get_scheduler`: for `CONSTANT` nothing but the optimizer is handed on.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN117",
    name="warmup-without-effect",
    severity=Severity.WARNING,
    formats=("axolotl", "unsloth"),
    words=("warmup",),
    bad={
        "axolotl": "lr_scheduler: constant\nwarmup_steps: 10  # <-\n",
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        max_steps=60,\n        learning_rate=2e-4,\n        lr_scheduler_type="constant",\n        warmup_steps=5,  # <-\n        output_dir="out",\n    ),\n)\ntrainer.train()\n',
    },
    good={
        "axolotl": "lr_scheduler: constant_with_warmup\nwarmup_steps: 10\n",
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        max_steps=60,\n        learning_rate=2e-4,\n        lr_scheduler_type="constant_with_warmup",\n        warmup_steps=5,\n        output_dir="out",\n    ),\n)\ntrainer.train()\n',
    },
)


_KEYS = {
    "axolotl": ("lr_scheduler", ("warmup_steps", "warmup_ratio")),
    "unsloth": ("args.lr_scheduler_type", ("args.warmup_steps", "args.warmup_ratio")),
}


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the warm-up."""
    scheduler, warmups = _KEYS[file.format]
    warmup = file.on(*warmups)
    if file.value(scheduler) != "constant" or warmup is None:
        return
    node = file.node(scheduler)
    quoted = node is not None and node.raw[:1] in ("'", '"')
    mark = node.raw[0] if node is not None and quoted else ""
    fix = file.replace(scheduler, f"{mark}constant_with_warmup{mark}", safe=False)
    yield RULE.at(
        file,
        file.at(warmup),
        f"{warmup.rpartition('.')[2]} does nothing: the schedule constant starts at the full rate",
        help="constant_with_warmup",
        fix=fix,
    )
