"""Which trainer learns what: the rows about the objective, and the classes for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.unsloth.defaults import Flavour
from translator.frameworks.unsloth.rows import find, flavour_of, known
from translator.lens import Row, Via
from translator.reading import Reader
from translator.writing import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Trainer:
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
        return Trainer(title="supervised", trainer="UnslothTrainer", supervised=True,
                       arguments="UnslothTrainingArguments", module="unsloth",
                       flavour=Flavour.TRL)  # fmt: skip
    return Trainer(title="supervised", trainer="SFTTrainer", arguments="SFTConfig", supervised=True)


# --- reading -------------------------------------------------------------------------------------

_METHODS = {"DPOTrainer": "dpo", "ORPOTrainer": "orpo", "CPOTrainer": "cpo"}


def trainer_class(reader: Reader) -> str:
    """The name of the trainer, without Unsloth's prefix: ``SFTTrainer``."""
    node = reader.peek("trainer", "class")
    return "" if node is None else str(node.plain()).rpartition(".")[2]


def _value(reader: Reader, name: str, default: Any) -> Any:
    """A keyword of the configuration, or of the trainer as older versions have it."""
    found = find(reader, f"args.{name}", f"trainer.{name}")
    if found is None:
        return default
    value = known(reader, *found, "objective")
    return default if value is None else value


def _read_objective(reader: Reader) -> None:
    name = trainer_class(reader)
    node = reader.node("trainer", "class")
    origin = (
        reader.default("the trainer")
        if node is None
        else Origin(written=True, span=node.span, key=name)
    )
    reader.node("trainer", "ref_model")
    objective: ir.Objective = ir.SupervisedObjective()
    if name in _METHODS:
        objective = _preference(reader, _METHODS[name])
    elif name == "KTOTrainer":
        objective = ir.LabelObjective(
            beta=float(_value(reader, "beta", 0.1)),
            desirable_weight=float(_value(reader, "desirable_weight", 1.0)),
            undesirable_weight=float(_value(reader, "undesirable_weight", 1.0)),
        )
    elif name == "GRPOTrainer":
        objective = _online(reader)
    elif name in ("SFTTrainer", "UnslothTrainer"):
        _supervised_loss(reader)
    elif name == "RewardTrainer":
        objective = ir.OtherObjective(name="reward")
    reader.set("objective", objective, origin)


def _supervised_loss(reader: Reader) -> None:
    """trl/trainer/sft_config.py (1.9.0): nll and chunked_nll are one loss, computed two ways."""
    found = find(reader, "args.loss_type")
    if found is not None and found[1].plain() not in (None, "nll", "chunked_nll"):
        reader.leave(("args", "loss_type"), found[1], "another loss", Severity.ERROR)


def _preference(reader: Reader, method: str) -> ir.PreferenceObjective:
    loss = _value(reader, "loss_type", None)
    if isinstance(loss, list) and len(loss) == 1:
        loss = loss[0]
    gamma = _value(reader, "simpo_gamma", 0.5)
    if method == "dpo" and loss == "ipo":
        method, loss = "ipo", None
    if method == "cpo" and loss == "simpo":
        method, loss = "simpo", None
    if loss == "sigmoid":
        loss = None
    length = _value(reader, "max_prompt_length", None)
    answer = find(reader, "args.max_completion_length")
    if answer is not None and answer[1].plain() is not None:
        why = "answers have no limit of their own elsewhere"
        reader.leave(("args", "max_completion_length"), answer[1], why, Severity.WARNING)
    return ir.PreferenceObjective(
        method=method,  # type: ignore[arg-type]
        beta=float(_value(reader, "beta", 0.1)),
        label_smoothing=float(_value(reader, "label_smoothing", 0.0)),
        loss=None if loss is None else str(loss),
        margin=float(gamma) if method == "simpo" else None,
        reference=_reference(reader, method),
        max_prompt_length=length if isinstance(length, int) else None,
    )


def _reference(reader: Reader, method: str) -> Any:
    if method not in ("dpo", "ipo"):
        return "none"
    return "base" if reader.peek("peft") is not None else "copy"


