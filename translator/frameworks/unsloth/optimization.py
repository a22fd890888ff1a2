"""Rows about how gradients become updates: optimizer, schedule, duration, batches."""

from __future__ import annotations

import math
from typing import Any

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.optimization_writing import (
    MICRO_BATCH,
    put_constants,
    put_duration,
    put_eval_batch,
    put_micro_batch,
    put_optimizer,
    put_order,
    put_schedule,
)
from translator.frameworks.unsloth.rows import (
    REAL,
    REAL_OR_NONE,
    TRUTH,
    WHOLE,
    Arg,
    default_of,
    find,
    flavour_of,
    known,
)
from translator.frameworks.unsloth.trainer_settings import DECAY, MEAN, SECTION, WARMUP
from translator.frameworks.unsloth.transformers_names import OPTIMIZERS, SCHEDULES
from translator.lens import Conv, Key, Row, Via
from translator.reading import Reader
from translator.tree import shown

_CANONICAL = {"adamw_8bit": "adamw_bnb_8bit", "paged_adamw": "paged_adamw_32bit",
              "lion": "lion_32bit", "adamw_hf": "adamw_torch", "adamw": "adamw_torch"}  # fmt: skip

# --- optimizer -----------------------------------------------------------------------------------


def _read_optimizer(reader: Reader) -> None:
    found = find(reader, "args.optim")
    name: Any = default_of(reader.facts, "optim")
    origin = reader.default(f"optim {name!r}: {flavour_of(reader.facts).why}")
    if found is not None:
        value = known(reader, *found, "optimizer.name")
        origin = reader.written(tuple(found[0].split(".")), found[1])
        if value is not None:
            name = str(value).removeprefix("OptimizerNames.").lower()
    fused = name == "adamw_torch_fused"
    canonical = "adamw_torch" if fused else _CANONICAL.get(name, name)
    if canonical not in OPTIMIZERS and found is not None:
        message = f"optim: {name!r} is no optimizer of transformers"
        reader.say(Code.BAD_VALUE, Severity.ERROR, message, found[1], key="args.optim")
    reader.set("optimizer.name", canonical, origin)
    reader.set("optimizer.fused", True if fused else None, origin)
    arguments = reader.node("args", "optim_args")
    pairs: tuple[tuple[str, Any], ...] = ()
    where = reader.default("transformers/training_args.py:805 (5.16)")
    if arguments is not None:
        text = known(reader, "args.optim_args", arguments, "optimizer.arguments")
        pairs = optimizer_arguments(str(text or ""))
        where = reader.written(("args", "optim_args"), arguments)
    reader.set("optimizer.arguments", pairs, where)


def optimizer_arguments(text: str) -> tuple[tuple[str, Any], ...]:
    """``"a=1, b=x"`` as sorted pairs, numbers and truth values as such."""
    pairs = []
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if equals:
            pairs.append((name.strip(), _scalar(value.strip())))
    return tuple(sorted(pairs))


def _scalar(text: str) -> str | float | int | bool:
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _read_constants(reader: Reader) -> None:
    why = "transformers/trainer.py:1308 (5.16): biases and norms are exempt from decay"
    for name in ("model_accepts_loss_kwargs", "get_decay_parameter_names"):
        reader.node("trainer", name)
    for field, name, plain, other in (
        ("optimizer.decays_norms", DECAY, (False, why), True),
        (
            "batching.normalization",
            MEAN,
            ("token", "unsloth/models/llama.py:2989 (2026.8.19): the sum over a step's tokens"),
            "micro_batch",
        ),
    ):
        node = reader.node(SECTION, name)
        if node is None:
            reader.set(field, plain[0], reader.default(plain[1]))
        else:
            reader.set(field, other, reader.written((SECTION, name), node))
    reader.set("optimizer.in_backward", False, reader.default("no such option"))


_CLIPPING = Conv(
    read=lambda value: None if not value else REAL.read(value),
    write=lambda value: 0.0 if value is None else value,
)

# --- schedule ------------------------------------------------------------------------------------


