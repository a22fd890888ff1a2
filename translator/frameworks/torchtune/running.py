"""Rows about how it is computed and what is kept: precision, memory, devices, logs, checkpoints."""

from __future__ import annotations

from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.errors import WrongValueError
from translator.frameworks.torchtune.lookup import called, find, no_effect, refuse, surprise
from translator.frameworks.torchtune.running_writing import (
    put_checkpointing,
    put_checkpoints,
    put_evaluation,
    put_logging,
    put_loss,
    put_pace,
    put_parallelism,
    put_precision,
)
from translator.frameworks.torchtune.values import (
    FLAG,
    LOSSES,
    flag,
    one_of,
    positive,
    same,
    text,
    whole,
)
from translator.ir import Every, PerEpoch
from translator.lens import Always, Conv, Key, Row, Via
from translator.reading import Reader

_LORA = "recipes/lora_finetune_single_device.py"
_DTYPES = {"bf16": "bfloat16", "bfloat16": "bfloat16", "fp32": "float32", "float32": "float32"}


def _dtype(value: object) -> str:
    if str(value) in _DTYPES:
        return _DTYPES[str(value)]
    if value in ("fp16", "float16"):
        raise WrongValueError("is refused by torchtune's recipes: bf16 or fp32")
    raise WrongValueError("is neither bf16 nor fp32")


def _get_precision(reader: Reader) -> None:
    why = "torchtune/training/precision.py: without dtype everything is float32"
    found = find(reader, "dtype", _dtype, "float32", why, field="precision.compute")
    reader.set("precision.compute", found.value, found.origin)
    why = "torchtune/training: weights have the run's dtype"
    reader.set("precision.weights", "compute", reader.default(why))
    find(reader, "device", text, None)
    if reader.peek("device") is not None:
        no_effect(reader, ("device",), "where it runs, not what is trained")


def _get_checkpointing(reader: Reader) -> None:
    why = f"{_LORA}: off unless asked for"
    found = find(reader, "enable_activation_checkpointing", flag, False, why)
    mode = find(reader, "ac_mode", one_of("full", "selective"), None)
    value = "full" if found.value else "none"
    if mode.value is not None:
        # recipes/full_finetune_distributed.py:566: only with the other key off; else nothing
        value = "none" if found.value else mode.value
        if found.value:
            why = "switches checkpointing off, because ac_mode wants enable_… to be False"
            surprise(reader, ("enable_activation_checkpointing",), why)
    reader.set("kernels.activation_checkpointing", value, found.origin)
    offload = find(reader, "enable_activation_offloading", flag, False, why)
    if offload.value and value == "none":
        reason = "needs enable_activation_checkpointing; without it the recipe stops"
        refuse(reader, ("enable_activation_offloading",), reason)
    reader.set("kernels.activation_offload", offload.value, offload.origin)
    option = reader.node("ac_option")
    if option is not None:
        why = "which layers keep their activations"
        reader.leave(("ac_option",), option, why, Severity.NOTE)


def _get_loss(reader: Reader) -> None:
    path, _ = called(reader, "loss")
    name = (path or "").rpartition(".")[2]
    node = reader.peek("loss", "_component_")
    origin = reader.default("the loss component") if node is None else reader.written(
        ("loss", "_component_"), node)  # fmt: skip
    reader.set("kernels.fused_loss", LOSSES.get(name), origin)
    if name in LOSSES:
        why = "cross entropy, whole or in chunks: the same value"
        no_effect(reader, ("loss", "_component_"), why)
    if name == "CrossEntropyLoss" and path and path.startswith("torch."):
        message = f"loss ({path}): configs name {_CHUNKED} since 0.4; the same value in less memory"
        reader.say(Code.OLD_SPELLING, Severity.NOTE, message, node, key="loss._component_")


_CHUNKED = "torchtune.modules.loss.CEWithChunkedOutputLoss"


def _get_parallelism(reader: Reader) -> None:
    recipe = reader.facts.get("recipe", "")
    single = "single_device" in recipe
    why = f"the recipe {recipe}"
    reader.set("parallelism.strategy", "single" if single else "fsdp2", reader.default(why))
    gpus = reader.facts.get("gpus")
    value = 1 if single else int(gpus) if gpus else None
    reader.set("parallelism.gpus", value, reader.default("the command in the file's comments"))
    offload = find(reader, "fsdp_cpu_offload", flag, False, "off unless asked for")
    nested = find(reader, "fsdp.cpu_offload", flag, False)
    offloaded = nested if nested.written else offload
    reader.set("parallelism.offload_parameters", offloaded.value, offloaded.origin)
    reader.set("parallelism.offload_optimizer", offloaded.value, offloaded.origin)
    drop = find(reader, "fsdp_reshard_after_forward", flag, True, "on unless switched off")
    reader.set("parallelism.reshard_after_forward", drop.value, drop.origin)
    for field, key in (("tensor", "tensor_parallel_dim"), ("context", "context_parallel_dim")):
        found = find(reader, key, positive, 1, "not split", field=f"parallelism.{field}")
        reader.set(f"parallelism.{field}", found.value, found.origin)


