"""Rows about evaluation, checkpoints, logs and the seed."""

from __future__ import annotations

import math

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.axolotl.lookup import (
    Found,
    find,
    no_effect,
    old_spelling,
    refuse,
    surprise,
)
from translator.frameworks.axolotl.rows import key, via
from translator.frameworks.axolotl.values import FLAG, TEXT, flag, number, text, whole
from translator.ir import Epochs, Every, PerEpoch, Steps
from translator.lens import Row
from translator.reading import Reader
from translator.writing import Writer

_CONFIG = "axolotl/utils/schemas/config.py"
_BUILDER = "axolotl/core/builders/base.py"
Interval = Every | PerEpoch | None


def _interval(reader: Reader, steps: Found[float | None]) -> Interval:
    """A number of steps, or below 1 a share of the run (transformers/trainer_callback.py)."""
    value = steps.value
    assert value is not None
    if value >= 1:
        return Every(steps=int(value))
    duration = reader.values["duration"]
    if isinstance(duration, Steps):
        return Every(steps=max(1, math.ceil(value * duration.count)))
    assert isinstance(duration, Epochs)
    return PerEpoch(times=1 / (value * duration.count) if duration.count else 1.0)


def _per_epoch(reader: Reader, name: str, times: Found[int | None]) -> Interval:
    """axolotl/utils/config/__init__.py:246-265: n per epoch become a share of the whole run."""
    assert times.value is not None
    epochs = find(reader, "num_epochs", number, 1.0).value
    duration = reader.values["duration"]
    if times.value * epochs <= 1:
        if name == "evals_per_epoch":
            why = "once or less in the whole run: Axolotl then never evaluates"
            surprise(reader, (name,), why)
            return None
        return PerEpoch(times=1.0)
    if isinstance(duration, Steps):
        return Every(steps=max(1, math.ceil(duration.count / (times.value * epochs))))
    return PerEpoch(times=float(times.value))


def _strategy(reader: Reader, names: list[str]) -> Found[str | None]:
    def word(value: object) -> str:
        return "no" if value is False else text(value)

    found = find(reader, names[0], word, None)
    for former in names[1:]:
        other = find(reader, former, word, None)
        if other.node is not None:
            old_spelling(reader, (former,), other.node, f"now {names[0]}")
            found = found if found.written else other
    return found


def _get_evaluation(reader: Reader) -> None:
    """axolotl/core/builders/base.py:523-532: only ``eval_steps`` or ``eval_strategy`` evaluate."""
    steps = find(reader, "eval_steps", number, None)
    times = find(reader, "evals_per_epoch", whole, None)
    strategy = _strategy(reader, ["eval_strategy", "evaluation_strategy"])
    held = reader.values["data.validation"] is not None
    interval: Interval = None
    why = f"{_BUILDER}:528: no frequency is set"
    origin: Origin = reader.default(why)
    if not held:
        for name, found in (("eval_steps", steps), ("evals_per_epoch", times)):
            if found.written:
                no_effect(reader, (name,), "nothing is held out for evaluation")
        if strategy.node is not None:
            no_effect(
                reader,
                (strategy.origin.key or "eval_strategy",),
                "nothing is held out for evaluation",
            )
    elif times.value:
        interval, origin = _per_epoch(reader, "evals_per_epoch", times), times.origin
        if steps.value:
            why = "excludes evals_per_epoch; Axolotl refuses both"
            refuse(reader, ("eval_steps",), steps.node, why, Severity.WARNING)  # type: ignore[arg-type]
    elif steps.value:
        interval, origin = _interval(reader, steps), steps.origin
        if strategy.value == "epoch":
            why = "excludes eval_steps; Axolotl refuses both"
            refuse(reader, ("eval_strategy",), strategy.node, why, Severity.WARNING)  # type: ignore[arg-type]
    elif strategy.value == "epoch":
        interval, origin = PerEpoch(times=1.0), strategy.origin
    elif strategy.value == "steps":
        every = find(reader, "logging_steps", number, None).value
        interval, origin = Every(steps=int(every or 500)), strategy.origin
        why = "without eval_steps, evaluation happens as often as logging"
        surprise(reader, ("eval_strategy",), why)
    else:
        origin = strategy.origin if strategy.written else origin
        if strategy.value != "no":
            place = ("val_set_size",) if reader.peek("val_set_size") else ("test_datasets",)
            why = "the rows are held out, but never looked at: no eval_steps or eval_strategy"
            surprise(reader, place, why)
    if times.written and not times.value and held:
        no_effect(reader, ("evals_per_epoch",), "it is 0")
    reader.set("evaluation.interval", interval, origin)
    _get_patience(reader)


def _get_patience(reader: Reader) -> None:
    found = find(reader, "early_stopping_patience", whole, None, f"{_CONFIG}: never")
    patience = found.value or None
    if patience and reader.values["evaluation.interval"] is None:
        no_effect(reader, ("early_stopping_patience",), "nothing is evaluated")
        patience = None
    reader.set("evaluation.patience", patience, found.origin)


