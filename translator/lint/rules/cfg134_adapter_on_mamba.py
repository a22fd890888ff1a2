"""An adapter on a part of a Mamba layer that PEFT refuses.

What it does
Looks for `out_proj` or `conv1d` among the targets of an adapter, or for all linear layers, where the
model is of a family whose Mamba layers PEFT guards.

Why it matters
The kernels of these layers take the weights of `out_proj` themselves and go past an adapter on it.
PEFT ends with an error before the first step.

When it is fine
Where Unsloth chooses the modules it leaves these out. PEFT before 0.17 (0.20 for Nemotron-H) makes
the adapter, which is never trained. Granite 4.0 H and Bamba are not guarded; there the adapter is made
as well, and without effect where mamba-ssm is installed.

References
peft/tuners/tuners_utils.py, `_check_lora_target_modules_mamba` (0.20); huggingface/peft#2562, #3289;
unsloth_zoo/peft_utils.py, `MAMBA_ONLY_LEAVES` (2026.10.9);
transformers/models/granitemoehybrid/modeling_granitemoehybrid.py, `outproj_weight`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.catalog.mamba import GUARDED, REFUSED, takes_adapters
from translator.catalog.models import facts
from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG134",
    name="adapter-on-mamba",
    severity=Severity.ERROR,
    formats=("axolotl", "unsloth"),
    words=("out_proj", "conv1d", "lora_target_linear"),
    bad={
        "axolotl": "base_model: tiiuae/Falcon-H1-1.5B-Base\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true  # <-\n",
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Falcon-H1-0.5B-Instruct",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n    target_modules=["q_proj", "in_proj", "out_proj"],  # <-\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n',
    },
    good={
        "axolotl": "base_model: tiiuae/Falcon-H1-1.5B-Base\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_modules: [q_proj, k_proj, v_proj, o_proj, in_proj]\n",
        "unsloth": 'from unsloth import FastLanguageModel\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Falcon-H1-0.5B-Instruct",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n    target_modules=["q_proj", "in_proj"],\n)\ndataset = load_dataset("roneneldan/TinyStories", split="train")\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\ntrainer.train()\nmodel.save_pretrained("out")\n',
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the targets."""
    adapter = file.recipe.adapter
    if adapter is None:
        return
    named = [name for name in REFUSED if name in adapter.modules]
    everything = file.format == "axolotl" and "all-linear" in adapter.modules
    if not named and not everything:
        return
    known = facts(file.recipe.model.id)
    if known is None or known.family not in GUARDED:
        return
    what = " and ".join(named) or "every linear layer, out_proj among them"
    others = takes_adapters(known.linear_modules, known.family)
    # Axolotl installs the PEFT that refuses; a script may run beside an older one
    certain = file.format == "axolotl"
    yield RULE.at(
        file,
        file.where("adapter.modules"),
        f"PEFT refuses adapters on {what}: {known.id} has Mamba layers, whose kernels go past them",
        help=f"name the others: {', '.join(others)}" if others else None,
        severity=None if certain else Severity.WARNING,
    )
