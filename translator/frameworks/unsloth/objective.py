"""Which trainer learns what: the rows about the objective, and the classes for each."""

from __future__ import annotations

from typing import Any

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.unsloth.adapter import has_adapter
from translator.frameworks.unsloth.defaults import Flavour
from translator.frameworks.unsloth.objective_writing import put_objective
from translator.frameworks.unsloth.rows import find, flavour_of, known
from translator.frameworks.unsloth.script_tree import Symbol
from translator.lens import Row, Via
from translator.numbers import is_number
from translator.reading import Reader
from translator.tree import shown

# --- reading -------------------------------------------------------------------------------------

_METHODS = {"DPOTrainer": "dpo", "ORPOTrainer": "orpo", "CPOTrainer": "cpo"}


def trainer_class(reader: Reader) -> str:
    """The library's trainer, or the one that the script's own extends: ``SFTTrainer``."""
    node = reader.peek("trainer", "base") or reader.peek("trainer", "class")
    return "" if node is None else str(node.plain()).rpartition(".")[2]


def _value(reader: Reader, name: str, default: Any) -> Any:
    """A keyword of the configuration, or of the trainer as older versions have it."""
    found = find(reader, f"trainer.{name}", f"args.{name}")
    if found is None:
        return default
    value = known(reader, *found, "objective")
    return default if value is None else value


def _number(reader: Reader, name: str, default: float) -> float:
    value = _value(reader, name, default)
    if is_number(value):
        return float(value)
    _refuse(reader, name, "must be a number")
    return default


def _refuse(reader: Reader, name: str, reason: str) -> None:
    found = find(reader, f"trainer.{name}", f"args.{name}")
    if found is not None:
        message = f"{found[0]}: {shown(found[1].plain())} {reason}"
        reader.say(Code.BAD_VALUE, Severity.ERROR, message, found[1], key=found[0])


def _read_objective(reader: Reader) -> None:
    name = trainer_class(reader)
    node = reader.node("trainer", "class")
    origin = (
        reader.default("the trainer")
        if node is None
        else Origin(written=True, span=node.span, key=name)
    )
    reference = reader.node("trainer", "ref_model")
    if reference is not None:
        reader.leave(("trainer", "ref_model"), reference, "a reference model of its own",
                     Severity.ERROR)  # fmt: skip
    objective: ir.Objective = ir.SupervisedObjective()
    if name in _METHODS:
        objective = _preference(reader, _METHODS[name])
    elif name == "KTOTrainer":
        objective = ir.LabelObjective(
            beta=_number(reader, "beta", 0.1),
            desirable_weight=_number(reader, "desirable_weight", 1.0),
            undesirable_weight=_number(reader, "undesirable_weight", 1.0),
        )
    elif name == "GRPOTrainer":
        objective = _online(reader)
    elif name in ("SFTTrainer", "UnslothTrainer"):
        _supervised_loss(reader)
    elif name == "RewardTrainer":
        objective = ir.OtherObjective(name="reward")
    reader.set("objective", objective, origin)
    if not isinstance(objective, ir.SupervisedObjective):
        message = f"the objective is read as {objective!r}"
        reader.say(Code.ASSUMED, Severity.NOTE, message, node, field="objective", verbose=True)


def _supervised_loss(reader: Reader) -> None:
    """trl/trainer/sft_config.py (1.9.0): nll and chunked_nll are one loss, computed two ways."""
    found = find(reader, "args.loss_type")
    if found is not None and found[1].plain() not in (None, "nll", "chunked_nll"):
        reader.leave(("args", "loss_type"), found[1], "another loss", Severity.ERROR)


def _preference(reader: Reader, method: str) -> ir.PreferenceObjective:
    loss = _value(reader, "loss_type", None)
    if isinstance(loss, list) and len(loss) == 1:
        loss = loss[0]
    gamma = _number(reader, "simpo_gamma", 0.5)
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
        beta=_number(reader, "beta", 0.1),
        label_smoothing=_number(reader, "label_smoothing", 0.0),
        loss=None if loss is None else str(loss),
        margin=gamma if method == "simpo" else None,
        reference=_reference(reader, method),
        max_prompt_length=length if isinstance(length, int) else None,
    )


def _reference(reader: Reader, method: str) -> Any:
    if method not in ("dpo", "ipo"):
        return "none"
    return "base" if has_adapter(reader) else "copy"


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
    if not isinstance(weights, list | tuple) or not all(is_number(w) for w in weights):
        _refuse(reader, "reward_weights", "must be a list of numbers")
        weights = ()
    scale = _value(reader, "scale_rewards", "group")
    prompt = _value(reader, "max_prompt_length", None)
    return ir.OnlineObjective(
        generations=int(_number(reader, "num_generations", 8)),
        max_prompt_length=prompt if isinstance(prompt, int) else None,
        max_completion_length=_answer_length(reader),
        beta=_number(reader, "beta", beta),
        epsilon=_number(reader, "epsilon", 0.2),
        temperature=_number(reader, "temperature", 1.0),
        loss=loss,
        scale_rewards="group" if scale is True else "none" if scale is False else str(scale),
        rewards=names,
        reward_weights=tuple(float(w) for w in weights),
        inference_server=bool(_value(reader, "use_vllm", False)),
    )


def _answer_length(reader: Reader) -> int | None:
    found = find(reader, "args.max_completion_length")
    if found is None:
        unlimited = reader.tree.get(("args", "max_completion_length")) is not None
        return None if unlimited else 256
    value = known(reader, *found, "objective")
    return value if isinstance(value, int) else None


def _named(value: object) -> str:
    if isinstance(value, Symbol):
        return value.name
    expression = getattr(value, "expression", None)
    return str(expression if expression is not None else value)


# --- writing -------------------------------------------------------------------------------------


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
        put=put_objective,
        partly={
            "objective=other": ("refused", "TRL has other trainers, ftx writes none of them"),
            "objective=preference.max_prompt_length": ("approximated", "only whole rows are cut"),
            "objective=online.rewards": ("approximated", "the functions' code is not copied"),
            "objective=online.max_prompt_length": ("approximated", "prompts are not cut"),
        },
    ),
)