def _get_evaluation(reader: Reader) -> None:
    every = find(reader, "run_val_every_n_steps", positive, None, "never", field="evaluation")
    present = reader.peek("dataset_val") is not None
    if every.written and not present:
        no_effect(reader, ("run_val_every_n_steps",), "there is no dataset_val", verbose=False)
    interval = Every(steps=every.value) if every.value and present else None
    reader.set("evaluation.interval", interval, every.origin)
    reader.set("evaluation.patience", None, reader.default("torchtune never stops early"))


def _get_checkpoints(reader: Reader) -> None:
    top = find(reader, "output_dir", text, None, field="checkpoints.directory")
    own = find(reader, "checkpointer.output_dir", text, None, field="checkpoints.directory")
    chosen = own if own.value is not None else top
    reader.set("checkpoints.directory", chosen.value, chosen.origin)
    if top.written and top.value != chosen.value:
        no_effect(reader, ("output_dir",), "logs lie there; weights go to checkpointer.output_dir")
    steps = find(reader, "save_every_n_steps", positive, None)
    epochs = find(reader, "save_every_n_epochs", positive, 1)
    interval: Any = PerEpoch(times=1 / epochs.value)
    origin = epochs.origin if epochs.written else reader.default(f"{_LORA}: after each epoch")
    if steps.value is not None:
        interval, origin = Every(steps=steps.value), steps.origin
    reader.set("checkpoints.interval", interval, origin)
    keep = find(reader, "checkpointer.keep_last_n_checkpoints", positive, None, "all are kept")
    reader.set("checkpoints.keep", keep.value, keep.origin)
    _get_resuming(reader)
    why = f"{_LORA}: merged weights as well, unless told otherwise"
    only = find(reader, "save_adapter_weights_only", flag, False, why)
    adapted = bool(reader.values.get("adapter"))
    reader.set("checkpoints.adapter_only", only.value if adapted else True, only.origin)
    if only.written and not adapted:
        no_effect(reader, ("save_adapter_weights_only",), "no adapters are trained")


def _get_resuming(reader: Reader) -> None:
    resume = find(reader, "resume_from_checkpoint", flag, False, "from the start")
    state = find(reader, "checkpointer.recipe_checkpoint", text, None)
    adapter = find(reader, "checkpointer.adapter_checkpoint", text, None)
    for name, found in (("recipe_checkpoint", state), ("adapter_checkpoint", adapter)):
        if found.written and (not resume.value or name == "adapter_checkpoint"):
            why = "read when a run is resumed"
            no_effect(reader, ("checkpointer", name), why)
    value = (state.value or "auto") if resume.value else None
    reader.set("checkpoints.resume_from", value, resume.origin)


def _get_pace(reader: Reader) -> None:
    found = find(reader, "log_every_n_steps", positive, 1, f"{_LORA}: each step")
    reader.set("logging.every", found.value, found.origin)


_TRACKERS = {"WandBLogger": "wandb", "TensorBoardLogger": "tensorboard", "CometLogger": "comet",
             "MLFlowLogger": "mlflow"}  # fmt: skip
_LOCAL = ("DiskLogger", "StdoutLogger")
_LOGGER_NAMES = {
    "wandb": {"project": "project", "entity": "entity", "name": "run_name"},
    "comet": {"project": "project", "workspace": "entity", "experiment_name": "run_name"},
    "mlflow": {"experiment_name": "project", "run_name": "run_name"},
}


def _get_logging(reader: Reader) -> None:
    path, _ = called(reader, "metric_logger")
    node = reader.peek("metric_logger", "_component_")
    origin = reader.default("no metric_logger") if node is None else reader.written(
        ("metric_logger", "_component_"), node)  # fmt: skip
    leaf = (path or "").rpartition(".")[2]
    name = _TRACKERS.get(leaf)
    if leaf in _LOCAL:
        no_effect(reader, ("metric_logger", "_component_"), "figures are kept on this machine")
    elif path is not None and name is None and node is not None:
        why = "a logger that is none of torchtune's"
        reader.leave(("metric_logger", "_component_"), node, why, Severity.NOTE)
    reader.set("logging.trackers", () if name is None else (name,), origin)
    fields: dict[str, Any] = {"project": None, "entity": None, "run_name": None}
    places = dict.fromkeys(fields, origin)
    for key, field in _LOGGER_NAMES.get(name or "", {}).items():
        found = find(reader, f"metric_logger.{key}", text, None, field=f"logging.{field}")
        fields[field], places[field] = found.value, found.origin
    if name == "wandb" and fields["project"] is None:
        fields["project"] = "torchtune"
        places["project"] = reader.default("torchtune/training/metric_logging.py:225")
    for field, value in fields.items():
        reader.set(f"logging.{field}", value, places[field])


