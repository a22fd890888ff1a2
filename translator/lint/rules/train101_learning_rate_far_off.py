"""The learning rate is far from what the method is trained with.

What it does
Compares the peak rate with the range in which adapters (2e-6 to 3e-3), all weights (1e-7 to 1e-3)
and preference objectives (1e-8 to 1e-3 with an adapter, 1e-4 without) are trained, an order of
magnitude wide on either side. Optimizers with a scale of their own are left out.

Why it matters
A rate of 2e-2 in place of 2e-4 diverges within minutes, or only after a day; one of 2e-8 leaves
the weights as they were. Both are most often a slip of the keyboard.

When it is fine
In an ablation of the rate itself.

References
LoRA Without Regret (Thinking Machines, 2025): about ten times the rate of full fine-tuning; QLoRA
(arXiv:2305.14314) 1e-4 to 2e-4; DPO (arXiv:2305.18290) 1e-6 for all weights.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import LabelObjective, OnlineObjective, OtherObjective, PreferenceObjective
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.lint.weights import loaded_quantized

RULE = Rule(
    code="TRAIN101",
    name="learning-rate-far-off",
    severity=Severity.WARNING,
    bad={
        "axolotl": "adapter: lora\nlora_r: 16\nlora_alpha: 32\nlora_target_linear: true\nlearning_rate: 0.02  # <-\n",
        "torchtune": "optimizer:\n  _component_: torch.optim.AdamW\n  lr: 2e-2  # <-\n",
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-2,  # <-\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n',
    },
    good={
        "axolotl": "adapter: lora\nlora_r: 16\nlora_alpha: 32\nlora_target_linear: true\nlearning_rate: 0.0002\n",
        "torchtune": "optimizer:\n  _component_: torch.optim.AdamW\n  lr: 2e-4\n",
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n',
    },
)

OWN_SCALE = ("muon", "prodigy", "adafactor", "lion", "schedule_free", "dadapt", "sgd", "signsgd",
             "dion", "came", "lomo", "galore", "polora", "sinkgd")  # fmt: skip


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the rate."""
    recipe = file.recipe
    if any(word in recipe.optimizer.name.lower() for word in OWN_SCALE):
        return
    if isinstance(recipe.objective, OnlineObjective | OtherObjective):
        return
    preference = isinstance(recipe.objective, PreferenceObjective | LabelObjective)
    # quantised weights are trained with an adapter, or not at all, which is told
    adapted = recipe.adapter is not None or loaded_quantized(file)
    if preference:
        least, most = 1e-8, 1e-3 if adapted else 1e-4
        what = "a preference objective"
    elif adapted:
        least, most, what = 2e-6, 3e-3, "adapters"
    else:
        least, most, what = 1e-7, 1e-3, "all weights"
    rate = recipe.optimizer.learning_rate
    if least <= rate <= most or not file.written("optimizer.learning_rate"):
        return
    side = "above" if rate > most else "below"
    yield RULE.at(
        file,
        file.where("optimizer.learning_rate"),
        f"a learning rate of {rate:g} is far {side} what {what} are trained with "
        f"({least:g} to {most:g})".replace("objective are", "objective is"),
    )
