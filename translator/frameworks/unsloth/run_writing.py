"""Writing kernels, devices, evaluation, checkpoints, logs and seed."""

from __future__ import annotations

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.errors import WrongValueError
from translator.frameworks.unsloth.rows import (
    default_of,
)
from translator.writing import Writer


def put_checkpointing(writer: Writer) -> None:
    saved = writer.value("kernels.activation_checkpointing")
    offload = writer.value("kernels.activation_offload")
    value: object = False if saved == "none" else "unsloth" if offload else True
    adapter = writer.document.recipe.adapter
    section = "load" if adapter is None or adapter.start_from is not None else "peft"
    writer.put(f"{section}.use_gradient_checkpointing", value, "kernels.activation_checkpointing")
    if saved == "none":
        writer.put("args.gradient_checkpointing", False, "kernels.activation_checkpointing")
    if saved == "selective":
        why = "every layer is recomputed instead of some"
        writer.lose(Code.LOST_KERNEL, "kernels.activation_checkpointing", why, Severity.NOTE)
    if saved == "none" and offload:
        why = "activations are offloaded only together with checkpointing"
        writer.lose(Code.LOST_KERNEL, "kernels.activation_offload", why, Severity.WARNING)


def put_parallelism(writer: Writer) -> None:
    parallel = writer.document.recipe.parallelism
    if parallel.strategy not in ("single", "auto", "ddp"):
        why = (
            "every device holds the whole model; started with torchrun on as many devices, the "
            "global batch stays the same"
        )
        writer.lose(Code.LOST_PARALLELISM, "parallelism.strategy", why, Severity.WARNING)
        if (parallel.gpus or 1) == 1:
            writer.lose(Code.TOLD_OTHERWISE, "parallelism.gpus", why, Severity.NOTE, verbose=True)
    elif parallel.strategy != "single":
        if parallel.gpus is None:
            why = "as many as the script is started on"
            writer.lose(Code.TOLD_OTHERWISE, "parallelism.gpus", why, Severity.NOTE, verbose=True)
        why = "a script trains on one device unless it is started with torchrun"
        writer.lose(Code.LOST_PARALLELISM, "parallelism.strategy", why, Severity.NOTE)
    if parallel.gpus is not None and parallel.gpus > 1:
        # the number of devices is no part of a script
        why = f"said when the script is started: torchrun --nproc_per_node {parallel.gpus}"
        writer.lose(Code.TOLD_OTHERWISE, "parallelism.gpus", why, Severity.NOTE, verbose=True)
    for name, usual in (("offload_parameters", False), ("offload_optimizer", False),
                        ("reshard_after_forward", True), ("layer_class", None)):  # fmt: skip
        if writer.value(f"parallelism.{name}") != usual:
            why = "goes with the sharding: everything stays in device memory"
            writer.lose(Code.LOST_PARALLELISM, f"parallelism.{name}", why, Severity.NOTE)
    for name, value, what in (
        ("tensor", parallel.tensor, "no matrix"),
        ("context", parallel.context, "no sequence"),
    ):
        if value > 1:
            why = (
                f"{what} is split over devices; on {value} devices the script would take "
                f"{value} times as many rows a step"
            )
            writer.lose(Code.LOST_PARALLELISM, f"parallelism.{name}", why, Severity.WARNING)


def _put_interval(writer: Writer, kind: str, field: str, value: object) -> None:
    match value:
        case ir.Every(steps=steps):
            writer.put(f"args.{kind}_strategy", "steps", field)
            writer.put(f"args.{kind}_steps", steps, f"{field}.steps", field)
        case ir.PerEpoch(times=times):
            duration = writer.document.recipe.duration
            if times == 1:
                writer.put(f"args.{kind}_strategy", "epoch", field)
            elif isinstance(duration, ir.Epochs) and times * duration.count > 1:
                writer.put(f"args.{kind}_strategy", "steps", field)
                writer.put(f"args.{kind}_steps", 1 / (times * duration.count), field)
            else:
                writer.put(f"args.{kind}_strategy", "epoch", field)
                why = "happens once an epoch: the length of an epoch in steps is not known"
                code = Code.LOST_CHECKPOINT if kind == "save" else Code.LOST_VALIDATION
                writer.lose(code, field, why, Severity.NOTE)


def put_evaluation(writer: Writer) -> None:
    evaluation = writer.document.recipe.evaluation
    if writer.document.recipe.data.validation is not None:
        _put_interval(writer, "eval", "evaluation.interval", evaluation.interval)
    elif evaluation.interval is not None:
        why = "nothing is held out for evaluation"
        writer.lose(Code.TOLD_OTHERWISE, "evaluation.interval", why, Severity.NOTE, verbose=True)
    if evaluation.patience is not None:
        writer.put("trainer.callbacks", evaluation.patience, "evaluation.patience")


