"""Rows about how gradients become updates: optimizer, schedule, clipping, duration, batches."""

from __future__ import annotations

from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.errors import WrongValueError
from translator.frameworks.torchtune.components import is_foreign
from translator.frameworks.torchtune.lookup import (
    argument_default,
    assume,
    called,
    find,
    no_effect,
    surprise,
)
from translator.frameworks.torchtune.optimization_writing import (
    OPTIMIZERS,
    put_batching,
    put_clipping,
    put_duration,
    put_optimizer,
    put_schedule,
)
from translator.frameworks.torchtune.parts import part_named
from translator.frameworks.torchtune.recipe_beside import OWN_RECIPE
from translator.frameworks.torchtune.values import (
    COUNT,
    flag,
    number,
    one_of,
    positive,
    text,
    whole,
)
from translator.ir import Epochs, Steps, WarmupRatio, WarmupSteps
from translator.lens import Always, Key, Row, Via
from translator.reading import Reader
from translator.tree import Unresolved

_LORA = "recipes/lora_finetune_single_device.py"
_COSINE = "torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup"
_NAMES = {path: name for name, path in reversed(OPTIMIZERS.items())}
_NAMES |= {
    path.replace("torchao.optim", "torchao.prototype.low_bit_optim"): name
    for path, name in _NAMES.items()
    if path.startswith("torchao.")
}
_NAMES["bitsandbytes.optim.PagedAdamW32bit"] = "paged_adamw_32bit"

# Schedules of transformers, which a config may name where that package is installed.
_SHAPES = {
    "get_linear_schedule_with_warmup": "linear",
    "get_constant_schedule_with_warmup": "constant",
    "get_constant_schedule": "constant",
    "get_cosine_schedule_with_warmup": "cosine",
    "get_inverse_sqrt_schedule": "inverse_sqrt",
    "get_polynomial_decay_schedule_with_warmup": "polynomial",
}
_OWN_ARGUMENTS = ("lr", "weight_decay", "betas", "eps", "fused")


# --- optimizer -----------------------------------------------------------------------------------


def _get_optimizer(reader: Reader) -> None:
    path, known = called(reader, "optimizer")
    node = reader.peek("optimizer", "_component_")
    origin = reader.default("no optimizer") if node is None else reader.written(
        ("optimizer", "_component_"), node)  # fmt: skip
    theirs = OWN_RECIPE in reader.facts
    if path is None:
        if not theirs:
            message = "optimizer._component_ is missing, which every recipe needs"
            reader.say(Code.MISSING_KEY, Severity.ERROR, message, field="optimizer.name")
        path = "torch.optim.AdamW"
    reader.set("optimizer.name", _NAMES.get(path, path), origin)
    cited = f"{known.source}: defaults of the constructor" if known else "no default is known"

    def default(name: str, otherwise: Any) -> Any:
        return argument_default(known, name, otherwise)

    rate = find(
        reader, "optimizer.lr", number, float(default("lr", 1e-3)), cited,
        field="optimizer.learning_rate",
    )  # fmt: skip
    if not rate.written and not (theirs and node is None):
        message = f"optimizer.lr is missing: the rate is the constructor's {rate.value:g}"
        reader.say(Code.SURPRISE, Severity.WARNING, message, node, field="optimizer.learning_rate")
    reader.set("optimizer.learning_rate", rate.value, rate.origin)
    decay = find(
        reader, "optimizer.weight_decay", number, float(default("weight_decay", 0.0)), cited,
        field="optimizer.weight_decay",
    )  # fmt: skip
    reader.set("optimizer.weight_decay", decay.value, decay.origin)
    betas = find(reader, "optimizer.betas", _pair, tuple(default("betas", (0.9, 0.999))), cited)
    reader.set("optimizer.beta1", betas.value[0], betas.origin)
    reader.set("optimizer.beta2", betas.value[1], betas.origin)
    epsilon = find(reader, "optimizer.eps", number, _epsilon(default("eps", 1e-8)), cited)
    reader.set("optimizer.epsilon", epsilon.value, epsilon.origin)
    fused = find(reader, "optimizer.fused", _maybe_flag, None, cited)
    reader.set("optimizer.fused", fused.value, fused.origin)
    adapted = bool(reader.values.get("adapter"))
    why = "torchtune/training: one parameter group, so norms decay too"
    reader.set("optimizer.decays_norms", not adapted, reader.default(why))
    _get_arguments(reader)


def _epsilon(value: object) -> float:
    return float(value) if isinstance(value, float | int) else 1e-8


def _pair(value: object) -> tuple[float, float]:
    if isinstance(value, list) and len(value) == 2:
        return number(value[0]), number(value[1])
    raise WrongValueError("must be two numbers")


def _maybe_flag(value: object) -> bool | None:
    return None if value is None else flag(value)


