"""Rows about the run: kernels, devices, evaluation, checkpoints, logs, seed."""

from __future__ import annotations

from typing import Any

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.unsloth.rows import (
    TRUTH,
    WHOLE,
    WHOLE_OR_NONE,
    Arg,
    Unsaid,
    default_of,
    find,
    flavour_of,
    known,
)
from translator.lens import Conv, Key, Row, Via
from translator.reading import Reader
from translator.tree import Node
from translator.writing import Writer

# --- memory --------------------------------------------------------------------------------------


def _read_checkpointing(reader: Reader) -> None:
    value: Any = "unsloth"
    origin = reader.default("use_gradient_checkpointing 'unsloth': unsloth/models/loader.py:1241")
    section = "peft" if reader.peek("peft") is not None else "load"
    spare = reader.node("load", "use_gradient_checkpointing")
    found = find(reader, f"{section}.use_gradient_checkpointing")
    trainer = find(reader, "args.gradient_checkpointing")
    if found is not None:
        origin = reader.written((section, "use_gradient_checkpointing"), found[1])
        value = known(reader, *found, "kernels.activation_checkpointing")
    elif section == "peft" and spare is not None:
        value = known(reader, "load.use_gradient_checkpointing", spare, "kernels.")
        origin = reader.written(("load", "use_gradient_checkpointing"), spare)
    elif trainer is not None and section == "load":
        value = known(reader, *trainer, "kernels.activation_checkpointing")
        origin = reader.written(("args", "gradient_checkpointing"), trainer[1])
    if trainer is not None and origin.key != "args.gradient_checkpointing":
        message = f"gradient_checkpointing ({trainer[1].plain()!r}): the model was prepared with "
        message += f"use_gradient_checkpointing={value!r}"
        reader.say(Code.NO_EFFECT, Severity.NOTE, message, trainer[1], verbose=True)
    off = value in (False, "False", "none", None)
    reader.set("kernels.activation_checkpointing", "none" if off else "full", origin)
    reader.set("kernels.activation_offload", value == "unsloth", origin)


def _write_checkpointing(writer: Writer) -> None:
    saved = writer.value("kernels.activation_checkpointing")
    offload = writer.value("kernels.activation_offload")
    value: object = False if saved == "none" else "unsloth" if offload else True
    section = "load" if writer.document.recipe.adapter is None else "peft"
    writer.put(f"{section}.use_gradient_checkpointing", value, "kernels.activation_checkpointing")
    if saved == "none":
        writer.put("args.gradient_checkpointing", False, "kernels.activation_checkpointing")
    if saved == "selective":
        why = "every layer is recomputed instead of some"
        writer.lose(Code.LOST_KERNEL, "kernels.activation_checkpointing", why, Severity.NOTE)
    if saved == "none" and offload:
        why = "activations are offloaded only together with checkpointing"
        writer.lose(Code.LOST_KERNEL, "kernels.activation_offload", why, Severity.WARNING)


# --- devices -------------------------------------------------------------------------------------


def _read_parallelism(reader: Reader) -> None:
    origin = reader.default("a script runs on the device it is started on")
    for name, value in (
        ("strategy", "single"),
        ("gpus", None),
        ("offload_parameters", False),
        ("offload_optimizer", False),
        ("reshard_after_forward", True),
        ("layer_class", None),
        ("tensor", 1),
        ("context", 1),
    ):
        reader.set(f"parallelism.{name}", value, origin)


def _write_parallelism(writer: Writer) -> None:
    parallel = writer.document.recipe.parallelism
    if parallel.strategy not in ("single", "auto", "ddp"):
        why = (
            "every device holds the whole model; started with torchrun on as many devices, the "
            "global batch stays the same"
        )
        writer.lose(Code.LOST_PARALLELISM, "parallelism.strategy", why, Severity.WARNING)
    elif parallel.strategy != "single":
        why = "a script trains on one device unless it is started with torchrun"
        writer.lose(Code.LOST_PARALLELISM, "parallelism.strategy", why, Severity.NOTE)
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


# --- evaluation and checkpoints ------------------------------------------------------------------


