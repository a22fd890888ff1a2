"""Rows about devices: FSDP, DeepSpeed, tensor and context parallelism."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.axolotl import deepspeed
from translator.frameworks.axolotl.lookup import find, no_effect, old_spelling, refuse
from translator.frameworks.axolotl.rows import key, via
from translator.frameworks.axolotl.values import COUNT, NOTHING, flag, mapping, text, texts, whole
from translator.lens import Row
from translator.reading import Reader
from translator.writing import Writer

_CONFIG = "axolotl/utils/schemas/config.py"


def _get_strategy(reader: Reader) -> None:
    plan = deepspeed.read_plan(reader)
    wrap = find(reader, "fsdp", texts, ())
    config = find(reader, "fsdp_config", mapping, NOTHING)
    reader.used.discard(("fsdp_config",))
    version = find(reader, "fsdp_version", whole, None)
    inner = find(reader, ["fsdp_config.fsdp_version", "fsdp_config.version"], whole, None)
    settings = {name: value for name, value in config.value.items() if value is not None}
    origin: Origin = reader.default("axolotl train starts one process per GPU it sees")
    strategy, parameters, optimizer, layer, reshard = "auto", False, False, None, True
    if plan is not None:
        strategy, origin = plan.strategy, plan.origin
        parameters, optimizer = plan.offload_parameters, plan.offload_optimizer
        if settings or wrap.value:
            assert reader.peek("deepspeed") is not None
            name = "fsdp" if wrap.value else "fsdp_config"
            node = reader.peek(name)
            assert node is not None
            refuse(reader, (name,), node, "excludes deepspeed", Severity.WARNING)
    elif settings or wrap.value:
        number = version.value or inner.value or 1
        strategy = "fsdp2" if number == 2 else "fsdp1"
        origin = version.origin if version.written else inner.origin
        if not origin.written:
            origin = wrap.origin if wrap.written else config.origin
        parameters = flag(settings.get("offload_params", "offload" in wrap.value))
        optimizer = parameters  # FSDP keeps the optimizer's states where the parameters are
        layer_node = find(reader, "fsdp_config.transformer_layer_cls_to_wrap", text, None)
        layer = layer_node.value
        kept = find(reader, "fsdp_config.reshard_after_forward", flag, None)
        reshard = kept.value is not False and "shard_grad_op" not in wrap.value
        for name in ("offload_params", "transformer_layer_cls_to_wrap", "reshard_after_forward"):
            reader.node("fsdp_config", name)
        for word in wrap.value:
            if word not in ("full_shard", "auto_wrap", "offload", "shard_grad_op"):
                assert wrap.node is not None
                why = f"{word} is a way of sharding that only Axolotl's trainer knows"
                reader.leave(("fsdp",), wrap.node, why, Severity.WARNING)
    if version.written and not strategy.startswith("fsdp"):
        no_effect(reader, ("fsdp_version",), "there is no fsdp_config")
    reader.set("parallelism.strategy", strategy, origin)
    reader.set("parallelism.gpus", None, reader.default("chosen when it is launched"))
    reader.set("parallelism.offload_parameters", parameters, origin)
    reader.set("parallelism.offload_optimizer", optimizer, origin)
    reader.set("parallelism.reshard_after_forward", reshard, origin)
    reader.set("parallelism.layer_class", layer, origin)


def _put_strategy(writer: Writer) -> None:
    strategy = writer.value("parallelism.strategy")
    gpus = writer.value("parallelism.gpus")
    if strategy == "single" or gpus == 1:
        why = "Axolotl takes every GPU it sees; CUDA_VISIBLE_DEVICES=0 keeps it to one"
        writer.lose(Code.LOST_PARALLELISM, "parallelism.strategy", why, Severity.NOTE)
        writer.lose(Code.TOLD_OTHERWISE, "parallelism.gpus", why, Severity.NOTE, verbose=True)
        writer.facts["run"] = "CUDA_VISIBLE_DEVICES=0 axolotl train"
    elif gpus and gpus > 1:
        why = f"Axolotl takes every GPU it sees; launch it with --num-processes {gpus}"
        writer.lose(Code.LOST_PARALLELISM, "parallelism.gpus", why, Severity.NOTE)
        writer.facts["options"] = f" --num-processes {gpus}"
        if strategy == "ddp":
            how = "what axolotl train does on several GPUs without being told"
            writer.lose(
                Code.TOLD_OTHERWISE, "parallelism.strategy", how, Severity.NOTE, verbose=True
            )
    elif strategy == "ddp":
        why = "what axolotl train does on several GPUs without being told"
        writer.lose(Code.TOLD_OTHERWISE, "parallelism.strategy", why, Severity.NOTE)
    if strategy.startswith("zero"):
        deepspeed.write_plan(writer)
    elif strategy.startswith("fsdp"):
        _put_fsdp(writer, 2 if strategy == "fsdp2" else 1)


def _put_fsdp(writer: Writer, version: int) -> None:
    writer.put("fsdp_version", version, "parallelism.strategy")
    writer.put(
        "fsdp_config.offload_params",
        bool(writer.value("parallelism.offload_parameters")),
        "parallelism.offload_parameters",
    )
    if writer.value("parallelism.offload_optimizer") != writer.value(
        "parallelism.offload_parameters"
    ):
        why = "FSDP keeps the optimizer's states where the parameters are"
        writer.lose(Code.LOST_PARALLELISM, "parallelism.offload_optimizer", why, Severity.WARNING)
    # without a class the trainer takes the one that the model itself names
    writer.put("fsdp_config.auto_wrap_policy", "TRANSFORMER_BASED_WRAP")
    layer = writer.value("parallelism.layer_class")
    if layer:
        writer.put("fsdp_config.transformer_layer_cls_to_wrap", layer, "parallelism.layer_class")
    writer.put("fsdp_config.state_dict_type", "FULL_STATE_DICT")
    reshard = writer.value("parallelism.reshard_after_forward")
    if version == 2:
        writer.put(
            "fsdp_config.reshard_after_forward", reshard, "parallelism.reshard_after_forward"
        )
    elif not reshard:
        writer.put("fsdp", ["shard_grad_op", "auto_wrap"], "parallelism.reshard_after_forward")


def _get_context(reader: Reader) -> None:
    found = find(reader, "context_parallel_size", whole, None, f"{_CONFIG}: 1")
    former = find(reader, "sequence_parallel_degree", whole, None)
    if former.node is not None:
        old_spelling(reader, ("sequence_parallel_degree",), former.node,
                     "now context_parallel_size")  # fmt: skip
    value = found.value or former.value or 1
    origin = found.origin if found.value or not former.value else former.origin
    reader.set("parallelism.context", value, origin)


def _put_context(writer: Writer) -> None:
    if writer.needed("parallelism.context", 1):
        writer.put(
            "context_parallel_size", writer.value("parallelism.context"), "parallelism.context"
        )


ROWS: tuple[Row, ...] = (
    via(
        (
            "parallelism.strategy",
            "parallelism.gpus",
            "parallelism.offload_parameters",
            "parallelism.offload_optimizer",
            "parallelism.reshard_after_forward",
            "parallelism.layer_class",
        ),
        (
            "deepspeed",
            "fsdp",
            "fsdp_config",
            "fsdp_version",
            "fsdp_config.fsdp_version",
            "fsdp_config.version",
            "fsdp_config.offload_params",
            "fsdp_config.transformer_layer_cls_to_wrap",
            "fsdp_config.reshard_after_forward",
        ),
        _get_strategy,
        _put_strategy,
        {"parallelism.gpus": ("approximated", "chosen at launch")},
    ),
    key(
        "parallelism.tensor",
        "tensor_parallel_size",
        COUNT,
        1,
        f"{_CONFIG}: 1",
        Code.LOST_PARALLELISM,
    ),
    via(
        ("parallelism.context",),
        ("context_parallel_size", "sequence_parallel_degree"),
        _get_context,
        _put_context,
    ),
)
