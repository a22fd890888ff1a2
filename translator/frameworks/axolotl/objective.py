"""Rows about what is optimised: plain training, preference methods, online RL."""

from __future__ import annotations

from typing import Literal

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.errors import WrongValueError
from translator.frameworks.axolotl.lookup import Found, find, mention, no_effect, old_spelling
from translator.frameworks.axolotl.memory import add_plugin, plugins
from translator.frameworks.axolotl.rows import via
from translator.frameworks.axolotl.values import anything, flag, number, text, texts, whole
from translator.ir import (
    LabelObjective,
    Objective,
    OnlineObjective,
    OtherObjective,
    PreferenceObjective,
    SupervisedObjective,
)
from translator.lens import Row
from translator.reading import Reader
from translator.writing import Writer

_RL = "axolotl/core/builders/rl.py"
PAIRWISE = ("dpo", "ipo", "orpo", "simpo")


def _get_objective(reader: Reader) -> None:
    method = find(reader, "rl", text, None, "no rl: next-token training")
    beta = _beta(reader, method.value)
    value = (method.value or "").lower()
    origin: Origin = method.origin
    objective: Objective
    if value in PAIRWISE:
        objective = _pairs(reader, value, beta)
    elif value == "kto":
        objective = LabelObjective(
            beta=0.1 if beta is None else beta,
            desirable_weight=find(reader, "kto_desirable_weight", number, 1.0).value,
            undesirable_weight=find(reader, "kto_undesirable_weight", number, 1.0).value,
        )
    elif value in ("grpo", "gdpo"):
        objective = _online(reader, value, beta)
    elif value:
        objective = OtherObjective(name=value)
    else:
        objective, origin = _without_rl(reader, origin)
    _unused(reader, value)
    if value:
        for name in ("rl_beta", "kto_desirable_weight", "kto_undesirable_weight"):
            mention(reader, (name,), "a weight in the objective")
    reader.set("objective", objective, origin)


def _beta(reader: Reader, method: str | None) -> float | None:
    """axolotl/core/builders/rl.py:118: ``trl.beta`` first, then ``rl_beta``, then ORPO's alpha."""
    found: list[Found[float | None]] = [
        find(reader, name, number, None) for name in ("trl.beta", "rl_beta", "dpo_beta")
    ]
    if method == "orpo":
        found.append(find(reader, "orpo_alpha", number, None))
    used = None
    for one in found:
        if one.node is None:
            continue
        name = one.origin.key or ""
        if name == "dpo_beta":
            old_spelling(reader, (name,), one.node, "now rl_beta")
        if not method:
            no_effect(reader, tuple(name.split(".")), "there is no rl")
        elif used is None:
            used = one
            reader.origins["objective.beta"] = one.origin
        else:
            no_effect(reader, tuple(name.split(".")), f"{used.origin.key} counts")
    return None if used is None else used.value


def _pairs(reader: Reader, method: str, beta: float | None) -> PreferenceObjective:
    smoothing = find(reader, "dpo_label_smoothing", number, 0.0)
    if smoothing.written:
        reader.origins["objective.label_smoothing"] = smoothing.origin
        if method != "dpo":
            no_effect(reader, ("dpo_label_smoothing",), f"rl is {method}")
    loss: str | None = None
    kinds = find(reader, "dpo_loss_type", texts, ())
    if kinds.node is not None:
        reader.origins["objective.loss"] = kinds.origin
        loss = kinds.value[0] if kinds.value else None
        if len(kinds.value) > 1:
            why = "several losses at once, in Axolotl only"
            reader.leave(("dpo_loss_type",), kinds.node, why, Severity.ERROR)
        if method == "dpo" and loss == "ipo":
            method, loss = "ipo", None
        elif loss == "sigmoid":
            loss = None
    gamma = find(reader, "simpo_gamma", number, None)
    if gamma.written:
        reader.origins["objective.margin"] = gamma.origin
    prompt = find(reader, "max_prompt_len", whole, None)
    kept = method in ("dpo", "ipo")
    reference: Literal["base", "copy", "none"] = "base" if reader.values["adapter"] else "copy"
    if not kept:
        reference = "none"
    margin = gamma.value
    if method == "simpo" and margin is None:
        margin = 0.5
    if prompt.written and not kept:
        no_effect(reader, ("max_prompt_len",), f"rl: {method} has no such limit")
    return PreferenceObjective(
        method=method,  # type: ignore[arg-type]
        beta=0.1 if beta is None else beta,
        label_smoothing=smoothing.value if method == "dpo" else 0.0,
        loss=loss,
        margin=margin if method == "simpo" else None,
        reference=reference,
        max_prompt_length=prompt.value if kept else None,
    )


