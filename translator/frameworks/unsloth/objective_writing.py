"""Writing the objective: the classes to train with, and their settings."""

from __future__ import annotations

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.defaults import Flavour
from translator.record import Record
from translator.writing import Writer


class Trainer(Record):
    """The classes that a written script trains with."""

    title: str
    """What is done, for the head of the script."""
    trainer: str
    arguments: str
    module: str = "trl"
    flavour: Flavour = Flavour.PATCHED
    """Whose defaults the arguments have."""
    reference: str | None = None
    """Expression for ``ref_model``; None when the trainer takes none."""
    supervised: bool = False
    online: bool = False
    rewards: tuple[str, ...] = ()


def trainer_of(recipe: ir.Recipe) -> Trainer:
    """The classes for a recipe; for an objective that no trainer has, those of supervised
    fine-tuning."""
    match recipe.objective:
        case ir.PreferenceObjective(method="orpo"):
            # trl/experimental/orpo (1.9.0); gone from trl itself, and not replaced by Unsloth
            return Trainer(title="ORPO", trainer="ORPOTrainer", arguments="ORPOConfig",
                           module="trl.experimental.orpo", flavour=Flavour.TRL)  # fmt: skip
        case ir.PreferenceObjective(method="simpo" | "cpo" as method):
            return Trainer(title=method.upper(), trainer="CPOTrainer", arguments="CPOConfig",
                           module="trl.experimental.cpo", flavour=Flavour.TRL)  # fmt: skip
        case ir.PreferenceObjective(method=method):
            return Trainer(title=method.upper(), trainer="DPOTrainer", arguments="DPOConfig",
                           reference="None")  # fmt: skip
        case ir.LabelObjective():
            return Trainer(title="KTO", trainer="KTOTrainer", arguments="KTOConfig",
                           reference="None")  # fmt: skip
        case ir.OnlineObjective(rewards=rewards):
            return Trainer(title="GRPO", trainer="GRPOTrainer", arguments="GRPOConfig",
                           online=True, rewards=rewards)  # fmt: skip
    adapter = recipe.adapter
    plus = adapter is not None and adapter.b_learning_rate_ratio is not None
    if recipe.optimizer.embedding_learning_rate is not None or plus:
        # unsloth/trainer.py:936 (2026.10.9): built on TRL's class as it was before the patch
        return Trainer(title="Supervised fine-tuning", trainer="UnslothTrainer", supervised=True,
                       arguments="UnslothTrainingArguments", module="unsloth",
                       flavour=Flavour.TRL)  # fmt: skip
    return Trainer(
        title="Supervised fine-tuning", trainer="SFTTrainer", arguments="SFTConfig", supervised=True
    )


PAIR_LOSSES = ("sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard",
               "aot", "aot_unpaired", "apo_zero", "apo_down", "discopop", "sft",
               "sigmoid_norm")  # fmt: skip
"""trl/trainer/dpo_trainer.py:1434 (1.9.0)."""
ANSWER_LOSSES = ("grpo", "bnpo", "dr_grpo", "dapo", "luspo", "cispo", "sapo", "vespo")
"""trl/trainer/grpo_trainer.py:3083 (1.9.0)."""


def put_objective(writer: Writer) -> None:
    match writer.document.recipe.objective:
        case ir.PreferenceObjective() as objective:
            put_preference(writer, objective)
        case ir.LabelObjective() as objective:
            writer.put("args.beta", objective.beta, "objective.beta")
            if objective.desirable_weight != 1.0:
                writer.put("args.desirable_weight", objective.desirable_weight)
            if objective.undesirable_weight != 1.0:
                writer.put("args.undesirable_weight", objective.undesirable_weight)
        case ir.OnlineObjective() as objective:
            put_online(writer, objective)
        case ir.OtherObjective(name=name):
            why = f"ftx writes no trainer for {name}"
            writer.lose(Code.LOST_OBJECTIVE, "objective", why)


def put_preference(writer: Writer, objective: ir.PreferenceObjective) -> None:
    writer.put("args.beta", objective.beta, "objective.beta")
    loss = objective.loss
    if objective.method in ("ipo", "simpo"):
        loss = objective.method
    if loss is not None and objective.method == "dpo" and loss not in PAIR_LOSSES:
        why = f"TRL has no such loss of pairs; its own, sigmoid, is used: {', '.join(PAIR_LOSSES)}"
        writer.lose(Code.LOST_OBJECTIVE, "objective.loss", why)
    elif loss is not None:
        writer.put("args.loss_type", loss, "objective.loss")
    if objective.method == "simpo" and objective.margin is not None:
        writer.put("args.simpo_gamma", objective.margin, "objective.margin")
        writer.put("args.cpo_alpha", 0.0)
    elif objective.method == "simpo":
        why = "TRL's own, 0.5"
        writer.lose(Code.TOLD_OTHERWISE, "objective.margin", why, Severity.NOTE, verbose=True)
    if objective.label_smoothing:
        if objective.method == "orpo":
            why = "ORPO has no label smoothing in TRL"
            writer.lose(Code.LOST_OBJECTIVE, "objective.label_smoothing", why)
        else:
            writer.put("args.label_smoothing", objective.label_smoothing)
    usual = "none"
    if objective.method in ("dpo", "ipo"):
        usual = "base" if writer.document.recipe.adapter is not None else "copy"
    if objective.reference != usual:
        why = {"base": "the model without its adapter", "copy": "a copy of the model at the start",
               "none": "none, as the method has it"}[usual]  # fmt: skip
        writer.lose(Code.TOLD_OTHERWISE, "objective.reference", f"TRL's is {why}", Severity.NOTE,
                    verbose=True)  # fmt: skip
    if objective.max_prompt_length is not None:
        why = "TRL has no limit of its own for prompts any more; only whole rows are cut"
        writer.lose(Code.LOST_LENGTH, "objective.max_prompt_length", why, Severity.WARNING)


def put_online(writer: Writer, objective: ir.OnlineObjective) -> None:
    writer.put("args.num_generations", objective.generations, "objective.generations")
    writer.put("args.max_completion_length", objective.max_completion_length)
    if objective.max_prompt_length is not None:
        why = "TRL no longer cuts prompts; long ones have to be left out of the data"
        writer.lose(Code.LOST_LENGTH, "objective.max_prompt_length", why, Severity.WARNING)
    writer.put("args.beta", objective.beta, "objective.beta")
    writer.put("args.epsilon", objective.epsilon, "objective.epsilon")
    writer.put("args.temperature", objective.temperature, "objective.temperature")
    if objective.loss in ANSWER_LOSSES:
        writer.put("args.loss_type", objective.loss, "objective.loss")
    else:
        why = f"TRL has no such loss of answers, only {', '.join(ANSWER_LOSSES)}"
        writer.lose(Code.LOST_OBJECTIVE, "objective.loss", why)
    writer.put("args.scale_rewards", objective.scale_rewards, "objective.scale_rewards")
    if objective.reward_weights:
        writer.put("args.reward_weights", list(objective.reward_weights))
    if objective.inference_server:
        writer.put("args.use_vllm", True, "objective.inference_server")
        writer.put("load.fast_inference", True)
    own = [name for name in objective.rewards if "." not in name]
    if own or not objective.rewards:
        what = ", ".join(own) or "none is named"
        why = f"the code of the reward functions is the user's own ({what}) and not copied"
        writer.lose(Code.LOST_OBJECTIVE, "objective.rewards", why)
