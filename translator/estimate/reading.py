"""From a document to a :class:`~translator.estimate.workload.Workload`.

What the recipe says is the same for every framework; what a framework makes of it (number formats,
kernels, the loss it runs when nobody chose one) is in :mod:`translator.estimate.behaviour`.
Assumptions that the file cannot settle come back as sentences.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from translator.codes import Code
from translator.document import Document
from translator.estimate.behaviour import behaviour
from translator.estimate.catalog import Found, shape_of
from translator.estimate.optimizers import optimizer_cost
from translator.estimate.shape import Shape
from translator.estimate.storage import stored
from translator.estimate.workload import Kernels, Lora, Sharding, Strategy, Workload
from translator.ir import Adapter, OnlineObjective, PreferenceObjective, Recipe
from translator.numbers import is_number
from translator.record import Record

DEFAULT_LENGTH = 2048
"""Tokens assumed for a sequence when the file sets no limit."""


class Reading(Record):
    """A workload, and what had to be assumed."""

    work: Workload
    assumptions: tuple[str, ...]
    model: Found
    framework: str


_ALIASES = {
    "query_key_value": "qkv_proj",
    "c_attn": "qkv_proj",
    "Wqkv": "qkv_proj",
    "W_pack": "qkv_proj",
    "wqkv": "qkv_proj",
    "dense": "o_proj",
    "out_proj": "o_proj",
    "wo": "o_proj",
    "attn_out": "o_proj",
    "fc1": "up_proj",
    "fc_in": "up_proj",
    "c_fc": "up_proj",
    "dense_h_to_4h": "up_proj",
    "fc2": "down_proj",
    "fc_out": "down_proj",
    "dense_4h_to_h": "down_proj",
    "w1": "gate_proj",
    "w2": "down_proj",
    "w3": "up_proj",
    "output_proj": "o_proj",
    "input_linear": "gate_up_proj",
    "output_linear": "down_proj",
}
"""Names of linear layers in other families, and ours."""


def targets_of(adapter: Adapter, shape: Shape) -> tuple[str, ...]:
    """Names of the matrices that get an adapter; fused ones when one of their parts is named."""
    own = {m.name: m for layer, _ in shape.layer_kinds for m in shape.matrices(layer)}
    if adapter.module_pattern is not None:
        return tuple(name for name in own if _matches(adapter.module_pattern, name))
    if "all-linear" in adapter.modules:
        everything = tuple(name for name, m in own.items() if not m.expert)
        return everything + tuple(sorted({"lm_head", "embed_tokens"} & set(adapter.modules)))
    named = {name.rpartition(".")[2] for name in adapter.modules}
    wanted = {_ALIASES.get(name, name) if name not in own else name for name in named}
    if shape.family.startswith("lfm2") and "out_proj" in named:
        wanted.add("o_proj")  # attention and convolution both call it so
    if shape.fused_qkv and wanted & {"q_proj", "k_proj", "v_proj"}:
        wanted.add("qkv_proj")
    if "gate_up_proj" in own and wanted & {"gate_proj", "up_proj"}:
        wanted.add("gate_up_proj")
    if shape.latent is not None and "q_proj" in wanted:
        wanted |= {"q_a_proj", "q_b_proj"}
    ends = {"lm_head", "embed_tokens"} & wanted
    return tuple(name for name in own if name in wanted) + tuple(sorted(ends))


def _experts_of(adapter: Adapter, shape: Shape) -> tuple[str, ...]:
    """The stacked matrices of experts that get adapters (``experts.gate_up_proj``)."""
    if shape.experts is None:
        return ()
    wanted = {name.rpartition(".")[2] for name in adapter.parameters}
    wanted = {_ALIASES.get(name, name) for name in wanted}
    if shape.experts.gated and wanted & {"gate_proj", "up_proj"}:
        wanted.add("gate_up_proj")
    first = "gate_up_proj" if shape.experts.gated else "up_proj"
    return tuple(name for name in (first, "down_proj") if name in wanted)


_BLOCKS = ("self_attn", "linear_attn", "mamba", "mixer", "conv")
"""What families call the block that attention or a mixer is in."""


def _matches(pattern: str, name: str) -> bool:
    network = name in ("gate_proj", "up_proj", "down_proj", "gate_up_proj")
    full = (f"model.{part}layers.0.{block}.{name}" for part in ("", "language_model.")
            for block in (("mlp",) if network else _BLOCKS))  # fmt: skip
    try:
        return any(re.fullmatch(pattern, path) for path in full)
    except re.error:
        return False


def read(
    document: Document,
    *,
    shape: str | None = None,
    gpus: int | None = None,
    length: int | None = None,
) -> Reading:
    """The workload of a document. ``shape`` names a ``config.json``, ``gpus`` and ``length`` go
    before what the file says.

    Raises:
        FtxError: the model's dimensions are not known.
    """
    recipe = document.recipe
    found = shape_of(recipe.model.id, given=shape)
    said: list[str] = []
    if found.assumed:
        said.append(f"the model's dimensions are taken {found.how}")
    tokens = _length(recipe, said) if length is None else length
    lora = _lora(recipe.adapter, found.shape)
    objective = recipe.objective
    pairs = isinstance(objective, PreferenceObjective)
    rows = recipe.batching.micro_batch
    if isinstance(objective, OnlineObjective):
        said.append("the answers' sampling is not counted, only the training step; an inference "
                    "engine on the same device takes its own share")  # fmt: skip
    act = recipe.kernels.activation_checkpointing
    weights = stored(document, said)
    work = Workload(
        shape=found.shape,
        rows=rows,
        length=tokens,
        pairs=pairs,
        reference=_reference(recipe),
        accumulation=recipe.batching.accumulation,
        base=weights.base,
        prequantized=weights.beforehand,
        lora=lora,
        optimizer=optimizer_cost(
            recipe.optimizer.name,
            fused=recipe.optimizer.fused,
            momentum=any(
                name == "momentum" and value for name, value in recipe.optimizer.arguments
            ),
        ),
        in_backward=recipe.optimizer.in_backward,
        checkpointing=(
            "none" if act == "none" else "offload" if recipe.kernels.activation_offload else "full"
        ),
        kernels=Kernels(compute=4 if recipe.precision.compute == "float32" else 2),
        sharding=_sharding(document, gpus, found.shape, said),
        keeps_vision=recipe.model.modality != "text" or document.format == "axolotl",
        trains_vision=recipe.adapter is None and recipe.model.modality != "text",
    )
    if found.shape.vision and not work.keeps_vision:
        said.append("only the text part of the model is loaded")
    work = behaviour(document, work, said)
    said.extend(_left_open(document, length))
    return Reading(work=work, assumptions=tuple(said), model=found, framework=document.format)


_OPEN = {Code.UNRESOLVED.code, Code.BAD_VALUE.code}
_ELSEWHERE = ("data.sources", "data.validation", "datasets", "test_datasets", "val_set_size", "schedule.", "warmup",
              "lr_scheduler", "duration", "num_epochs", "epochs", "max_steps", "logging", "checkpoints", "evaluation",
              "eval", "save", "output_dir", "seed", "optimizer.learning_rate", "learning_rate",
              "optimizer.weight_decay", "weight_decay", "optimizer.betas", "optimizer.max_grad_norm")  # fmt: skip
"""Fields and keys that the memory of a run does not depend on."""


def _left_open(document: Document, length: int | None) -> Iterator[str]:
    """What is not known, or no value for its key, and was estimated with the framework's default."""
    for found in document.diagnostics:
        what = found.field or found.key or ""
        given = what == "data.max_length" and length is not None
        if found.code in _OPEN and not (given or what.startswith(_ELSEWHERE)):
            how = f" ({found.help})" if found.help else ""
            yield f"{found.message}; the framework's default is counted{how}"