def _get_arguments(reader: Reader) -> None:
    node = reader.peek("optimizer")
    given = node.value if node is not None and node.is_mapping else {}
    pairs: list[tuple[str, Any]] = []
    origin = reader.default("none")
    for name, child in given.items():
        if name in ("_component_", *_OWN_ARGUMENTS) or ("optimizer", name) in reader.used:
            continue
        if isinstance(child.value, str | int | float | bool | None):
            reader.used.add(("optimizer", name))
            pairs.append((name, child.value))
            origin = reader.written(("optimizer", name), child)
        elif not isinstance(child.value, Unresolved):
            why = "an argument that only this optimizer takes"
            reader.leave(("optimizer", name), child, why, Severity.WARNING)
    reader.set("optimizer.arguments", tuple(sorted(pairs)), origin)


def _get_clipping(reader: Reader) -> None:
    found = find(reader, "clip_grad_norm", _norm, None, f"{_LORA}: no clipping unless asked for",
                 field="optimizer.max_grad_norm")  # fmt: skip
    if found.value is None and found.written:
        no_effect(reader, ("clip_grad_norm",), "the norm is logged, nothing is clipped")
    in_backward = find(reader, "optimizer_in_bwd", flag, False, "off unless asked for")
    reader.set("optimizer.in_backward", in_backward.value, in_backward.origin)
    reader.set("optimizer.max_grad_norm", found.value, found.origin)


def _norm(value: object) -> float | None:
    """A norm; ``inf`` (a text to OmegaConf) never clips."""
    limit = float("inf") if value == "inf" else number(value)
    return None if limit == float("inf") else limit


# --- schedule ------------------------------------------------------------------------------------


def _get_schedule(reader: Reader) -> None:
    path, _ = called(reader, "lr_scheduler")
    node = reader.peek("lr_scheduler", "_component_")
    if path is None or node is None:
        why = "recipes/full_finetune_single_device.py: without lr_scheduler the rate stays"
        origin = reader.default(why)
        _set_schedule(reader, "constant", WarmupSteps(steps=0), origin)
        return
    origin = reader.written(("lr_scheduler", "_component_"), node)
    own = part_named(path) == "schedule"
    shape = find(reader, "lr_scheduler.shape", text, "linear").value if own else _shape(path)
    warmup, warmup_origin = _warmup(reader)
    cycles = find(reader, "lr_scheduler.num_cycles", number, None, "half a wave")
    floor = find(reader, "lr_scheduler.min_ratio", number, 0.0, "the rate falls to zero")
    if shape == "cosine" and cycles.value == 0.0:
        shape, wave = "constant", None
    else:
        wave = None if shape == "cosine" and cycles.value == 0.5 else cycles.value
    _set_schedule(reader, shape, warmup, origin)
    reader.set("schedule.cycles", wave, cycles.origin)
    reader.set("schedule.min_ratio", floor.value, floor.origin)
    reader.set("schedule.warmup", warmup, warmup_origin)
    _get_schedule_arguments(reader, path, shape)


def _shape(path: str) -> str:
    return "cosine" if path == _COSINE else _SHAPES.get(path.rpartition(".")[2], path)


def _set_schedule(reader: Reader, shape: str, warmup: object, origin: Any) -> None:
    reader.set("schedule.shape", shape, origin)
    reader.set("schedule.warmup", warmup, origin)
    reader.set("schedule.min_ratio", 0.0, origin)
    reader.set("schedule.cycles", None, origin)
    reader.set("schedule.arguments", (), origin)


def _warmup(reader: Reader) -> tuple[WarmupSteps | WarmupRatio, Any]:
    ratio = find(reader, "lr_scheduler.warmup_ratio", number, None)
    steps = find(reader, "lr_scheduler.num_warmup_steps", _steps, 0, "no warm-up",
                 field="schedule.warmup")  # fmt: skip
    if ratio.value is None:
        return WarmupSteps(steps=steps.value), steps.origin
    rounding: Any = find(reader, "lr_scheduler.warmup_rounding", one_of("up", "down"), "up").value
    most = find(reader, "lr_scheduler.warmup_at_most", positive, None).value
    return WarmupRatio(ratio=ratio.value, rounding=rounding, at_most=most), ratio.origin


def _steps(value: object) -> int:
    steps = whole(value)
    if steps < 0:
        raise WrongValueError("is below zero")
    return steps


def _get_schedule_arguments(reader: Reader, path: str, shape: str) -> None:
    node = reader.peek("lr_scheduler")
    pairs: list[tuple[str, Any]] = []
    for name, child in (node.value if node is not None and node.is_mapping else {}).items():
        if name == "_component_" or ("lr_scheduler", name) in reader.used:
            continue
        if isinstance(child.value, str | int | float | bool | None):
            reader.used.add(("lr_scheduler", name))
            pairs.append((name, child.value))
    reader.set("schedule.arguments", tuple(sorted(pairs)), reader.origins["schedule.shape"])
    if shape == path and is_foreign(path):
        # a component of one's own is what _component_ is for
        why = "code of the user's own, carried as it is"
        assume(reader, ("lr_scheduler", "_component_"), why, verbose=True)
    elif shape == path:
        why = "no schedule that ftx knows, carried as it is"
        surprise(reader, ("lr_scheduler", "_component_"), why)


# --- duration and batches ------------------------------------------------------------------------