def _put_interval(writer: Writer, field: str, interval: Interval, every: str, times: str) -> None:
    if isinstance(interval, Every):
        writer.put(every, interval.steps, f"{field}.steps", field)
    elif interval is not None:
        duration = writer.document.recipe.duration
        if isinstance(duration, Steps) or not float(interval.times).is_integer():
            strategy = every.replace("_steps", "_strategy")
            if interval.times == 1:
                writer.put(strategy, "epoch", field)
                return
            if isinstance(duration, Epochs):
                share = 1 / (interval.times * duration.count)
                writer.put(every, share, field)
                return
            why = "Axolotl counts parts of an epoch from num_epochs, which max_steps replaces"
            code = Code.LOST_VALIDATION if every == "eval_steps" else Code.LOST_CHECKPOINT
            writer.lose(code, field, f"{why}; once per epoch is written", Severity.NOTE)
            writer.put(strategy, "epoch", field)
        elif interval.times * duration.count <= 1:
            writer.put(every.replace("_steps", "_strategy"), "epoch", field)
        else:
            writer.put(times, int(interval.times), f"{field}.times", field)


def _put_evaluation(writer: Writer) -> None:
    recipe = writer.document.recipe
    if not (writer.has("val_set_size") or writer.has("test_datasets", 0, "path")):
        if recipe.data.validation is not None and recipe.evaluation.interval is not None:
            why = "nothing is held out for evaluation"
            writer.lose(Code.LOST_VALIDATION, "evaluation", why, Severity.WARNING)
            writer.lose(
                Code.LOST_VALIDATION, "batching.eval_micro_batch", why, Severity.NOTE, verbose=True
            )
        return
    interval = recipe.evaluation.interval
    if recipe.data.validation is None:
        return
    _put_interval(writer, "evaluation.interval", interval, "eval_steps", "evals_per_epoch")
    patience = recipe.evaluation.patience
    if patience is None:
        return
    save = recipe.checkpoints.interval
    if isinstance(interval, Every) and isinstance(save, Every) and not save.steps % interval.steps:
        writer.put("early_stopping_patience", patience, "evaluation.patience")
    else:
        why = "Axolotl stops early only with eval_steps that divide save_steps"
        writer.lose(Code.LOST_VALIDATION, "evaluation.patience", why, Severity.WARNING)


def _get_saving(reader: Reader) -> None:
    """axolotl/core/builders/base.py:505-517."""
    steps = find(reader, "save_steps", number, None)
    times = find(reader, "saves_per_epoch", whole, None)
    strategy = _strategy(reader, ["save_strategy"])
    interval: Interval = PerEpoch(times=1.0)
    origin = reader.default(f"{_BUILDER}:513: every epoch")
    if times.value:
        interval, origin = _per_epoch(reader, "saves_per_epoch", times), times.origin
        if steps.value:
            why = "excludes saves_per_epoch; Axolotl refuses both"
            refuse(reader, ("save_steps",), steps.node, why, Severity.WARNING)  # type: ignore[arg-type]
    elif steps.value:
        interval, origin = _interval(reader, steps), steps.origin
        if strategy.node is not None and strategy.value != "steps":
            why = "excludes save_steps; Axolotl refuses both"
            refuse(reader, ("save_strategy",), strategy.node, why, Severity.WARNING)
    elif strategy.value == "no":
        interval, origin = None, strategy.origin
    elif strategy.value == "steps":
        interval, origin = Every(steps=500), strategy.origin
    elif strategy.value == "best":
        assert strategy.node is not None
        why = "only the best checkpoint is kept, in Axolotl only"
        reader.leave(("save_strategy",), strategy.node, why, Severity.NOTE)
    elif strategy.written:
        origin = strategy.origin
    if times.value and strategy.node is not None:
        no_effect(reader, ("save_strategy",), "saves_per_epoch says when", verbose=True)
    for name, found in (("save_steps", steps), ("saves_per_epoch", times)):
        if found.written and not found.value:
            no_effect(reader, (name,), "it is 0")
    reader.set("checkpoints.interval", interval, origin)
    keep = find(reader, "save_total_limit", whole, 4, f"{_BUILDER}:517")
    reader.set("checkpoints.keep", keep.value or 4, keep.origin)


def _put_saving(writer: Writer) -> None:
    checkpoints = writer.document.recipe.checkpoints
    interval = checkpoints.interval
    if interval is None:
        if not writer.has("save_strategy"):
            writer.put("save_strategy", "no", "checkpoints.interval")
        if writer.value("checkpoints.keep") is not None:
            why = "nothing is saved while it trains"
            writer.lose(Code.TOLD_OTHERWISE, "checkpoints.keep", why, Severity.NOTE, verbose=True)
        return
    default = interval == PerEpoch(times=1.0) and not writer.origin("checkpoints.interval").written
    if not default:
        _put_interval(writer, "checkpoints.interval", interval, "save_steps", "saves_per_epoch")
    _put_keep(writer, interval)