_CPU_SEED = Conv(read=whole, write=same)


def _fixed(
    field: str,
    value: object,
    code: Code,
    instead: str,
    severity: Severity = Severity.NOTE,
    why: str = "torchtune has no such option",
) -> Row:
    return Always(field=field, value=value, why=why, code=code, severity=severity, instead=instead)


ROWS: tuple[Row, ...] = (
    Via(
        fields=("precision.compute", "precision.weights"),
        read_keys=("dtype", "device"),
        get=_get_precision,
        put=put_precision,
        partly={"precision.weights": ("approximated", "all weights have the run's dtype")},
    ),
    _fixed("precision.tf32", None, Code.LOST_PRECISION,
           "allows TensorFloat-32 in float32 runs and nowhere else"),
    Via(
        fields=("kernels.activation_checkpointing", "kernels.activation_offload"),
        read_keys=("enable_activation_checkpointing", "ac_mode", "ac_option",
                   "enable_activation_offloading"),
        get=_get_checkpointing,
        put=put_checkpointing,
    ),
    Key(
        field="kernels.compile", key="compile", conv=FLAG, default=False,
        why=f"{_LORA}: off unless asked for", code=Code.LOST_KERNEL, required=True,
        severity=Severity.NOTE,
    ),
    Via(
        fields=("kernels.fused_loss",),
        read_keys=("loss._component_",),
        get=_get_loss,
        put=put_loss,
        partly={"kernels.fused_loss": ("approximated", "in chunks, or whole")},
    ),
    _fixed("kernels.attention", None, Code.LOST_KERNEL,
           "attends with PyTorch's own kernels"),
    _fixed("kernels.fused_layers", False, Code.LOST_KERNEL, "has no fused layers"),
    _fixed("kernels.data_workers", None, Code.LOST_KERNEL,
           "loads data in the process that trains"),
    Via(
        fields=("parallelism.strategy", "parallelism.gpus", "parallelism.offload_parameters",
                "parallelism.offload_optimizer", "parallelism.reshard_after_forward",
                "parallelism.tensor", "parallelism.context"),
        read_keys=("fsdp_cpu_offload", "fsdp.cpu_offload", "fsdp_reshard_after_forward",
                   "tensor_parallel_dim", "context_parallel_dim"),
        get=_get_parallelism,
        put=put_parallelism,
        partly={
            "parallelism.strategy": ("approximated", "one device, or FSDP2"),
            "parallelism.offload_optimizer": ("approximated", "together with parameters"),
            "parallelism.context": ("approximated", "main only"),
        },
    ),
    _fixed("parallelism.layer_class", None, Code.LOST_PARALLELISM,
           "shards by its own transformer layers"),
    Via(
        fields=("evaluation.interval", "evaluation.patience"),
        read_keys=("run_val_every_n_steps",),
        get=_get_evaluation,
        put=put_evaluation,
        partly={"evaluation.interval": ("approximated", "main only, in steps"),
                "evaluation.patience": ("refused", "no early stopping")},
    ),
    Via(
        fields=("checkpoints.directory", "checkpoints.interval", "checkpoints.keep",
                "checkpoints.adapter_only", "checkpoints.resume_from"),
        read_keys=("output_dir", "checkpointer.output_dir", "save_every_n_steps",
                   "save_every_n_epochs", "save_adapter_weights_only", "resume_from_checkpoint",
                   "checkpointer.recipe_checkpoint", "checkpointer.adapter_checkpoint",
                   "checkpointer.keep_last_n_checkpoints"),
        get=_get_checkpoints,
        put=put_checkpoints,
        partly={"checkpoints.interval": ("approximated", "each epoch, or in steps on main"),
                "checkpoints.keep": ("approximated", "main only")},
    ),
    _fixed("checkpoints.keep_best", False, Code.LOST_CHECKPOINT,
           "ends with the last checkpoint, not the best", Severity.WARNING),
    _fixed("checkpoints.hub_id", None, Code.LOST_CHECKPOINT, "uploads nothing"),
    Via(
        fields=("logging.every",),
        read_keys=("log_every_n_steps",),
        get=_get_pace,
        put=put_pace,
    ),
    Via(
        fields=("logging.trackers", "logging.project", "logging.entity", "logging.run_name"),
        read_keys=("metric_logger._component_", "metric_logger.project", "metric_logger.entity",
                   "metric_logger.name"),
        get=_get_logging,
        put=put_logging,
        partly={"logging.trackers": ("approximated", "one at a time")},
    ),
    Key(
        field="seed", key="seed", conv=_CPU_SEED, default=None,
        why="torchtune/training/seed.py:58: null is another seed each time", code=Code.LOST_SEED,
        required=True, severity=Severity.NOTE,
    ),
    _fixed("model.trust_remote_code", False, Code.LOST_LOADING, "runs no code from the Hub"),
)  # fmt: skip
