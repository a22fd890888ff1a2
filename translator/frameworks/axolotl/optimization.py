"""Rows about the optimizer, the learning-rate schedule and the length of the run."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.errors import WrongValueError
from translator.frameworks.axolotl.lookup import find, no_effect, refuse, surprise
from translator.frameworks.axolotl.rows import key, via
from translator.frameworks.axolotl.values import (
    NOTHING,
    NUMBER,
    flag,
    mapping,
    number,
    text,
    whole,
)
from translator.ir import Epochs, Steps, WarmupRatio, WarmupSteps
from translator.lens import Row
from translator.reading import Reader
from translator.writing import Writer

_TRAINING = "axolotl/utils/schemas/training.py"

OPTIMIZERS = {
    "adamw_torch": ("adamw_torch", None),
    "adamw_torch_fused": ("adamw_torch", True),
    "adamw_8bit": ("adamw_bnb_8bit", None),
    "adamw_bnb_8bit": ("adamw_bnb_8bit", None),
    "paged_adamw_8bit": ("paged_adamw_8bit", None),
    "paged_adamw_32bit": ("paged_adamw_32bit", None),
    "paged_adamw": ("paged_adamw_32bit", None),
    "ao_adamw_8bit": ("adamw_torch_8bit", None),
    "ao_adamw_4bit": ("adamw_torch_4bit", None),
    "lion_32bit": ("lion", None),
    "lion_8bit": ("lion_8bit", None),
    "paged_lion_32bit": ("paged_lion", None),
}
"""Axolotl's name -> (implementation, fused); other names are the implementation's own."""
GONE = {"adamw_hf": "adamw_torch"}
"""Optimizers that transformers 5 no longer has, and the one of the same mathematics."""
SHAPES = {"cosine_with_min_lr": "cosine", "constant_with_warmup": "constant"}


def _get_optimizer(reader: Reader) -> None:
    found = find(reader, "optimizer", text, "adamw_torch_fused", f"{_TRAINING}:122")
    name, fused = OPTIMIZERS.get(found.value, (found.value, None))
    if found.value in GONE and found.node is not None:
        name = GONE[found.value]
        why = f"is gone from transformers 5, and the run ends; {name} is the same update"
        refuse(reader, ("optimizer",), found.node, why, Severity.WARNING, code=Code.STOPS_LATER)
    elif found.node is not None and found.value not in (name, "adamw_torch_fused"):
        reader.say(
            Code.TOLD_OTHERWISE,
            Severity.NOTE,
            f"optimizer ({found.value!r}) is {name}",
            found.node,
            key="optimizer",
            verbose=True,
        )
    reader.set("optimizer.name", name, found.origin)
    reader.set("optimizer.fused", fused, found.origin)


def _put_optimizer(writer: Writer) -> None:
    name, fused = writer.value("optimizer.name"), writer.value("optimizer.fused")
    spelled = {"lion": "lion_32bit", "paged_lion": "paged_lion_32bit"}.get(name, name)
    if name == "adamw_torch" and fused:
        spelled = "adamw_torch_fused"
    elif fused and name != "adamw_torch":
        why = "Axolotl has no fused form of it"
        writer.lose(Code.LOST_KERNEL, "optimizer.fused", why, Severity.NOTE)
    if writer.value("parallelism.strategy") == "fsdp2" and name == "adamw_bnb_8bit":
        spelled = "adamw_torch_8bit"
        why = f"Axolotl refuses it with FSDP2; {spelled} keeps its states in 8 bits too"
        writer.lose(Code.LOST_OPTIMIZER, "optimizer.name", why, Severity.WARNING)
    writer.put("optimizer", spelled, "optimizer.name")


def _get_rate(reader: Reader) -> None:
    found = find(reader, "learning_rate", number, None, field="optimizer.learning_rate")
    if found.value is None and not found.written:
        reader.say(
            Code.MISSING_KEY,
            Severity.ERROR,
            "learning_rate is missing: Axolotl has no default for it",
            key="learning_rate",
            field="optimizer.learning_rate",
            help="give it with --set learning_rate=0.0002",
        )
    reader.set("optimizer.learning_rate", found.value or 0.0, found.origin)


def _put_rate(writer: Writer) -> None:
    writer.put("learning_rate", writer.value("optimizer.learning_rate"), "optimizer.learning_rate")


def _get_embedding_rate(reader: Reader) -> None:
    """axolotl/core/trainers/mixins/optimizer.py:22: an own rate beats a scale."""
    own = find(reader, "embedding_lr", number, None, f"{_TRAINING}:117: one rate for all")
    scale = find(reader, "embedding_lr_scale", number, None)
    if own.value is None and scale.value is not None:
        rate = scale.value * float(reader.values["optimizer.learning_rate"])  # type: ignore[arg-type]
        reader.set("optimizer.embedding_learning_rate", rate, scale.origin)
        return
    if scale.written:
        no_effect(reader, ("embedding_lr_scale",), "embedding_lr counts")
    reader.set("optimizer.embedding_learning_rate", own.value, own.origin)


def _put_embedding_rate(writer: Writer) -> None:
    if writer.value("optimizer.embedding_learning_rate") is not None:
        writer.put("embedding_lr", writer.value("optimizer.embedding_learning_rate"),
                   "optimizer.embedding_learning_rate")  # fmt: skip


def _get_arguments(reader: Reader) -> None:
    def pairs(value: object) -> tuple[tuple[str, object], ...]:
        if isinstance(value, str):
            given: dict[str, object] = {}
            for part in value.replace(" ", "").split(","):
                name, equals, content = part.partition("=")
                if not equals:
                    raise WrongValueError("is no list of name=value")
                given[name] = _as_number(content)
            return tuple(sorted(given.items()))
        return tuple(sorted((str(k), _as_number(v)) for k, v in mapping(value).items()))

    found = find(reader, "optim_args", pairs, (), f"{_TRAINING}:126: none")
    reader.set("optimizer.arguments", found.value, found.origin)


def _as_number(value: object) -> object:
    """YAML reads ``1e-8`` as a string."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _put_arguments(writer: Writer) -> None:
    arguments = dict(writer.value("optimizer.arguments") or ())
    if arguments:
        writer.put("optim_args", arguments, "optimizer.arguments")


