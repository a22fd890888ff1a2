"""Rows about the run: kernels, devices, evaluation, checkpoints, logs, seed."""

from __future__ import annotations

from typing import Any

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.errors import WrongValueError
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
    settled,
)
from translator.frameworks.unsloth.run_writing import (
    put_checkpointing,
    put_checkpoints,
    put_evaluation,
    put_every,
    put_keep_best,
    put_logging,
    put_parallelism,
    put_seed,
)
from translator.lens import Conv, Key, Row, Via
from translator.numbers import is_number
from translator.reading import Reader
from translator.tree import Node, Unresolved, shown

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
    if found is not None and spare is not None and section == "peft":
        message = f"use_gradient_checkpointing ({spare.plain()!r}) of the loading has no effect: "
        message += "get_peft_model has its own"
        reader.say(Code.NO_EFFECT, Severity.NOTE, message, spare, verbose=True)
    if trainer is not None and origin.key != "args.gradient_checkpointing":
        message = f"gradient_checkpointing ({trainer[1].plain()!r}): the model was prepared with "
        message += f"use_gradient_checkpointing={value!r}"
        reader.say(Code.NO_EFFECT, Severity.NOTE, message, trainer[1], verbose=True)
    off = value in (False, "False", "none", None)
    reader.set("kernels.activation_checkpointing", "none" if off else "full", origin)
    reader.set("kernels.activation_offload", value == "unsloth", origin)


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
    if steps is not None and chosen != "steps":
        spare = f"{kind}_steps ({shown(steps[1].plain())}): {kind}_strategy is {chosen!r}"
        reader.say(Code.NO_EFFECT, Severity.NOTE, spare, steps[1], key=steps[0], verbose=True)
    if chosen == "epoch":
        return ir.PerEpoch(times=1.0), origin
    if chosen != "steps":
        return None, origin
    count: Any = 500 if kind == "save" else default_of(reader.facts, "logging_steps")
    if steps is not None:
        count = known(reader, *steps, field)
        origin = reader.written(tuple(steps[0].split(".")), steps[1])
    if not is_number(count) or count <= 0:
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


def _read_evaluation(reader: Reader) -> None:
    interval, origin = _interval(reader, "eval", "evaluation.interval")
    if reader.facts.get("evaluates") != "yes":
        strategy = find(reader, "args.eval_strategy", "args.evaluation_strategy")
        if interval is not None and strategy is not None:
            # transformers/trainer.py (5.16): no eval_dataset for a strategy is a ValueError
            why = f"{strategy[0]} ({shown(strategy[1].plain())}): there is no eval_dataset to "
            why += "evaluate on; the trainer refuses that"
            reader.say(Code.STOPS_LATER, Severity.WARNING, why, strategy[1], key=strategy[0])
        steps = find(reader, "args.eval_steps")
        if interval is not None and steps is not None and origin.key == steps[0]:
            spare = f"eval_steps ({shown(steps[1].plain())}): there is no eval_dataset"
            reader.say(Code.NO_EFFECT, Severity.NOTE, spare, steps[1], key=steps[0], verbose=True)
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
    node = reader.node("trainer", "callbacks")
    if node is None or not node.is_sequence:
        if node is not None:
            why = "callbacks of the script's own"
            reader.leave(("trainer", "callbacks"), node, why, Severity.WARNING)
        return None
    found = None
    for place, callback in enumerate(node.value):
        kind = callback.get(("class",))
        if kind is not None and str(kind.plain()).endswith("EarlyStoppingCallback"):
            for name in callback.value:
                reader.used.add(("trainer", "callbacks", place, name))
            least = callback.get(("early_stopping_threshold",))
            if least is not None and least.plain():
                why = "by how much evaluation has to improve, or training stops"
                place_of_it = ("trainer", "callbacks", place, "early_stopping_threshold")
                reader.leave(place_of_it, least, why, Severity.WARNING)
            child = callback.get(("early_stopping_patience",))
            found = ("trainer.callbacks", child or Node(value=1, span=callback.span))
        else:
            why = "a callback of the script's own"
            reader.leave(("trainer", "callbacks", place), callback, why, Severity.WARNING)
    return found


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
    if resume is not None and "get_last_checkpoint" in str(resume[1].plain()):
        value, where = "auto", reader.written(tuple(resume[0].split(".")), resume[1])
    elif resume is not None:
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
    elif push is not None and isinstance(push[1].value, Unresolved):
        reader.leave(tuple(push[0].split(".")), push[1], "whether the result is pushed to the Hub",
                     Severity.NOTE)  # fmt: skip
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
        given = {k: settled(v) for k, v in node.plain().items() if k != "method"}
        message = f"the script calls {kind} when it has trained: {given}"
        reader.say(Code.ASSUMED, Severity.NOTE, message, node, verbose=True)
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