def _get_duration(reader: Reader) -> None:
    epochs = find(reader, "epochs", positive, 1, "every recipe needs it", field="duration")
    limit = find(reader, "max_steps_per_epoch", positive, None, "all of the data")
    if "num_steps" in _keys(reader):
        limit = find(reader, "num_steps", positive, None)
    counted = epochs.written or "num_steps" in _keys(reader) or OWN_RECIPE in reader.facts
    if not counted:
        message = "epochs is missing, which the recipe needs"
        reader.say(Code.MISSING_KEY, Severity.ERROR, message, key="epochs", field="duration")
    reader.facts["epochs"] = str(epochs.value)
    if limit.value is None:
        reader.set("duration", Epochs(count=float(epochs.value)), epochs.origin)
        return
    reader.set("duration", Steps(count=epochs.value * limit.value), limit.origin)
    if epochs.value > 1:
        no_effect(reader, ("epochs",), f"{limit.value} optimizer steps in each")


def _keys(reader: Reader) -> Any:
    return reader.tree.value if reader.tree.is_mapping else {}


def _get_batching(reader: Reader) -> None:
    evaluation = find(reader, "batch_size_val", positive, None, "the batch size of training")
    micro = reader.values.get("batching.micro_batch")
    has_evaluation = reader.peek("dataset_val") is not None
    value = (evaluation.value or micro) if has_evaluation else None
    if evaluation.written and not has_evaluation:
        no_effect(reader, ("batch_size_val",), "there is no dataset_val", verbose=False)
    reader.set("batching.eval_micro_batch", value, evaluation.origin)
    why = "recipes/lora_finetune_single_device.py:697: the sum over a step's tokens"
    by_token = reader.facts.get("kind") not in ("lora_dpo", "full_dpo", "ppo")
    normal = "token" if by_token else "micro_batch"
    reader.set("batching.normalization", normal, reader.default(why))
    reader.set("batching.drop_last", True, reader.default(f"{_LORA}:571: drop_last=True"))


def _needs(field: str, key: str) -> Key:
    return Key(
        field=field,
        key=key,
        conv=COUNT,
        default=1,
        why=f"{_LORA}: the recipe needs it",
        code=Code.LOST_BATCHING,
        required=True,
    )


ROWS: tuple[Row, ...] = (
    Via(
        fields=("optimizer.name", "optimizer.learning_rate", "optimizer.weight_decay",
                "optimizer.beta1", "optimizer.beta2", "optimizer.epsilon", "optimizer.fused",
                "optimizer.decays_norms", "optimizer.arguments"),
        read_keys=("optimizer._component_", "optimizer.lr", "optimizer.weight_decay",
                   "optimizer.betas", "optimizer.eps", "optimizer.fused"),
        get=_get_optimizer,
        put=put_optimizer,
        partly={"optimizer.decays_norms": ("approximated", "all weights decay alike")},
    ),
    Via(
        fields=("optimizer.max_grad_norm", "optimizer.in_backward"),
        read_keys=("clip_grad_norm", "optimizer_in_bwd"),
        get=_get_clipping,
        put=put_clipping,
        partly={"optimizer.max_grad_norm": ("carried", "except in the LoRA DPO recipes")},
    ),
    Always(
        field="optimizer.embedding_learning_rate",
        value=None,
        why="one parameter group",
        code=Code.LOST_OPTIMIZER,
        severity=Severity.ERROR,
        instead="has one learning rate for all weights",
    ),
    Via(
        fields=("schedule.shape", "schedule.warmup", "schedule.min_ratio", "schedule.cycles",
                "schedule.arguments"),
        read_keys=("lr_scheduler._component_", "lr_scheduler.num_warmup_steps",
                   "lr_scheduler.num_cycles"),
        get=_get_schedule,
        put=put_schedule,
    ),
    Via(
        fields=("duration",),
        read_keys=("epochs", "max_steps_per_epoch", "num_steps"),
        get=_get_duration,
        put=put_duration,
        partly={"duration=epochs.count": ("approximated", "whole passes only"),
                "duration=steps.count": ("approximated", "within one pass over the data")},
    ),
    _needs("batching.micro_batch", "batch_size"),
    _needs("batching.accumulation", "gradient_accumulation_steps"),
    Via(
        fields=("batching.eval_micro_batch", "batching.normalization", "batching.drop_last"),
        read_keys=("batch_size_val",),
        get=_get_batching,
        put=put_batching,
        partly={"batching.drop_last": ("approximated", "an incomplete batch is left out"),
                "batching.normalization": ("approximated", "the mean over a step's tokens")},
    ),
    Always(
        field="batching.group_by_length",
        value=False,
        why="torchtune has no such sampler",
        code=Code.LOST_ORDER,
        severity=Severity.WARNING,
        instead="does not sort rows by length",
    ),
    Always(
        field="batching.neftune_alpha",
        value=None,
        why="torchtune has no such option",
        code=Code.LOST_BATCHING,
        severity=Severity.ERROR,
        instead="adds no noise to embeddings",
    ),
)  # fmt: skip