def _get_clipping(reader: Reader) -> None:
    """The trainer clips at 1.0 unless told; 0 turns it off (axolotl/core/builders/base.py:573)."""
    found = find(reader, "max_grad_norm", number, 1.0, "transformers/training_args.py:858")
    reader.set("optimizer.max_grad_norm", found.value or None, found.origin)


def _put_clipping(writer: Writer) -> None:
    norm = writer.value("optimizer.max_grad_norm")
    if writer.needed("optimizer.max_grad_norm", 1.0):
        writer.put("max_grad_norm", 0.0 if norm is None else norm, "optimizer.max_grad_norm")


def _get_constants(reader: Reader) -> None:
    why = "transformers/trainer.py:1308: norms and biases do not decay"
    reader.set("optimizer.decays_norms", False, reader.default(why))
    reader.set("optimizer.in_backward", False, reader.default("updates follow the backward pass"))


def _put_constants(writer: Writer) -> None:
    if (
        writer.value("optimizer.decays_norms")
        and not writer.value("adapter")
        and writer.value("optimizer.weight_decay")
    ):
        why = "Axolotl leaves norms and biases out of weight decay"
        writer.lose(Code.LOST_OPTIMIZER, "optimizer.decays_norms", why, Severity.WARNING)
    if writer.value("optimizer.in_backward"):
        why = "Axolotl updates after the backward pass, which takes more memory"
        writer.lose(Code.LOST_OPTIMIZER, "optimizer.in_backward", why, Severity.NOTE)