def put_checkpoints(writer: Writer) -> None:
    checkpoints = writer.document.recipe.checkpoints
    writer.put("args.output_dir", checkpoints.directory or "outputs", "checkpoints.directory")
    if checkpoints.directory is None:
        why = "a folder has to be named: outputs"
        writer.lose(Code.TOLD_OTHERWISE, "checkpoints.directory", why, Severity.NOTE, verbose=True)
    if checkpoints.interval is None:
        writer.put("args.save_strategy", "no", "checkpoints.interval")
    else:
        _put_interval(writer, "save", "checkpoints.interval", checkpoints.interval)
    if not checkpoints.adapter_only and writer.document.recipe.adapter is None:
        why = "all weights are trained and saved"
        writer.lose(Code.TOLD_OTHERWISE, "checkpoints.adapter_only", why, Severity.NOTE,
                    verbose=True)  # fmt: skip
    if checkpoints.hub_id is not None:
        writer.put("args.push_to_hub", True)
        writer.put("args.hub_model_id", checkpoints.hub_id, "checkpoints.hub_id")
    if checkpoints.resume_from is not None:
        value = True if checkpoints.resume_from == "auto" else checkpoints.resume_from
        writer.put("train.resume_from_checkpoint", value, "checkpoints.resume_from")


_TRACKERS = ("clearml", "codecarbon", "comet_ml", "dagshub", "dvclive", "flyte", "mlflow",
             "neptune", "swanlab", "tensorboard", "trackio", "wandb")  # fmt: skip


def put_keep_best(writer: Writer) -> None:
    """transformers/training_args.py:1654 (5.16) wants as many checkpoints as evaluations."""
    recipe = writer.document.recipe
    if not recipe.checkpoints.keep_best:
        return
    looked = recipe.evaluation.interval if recipe.data.validation is not None else None
    saved = recipe.checkpoints.interval
    matching = looked == saved
    if isinstance(looked, ir.Every) and isinstance(saved, ir.Every):
        matching = saved.steps % looked.steps == 0
    if looked is None or not matching:
        why = "the best checkpoint is known only where each is saved after an evaluation"
        writer.lose(Code.LOST_CHECKPOINT, "checkpoints.keep_best", why, Severity.NOTE)
    else:
        writer.put("args.load_best_model_at_end", True, "checkpoints.keep_best")


def put_logging(writer: Writer) -> None:
    logging = writer.document.recipe.logging
    names = ["comet_ml" if name == "comet" else name for name in logging.trackers]
    known_names = [name for name in names if name in _TRACKERS]
    lost = sorted({*names} - {*known_names} - {"stdout", "disk"})
    if lost:
        why = f"transformers has no tracker {', '.join(lost)}"
        writer.lose(Code.LOST_LOGGING, "logging.trackers", why, Severity.NOTE)
    elif "disk" in names:
        why = "the log is kept in the checkpoints' trainer_state.json"
        writer.lose(Code.LOST_LOGGING, "logging.trackers", why, Severity.NOTE)
    report: object = "none"
    if known_names:
        report = known_names[0] if len(known_names) == 1 else known_names
    writer.put("args.report_to", report, "logging.trackers")
    if logging.run_name is not None:
        writer.put("args.run_name", logging.run_name, "logging.run_name")
    variables = {"project": "PROJECT", "entity": "ENTITY"}
    for field, suffix in variables.items():
        value = writer.value(f"logging.{field}")
        if value is None or not known_names:
            continue
        if "wandb" in known_names:
            writer.put(("script", "env", f"WANDB_{suffix}"), value, f"logging.{field}")
        elif field == "project" and "comet_ml" in known_names:
            writer.put(("script", "env", "COMET_PROJECT"), value, f"logging.{field}")
        else:
            why = "has to be told to the tracker itself"
            writer.lose(Code.LOST_LOGGING, f"logging.{field}", why, Severity.NOTE)


def put_every(value: object) -> object:
    if value is None:
        raise WrongValueError("logs every step")
    return value


def put_seed(writer: Writer) -> None:
    seed = writer.document.recipe.seed
    if seed is None:
        why = "the seed is 3407 in every run"
        writer.lose(Code.LOST_SEED, "seed", why, Severity.NOTE)
    elif seed != 3407 or writer.needed("seed", default_of(writer.facts, "seed")):
        writer.put("args.seed", seed, "seed")
