"""An adapter on an output head that is also the input embedding.

What it does
Looks for `lm_head` among the targets of an adapter, or among what is trained in full without the
embeddings, where the model ties the two.

Why it matters
The head's adapter is merged into the shared matrix and moves the input embeddings as well, which
were not trained like that; torchtune refuses it.

When it is fine
When the adapter is never merged. Unsloth trains the two in full, as one matrix, when a script
names both among the targets.

References
peft, warning on tied layers (`_check_merge_allowed`);
torchtune/models/llama3_2/_component_builders.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.catalog.models import facts
from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN111",
    name="tied-head-adapter",
    severity=Severity.WARNING,
    words=("lm_head", "apply_lora_to_output"),
    bad={
        "axolotl": "base_model: meta-llama/Llama-3.2-1B\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_modules: [q_proj, lm_head]  # <-\n"
    },
    good={
        "axolotl": "base_model: meta-llama/Llama-3.1-8B\nadapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_modules: [q_proj, lm_head]\n"
    },
)

_TIED = ("torchtune.models.llama3_2.lora_llama3_2", "torchtune.models.llama3_2.qlora_llama3_2")


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the targets."""
    adapter = file.recipe.adapter
    if adapter is None or "lm_head" not in adapter.modules:
        return
    if file.format == "unsloth" and "embed_tokens" in adapter.trained_modules:
        return  # both are trained in full, as one matrix (unsloth/models/_utils.py:11531, 11619)
    known = facts(file.recipe.model.id)
    refused = file.format == "torchtune"
    builder = file.value("model._component_") if refused else None
    if not str(builder or "").startswith(_TIED) and (known is None or not known.tied_embeddings):
        return
    name = known.id if known is not None else str(builder).rpartition(".")[2]
    yield RULE.at(
        file,
        file.where("adapter.modules"),
        f"{name} has one matrix for embeddings and head: "
        + ("torchtune refuses" if refused else "once merged,")
        + " an adapter on lm_head"
        + ("" if refused else " moves both"),
        severity=Severity.ERROR if refused else None,
    )