def _get_schedule(reader: Reader) -> None:
    shape = find(reader, "lr_scheduler", text, "cosine", f"{_TRAINING}:144")
    kwargs = find(reader, "lr_scheduler_kwargs", mapping, NOTHING)
    arguments = dict(kwargs.value)
    floor = find(reader, "cosine_min_lr_ratio", number, None, f"{_TRAINING}:152: none")
    constant = find(reader, "cosine_constant_lr_ratio", number, None)
    quadratic = find(reader, "lr_quadratic_warmup", flag, False)
    cosine = shape.value in ("cosine", "rex")
    ratio, floor_origin = 0.0, floor.origin
    if floor.value and not cosine:
        no_effect(reader, ("cosine_min_lr_ratio",), f"lr_scheduler is {shape.value}")
    elif floor.value:
        ratio = floor.value
    if shape.value == "cosine_with_min_lr":
        rate = float(reader.values["optimizer.learning_rate"])  # type: ignore[arg-type]
        if "min_lr_rate" in arguments:
            ratio, floor_origin = number(arguments.pop("min_lr_rate")), kwargs.origin
        elif "min_lr" in arguments:
            minimum = number(arguments.pop("min_lr"))
            ratio, floor_origin = (minimum / rate if rate else 0.0), kwargs.origin
    if constant.value and floor.value and shape.value == "cosine":
        arguments["constant_lr_ratio"] = constant.value
    elif constant.written:
        why = "it needs lr_scheduler: cosine and cosine_min_lr_ratio"
        no_effect(reader, ("cosine_constant_lr_ratio",), why)
    if quadratic.value:
        arguments["quadratic_warmup"] = True
        if floor.value:
            no_effect(reader, ("cosine_min_lr_ratio",), "lr_quadratic_warmup wins")
            ratio = 0.0
    cycles = arguments.pop("num_cycles", None)
    reader.set("schedule.shape", SHAPES.get(shape.value, shape.value), shape.origin)
    reader.set("schedule.min_ratio", ratio, floor_origin)
    reader.set("schedule.cycles", None if cycles is None else float(cycles), kwargs.origin)
    origin = kwargs.origin if kwargs.written else constant.origin
    reader.set("schedule.arguments", tuple(sorted(arguments.items())), origin)


def _put_schedule(writer: Writer) -> None:
    shape = writer.value("schedule.shape")
    arguments = dict(writer.value("schedule.arguments") or ())
    if writer.value("schedule.cycles") is not None:
        arguments["num_cycles"] = writer.value("schedule.cycles")
        if shape == "cosine_with_restarts":
            arguments["num_cycles"] = int(arguments["num_cycles"])
    ratio = writer.value("schedule.min_ratio")
    warmup = writer.document.recipe.schedule.warmup
    warms = warmup.steps if isinstance(warmup, WarmupSteps) else warmup.ratio
    if shape == "constant" and warms:
        shape = "constant_with_warmup"
    writer.put("lr_scheduler", shape, "schedule.shape")
    if ratio:
        if shape in ("cosine", "rex"):
            writer.put("cosine_min_lr_ratio", ratio, "schedule.min_ratio")
        else:
            why = f"Axolotl has a floor for cosine only; {shape} falls to its own end"
            writer.lose(Code.LOST_SCHEDULE, "schedule.min_ratio", why)
    constant = arguments.pop("constant_lr_ratio", None)
    if constant is not None:
        writer.put("cosine_constant_lr_ratio", constant, "schedule.arguments")
    if arguments.pop("quadratic_warmup", False):
        writer.put("lr_quadratic_warmup", True, "schedule.arguments")
    if arguments:
        writer.put("lr_scheduler_kwargs", arguments, "schedule.arguments")