def _interval(
    reader: Reader, kind: str, field: str
) -> tuple[ir.Every | ir.PerEpoch | None, Origin]:
    """When something happens, from ``<kind>_strategy`` and ``<kind>_steps``."""
    names = [f"args.{kind}_strategy"]
    if kind == "eval":
        names.append("args.evaluation_strategy")
    strategy = find(reader, *names)
    steps = find(reader, f"args.{kind}_steps")
    chosen: Any = default_of(reader.facts, f"{kind}_strategy")
    origin = reader.default(f"{kind}_strategy {chosen!r}: {flavour_of(reader.facts).why}")
    if strategy is not None:
        chosen = known(reader, *strategy, field)
        origin = reader.written(tuple(strategy[0].split(".")), strategy[1])
        if strategy[0] == "args.evaluation_strategy":
            old = "evaluation_strategy is a former spelling of eval_strategy"
            reader.say(Code.OLD_SPELLING, Severity.NOTE, old, strategy[1], key=strategy[0])
    chosen = str(chosen).rpartition(".")[2].lower()
    if chosen == "epoch":
        return ir.PerEpoch(times=1.0), origin
    if chosen != "steps":
        return None, origin
    count: Any = 500 if kind == "save" else default_of(reader.facts, "logging_steps")
    if steps is not None:
        count = known(reader, *steps, field)
        origin = reader.written(tuple(steps[0].split(".")), steps[1])
    if not isinstance(count, int | float) or isinstance(count, bool) or count <= 0:
        return None, origin
    return _every(reader, count), origin