def _put_keep(writer: Writer, interval: Interval) -> None:
    """None is all of them; Axolotl needs a number."""
    keep = writer.value("checkpoints.keep")
    if keep is not None:
        if writer.needed("checkpoints.keep", 4):
            writer.put("save_total_limit", keep, "checkpoints.keep")
        return
    duration = writer.document.recipe.duration
    expected = None
    if isinstance(interval, PerEpoch) and isinstance(duration, Epochs):
        expected = math.ceil(interval.times * duration.count)
    elif isinstance(interval, Every) and isinstance(duration, Steps):
        expected = math.ceil(duration.count / interval.steps)
    if expected is None:
        why = "Axolotl keeps the newest 4 checkpoints unless told a number"
        writer.lose(Code.LOST_CHECKPOINT, "checkpoints.keep", why, Severity.NOTE)
    elif expected > 4:
        writer.put("save_total_limit", expected, "checkpoints.keep")
        why = f"Axolotl needs a number; {expected} is all of them"
        writer.lose(Code.TOLD_OTHERWISE, "checkpoints.keep", why, Severity.NOTE, verbose=True)
    else:
        why = "Axolotl keeps the newest 4 checkpoints, which are all"
        writer.lose(Code.TOLD_OTHERWISE, "checkpoints.keep", why, Severity.NOTE, verbose=True)


def _get_resume(reader: Reader) -> None:
    path = find(reader, "resume_from_checkpoint", text, None, f"{_CONFIG}: a fresh start")
    auto = find(reader, "auto_resume_from_checkpoints", flag, False)
    if path.value and auto.written:
        no_effect(reader, ("auto_resume_from_checkpoints",), "resume_from_checkpoint counts")
    value = path.value or ("auto" if auto.value else None)
    origin = auto.origin if value == "auto" and not path.value else path.origin
    reader.set("checkpoints.resume_from", value, origin)
    reader.set("checkpoints.adapter_only", True, reader.default("PEFT saves adapters alone"))


def _put_resume(writer: Writer) -> None:
    value = writer.value("checkpoints.resume_from")
    if value == "auto":
        writer.put("auto_resume_from_checkpoints", True, "checkpoints.resume_from")
    elif value is not None:
        writer.put("resume_from_checkpoint", value, "checkpoints.resume_from")
    if writer.value("adapter") and not writer.value("checkpoints.adapter_only"):
        why = "Axolotl saves the adapter alone; axolotl merge-lora makes the merged model"
        writer.lose(Code.LOST_CHECKPOINT, "checkpoints.adapter_only", why, Severity.NOTE)


def _get_seed(reader: Reader) -> None:
    found = find(reader, "seed", whole, 42, "transformers/training_args.py: 42, for the trainer")
    reader.set("seed", found.value, found.origin)


def _put_seed(writer: Writer) -> None:
    seed = writer.value("seed")
    if seed is None:
        why = "Axolotl's trainer always has a seed, 42 unless told"
        writer.lose(Code.LOST_SEED, "seed", why, Severity.NOTE)
    else:
        writer.put("seed", seed, "seed")


def _get_directory(reader: Reader) -> None:
    found = find(reader, "output_dir", text, "./model-out", "axolotl/utils/schemas/model.py:142")
    reader.set("checkpoints.directory", found.value, found.origin)


def _put_directory(writer: Writer) -> None:
    directory = writer.value("checkpoints.directory")
    if directory is not None:
        writer.put("output_dir", directory, "checkpoints.directory")
    else:
        why = "Axolotl always saves somewhere, in ./model-out unless told"
        writer.lose(Code.LOST_CHECKPOINT, "checkpoints.directory", why, Severity.NOTE)


ROWS: tuple[Row, ...] = (
    via(
        ("evaluation.interval", "evaluation.patience"),
        (
            "eval_steps",
            "evals_per_epoch",
            "eval_strategy",
            "evaluation_strategy",
            "early_stopping_patience",
        ),
        _get_evaluation,
        _put_evaluation,
    ),
    via(("checkpoints.directory",), ("output_dir",), _get_directory, _put_directory),
    via(
        ("checkpoints.interval", "checkpoints.keep"),
        ("save_steps", "saves_per_epoch", "save_strategy", "save_total_limit"),
        _get_saving,
        _put_saving,
        {"checkpoints.keep": ("approximated", "a number of checkpoints")},
    ),
    via(
        ("checkpoints.resume_from", "checkpoints.adapter_only"),
        ("resume_from_checkpoint", "auto_resume_from_checkpoints"),
        _get_resume,
        _put_resume,
        {"checkpoints.adapter_only": ("approximated", "merged models are made afterwards")},
    ),
    key(
        "checkpoints.keep_best",
        "load_best_model_at_end",
        FLAG,
        False,
        f"{_CONFIG}: False",
        Code.LOST_CHECKPOINT,
        severity=Severity.WARNING,
    ),
    key(
        "checkpoints.hub_id",
        "hub_model_id",
        TEXT,
        None,
        "axolotl/utils/schemas/model.py: None",
        Code.LOST_CHECKPOINT,
        severity=Severity.NOTE,
    ),
    via(("seed",), ("seed",), _get_seed, _put_seed),
)