def _online(reader: Reader, method: str, beta: float | None) -> OnlineObjective:
    """Defaults are TRL's (trl/trainer/grpo_config.py, 1.9.0)."""

    def scaled(value: object) -> str:
        if isinstance(value, bool):
            return "group" if value else "none"
        return text(value)

    completion = find(reader, "trl.max_completion_length", whole, 256)
    loss = find(reader, "trl.loss_type", text, "dapo")
    how = find(reader, "trl.multi_objective_aggregation", text, None)
    usual = (("gdpo", "normalize_then_sum"), (method, "sum_then_normalize"))
    if how.node is not None and (method, how.value) not in usual:
        why = "another way to join several rewards"
        reader.leave(("trl", "multi_objective_aggregation"), how.node, why, Severity.ERROR)
    for name in ("beta", *_OF_TRL):
        mention(reader, ("trl", name), "how answers are sampled and scored")
    if method == "gdpo":
        node = reader.node("rl")
        assert node is not None
        reader.leave(("rl",), node, "rewards normalised one by one, in Axolotl only",
                     Severity.ERROR)  # fmt: skip
    return OnlineObjective(
        generations=find(reader, "trl.num_generations", whole, 8).value,
        max_prompt_length=find(reader, "max_prompt_len", whole, None).value,
        max_completion_length=completion.value,
        beta=0.0 if beta is None else beta,
        epsilon=find(reader, "trl.epsilon", number, 0.2).value,
        temperature=find(reader, "trl.temperature", number, 1.0).value,
        loss=loss.value,
        scale_rewards=find(reader, "trl.scale_rewards", scaled, "group").value,
        rewards=find(reader, "trl.reward_funcs", texts, ()).value,
        reward_weights=find(reader, "trl.reward_weights", _numbers, ()).value,
        inference_server=find(reader, "trl.use_vllm", flag, False).value,
    )


def _numbers(value: object) -> tuple[float, ...]:
    if not isinstance(value, list):
        raise WrongValueError("is no list of numbers")
    return tuple(number(v) for v in value)


def _without_rl(reader: Reader, origin: Origin) -> tuple[Objective, Origin]:
    present = plugins(reader)
    for name, meaning in (
        ("reward_model", "reward_model"),
        ("process_reward_model", "process_reward_model"),
    ):
        found = find(reader, name, flag, False)
        if found.value:
            return OtherObjective(name=meaning), found.origin
    distil = find(reader, "kd_trainer", anything, None)
    if "KDPlugin" in present and distil.value:
        return OtherObjective(name="distillation"), distil.origin
    diffusion = reader.peek("diffusion")
    if "DiffusionPlugin" in present:
        at = diffusion or reader.peek("plugins")
        assert at is not None
        return OtherObjective(name="diffusion"), reader.written(("plugins",), at)
    focal = find(reader, "use_eaft", flag, False)
    if focal.value:
        return OtherObjective(name="eaft"), focal.origin
    return SupervisedObjective(), origin