def _read_schedule(reader: Reader) -> None:
    shape: Any = default_of(reader.facts, "lr_scheduler_type")
    origin = reader.default(f"lr_scheduler_type {shape!r}: {flavour_of(reader.facts).why}")
    found = find(reader, "args.lr_scheduler_type")
    if found is not None:
        origin = reader.written(("args", "lr_scheduler_type"), found[1])
        value = known(reader, *found, "schedule.shape")
        if value is not None:
            shape = str(value).removeprefix("SchedulerType.").lower()
    options = _options(reader)
    warmup, warmup_origin = _warmup(reader)
    rate = reader.values.get("optimizer.learning_rate")
    floor = 0.0
    if shape in ("cosine_with_min_lr", "cosine_warmup_with_min_lr"):
        shape = "cosine"
        floor = float(options.pop("min_lr_rate", 0) or 0)
        least = options.pop("min_lr", None)
        if least is not None and isinstance(rate, float) and rate:
            floor = least / rate
    if shape == "constant":
        if warmup != ir.WarmupSteps(steps=0) and warmup_origin.written:
            message = "warm-up has no effect: the schedule 'constant' starts at the full rate"
            reader.say(Code.NO_EFFECT, Severity.WARNING, message, key=warmup_origin.key)
        warmup = ir.WarmupSteps(steps=0)
    elif shape == "constant_with_warmup":
        shape = "constant"
    if shape not in SCHEDULES and found is not None:
        message = f"lr_scheduler_type: {shape!r} is no schedule of transformers"
        reader.say(Code.BAD_VALUE, Severity.ERROR, message, found[1], key=found[0])
    cycles = options.pop("num_cycles", None)
    reader.set("schedule.shape", shape, origin)
    reader.set("schedule.min_ratio", floor, origin)
    reader.set("schedule.cycles", None if cycles is None else float(cycles), origin)
    reader.set("schedule.arguments", tuple(sorted(options.items())), origin)
    reader.set("schedule.warmup", warmup, warmup_origin)


def _options(reader: Reader) -> dict[str, Any]:
    node = reader.node("args", "lr_scheduler_kwargs")
    if node is None:
        return {}
    value = known(reader, "args.lr_scheduler_kwargs", node, "schedule.arguments")
    return dict(value) if isinstance(value, dict) else {}


def _warmup(reader: Reader) -> tuple[ir.WarmupSteps | ir.WarmupRatio, Any]:
    steps = find(reader, "args.warmup_steps")
    bounded = reader.node(SECTION, WARMUP)
    if bounded is not None:
        share, bound, rounding = bounded.plain()
        warmup = ir.WarmupRatio(ratio=share, at_most=bound, rounding=rounding)
        return warmup, reader.written((SECTION, WARMUP), bounded)
    ratio = find(reader, "args.warmup_ratio")
    for found in (steps, ratio):
        if found is None:
            continue
        value = known(reader, *found, "schedule.warmup")
        origin = reader.written(tuple(found[0].split(".")), found[1])
        if value is None:
            return ir.WarmupSteps(steps=0), origin
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < 0:
            message = f"{found[0]}: {value!r} must be a number from 0 on"
            reader.say(Code.BAD_VALUE, Severity.ERROR, message, found[1], key=found[0])
            return ir.WarmupSteps(steps=0), origin
        if value or ratio is None or found is ratio:
            # transformers/training_args.py:2115 (5.16): steps count when there are any, and below
            # 1 they are a share
            if found is steps and ratio is not None:
                spare = f"warmup_ratio ({shown(ratio[1].plain())}): warmup_steps says it"
                reader.say(Code.NO_EFFECT, Severity.NOTE, spare, ratio[1], verbose=True)
            return _share(value, share=found is ratio), origin
    value = default_of(reader.facts, "warmup_steps")
    assert isinstance(value, int | float)
    why = f"warmup_steps {value!r}: {flavour_of(reader.facts).why}"
    return _share(value, share=False), reader.default(why)


def _share(value: float, *, share: bool) -> ir.WarmupSteps | ir.WarmupRatio:
    if share or 0 < value < 1:
        return ir.WarmupRatio(ratio=float(value)) if value else ir.WarmupSteps(steps=0)
    return ir.WarmupSteps(steps=int(value))


# --- duration ------------------------------------------------------------------------------------


def _read_duration(reader: Reader) -> None:
    limit = reader.node("args", "max_steps")
    epochs = reader.node("args", "num_train_epochs")
    if limit is not None:
        value = known(reader, "args.max_steps", limit, "duration")
        if isinstance(value, int | float) and 0 < value < math.inf:
            origin = reader.written(("args", "max_steps"), limit)
            reader.set("duration", ir.Steps(count=int(value)), origin)
            if epochs is not None:
                message = f"num_train_epochs ({epochs.plain()!r}) has no effect beside max_steps"
                reader.say(Code.NO_EFFECT, Severity.NOTE, message, epochs, verbose=True)
            return
        if value is not None:  # transformers/trainer.py: only a positive number counts
            message = f"max_steps ({value!r}) has no effect: it is no positive, finite number"
            reader.say(Code.NO_EFFECT, Severity.NOTE, message, limit, verbose=True)
    value = default_of(reader.facts, "num_train_epochs")
    origin = reader.default(f"num_train_epochs {value!r}: {flavour_of(reader.facts).why}")
    if epochs is not None:
        origin = reader.written(("args", "num_train_epochs"), epochs)
        given = known(reader, "args.num_train_epochs", epochs, "duration")
        value = given if given is not None else value
    try:
        count = REAL.read(value)
    except ValueError as error:
        message = f"num_train_epochs: {value!r} {error}"
        reader.say(Code.BAD_VALUE, Severity.ERROR, message, epochs, key="args.num_train_epochs")
        count = 3.0
    assert isinstance(count, float)
    reader.set("duration", ir.Epochs(count=count), origin)


