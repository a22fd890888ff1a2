"""Writing precision, memory, devices, evaluation, checkpoints and logs."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.components import reads
from translator.ir import Every, PerEpoch
from translator.writing import Writer


def put_precision(writer: Writer) -> None:
    """``dtype``: torchtune computes and keeps everything in one format."""
    compute = writer.value("precision.compute")
    if compute == "float16":
        why = "torchtune computes in bf16 or fp32; bf16 is written"
        writer.lose(Code.LOST_PRECISION, "precision.compute", why, Severity.WARNING)
    elif compute == "auto":
        why = "torchtune is told one format: bf16, which auto means from NVIDIA's Ampere on"
        writer.lose(Code.LOST_PRECISION, "precision.compute", why, Severity.NOTE)
    writer.put("device", "cuda")
    dtype = "fp32" if compute == "float32" else "bf16"
    writer.put("dtype", dtype, "precision.compute")
    weights = writer.value("precision.weights")
    if weights == "compute":
        return
    why = f"torchtune keeps all weights and their optimizer states in {dtype}"
    idle = bool(writer.value("adapter")) or compute == "float32"
    severity = Severity.NOTE if idle else Severity.WARNING
    writer.lose(Code.LOST_PRECISION, "precision.weights", why, severity, verbose=idle)


def put_checkpointing(writer: Writer) -> None:
    """Activation checkpointing; by layers in the full distributed recipes only."""
    value = writer.value("kernels.activation_checkpointing")
    offload = bool(writer.value("kernels.activation_offload"))
    in_part = value == "selective" and reads(writer.facts["recipe"], writer.version, "ac_mode")
    writer.put("enable_activation_checkpointing", (value != "none" and not in_part) or offload,
               "kernels.activation_checkpointing")  # fmt: skip
    if writer.needed("kernels.activation_offload", False):
        writer.put("enable_activation_offloading", offload, "kernels.activation_offload")
    if offload and value == "none":
        why = "torchtune offloads activations only together with checkpointing them"
        writer.lose(Code.LOST_KERNEL, "kernels.activation_checkpointing", why, Severity.NOTE)
    if value != "selective":
        return
    if in_part and not offload:
        writer.put("ac_mode", "selective")
        writer.put("ac_option", 2)
    else:
        why = f"{writer.facts['recipe']} recomputes every layer"
        writer.lose(Code.LOST_KERNEL, "kernels.activation_checkpointing", why, Severity.NOTE)


def put_loss(writer: Writer) -> None:
    """Cross entropy; the loss of preference tuning is told with the objective."""
    fused = writer.value("kernels.fused_loss")
    if writer.value("objective") == "preference":
        if fused is not None:
            why = "the loss of preferences is computed as it is"
            writer.lose(Code.LOST_KERNEL, "kernels.fused_loss", why, Severity.NOTE, verbose=True)
        return
    if writer.version == "main":
        path = "torchtune.modules.loss.LinearCrossEntropyLoss"
    elif fused == "none" and writer.document.format == "torchtune":
        path = "torch.nn.CrossEntropyLoss"
    else:
        path = "torchtune.modules.loss.CEWithChunkedOutputLoss"
    writer.put("loss._component_", path, "kernels.fused_loss")
    if fused != ("none" if path.startswith("torch.nn.") else "chunked"):
        why = "torchtune computes cross entropy in chunks"
        chosen = fused is not None and writer.origin("kernels.fused_loss").written
        writer.lose(Code.LOST_KERNEL, "kernels.fused_loss", why, Severity.NOTE, verbose=not chosen)


def put_parallelism(writer: Writer) -> None:
    """The recipe says whether one device or several; several share everything (FSDP2)."""
    recipe = writer.facts["recipe"]
    parallel = writer.document.recipe.parallelism
    single = recipe.endswith("single_device")
    if parallel.strategy in ("fsdp1", "ddp", "zero1", "zero2", "zero3") and not single:
        why = "torchtune shares weights, gradients and optimizer states by FSDP2"
        writer.lose(Code.LOST_PARALLELISM, "parallelism.strategy", why, Severity.NOTE)
    elif parallel.strategy != "single" and single:
        why = f"{recipe} runs on one device; {recipe.replace('single_device', 'distributed')} on several"
        writer.lose(Code.LOST_PARALLELISM, "parallelism.strategy", why, Severity.NOTE)
    elif parallel.strategy == "single" and not single:
        why = f"{recipe} is the only recipe for this; it needs several devices"
        writer.lose(Code.LOST_PARALLELISM, "parallelism.strategy", why, Severity.WARNING)
    elif parallel.strategy == "auto":
        why = "torchtune shares weights, gradients and optimizer states by FSDP2"
        writer.lose(Code.LOST_PARALLELISM, "parallelism.strategy", why, Severity.NOTE)
    if parallel.gpus is None or single != (parallel.gpus == 1) or parallel.strategy == "single":
        count = "one device" if single else f"{parallel.gpus or 2} processes, one for each GPU"
        why = f"the command at the head starts {count}"
        writer.lose(Code.LOST_PARALLELISM, "parallelism.gpus", why, Severity.NOTE, verbose=single)
    _put_offload(writer, single)
    sharded = not single and parallel.strategy.startswith("fsdp")
    if not parallel.reshard_after_forward and sharded:
        writer.put("fsdp_reshard_after_forward", False, "parallelism.reshard_after_forward")
    elif not parallel.reshard_after_forward:
        why = "only shards are dropped after the forward pass"
        field = "parallelism.reshard_after_forward"
        writer.lose(Code.LOST_PARALLELISM, field, why, Severity.NOTE, verbose=True)
    for field, key in (("tensor", "tensor_parallel_dim"), ("context", "context_parallel_dim")):
        size = getattr(parallel, field)
        if size == 1:
            continue
        if reads(recipe, writer.version, key):
            writer.put(key, size, f"parallelism.{field}")
        else:
            why = f"{recipe} of torchtune {writer.version} does not split this way"
            writer.lose(Code.LOST_PARALLELISM, f"parallelism.{field}", why, Severity.WARNING)


def _put_offload(writer: Writer, single: bool) -> None:
    """``fsdp_cpu_offload``: parameters and optimizer states together, where they are sharded."""
    recipe, strategy = writer.facts["recipe"], writer.document.recipe.parallelism.strategy
    shares = {
        "parameters": strategy.startswith("fsdp") or strategy == "zero3",
        "optimizer": strategy.startswith(("fsdp", "zero")),
    }
    wanted = {part: bool(writer.value(f"parallelism.offload_{part}")) for part in shares}
    useful = [part for part in wanted if wanted[part] and shares[part]]
    if useful and not single:
        writer.put("fsdp_cpu_offload", True, "parallelism.offload_parameters")
    for part in wanted:
        why = "torchtune offloads parameters and optimizer states together"
        idle = wanted[part] and not shares[part]
        if idle:
            why = "only what is sharded is offloaded"
        elif wanted[part] and single:
            why = f"{recipe} offloads nothing"
        elif single or not useful or wanted[part]:
            continue
        field = f"parallelism.offload_{part}"
        writer.lose(Code.LOST_PARALLELISM, field, why, Severity.NOTE, verbose=idle)


def put_evaluation(writer: Writer) -> None:
    """main evaluates every so many steps; 0.6.1 never does."""
    interval = writer.document.recipe.evaluation.interval
    if interval is not None:
        able = reads(writer.facts["recipe"], writer.version, "run_val_every_n_steps")
        if able and isinstance(interval, Every) and writer.has("dataset_val", "_component_"):
            writer.put("run_val_every_n_steps", interval.steps, "evaluation.interval")
        else:
            why = f"{writer.facts['recipe']} of torchtune {writer.version} cannot evaluate then"
            writer.lose(Code.LOST_VALIDATION, "evaluation.interval", why, Severity.WARNING)
    if writer.value("evaluation.patience") is not None:
        why = "torchtune does not stop early"
        writer.lose(Code.LOST_VALIDATION, "evaluation.patience", why, Severity.WARNING)


def put_checkpoints(writer: Writer) -> None:
    """Where results go, and how many of them."""
    recipe = writer.document.recipe.checkpoints
    default = f"/tmp/torchtune/{writer.stem}"
    writer.put("output_dir", recipe.directory or default, "checkpoints.directory")
    if recipe.directory is None:
        why = f"a folder has to be named: {default}"
        writer.lose(Code.TOLD_OTHERWISE, "checkpoints.directory", why, Severity.NOTE, verbose=True)
    resuming = recipe.resume_from is not None
    if resuming and writer.document.format != "torchtune":
        why = "torchtune resumes from its own checkpoints only; this starts afresh"
        writer.lose(Code.LOST_CHECKPOINT, "checkpoints.resume_from", why, Severity.WARNING)
        resuming = False
    writer.put("resume_from_checkpoint", resuming, "checkpoints.resume_from")
    if resuming and recipe.resume_from != "auto":
        writer.put("checkpointer.recipe_checkpoint", recipe.resume_from)
    if writer.value("adapter"):
        only = recipe.adapter_only
        if only and "side:lora_and_more" in writer.facts:
            only = False
            why = "what trains beside the adapters is saved with the merged weights"
            writer.lose(Code.LOST_CHECKPOINT, "checkpoints.adapter_only", why, Severity.NOTE)
        writer.put("save_adapter_weights_only", only, "checkpoints.adapter_only")
    elif not recipe.adapter_only:
        why = "there are no adapters"
        writer.lose(
            Code.LOST_CHECKPOINT, "checkpoints.adapter_only", why, Severity.NOTE, verbose=True
        )
    _put_interval(writer)
    if recipe.keep is not None:
        if writer.version == "main":
            writer.put("checkpointer.keep_last_n_checkpoints", recipe.keep, "checkpoints.keep")
        else:
            why = "torchtune keeps every checkpoint"
            writer.lose(Code.LOST_CHECKPOINT, "checkpoints.keep", why, Severity.NOTE)


def _put_interval(writer: Writer) -> None:
    interval = writer.document.recipe.checkpoints.interval
    if isinstance(interval, PerEpoch) and interval.times == 1:
        return
    able = reads(writer.facts["recipe"], writer.version, "save_every_n_steps")
    if isinstance(interval, Every) and able:
        writer.put("save_every_n_steps", interval.steps, "checkpoints.interval")
        return
    why = "torchtune saves after each pass over the data"
    writer.lose(Code.LOST_CHECKPOINT, "checkpoints.interval", why, Severity.NOTE)


def put_pace(writer: Writer) -> None:
    """``log_every_n_steps``, which every recipe needs."""
    steps = writer.value("logging.every")
    if steps is None:
        why = "torchtune logs every step unless told otherwise"
        writer.lose(Code.LOST_LOGGING, "logging.every", why, Severity.NOTE, verbose=True)
    writer.put("log_every_n_steps", steps or 1, "logging.every")


_LOGGERS = {
    "wandb": ("WandBLogger", {"project": "project", "entity": "entity", "run_name": "name"}),
    "comet": (
        "CometLogger",
        {"project": "project", "entity": "workspace", "run_name": "experiment_name"},
    ),
    "mlflow": ("MLFlowLogger", {"project": "experiment_name", "run_name": "run_name"}),
    "tensorboard": ("TensorBoardLogger", {}),
}


def put_logging(writer: Writer) -> None:
    """One logger; a file in ``output_dir`` when nothing else is asked for."""
    wanted = writer.value("logging.trackers")
    chosen = next((name for name in _LOGGERS if name in wanted), None)
    left = [name for name in wanted if name != chosen]
    if left:
        why = f"torchtune has one logger at a time and no {', '.join(left)} beside it"
        writer.lose(Code.LOST_LOGGING, "logging.trackers", why, Severity.NOTE)
    name, arguments = _LOGGERS.get(chosen or "", ("DiskLogger", {}))
    path = f"torchtune.training.metric_logging.{name}"
    writer.put("metric_logger._component_", path, "logging.trackers")
    if name in ("DiskLogger", "WandBLogger", "TensorBoardLogger"):
        writer.put("metric_logger.log_dir", "${output_dir}/logs")
    for field in ("project", "entity", "run_name"):
        value = writer.value(f"logging.{field}")
        if value is None:
            if name == "WandBLogger" and field == "project":
                why = "torchtune's project is called torchtune unless told otherwise"
                writer.lose(Code.LOST_LOGGING, "logging.project", why, Severity.NOTE, verbose=True)
            continue
        if field in arguments:
            writer.put(f"metric_logger.{arguments[field]}", value, f"logging.{field}")
        else:
            why = f"{name} has no place for it"
            idle = not writer.origin(f"logging.{field}").written
            writer.lose(Code.LOST_LOGGING, f"logging.{field}", why, Severity.NOTE, verbose=idle)
    writer.put("log_peak_memory_stats", True)
    if writer.version == "main":
        writer.put("log_level", "INFO")