def _online(reader: Reader) -> ir.OnlineObjective:
    patched = flavour_of(reader.facts) is Flavour.PATCHED
    loss = str(_value(reader, "loss_type", "dapo"))
    # unsloth/models/rl.py:3355 (2026.10.9): 0.001 for losses other than dapo and dr_grpo
    beta = 0.001 if patched and loss not in ("dapo", "dr_grpo") else 0.0
    rewards = reader.node("trainer", "reward_funcs")
    names: tuple[str, ...] = ()
    if rewards is not None:
        value = rewards.plain()
        names = tuple(_named(v) for v in (value if isinstance(value, list) else [value]))
    weights = _value(reader, "reward_weights", None) or ()
    scale = _value(reader, "scale_rewards", "group")
    prompt = _value(reader, "max_prompt_length", None)
    return ir.OnlineObjective(
        generations=int(_value(reader, "num_generations", 8)),
        max_prompt_length=prompt if isinstance(prompt, int) else None,
        max_completion_length=int(_value(reader, "max_completion_length", 256)),
        beta=float(_value(reader, "beta", beta)),
        epsilon=float(_value(reader, "epsilon", 0.2)),
        temperature=float(_value(reader, "temperature", 1.0)),
        loss=loss,
        scale_rewards={True: "group", False: "none"}.get(scale, str(scale)),
        rewards=names,
        reward_weights=tuple(float(w) for w in weights),
        inference_server=bool(_value(reader, "use_vllm", False)),
    )


def _named(value: object) -> str:
    expression = getattr(value, "expression", None)
    return str(expression if expression is not None else value)


# --- writing -------------------------------------------------------------------------------------


def _write_objective(writer: Writer) -> None:
    match writer.document.recipe.objective:
        case ir.PreferenceObjective() as objective:
            _write_preference(writer, objective)
        case ir.LabelObjective() as objective:
            writer.put("args.beta", objective.beta, "objective.beta")
            if objective.desirable_weight != 1.0:
                writer.put("args.desirable_weight", objective.desirable_weight)
            if objective.undesirable_weight != 1.0:
                writer.put("args.undesirable_weight", objective.undesirable_weight)
        case ir.OnlineObjective() as objective:
            _write_online(writer, objective)
        case ir.OtherObjective(name=name):
            why = f"ftx writes no trainer for {name}"
            writer.lose(Code.LOST_OBJECTIVE, "objective", why)


def _write_preference(writer: Writer, objective: ir.PreferenceObjective) -> None:
    writer.put("args.beta", objective.beta, "objective.beta")
    loss = objective.loss
    if objective.method in ("ipo", "simpo"):
        loss = objective.method
    if loss is not None:
        writer.put("args.loss_type", loss, "objective.loss")
    if objective.method == "simpo" and objective.margin is not None:
        writer.put("args.simpo_gamma", objective.margin, "objective.margin")
        writer.put("args.cpo_alpha", 0.0)
    if objective.label_smoothing:
        if objective.method == "orpo":
            why = "ORPO has no label smoothing in TRL"
            writer.lose(Code.LOST_OBJECTIVE, "objective.label_smoothing", why)
        else:
            writer.put("args.label_smoothing", objective.label_smoothing)
    if objective.max_prompt_length is not None:
        why = "TRL has no limit of its own for prompts any more; only whole rows are cut"
        writer.lose(Code.LOST_LENGTH, "objective.max_prompt_length", why, Severity.WARNING)


def _write_online(writer: Writer, objective: ir.OnlineObjective) -> None:
    writer.put("args.num_generations", objective.generations, "objective.generations")
    if objective.max_completion_length is not None:
        writer.put("args.max_completion_length", objective.max_completion_length)
    if objective.max_prompt_length is not None:
        why = "TRL no longer cuts prompts; long ones have to be left out of the data"
        writer.lose(Code.LOST_LENGTH, "objective.max_prompt_length", why, Severity.WARNING)
    writer.put("args.beta", objective.beta, "objective.beta")
    writer.put("args.epsilon", objective.epsilon, "objective.epsilon")
    writer.put("args.temperature", objective.temperature, "objective.temperature")
    writer.put("args.loss_type", objective.loss, "objective.loss")
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


_KEYS = ("trainer.class", "args.beta", "args.loss_type", "args.label_smoothing",
         "args.simpo_gamma", "args.max_prompt_length", "args.desirable_weight",
         "args.undesirable_weight", "args.num_generations", "args.max_completion_length",
         "args.epsilon", "args.temperature", "args.scale_rewards", "args.reward_weights",
         "args.use_vllm", "trainer.reward_funcs", "trainer.ref_model", "trainer.beta",
         "trainer.max_prompt_length")  # fmt: skip

ROWS: tuple[Row, ...] = (
    Via(
        fields=("objective",),
        read_keys=_KEYS,
        get=_read_objective,
        put=_write_objective,
        partly={
            "objective=other": ("refused", "TRL has other trainers, ftx writes none of them"),
            "objective=preference.max_prompt_length": ("approximated", "only whole rows are cut"),
            "objective=online.rewards": ("approximated", "the functions' code is not copied"),
            "objective=online.max_prompt_length": ("approximated", "prompts are not cut"),
        },
    ),
)