# --- logs ----------------------------------------------------------------------------------------


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


def _log_every(value: object) -> object:
    if value is None:
        return None
    if isinstance(value, float) and 0 < value < 1:
        raise WrongValueError("is a share of all steps, which are not known")
    return WHOLE.read(value)


# --- seed ----------------------------------------------------------------------------------------


def _read_seed(reader: Reader) -> None:
    Arg(field="seed", name="seed", conv=WHOLE, code=Code.LOST_SEED).read(reader)


_OWN = "chooses its kernels itself"
_KEEP_BEST = Key(field="checkpoints.keep_best", key="args.load_best_model_at_end", conv=TRUTH,
                 default=False, why="transformers/training_args.py (5.16)",
                 code=Code.LOST_CHECKPOINT)  # fmt: skip

ROWS: tuple[Row, ...] = (
    Via(fields=("kernels.activation_checkpointing", "kernels.activation_offload"),
        read_keys=("peft.use_gradient_checkpointing", "load.use_gradient_checkpointing",
                   "args.gradient_checkpointing"),
        get=_read_checkpointing, put=put_checkpointing),
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
        read_keys=(), get=_read_parallelism, put=put_parallelism,
        partly={f"parallelism.{name}": ("approximated", "data parallel under torchrun")
                for name in ("strategy", "gpus", "offload_parameters", "offload_optimizer",
                             "reshard_after_forward", "layer_class", "tensor", "context")}),
    Via(fields=("evaluation.interval", "evaluation.patience"),
        read_keys=("args.eval_strategy", "args.evaluation_strategy", "args.eval_steps",
                   "trainer.early_stopping_patience"),
        get=_read_evaluation, put=put_evaluation),
    Via(fields=("checkpoints.directory", "checkpoints.interval", "checkpoints.adapter_only",
                "checkpoints.resume_from", "checkpoints.hub_id"),
        read_keys=("args.output_dir", "args.save_strategy", "args.save_steps",
                   "args.push_to_hub", "args.hub_model_id", "train.resume_from_checkpoint"),
        get=_read_checkpoints, put=put_checkpoints),
    Key(field="checkpoints.keep", key="args.save_total_limit", conv=WHOLE_OR_NONE, default=None,
        why="transformers/training_args.py (5.16)", code=Code.LOST_CHECKPOINT),
    Via(fields=("checkpoints.keep_best",), read_keys=("args.load_best_model_at_end",),
        get=_KEEP_BEST.read, put=put_keep_best),
    Arg(field="logging.every", name="logging_steps",
        conv=Conv(read=_log_every, write=put_every), code=Code.LOST_LOGGING,
        severity=Severity.NOTE),
    Via(fields=("logging.trackers", "logging.project", "logging.entity", "logging.run_name"),
        read_keys=("args.report_to", "args.run_name", "args.project", "script.env.WANDB_PROJECT"),
        get=_read_logging, put=put_logging),
    Via(fields=("seed",), read_keys=("args.seed",), get=_read_seed, put=put_seed),
)  # fmt: skip
