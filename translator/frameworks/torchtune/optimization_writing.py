"""Writing optimizer, schedule, clipping, duration and batches."""

from __future__ import annotations

import math

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.components import Component, component, reads, required_keys
from translator.frameworks.torchtune.parts import module_of
from translator.ir import Epochs, Schedule, Source, Steps, TextRows, WarmupRatio, WarmupSteps
from translator.record import replace
from translator.writing import Writer

OPTIMIZERS = {
    "adamw_torch": "torch.optim.AdamW",
    "adamw_bnb_8bit": "bitsandbytes.optim.AdamW8bit",
    "paged_adamw_8bit": "bitsandbytes.optim.PagedAdamW8bit",
    "paged_adamw_32bit": "bitsandbytes.optim.PagedAdamW",
    "adamw_torch_8bit": "torchao.optim.AdamW8bit",
    "adamw_torch_4bit": "torchao.optim.AdamW4bit",
    "sgd": "torch.optim.SGD",
    "adagrad": "torch.optim.Adagrad",
    "rmsprop": "torch.optim.RMSprop",
    "lion_8bit": "bitsandbytes.optim.Lion8bit",
    "lion_32bit": "bitsandbytes.optim.Lion",
    "paged_lion_8bit": "bitsandbytes.optim.PagedLion8bit",
    "paged_lion_32bit": "bitsandbytes.optim.PagedLion",
}
"""Name in the field -> the class that implements it."""

COSINE = "torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup"
SIDE_SCHEDULES = ("linear", "cosine", "constant", "cosine_with_restarts")
"""Shapes that the side file can give."""


def put_optimizer(writer: Writer) -> None:
    """The class, and every value whose default differs there."""
    name = writer.value("optimizer.name")
    path = OPTIMIZERS.get(name) or (name if component(name) else None)
    if path is None:
        why = f"torchtune runs any importable optimizer, but ftx knows no class for {name}"
        writer.lose(Code.LOST_OPTIMIZER, "optimizer.name", why)
        path = OPTIMIZERS["adamw_torch"]
    known = component(path)
    assert known is not None
    writer.put("optimizer._component_", path, "optimizer.name")
    writer.put("optimizer.lr", writer.value("optimizer.learning_rate"), "optimizer.learning_rate")
    writer.put("optimizer.weight_decay", writer.value("optimizer.weight_decay"),
               "optimizer.weight_decay")  # fmt: skip
    betas = [writer.value("optimizer.beta1"), writer.value("optimizer.beta2")]
    if betas != list(known.parameters.get("betas", betas)):
        writer.put("optimizer.betas", betas, "optimizer.beta1", "optimizer.beta2")
    epsilon = writer.value("optimizer.epsilon")
    if epsilon != known.parameters.get("eps", epsilon):
        writer.put("optimizer.eps", epsilon, "optimizer.epsilon")
    untaken = {"betas": ("beta1", "beta2"), "eps": ("epsilon",)}
    for field in (
        f for name, fields in untaken.items() for f in fields if name not in known.parameters
    ):
        why = f"{path.rpartition('.')[2]} has no such number"
        writer.lose(Code.LOST_OPTIMIZER, f"optimizer.{field}", why, Severity.NOTE, verbose=True)
    _put_arguments(writer, known)
    adapted = bool(writer.value("adapter"))
    if bool(writer.value("optimizer.decays_norms")) != adapted:
        return
    if adapted or not writer.value("optimizer.weight_decay"):
        why = "without effect: no norm is trained, or nothing decays"
        writer.lose(Code.LOST_OPTIMIZER, "optimizer.decays_norms", why, Severity.NOTE, verbose=True)
    else:
        why = "torchtune lets norms and biases decay as well"
        writer.lose(Code.LOST_OPTIMIZER, "optimizer.decays_norms", why, Severity.WARNING)


def _put_arguments(writer: Writer, known: Component) -> None:
    fused = writer.value("optimizer.fused")
    if fused is False and "fused" in known.parameters and writer.origin("optimizer.fused").written:
        writer.put("optimizer.fused", False, "optimizer.fused")
    elif fused is False:
        why = "left to the implementation, which fuses nothing by itself"
        writer.lose(Code.LOST_KERNEL, "optimizer.fused", why, Severity.NOTE, verbose=True)
    if fused:
        if "fused" in known.parameters:
            writer.put("optimizer.fused", True, "optimizer.fused")
        else:
            why = f"{known.path.rpartition('.')[2]} has no fused form of its own"
            writer.lose(Code.LOST_KERNEL, "optimizer.fused", why, Severity.NOTE)
    for name, value in writer.value("optimizer.arguments"):
        if name in known.arguments:
            number = isinstance(known.parameters.get(name), int | float)
            writer.put(f"optimizer.{name}", _as_number(value) if number else value,
                       "optimizer.arguments")  # fmt: skip
        else:
            why = f"{known.path} takes no {name}"
            writer.lose(Code.LOST_OPTIMIZER, "optimizer.arguments", why)