_OF_METHOD = {
    "dpo_label_smoothing": PAIRWISE,
    "dpo_loss_type": PAIRWISE,
    "simpo_gamma": PAIRWISE,
    "orpo_alpha": ("orpo",),
    "kto_desirable_weight": ("kto",),
    "kto_undesirable_weight": ("kto",),
    "max_prompt_len": (*PAIRWISE, "grpo", "gdpo"),
}
_OF_TRL = ("max_completion_length", "loss_type", "multi_objective_aggregation", "num_generations",
           "epsilon", "temperature", "scale_rewards", "reward_funcs", "reward_weights",
           "use_vllm")  # fmt: skip


def _unused(reader: Reader, method: str) -> None:
    """Settings of another method than the one chosen."""
    for name, methods in _OF_METHOD.items():
        if method not in methods and reader.peek(name) is not None:
            no_effect(reader, (name,), f"rl is {method or 'not set'}")
    if method in ("grpo", "gdpo"):
        return
    for name in _OF_TRL:
        node = reader.peek("trl", name)
        if node is not None and method == "ebft":  # core/trainers/ebft/__init__.py:127 takes them
            reader.leave(("trl", name), node, "a setting of ebft", Severity.WARNING)
        elif node is not None:
            no_effect(reader, ("trl", name), f"rl is {method or 'not set'}")


def _put_objective(writer: Writer) -> None:
    objective = writer.document.recipe.objective
    if isinstance(objective, SupervisedObjective):
        return
    if isinstance(objective, OtherObjective):
        if objective.name in ("reward_model", "process_reward_model"):
            writer.put(objective.name, True, "objective")
            return
        if writer.document.format == "axolotl":
            _put_own(writer, objective.name)
        else:
            why = f"ftx does not write {objective.name} for Axolotl"
            writer.lose(Code.LOST_OBJECTIVE, "objective", why)
        return
    if isinstance(objective, PreferenceObjective):
        _put_pairs(writer, objective)
        return
    if isinstance(objective, LabelObjective):
        writer.put("rl", "kto", "objective")
        writer.put("rl_beta", objective.beta, "objective.beta")
        for side in ("desirable", "undesirable"):
            if writer.needed(f"objective.{side}_weight", 1.0):
                weight = writer.value(f"objective.{side}_weight")
                writer.put(f"kto_{side}_weight", weight, f"objective.{side}_weight")
        writer.put("remove_unused_columns", False)
        return
    _put_online(writer, objective)


def _put_own(writer: Writer, name: str) -> None:
    """An objective that only Axolotl has, from an Axolotl file."""
    if name == "eaft":
        writer.put("use_eaft", True, "objective")
    elif name == "distillation":
        add_plugin(writer, "axolotl.integrations.kd.KDPlugin")
        writer.put("kd_trainer", True, "objective")
    elif name == "diffusion":
        add_plugin(writer, "axolotl.integrations.diffusion.DiffusionPlugin")
    else:
        writer.put("rl", name, "objective")


