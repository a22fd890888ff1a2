"""Writing optimizer, schedule, duration and batches."""

from __future__ import annotations

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.rows import WHOLE, Arg
from translator.frameworks.unsloth.trainer_settings import (
    put_decay,
    put_micro_batch_mean,
    put_warmup,
)
from translator.frameworks.unsloth.transformers_names import OPTIMIZERS, SCHEDULES
from translator.writing import Writer


def put_optimizer(writer: Writer) -> None:
    name = writer.value("optimizer.name")
    fused = writer.value("optimizer.fused")
    if name not in OPTIMIZERS:
        writer.lose(
            Code.LOST_OPTIMIZER, "optimizer.name", "transformers has no such optimizer", help=None
        )
        name = "adamw_torch"
    spelled = {"adamw_bnb_8bit": "adamw_8bit"}.get(name, name)
    if fused:
        if name == "adamw_torch":
            spelled = "adamw_torch_fused"
        else:
            writer.lose(
                Code.LOST_KERNEL,
                "optimizer.fused",
                f"there is no fused variant of {name}",
                Severity.NOTE,
            )
    writer.put("args.optim", spelled, "optimizer.name")
    pairs = writer.value("optimizer.arguments")
    if pairs:
        text = ", ".join(f"{key}={value}" for key, value in pairs)
        writer.put("args.optim_args", text, "optimizer.arguments")


def put_constants(writer: Writer) -> None:
    if writer.value("optimizer.decays_norms"):
        if writer.document.recipe.adapter is None and writer.value("optimizer.weight_decay"):
            put_decay(writer)
        else:
            why = "no norm is trained, or nothing decays"
            writer.lose(Code.TOLD_OTHERWISE, "optimizer.decays_norms", why, Severity.NOTE,
                        verbose=True)  # fmt: skip
    if writer.value("optimizer.in_backward"):
        why = "updates come after the backward pass, which takes the memory of all gradients"
        writer.lose(Code.LOST_KERNEL, "optimizer.in_backward", why, Severity.WARNING)
    recipe = writer.document.recipe
    several = recipe.batching.accumulation > 1 or (recipe.parallelism.gpus or 1) > 1
    tokens = isinstance(recipe.objective, ir.SupervisedObjective)
    if recipe.batching.normalization == "micro_batch" and not (several and tokens):
        why = "the same on one device without accumulation" if tokens else "pairs weigh alike"
        writer.lose(Code.TOLD_OTHERWISE, "batching.normalization", why, Severity.NOTE, verbose=True)
    elif recipe.batching.normalization == "micro_batch":
        put_micro_batch_mean(writer)


def put_schedule(writer: Writer) -> None:
    schedule = writer.document.recipe.schedule
    steps = _warmup_steps(writer)
    options: dict[str, object] = dict(schedule.arguments)
    shape = schedule.shape
    if options.pop("quadratic_warmup", False):
        why = "the warm-up is linear instead of quadratic"
        writer.lose(Code.LOST_SCHEDULE, "schedule.arguments", why, Severity.WARNING)
    if options.pop("constant_lr_ratio", None) is not None:
        why = "the rate reaches its floor at the end of the run, not before"
        writer.lose(Code.LOST_SCHEDULE, "schedule.arguments", why)
    if shape == "constant" and steps != 0:
        shape = "constant_with_warmup"
    if schedule.min_ratio:
        if shape == "cosine":
            shape = "cosine_with_min_lr"
            options["min_lr_rate"] = schedule.min_ratio
        else:
            why = f"transformers has no floor for the schedule {shape!r}"
            writer.lose(Code.LOST_SCHEDULE, "schedule.min_ratio", why)
    if schedule.cycles is not None:
        if shape in ("cosine", "cosine_with_restarts", "cosine_with_min_lr"):
            whole = shape == "cosine_with_restarts"
            options["num_cycles"] = int(schedule.cycles) if whole else schedule.cycles
        else:
            why = f"the schedule {shape!r} has no cycles"
            writer.lose(Code.LOST_SCHEDULE, "schedule.cycles", why)
    if schedule.shape not in SCHEDULES:
        writer.lose(Code.LOST_SCHEDULE, "schedule.shape", "transformers has no such schedule")
        shape = "linear"
    writer.put("args.lr_scheduler_type", shape, "schedule.shape")
    if options:
        writer.put("args.lr_scheduler_kwargs", dict(sorted(options.items())), "schedule.arguments")
    if steps is not None:
        writer.put("args.warmup_steps", steps, "schedule.warmup", "schedule.warmup.ratio")