def _as_number(value: object) -> object:
    """A number that YAML took for text (``1e-8``) as the number that it spells."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def put_clipping(writer: Writer) -> None:
    """``clip_grad_norm``, which the LoRA DPO recipes lack, and updates in the backward pass."""
    recipe = writer.facts["recipe"]
    limit = writer.value("optimizer.max_grad_norm")
    if reads(recipe, writer.version, "clip_grad_norm"):
        writer.put("clip_grad_norm", limit, "optimizer.max_grad_norm")
    elif limit is not None:
        why = f"{recipe} does not clip gradients"
        writer.lose(Code.LOST_OPTIMIZER, "optimizer.max_grad_norm", why, Severity.WARNING)
    wanted = bool(writer.value("optimizer.in_backward"))
    if reads(recipe, writer.version, "optimizer_in_bwd"):
        if wanted or "optimizer_in_bwd" in required_keys(recipe, writer.version):
            writer.put("optimizer_in_bwd", wanted, "optimizer.in_backward")
    elif wanted:
        why = f"{recipe} updates after the backward pass"
        writer.lose(Code.LOST_KERNEL, "optimizer.in_backward", why, Severity.NOTE)


# --- schedule ------------------------------------------------------------------------------------


def put_schedule(writer: Writer) -> None:
    """torchtune's one schedule where it says the same, else one of the side file's."""
    schedule = writer.document.recipe.schedule
    if schedule.shape == "constant_with_warmup":
        schedule = replace(schedule, shape="constant")
        why = "a warm-up, then a constant rate"
        writer.lose(Code.TOLD_OTHERWISE, "schedule.shape", why, Severity.NOTE, verbose=True)
    recipe = writer.facts["recipe"]
    if not reads(recipe, writer.version, "lr_scheduler"):
        if schedule.shape != "constant" or schedule.warmup != WarmupSteps(steps=0):
            why = f"{recipe} keeps the learning rate constant"
            writer.lose(Code.LOST_SCHEDULE, "schedule.shape", why)
        _leave_floor(writer)
        return
    warmup = _steps(writer, schedule)
    optional = "lr_scheduler" not in required_keys(recipe, writer.version)
    if schedule.shape == "constant" and warmup == 0 and optional:
        _leave_floor(writer)
        return
    if "." in schedule.shape:
        _put_as_written(writer, schedule, warmup)
    elif schedule.shape in ("cosine", "constant") and _built_in(schedule) and warmup is not None:
        cycles = 0.0 if schedule.shape == "constant" else schedule.cycles
        writer.put("lr_scheduler._component_", COSINE, "schedule.shape")
        writer.put("lr_scheduler.num_warmup_steps", warmup, "schedule.warmup")
        if cycles is not None:
            writer.put("lr_scheduler.num_cycles", cycles, "schedule.cycles")
    elif schedule.shape in SIDE_SCHEDULES and not schedule.arguments:
        _put_own(writer, schedule, warmup)
    else:
        settings = ", ".join(name for name, _ in schedule.arguments)
        beside = f" with {settings}" if settings else ""
        why = f"torchtune has no schedule {schedule.shape}{beside}; a plain cosine is written"
        writer.lose(Code.LOST_SCHEDULE, "schedule.shape", why)
        if settings:
            writer.lose(Code.LOST_SCHEDULE, "schedule.arguments", why, Severity.NOTE, verbose=True)
        waves = schedule.cycles if schedule.shape == "cosine" else None
        plain = replace(schedule, shape="cosine", cycles=waves, arguments=())
        _put_own(writer, plain, warmup)


def _leave_floor(writer: Writer) -> None:
    if writer.value("schedule.min_ratio"):
        why = "the written schedule has no floor"
        writer.lose(Code.LOST_SCHEDULE, "schedule.min_ratio", why, Severity.NOTE, verbose=True)


def _built_in(schedule: Schedule) -> bool:
    return not schedule.min_ratio and not schedule.arguments


def _put_as_written(writer: Writer, schedule: Schedule, warmup: int | None) -> None:
    """A schedule that came from a torchtune config and is named by its path."""
    writer.put("lr_scheduler._component_", schedule.shape, "schedule.shape")
    if warmup:
        writer.put("lr_scheduler.num_warmup_steps", warmup, "schedule.warmup")
    for name, value in schedule.arguments:
        writer.put(f"lr_scheduler.{name}", value, "schedule.arguments")
    if writer.document.format != "torchtune":
        why = "a schedule by its path, whose arguments ftx does not know"
        writer.lose(Code.LOST_SCHEDULE, "schedule.shape", why)


def _put_own(writer: Writer, schedule: Schedule, warmup: int | None) -> None:
    """``schedule`` of the side file (see :mod:`.parts.schedules`)."""
    writer.facts["side:schedule"] = "schedule.shape"
    writer.put("lr_scheduler._component_", f"{module_of(writer.stem)}.schedule")
    writer.put("lr_scheduler.shape", schedule.shape, "schedule.shape")
    if warmup is not None:
        writer.put("lr_scheduler.num_warmup_steps", warmup, "schedule.warmup")
    else:
        ratio = schedule.warmup
        assert isinstance(ratio, WarmupRatio)
        writer.put("lr_scheduler.warmup_ratio", ratio.ratio, "schedule.warmup")
        if ratio.rounding == "down":
            writer.put("lr_scheduler.warmup_rounding", "down")
        if ratio.at_most is not None:
            writer.put("lr_scheduler.warmup_at_most", ratio.at_most)
    if schedule.min_ratio:
        writer.put("lr_scheduler.min_ratio", schedule.min_ratio, "schedule.min_ratio")
    if schedule.cycles is not None:
        writer.put("lr_scheduler.num_cycles", schedule.cycles, "schedule.cycles")


def _steps(writer: Writer, schedule: Schedule) -> int | None:
    """The length of the warm-up in steps; None when it depends on the number of rows."""
    warmup = schedule.warmup
    if isinstance(warmup, WarmupSteps):
        return warmup.steps
    if not warmup.ratio:
        return 0
    duration = writer.document.recipe.duration
    if not isinstance(duration, Steps):
        return None
    steps = warmup.steps(duration.count)
    why = f"{steps} of {duration.count} steps"
    writer.lose(Code.TOLD_OTHERWISE, "schedule.warmup", why, Severity.NOTE, verbose=True)
    return steps


# --- duration and batches ------------------------------------------------------------------------


def put_duration(writer: Writer) -> None:
    """Whole passes, or steps in each of them."""
    duration = writer.document.recipe.duration
    if isinstance(duration, Epochs):
        whole = math.ceil(duration.count)
        if whole != duration.count:
            why = f"torchtune makes whole passes over the data; {whole} are written"
            writer.lose(Code.LOST_DURATION, "duration.count", why)
        writer.put("epochs", whole, "duration.count", "duration")
        writer.put("max_steps_per_epoch", None)
        return
    passes = int(writer.document.facts.get("epochs", "1"))
    if duration.count % passes:
        passes = 1
    writer.put("epochs", passes)
    writer.put("max_steps_per_epoch", duration.count // passes, "duration.count", "duration")
    if writer.document.format != "torchtune":
        why = "torchtune counts steps within a pass over the data; with fewer rows it stops sooner"
        writer.lose(Code.LOST_DURATION, "duration.count", why, Severity.WARNING)


def put_batching(writer: Writer) -> None:
    """What torchtune does with incomplete batches and with the mean of a step."""
    batching = writer.document.recipe.batching
    if not batching.drop_last:
        why = "torchtune leaves an incomplete last batch and last step of a pass out"
        writer.lose(Code.LOST_BATCHING, "batching.drop_last", why, Severity.NOTE)
    several = batching.accumulation > 1 or (writer.document.recipe.parallelism.gpus or 1) > 1
    by_token = writer.value("objective") != "preference"
    if by_token != (batching.normalization == "token"):
        why = "the loss of preferences is a mean over rows"
        if by_token:
            why = (
                "torchtune's loss is the mean over the tokens of a step, not the mean of its micro "
                "batches' means; rows with short answers weigh less"
            )
        idle = not (several and by_token)
        severity = Severity.NOTE if idle else Severity.WARNING
        writer.lose(Code.LOST_BATCHING, "batching.normalization", why, severity, verbose=idle)
    elif by_token and several and any(isinstance(s.rows, TextRows) for s in _sources(writer)):
        why = "in the weight of a micro batch a text's first token counts, which nothing predicts"
        writer.lose(Code.LOST_BATCHING, "batching.normalization", why, Severity.NOTE, verbose=True)
    evaluation = batching.eval_micro_batch
    if writer.document.recipe.data.validation is None:
        if evaluation is not None:
            why = "nothing is evaluated"
            field = "batching.eval_micro_batch"
            writer.lose(Code.LOST_VALIDATION, field, why, Severity.NOTE, verbose=True)
        return
    if evaluation is None:
        evaluation = batching.micro_batch
    if not reads(writer.facts["recipe"], writer.version, "batch_size_val"):
        why = f"torchtune {writer.version} does not evaluate while it trains"
        writer.lose(Code.LOST_VALIDATION, "batching.eval_micro_batch", why, Severity.NOTE)
    elif evaluation != batching.micro_batch:
        writer.put("batch_size_val", evaluation, "batching.eval_micro_batch")


def _sources(writer: Writer) -> tuple[Source, ...]:
    return writer.document.recipe.data.sources