def _get_warmup(reader: Reader) -> None:
    """axolotl/core/builders/base.py:235-257: 3 % of the steps, at most 100; one step becomes two."""
    share = find(reader, "warmup_steps", number, None)
    ratio = find(reader, "warmup_ratio", number, None)
    if reader.value("lr_scheduler") == "constant":
        # transformers/optimization.py (5.16): this one has no warm-up, constant_with_warmup has
        for name, found in (("warmup_steps", share), ("warmup_ratio", ratio)):
            if found.written and found.value:
                no_effect(reader, (name,), "lr_scheduler: constant starts at the full rate")
        why = "lr_scheduler: constant has no warm-up"
        reader.set("schedule.warmup", WarmupSteps(steps=0), reader.default(why))
        return
    if share.node is not None and share.value is not None and 0 < share.value < 1:
        why = "is refused by Axolotl, which wants whole steps; read as warmup_ratio"
        refuse(reader, ("warmup_steps",), share.node, why, Severity.WARNING)
        warmup: WarmupSteps | WarmupRatio = WarmupRatio(ratio=share.value, rounding="down")
        reader.set("schedule.warmup", warmup, share.origin)
        return
    steps = find(reader, "warmup_steps", whole, None)
    if steps.value is not None:
        if ratio.written and steps.value and ratio.value:
            refuse(reader, ("warmup_ratio",), ratio.node, "excludes warmup_steps")  # type: ignore[arg-type]
        elif ratio.written:
            no_effect(reader, ("warmup_ratio",), "warmup_steps counts")
        count = 2 if steps.value == 1 else steps.value
        if count != steps.value:
            why = "Axolotl turns one warm-up step into two"
            surprise(reader, ("warmup_steps",), why, Severity.NOTE)
        reader.set("schedule.warmup", WarmupSteps(steps=count), steps.origin)
        reader.origins["schedule.warmup.steps"] = steps.origin
    elif ratio.value is not None:
        reader.set("schedule.warmup", WarmupRatio(ratio=ratio.value, rounding="down"), ratio.origin)
        reader.origins["schedule.warmup.ratio"] = ratio.origin
    else:
        why = "axolotl/core/builders/base.py:247: 3 % of all steps, at most 100"
        warmup = WarmupRatio(ratio=0.03, rounding="down", at_most=100)
        reader.set("schedule.warmup", warmup, reader.default(why))


def _put_warmup(writer: Writer) -> None:
    warmup = writer.document.recipe.schedule.warmup
    if isinstance(warmup, WarmupSteps):
        writer.put("warmup_steps", warmup.steps, "schedule.warmup.steps", "schedule.warmup")
        if warmup.steps == 1:
            why = "Axolotl turns one warm-up step into two"
            writer.lose(Code.LOST_SCHEDULE, "schedule.warmup", why, Severity.NOTE)
        return
    if warmup == WarmupRatio(ratio=0.03, rounding="down", at_most=100):
        return
    method = writer.value("objective.method")
    duration = writer.document.recipe.duration
    if warmup.ratio == 0:
        writer.put("warmup_steps", 0, "schedule.warmup")
    elif isinstance(duration, Steps) and (
        method == "simpo" or warmup.at_most is not None or warmup.rounding == "up"
    ):
        count = warmup.steps(duration.count)
        writer.put("warmup_steps", count, "schedule.warmup")
        if count == 1:
            why = "Axolotl turns one warm-up step into two"
            writer.lose(Code.LOST_SCHEDULE, "schedule.warmup", why, Severity.NOTE)
    elif method == "simpo":
        why = "Axolotl takes warm-up in steps only for simpo, and their number is not known"
        writer.lose(Code.LOST_SCHEDULE, "schedule.warmup", why)
    else:
        writer.put("warmup_ratio", warmup.ratio, "schedule.warmup.ratio", "schedule.warmup")
        if warmup.at_most is not None:
            why = f"Axolotl does not cap a ratio at {warmup.at_most} steps"
            writer.lose(Code.LOST_SCHEDULE, "schedule.warmup.at_most", why, Severity.WARNING)
        if warmup.rounding == "up":
            why = "Axolotl rounds the number of warm-up steps down, not up"
            writer.lose(Code.LOST_SCHEDULE, "schedule.warmup.rounding", why, Severity.NOTE)