def _warmup_steps(writer: Writer) -> float | int | None:
    """Steps of warm-up, or a share of all below 1; None where a statement of its own says them."""
    recipe = writer.document.recipe
    warmup = recipe.schedule.warmup
    if isinstance(warmup, ir.WarmupSteps):
        return warmup.steps
    if warmup.ratio >= 1 or (isinstance(recipe.duration, ir.Steps) and warmup.ratio):
        total = recipe.duration.count if isinstance(recipe.duration, ir.Steps) else None
        if total is not None:
            steps = warmup.steps(total)
            why = f"{steps} of the {total} steps"
            writer.lose(Code.TOLD_OTHERWISE, "schedule.warmup", why, Severity.NOTE)
            return steps
    if not warmup.ratio:
        return 0
    if warmup.at_most is not None and put_warmup(writer, warmup):
        return None
    if warmup.at_most is not None:
        bound = int(warmup.at_most / warmup.ratio)
        why = (
            f"the limit of {warmup.at_most} warm-up steps cannot be told; a run of more than "
            f"{bound} steps would warm up longer"
        )
        writer.lose(Code.LOST_SCHEDULE, "schedule.warmup", why, Severity.WARNING)
    elif warmup.rounding == "down":
        why = "a share of the steps is rounded up instead of down, one step at most"
        writer.lose(Code.LOST_SCHEDULE, "schedule.warmup", why, Severity.NOTE)
    return warmup.ratio


def put_duration(writer: Writer) -> None:
    duration = writer.document.recipe.duration
    if isinstance(duration, ir.Steps):
        writer.put("args.max_steps", duration.count, "duration", "duration.count")
        return
    count = duration.count
    whole = int(count) if count == int(count) else count
    writer.put("args.num_train_epochs", whole, "duration", "duration.count")


def put_order(writer: Writer) -> None:
    if writer.value("batching.group_by_length"):
        strategy = "group_by_length"
        if not writer.value("data.shuffle"):
            why = "rows of like length are batched together, which is an order of its own"
            writer.lose(Code.LOST_ORDER, "data.shuffle", why, Severity.NOTE)
    elif not writer.value("data.shuffle"):
        strategy = "sequential"
    elif writer.document.recipe.objective.__class__ is ir.LabelObjective:
        strategy = "random"  # trl/trainer/kto_config.py (1.9.0): sequential unless told otherwise
    else:
        return
    writer.put("args.train_sampling_strategy", strategy, "data.shuffle", "batching.group_by_length")


MICRO_BATCH = Arg(
    field="batching.micro_batch", name="per_device_train_batch_size", conv=WHOLE,
    code=Code.LOST_BATCHING, places=("args.per_gpu_train_batch_size",),
)  # fmt: skip


def put_micro_batch(writer: Writer) -> None:
    """Rows a device; answers where the model writes them, of which a step must take whole groups
    (trl/trainer/grpo_config.py, 1.9.0)."""
    MICRO_BATCH.write(writer)
    recipe = writer.document.recipe
    if not isinstance(recipe.objective, ir.OnlineObjective):
        return
    batching = recipe.batching
    step = batching.micro_batch * batching.accumulation * (recipe.parallelism.gpus or 1)
    # torchtune counts prompts, the others answers
    if writer.document.format == "torchtune" or step % recipe.objective.generations:
        answers = batching.micro_batch * recipe.objective.generations
        writer.put("args.per_device_train_batch_size", answers, "batching.micro_batch")
        why = f"TRL counts answers, not prompts: {answers}"
        writer.lose(Code.TOLD_OTHERWISE, "batching.micro_batch", why, Severity.NOTE)


def put_eval_batch(writer: Writer) -> None:
    size = writer.value("batching.eval_micro_batch")
    if size is not None and writer.document.recipe.data.validation is None:
        why = "nothing is held out for evaluation"
        writer.lose(Code.TOLD_OTHERWISE, "batching.eval_micro_batch", why, Severity.NOTE,
                    verbose=True)  # fmt: skip
    if size is None and writer.document.recipe.data.validation is not None:
        why = "the held-out rows are never looked at"
        writer.lose(Code.TOLD_OTHERWISE, "batching.eval_micro_batch", why, Severity.NOTE,
                    verbose=True)  # fmt: skip
    if size is not None and writer.document.recipe.data.validation is not None:
        writer.put("args.per_device_eval_batch_size", size, "batching.eval_micro_batch")