def _put_pairs(writer: Writer, objective: PreferenceObjective) -> None:
    if objective.method == "cpo":
        why = "Axolotl has SimPO, but no plain CPO"
        writer.lose(Code.LOST_OBJECTIVE, "objective", why)
        how = "without the objective the mean is another one"
        writer.lose(Code.TOLD_OTHERWISE, "batching.normalization", how, Severity.NOTE, verbose=True)
        return
    writer.put("rl", objective.method, "objective.method", "objective")
    writer.put("rl_beta", objective.beta, "objective.beta")
    if objective.label_smoothing:
        if objective.method == "dpo":
            writer.put(
                "dpo_label_smoothing", objective.label_smoothing, "objective.label_smoothing"
            )
        else:
            why = f"Axolotl smooths labels for dpo, not for {objective.method}"
            writer.lose(Code.LOST_OBJECTIVE, "objective.label_smoothing", why)
    if objective.loss is not None:
        if objective.method == "dpo":
            writer.put("dpo_loss_type", [objective.loss], "objective.loss")
        else:
            why = f"Axolotl has variants of the loss for dpo, not for {objective.method}"
            writer.lose(Code.LOST_OBJECTIVE, "objective.loss", why)
    if objective.method == "simpo":
        margin = 0.5 if objective.margin is None else objective.margin
        if objective.margin is None:
            how = "0.5, as Axolotl has it unless told"
            writer.lose(Code.TOLD_OTHERWISE, "objective.margin", how, Severity.NOTE, verbose=True)
        writer.put("simpo_gamma", margin, "objective.margin")
    if objective.max_prompt_length is not None:
        if objective.method in ("dpo", "ipo"):
            writer.put("max_prompt_len", objective.max_prompt_length,
                       "objective.max_prompt_length")  # fmt: skip
        else:
            why = "Axolotl limits the whole sequence only"
            writer.lose(Code.LOST_LENGTH, "objective.max_prompt_length", why, Severity.WARNING)
    adapter = bool(writer.value("adapter"))
    if objective.reference == "copy" and adapter:
        why = "Axolotl takes the frozen base under the adapter for reference, the same at the start"
        writer.lose(Code.TOLD_OTHERWISE, "objective.reference", why, Severity.NOTE)
    elif objective.reference == "none" and objective.method in ("dpo", "ipo"):
        why = "Axolotl always takes a reference model"
        writer.lose(Code.LOST_OBJECTIVE, "objective.reference", why)


def _put_online(writer: Writer, objective: OnlineObjective) -> None:
    writer.put("rl", "grpo", "objective")
    put = writer.put
    put("trl.num_generations", objective.generations, "objective.generations")
    if objective.max_prompt_length is not None:
        put("max_prompt_len", objective.max_prompt_length, "objective.max_prompt_length")
    if objective.max_completion_length is not None:
        name = "max_completion_length"
        put(f"trl.{name}", objective.max_completion_length, f"objective.{name}")
    else:
        why = "answers end after 256 tokens unless told"
        writer.lose(Code.LOST_LENGTH, "objective.max_completion_length", why, Severity.NOTE)
    put("trl.beta", objective.beta, "objective.beta")
    put("trl.epsilon", objective.epsilon, "objective.epsilon")
    put("trl.temperature", objective.temperature, "objective.temperature")
    put("trl.loss_type", objective.loss, "objective.loss")
    put("trl.scale_rewards", objective.scale_rewards, "objective.scale_rewards")
    if objective.rewards:
        put("trl.reward_funcs", list(objective.rewards), "objective.rewards")
        if any("." not in name for name in objective.rewards):
            why = (
                "Axolotl imports reward functions as module.function from its working directory; "
                "put their code into a module there"
            )
            writer.lose(Code.LOST_OBJECTIVE, "objective.rewards", why)
    if objective.reward_weights:
        put("trl.reward_weights", list(objective.reward_weights), "objective.reward_weights")
    rows = writer.value("batching.micro_batch") * writer.value("batching.accumulation")
    if rows % objective.generations:
        size = rows * objective.generations
        put("trl.generation_batch_size", size)
        why = f"Axolotl samples whole groups of answers; {size} at a time are written"
        writer.lose(Code.LOST_BATCHING, "objective.generations", why, Severity.WARNING)
    if objective.inference_server:
        put("trl.use_vllm", True, "objective.inference_server")
        put("trl.vllm_mode", "colocate")


ROWS: tuple[Row, ...] = (
    via(
        ("objective",),
        (
            "rl",
            "trl.beta",
            "rl_beta",
            "dpo_beta",
            "orpo_alpha",
            "dpo_label_smoothing",
            "dpo_loss_type",
            "simpo_gamma",
            "max_prompt_len",
            "kto_desirable_weight",
            "kto_undesirable_weight",
            *(f"trl.{name}" for name in _OF_TRL),
            "reward_model",
            "process_reward_model",
            "kd_trainer",
            "use_eaft",
        ),
        _get_objective,
        _put_objective,
        {
            "objective=other": ("approximated", "reward models only; else refused"),
            "objective=preference.reference": ("approximated", "the base, or a copy"),
        },
    ),
)