def _get_duration(reader: Reader) -> None:
    """``max_steps`` wins over ``num_epochs`` (axolotl/core/builders/base.py:700)."""
    epochs = find(reader, "num_epochs", number, 1.0, f"{_TRAINING}:267")
    steps = find(reader, "max_steps", whole, None)
    if steps.value is not None and steps.value > 0:
        of_epochs = [name for name in ("evals_per_epoch", "saves_per_epoch") if reader.node(name)]
        if epochs.written:
            why = "max_steps counts"
            if of_epochs:
                why = f"max_steps counts; it only sets the interval of {of_epochs[0]}"
            no_effect(reader, ("num_epochs",), why, verbose=bool(of_epochs))
        reader.set("duration", Steps(count=steps.value), steps.origin)
        reader.origins["duration.count"] = steps.origin
        return
    if steps.written:
        no_effect(reader, ("max_steps",), "it means no limit")
    reader.set("duration", Epochs(count=epochs.value), epochs.origin)
    reader.origins["duration.count"] = epochs.origin


def _put_duration(writer: Writer) -> None:
    duration = writer.document.recipe.duration
    if isinstance(duration, Steps):
        writer.put("max_steps", duration.count, "duration.count", "duration")
    else:
        count = int(duration.count) if float(duration.count).is_integer() else duration.count
        writer.put("num_epochs", count, "duration.count", "duration")


def _beta(field: str, name: str, default: float) -> Row:
    return key(field, name, NUMBER, default, f"{_TRAINING}:169-178: AdamW's own",
               Code.LOST_OPTIMIZER)  # fmt: skip


ROWS: tuple[Row, ...] = (
    via(("optimizer.name", "optimizer.fused"), ("optimizer",), _get_optimizer, _put_optimizer),
    via(("optimizer.learning_rate",), ("learning_rate",), _get_rate, _put_rate),
    key(
        "optimizer.weight_decay",
        "weight_decay",
        NUMBER,
        0.0,
        f"{_TRAINING}:119",
        Code.LOST_OPTIMIZER,
    ),
    _beta("optimizer.beta1", "adam_beta1", 0.9),
    _beta("optimizer.beta2", "adam_beta2", 0.999),
    _beta("optimizer.epsilon", "adam_epsilon", 1e-8),
    via(("optimizer.arguments",), ("optim_args",), _get_arguments, _put_arguments),
    via(("optimizer.max_grad_norm",), ("max_grad_norm",), _get_clipping, _put_clipping),
    via(
        ("optimizer.embedding_learning_rate",),
        ("embedding_lr", "embedding_lr_scale"),
        _get_embedding_rate,
        _put_embedding_rate,
    ),
    via(
        ("optimizer.decays_norms", "optimizer.in_backward"),
        (),
        _get_constants,
        _put_constants,
        {
            "optimizer.decays_norms": ("approximated", "norms never decay"),
            "optimizer.in_backward": ("approximated", "updates follow the backward pass"),
        },
    ),
    via(
        ("schedule.shape", "schedule.min_ratio", "schedule.cycles", "schedule.arguments"),
        (
            "lr_scheduler",
            "lr_scheduler_kwargs",
            "cosine_min_lr_ratio",
            "cosine_constant_lr_ratio",
            "lr_quadratic_warmup",
        ),
        _get_schedule,
        _put_schedule,
        {"schedule.min_ratio": ("approximated", "for cosine and rex")},
    ),
    via(
        ("schedule.warmup",),
        ("warmup_steps", "warmup_ratio"),
        _get_warmup,
        _put_warmup,
    ),
    via(("duration",), ("num_epochs", "max_steps"), _get_duration, _put_duration),
)