def _length(recipe: Recipe, said: list[str]) -> int:
    data = recipe.data
    if data.max_length is None:
        said.append(f"no sequence length is set; {DEFAULT_LENGTH} tokens are assumed (--length)")
        return DEFAULT_LENGTH
    if data.packing is None:
        said.append(f"rows are taken to reach the full length of {data.max_length} tokens; "
                    "shorter ones take less")  # fmt: skip
    return data.max_length


def _lora(adapter: Adapter | None, shape: Shape) -> Lora | None:
    if adapter is None:
        return None
    targets = targets_of(adapter, shape)
    trained = adapter.trained_modules
    return Lora(
        rank=adapter.rank,
        targets=targets,
        bytes=4 if adapter.dtype == "float32" else 2,
        dropout=adapter.dropout > 0,
        decomposed=adapter.weight_decomposed,
        layers=None if adapter.layers is None else len(adapter.layers),
        expert_targets=_experts_of(adapter, shape),
        trained_head=any("lm_head" in name or "output" in name for name in trained),
        trained_embedding=any("embed" in name or name == "wte" for name in trained),
    )


def _reference(recipe: Recipe) -> Literal["none", "pass", "copy"]:
    objective = recipe.objective
    if isinstance(objective, PreferenceObjective):
        if objective.reference == "none" or objective.method in ("orpo", "simpo", "cpo"):
            return "none"
        return "copy" if objective.reference == "copy" and recipe.adapter is None else "pass"
    if isinstance(objective, OnlineObjective) and objective.beta:
        return "pass" if recipe.adapter is not None else "copy"
    return "none"


def _sharding(document: Document, gpus: int | None, shape: Shape, said: list[str]) -> Sharding:
    parallel, framework = document.recipe.parallelism, document.format
    devices = gpus or parallel.gpus or 1
    strategy = parallel.strategy
    name: Strategy
    if strategy == "single" and framework == "torchtune" and devices > 1:
        said.append("on several devices torchtune's distributed recipe shards everything (FSDP2)")
        name = "fsdp2"
    elif strategy == "single" or strategy == "auto" or strategy == "ddp":
        name = "ddp" if devices > 1 and strategy != "single" else "none"
        devices = devices if name == "ddp" else 1
    else:
        name = strategy
    sizes = _zero_sizes(document, shape) if name.startswith("zero") else {}
    return Sharding(
        strategy=name,
        gpus=devices,
        reshard=parallel.reshard_after_forward,
        offload_parameters=parallel.offload_parameters,
        offload_optimizer=parallel.offload_optimizer,
        tensor=parallel.tensor,
        context=parallel.context,
        **sizes,
    )


def _zero_sizes(document: Document, shape: Shape) -> dict[str, Any]:
    """DeepSpeed's own sizes, as far as its configuration was read. The trainer makes the square of the
    hidden size of a bucket that is ``auto`` (transformers/integrations/deepspeed.py)."""
    told = json.loads(document.facts.get("deepspeed", "{}"))
    sizes: dict[str, Any] = {"overlapped": told.get("overlap_comm") is True}
    for name, key in (("bucket", "reduce_bucket_size"), ("live", "max_live_parameters"),
                      ("group", "sub_group_size")):  # fmt: skip
        value = told.get(key)
        if value == "auto" and name == "bucket":
            sizes[name] = shape.hidden**2
        elif is_number(value):
            sizes[name] = round(value)
    return sizes