# --- order ---------------------------------------------------------------------------------------


def _read_order(reader: Reader) -> None:
    why = "transformers/training_args.py:1355 (5.16)"
    shuffle, grouped = True, False
    origin = reader.default(why)
    if found := find(reader, "args.train_sampling_strategy", "args.group_by_length"):
        origin = reader.written(tuple(found[0].split(".")), found[1])
        value = known(reader, *found, "data.shuffle")
        shuffle = value != "sequential"
        grouped = value in (True, "group_by_length")
    reader.set("data.shuffle", shuffle, origin)
    reader.set("batching.group_by_length", grouped, origin)


def _read_eval_batch(reader: Reader) -> None:
    found = find(reader, "args.per_device_eval_batch_size")
    if reader.facts.get("evaluates") != "yes":
        value, origin = None, reader.default("no evaluation")
        if found is not None:
            spare = (
                f"per_device_eval_batch_size ({shown(found[1].plain())}): there is no eval_dataset"
            )
            reader.say(Code.NO_EFFECT, Severity.NOTE, spare, found[1], key=found[0], verbose=True)
    elif found is None:
        value = default_of(reader.facts, "per_device_eval_batch_size")
        origin = reader.default(flavour_of(reader.facts).why)
    else:
        value = known(reader, *found, "batching.eval_micro_batch")
        origin = reader.written(tuple(found[0].split(".")), found[1])
    reader.set("batching.eval_micro_batch", value, origin)


ROWS: tuple[Row, ...] = (
    Via(fields=("batching.micro_batch",),
        read_keys=("args.per_device_train_batch_size", "args.per_gpu_train_batch_size"),
        get=MICRO_BATCH.read, put=put_micro_batch),
    Via(fields=("batching.eval_micro_batch",), read_keys=("args.per_device_eval_batch_size",),
        get=_read_eval_batch, put=put_eval_batch),
    Arg(field="batching.accumulation", name="gradient_accumulation_steps", conv=WHOLE,
        code=Code.LOST_BATCHING),
    Arg(field="batching.drop_last", name="dataloader_drop_last", conv=TRUTH,
        code=Code.LOST_BATCHING),
    Arg(field="batching.neftune_alpha", name="neftune_noise_alpha", conv=REAL_OR_NONE,
        code=Code.LOST_BATCHING, places=("trainer.neftune_noise_alpha",)),
    Via(fields=("batching.group_by_length", "data.shuffle"),
        read_keys=("args.train_sampling_strategy", "args.group_by_length"),
        get=_read_order, put=put_order),
    Arg(field="optimizer.learning_rate", name="learning_rate", conv=REAL,
        code=Code.LOST_OPTIMIZER),
    Via(fields=("optimizer.name", "optimizer.fused", "optimizer.arguments"),
        read_keys=("args.optim", "args.optim_args"), get=_read_optimizer, put=put_optimizer),
    Arg(field="optimizer.weight_decay", name="weight_decay", conv=REAL,
        code=Code.LOST_OPTIMIZER),
    Arg(field="optimizer.beta1", name="adam_beta1", conv=REAL, code=Code.LOST_OPTIMIZER),
    Arg(field="optimizer.beta2", name="adam_beta2", conv=REAL, code=Code.LOST_OPTIMIZER),
    Arg(field="optimizer.epsilon", name="adam_epsilon", conv=REAL, code=Code.LOST_OPTIMIZER),
    Arg(field="optimizer.max_grad_norm", name="max_grad_norm", conv=_CLIPPING,
        code=Code.LOST_OPTIMIZER),
    Key(field="optimizer.embedding_learning_rate", key="args.embedding_learning_rate",
        conv=REAL_OR_NONE, default=None, why="unsloth/trainer.py:941 (2026.10.9)",
        code=Code.LOST_OPTIMIZER),
    Via(fields=("optimizer.decays_norms", "optimizer.in_backward", "batching.normalization"),
        read_keys=("trainer.model_accepts_loss_kwargs", "trainer.get_decay_parameter_names"),
        get=_read_constants,
        put=put_constants,
        partly={"optimizer.in_backward": ("approximated", "updates follow the backward pass")}),
    Via(fields=("schedule.shape", "schedule.min_ratio", "schedule.cycles", "schedule.arguments",
                "schedule.warmup"),
        read_keys=("args.lr_scheduler_type", "args.lr_scheduler_kwargs", "args.warmup_steps",
                   "args.warmup_ratio"),
        get=_read_schedule, put=put_schedule,
        partly={"schedule.warmup=ratio.at_most":
                ("approximated", "exact where the number of steps is known")}),
    Via(fields=("duration",),
        read_keys=("args.max_steps", "args.num_train_epochs"),
        get=_read_duration, put=put_duration),
)  # fmt: skip