def _every(reader: Reader, count: float) -> ir.Every | ir.PerEpoch:
    """Steps from 1 on, a share of the run below (transformers/training_args.py:1146, 5.16)."""
    if count >= 1:
        return ir.Every(steps=int(count))
    duration = reader.values.get("duration")
    if isinstance(duration, ir.Steps):
        return ir.Every(steps=max(1, -int(-count * duration.count // 1)))
    epochs = duration.count if isinstance(duration, ir.Epochs) else 1.0
    return ir.PerEpoch(times=round(1 / (count * epochs), 6))


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


def _read_evaluation(reader: Reader) -> None:
    interval, origin = _interval(reader, "eval", "evaluation.interval")
    if reader.facts.get("evaluates") != "yes":
        interval = None
    reader.set("evaluation.interval", interval, origin)
    patience = _patience(reader)
    value, where = None, reader.default("no EarlyStoppingCallback")
    if patience is not None:
        value = known(reader, *patience, "evaluation.patience")
        where = reader.written(tuple(patience[0].split(".")), patience[1])
    reader.set("evaluation.patience", value, where)


def _patience(reader: Reader) -> tuple[str, Node] | None:
    """``EarlyStoppingCallback``'s patience; other callbacks are kept aside."""
    node = reader.peek("trainer", "callbacks")
    if node is None or not node.is_sequence:
        return None
    found = None
    for place, callback in enumerate(node.value):
        kind = callback.get(("class",))
        if kind is not None and str(kind.plain()).endswith("EarlyStoppingCallback"):
            for name in callback.value:
                reader.used.add(("trainer", "callbacks", place, name))
            child = callback.get(("early_stopping_patience",))
            found = ("trainer.callbacks", child or Node(value=1, span=callback.span))
        else:
            why = "a callback of the script's own"
            reader.leave(("trainer", "callbacks", place), callback, why, Severity.WARNING)
    return found


def _write_evaluation(writer: Writer) -> None:
    evaluation = writer.document.recipe.evaluation
    if writer.document.recipe.data.validation is not None:
        _put_interval(writer, "eval", "evaluation.interval", evaluation.interval)
    if evaluation.patience is not None:
        writer.put("trainer.callbacks", evaluation.patience, "evaluation.patience")


def _read_checkpoints(reader: Reader) -> None:
    output = find(reader, "args.output_dir") or _saved(reader, "path")
    origin = reader.default("output_dir None: unsloth/models/rl.py:3310 (2026.10.9)")
    directory = None
    if output is not None:
        directory = known(reader, *output, "checkpoints.directory")
        origin = reader.written(tuple(output[0].split(".")), output[1])
    reader.set("checkpoints.directory", directory, origin)
    interval, when = _interval(reader, "save", "checkpoints.interval")
    if reader.peek("args", "output_dir") is None and not when.written:
        interval = None
        when = reader.default("nothing is saved without output_dir: unsloth/models/rl.py:3487")
    reader.set("checkpoints.interval", interval, when)
    _read_hub(reader)
    resume = find(reader, "train.resume_from_checkpoint", "args.resume_from_checkpoint")
    value, where = None, reader.default("train() starts anew")
    if resume is not None:
        value = known(reader, *resume, "checkpoints.resume_from")
        value = "auto" if value is True else value if isinstance(value, str) else None
        where = reader.written(tuple(resume[0].split(".")), resume[1])
    reader.set("checkpoints.resume_from", value, where)


def _read_hub(reader: Reader) -> None:
    name = find(reader, "args.hub_model_id") or _pushed(reader)
    push = find(reader, "args.push_to_hub")
    value, origin = None, reader.default("push_to_hub False: transformers/training_args.py (5.16)")
    if name is not None and (name[0] == "save" or (push and push[1].plain() is True)):
        value = known(reader, *name, "checkpoints.hub_id")
        origin = reader.written(tuple(name[0].split(".")), name[1])
    elif name is not None or (push is not None and push[1].plain()):
        found = name or push
        assert found is not None
        message = f"{found[0]} ({found[1].plain()!r}) has no effect without its counterpart"
        reader.say(Code.NO_EFFECT, Severity.NOTE, message, found[1], key=found[0])
    reader.set("checkpoints.hub_id", value, origin)
    only, where = True, reader.default("save_pretrained writes the adapter")
    for node in _saves(reader):
        kind = str(node.plain().get("method"))
        if kind in ("save_pretrained_merged", "push_to_hub_merged"):
            chosen = node.get(("save_method",))
            only = chosen is not None and chosen.plain() == "lora"
            where = Origin(written=True, span=node.span, key=kind)
    reader.set("checkpoints.adapter_only", only, where)


def _saves(reader: Reader) -> list[Node]:
    """The calls that save, in the script's order."""
    node = reader.node("save")
    return [n for n in node.value if n.is_mapping] if node is not None and node.is_sequence else []


def _saved(reader: Reader, key: str) -> tuple[str, Node] | None:
    for node in _saves(reader):
        child = node.get((key,))
        if child is not None and str(node.plain().get("method")).startswith("save"):
            return "save", child
    return None


def _pushed(reader: Reader) -> tuple[str, Node] | None:
    for node in _saves(reader):
        child = node.get(("path",)) or node.get(("repo_id",))
        if child is not None and str(node.plain().get("method")).startswith("push_to_hub"):
            return "save", child
    return None


def _write_checkpoints(writer: Writer) -> None:
    checkpoints = writer.document.recipe.checkpoints
    writer.put("args.output_dir", checkpoints.directory or "outputs", "checkpoints.directory")
    if checkpoints.interval is None:
        writer.put("args.save_strategy", "no", "checkpoints.interval")
    else:
        _put_interval(writer, "save", "checkpoints.interval", checkpoints.interval)
    if checkpoints.hub_id is not None:
        writer.put("args.push_to_hub", True)
        writer.put("args.hub_model_id", checkpoints.hub_id, "checkpoints.hub_id")
    if checkpoints.resume_from is not None:
        value = True if checkpoints.resume_from == "auto" else checkpoints.resume_from
        writer.put("train.resume_from_checkpoint", value, "checkpoints.resume_from")


# --- logs ----------------------------------------------------------------------------------------

_TRACKERS = ("clearml", "codecarbon", "comet_ml", "dagshub", "dvclive", "flyte", "mlflow",
             "neptune", "swanlab", "tensorboard", "trackio", "wandb")  # fmt: skip


def _read_logging(reader: Reader) -> None:
    found = find(reader, "args.report_to")
    value: Any = "none"
    origin = reader.default(f"report_to 'none': {flavour_of(reader.facts).why}")
    if found is not None:
        value = known(reader, *found, "logging.trackers")
        origin = reader.written(("args", "report_to"), found[1])
    names = value if isinstance(value, list) else [value]
    trackers = {"comet" if name == "comet_ml" else str(name) for name in names if name}
    trackers -= {"none", "[]"}
    reader.set("logging.trackers", tuple(sorted(trackers)), origin)
    for field, keys in (
        ("run_name", ("args.run_name",)),
        ("project", ("script.env.WANDB_PROJECT", "script.env.COMET_PROJECT", "args.project")),
        ("entity", ("script.env.WANDB_ENTITY",)),
    ):
        text = find(reader, *keys)
        given, where = None, reader.default("none given")
        if text is not None:
            given = known(reader, *text, f"logging.{field}")
            where = reader.written(tuple(text[0].split(".")), text[1])
        reader.set(f"logging.{field}", given if isinstance(given, str) else None, where)


def _write_logging(writer: Writer) -> None:
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


def _log_every(value: object) -> object:
    if value is None:
        return None
    if isinstance(value, float) and 0 < value < 1:
        raise ValueError("is a share of all steps, which are not known")
    return WHOLE.read(value)


def _write_every(value: object) -> object:
    if value is None:
        raise ValueError("logs every step")
    return value


# --- seed ----------------------------------------------------------------------------------------


def _write_seed(writer: Writer) -> None:
    seed = writer.document.recipe.seed
    if seed is None:
        why = "the seed is 3407 in every run"
        writer.lose(Code.LOST_SEED, "seed", why, Severity.NOTE)
    elif writer.needed("seed", default_of(writer.facts, "seed")):
        writer.put("args.seed", seed, "seed")


def _read_seed(reader: Reader) -> None:
    Arg(field="seed", name="seed", conv=WHOLE, code=Code.LOST_SEED).read(reader)


_OWN = "chooses its kernels itself"

ROWS: tuple[Row, ...] = (
    Via(fields=("kernels.activation_checkpointing", "kernels.activation_offload"),
        read_keys=("peft.use_gradient_checkpointing", "load.use_gradient_checkpointing",
                   "args.gradient_checkpointing"),
        get=_read_checkpointing, put=_write_checkpointing),
    Unsaid(field="kernels.attention", value=None, why="unsloth/models/llama.py:2651 (2026.8.19)",
           code=Code.LOST_KERNEL, severity=Severity.NOTE, instead="chooses the attention itself"),
    Key(field="kernels.compile", key="args.torch_compile", conv=TRUTH, default=False,
        why="transformers/training_args.py (5.16)", code=Code.LOST_KERNEL),
    Unsaid(field="kernels.fused_loss", value=None, why="built in", code=Code.LOST_KERNEL,
           severity=Severity.NOTE, instead=_OWN),
    Unsaid(field="kernels.fused_layers", value=False, why="built in", code=Code.LOST_KERNEL,
           severity=Severity.NOTE, instead=_OWN),
    Key(field="kernels.data_workers", key="args.dataloader_num_workers", conv=WHOLE_OR_NONE,
        default=None, why="transformers/training_args.py (5.16)", code=Code.LOST_KERNEL),
    Key(field="precision.tf32", key="args.tf32", conv=TRUTH, default=None,
        why="transformers/training_args.py (5.16)", code=Code.LOST_PRECISION),
    Via(fields=("parallelism.strategy", "parallelism.gpus", "parallelism.offload_parameters",
                "parallelism.offload_optimizer", "parallelism.reshard_after_forward",
                "parallelism.layer_class", "parallelism.tensor", "parallelism.context"),
        read_keys=(), get=_read_parallelism, put=_write_parallelism,
        partly={f"parallelism.{name}": ("approximated", "data parallel under torchrun")
                for name in ("strategy", "gpus", "offload_parameters", "offload_optimizer",
                             "reshard_after_forward", "layer_class", "tensor", "context")}),
    Via(fields=("evaluation.interval", "evaluation.patience"),
        read_keys=("args.eval_strategy", "args.evaluation_strategy", "args.eval_steps",
                   "trainer.early_stopping_patience"),
        get=_read_evaluation, put=_write_evaluation),
    Via(fields=("checkpoints.directory", "checkpoints.interval", "checkpoints.adapter_only",
                "checkpoints.resume_from", "checkpoints.hub_id"),
        read_keys=("args.output_dir", "args.save_strategy", "args.save_steps",
                   "args.push_to_hub", "args.hub_model_id", "train.resume_from_checkpoint"),
        get=_read_checkpoints, put=_write_checkpoints),
    Key(field="checkpoints.keep", key="args.save_total_limit", conv=WHOLE_OR_NONE, default=None,
        why="transformers/training_args.py (5.16)", code=Code.LOST_CHECKPOINT),
    Key(field="checkpoints.keep_best", key="args.load_best_model_at_end", conv=TRUTH,
        default=False, why="transformers/training_args.py (5.16)", code=Code.LOST_CHECKPOINT),
    Arg(field="logging.every", name="logging_steps",
        conv=Conv(read=_log_every, write=_write_every), code=Code.LOST_LOGGING,
        severity=Severity.NOTE),
    Via(fields=("logging.trackers", "logging.project", "logging.entity", "logging.run_name"),
        read_keys=("args.report_to", "args.run_name", "args.project", "script.env.WANDB_PROJECT"),
        get=_read_logging, put=_write_logging),
    Via(fields=("seed",), read_keys=("args.seed",), get=_read_seed, put=_write_seed),
)  # fmt: skip
