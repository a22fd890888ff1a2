"""Writing adapters and 4-bit weights as arguments of the model's builder."""

from __future__ import annotations

import math
from typing import Any

from translator.catalog.models import facts
from translator.catalog.torchtune import Builder
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.model_writing import target_builder
from translator.frameworks.torchtune.parts import module_of
from translator.frameworks.torchtune.values import tidy
from translator.ir import beside_all_linear
from translator.writing import Writer

_ATTENTION = {"q_proj": "q_proj", "k_proj": "k_proj", "v_proj": "v_proj", "o_proj": "output_proj"}
_MLP = ("gate_proj", "up_proj", "down_proj")


def put_adapter(writer: Writer) -> None:
    """Rank, alpha, dropout and the layers; nothing for full fine-tuning."""
    if not writer.value("adapter"):
        return
    attention, mlp, output = _layers(writer)
    writer.put("model.lora_attn_modules", attention, "adapter.modules")
    writer.put("model.apply_lora_to_mlp", mlp)
    if _takes(writer, "apply_lora_to_output"):
        writer.put("model.apply_lora_to_output", output)
    elif output:
        why = f"{writer.value('model.id')} ties its output to the embedding; neither can be adapted"
        writer.lose(Code.LOST_TARGETS, "adapter.modules", f"lm_head: in torchtune {why}")
    rank, alpha = writer.value("adapter.rank"), writer.value("adapter.alpha")
    if writer.value("adapter.rank_stabilized") and rank > 0:  # others have no scale at all
        scaled = alpha * math.sqrt(rank)
        why = f"torchtune scales by alpha / rank; lora_alpha {tidy(scaled)} gives the same scale"
        writer.lose(Code.TOLD_OTHERWISE, "adapter.rank_stabilized", why, Severity.NOTE)
        why = f"becomes {tidy(scaled)}, alpha times the root of the rank"
        writer.lose(Code.TOLD_OTHERWISE, "adapter.alpha", why, Severity.NOTE, verbose=True)
        alpha = scaled
    writer.put("model.lora_rank", rank, "adapter.rank")
    writer.put("model.lora_alpha", tidy(alpha), "adapter.alpha")
    writer.put("model.lora_dropout", float(writer.value("adapter.dropout")), "adapter.dropout")
    if writer.value("adapter.weight_decomposed"):
        writer.put("model.use_dora", True, "adapter.weight_decomposed")


def _takes(writer: Writer, argument: str) -> bool:
    made = target_builder(writer)
    if made is None or made.tied:
        return made is None
    return made.path is None or argument in dict(made.lora_accepts)


def _layers(writer: Writer) -> tuple[list[str], bool, bool]:
    """Attention layers by torchtune's names, whether the MLP, whether the output head."""
    pattern = writer.value("adapter.module_pattern")
    if pattern is not None:
        why = "torchtune takes names of layers, no pattern over paths"
        writer.lose(Code.LOST_TARGETS, "adapter.module_pattern", why)
    if writer.value("adapter.parameters"):
        why = "torchtune gives adapters to layers only; these weights stay frozen"
        writer.lose(Code.LOST_TARGETS, "adapter.parameters", why)
    wanted = list(writer.value("adapter.modules"))
    if "all-linear" in wanted:
        wanted = [*_ATTENTION, *_MLP, *beside_all_linear(wanted)]
        why = f"every linear layer by its name: {', '.join(wanted)}"
        writer.lose(Code.TOLD_OTHERWISE, "adapter.modules", why, Severity.NOTE, verbose=True)
    wanted = _split(writer, wanted)
    attention = [_ATTENTION[name] for name in wanted if name in _ATTENTION]
    dense = [name for name in _MLP if name in wanted]
    if target_builder(writer) is None:  # said already, and nothing of it is known here
        why = f"{', '.join(wanted)}: the layers of a model that torchtune does not make"
        writer.lose(Code.TOLD_OTHERWISE, "adapter.modules", why, Severity.NOTE, verbose=True)
        return attention or ["q_proj"], bool(dense), "lm_head" in wanted
    unknown = [n for n in wanted if n not in (*_ATTENTION, *_MLP, "lm_head")]
    if unknown:
        why = f"torchtune has no layer {', '.join(unknown)} to give an adapter"
        writer.lose(Code.LOST_TARGETS, "adapter.modules", why)
    if dense and len(dense) < len(_MLP):
        missing = ", ".join(name for name in _MLP if name not in dense)
        why = f"torchtune adapts all of an MLP or nothing: {missing} get adapters too"
        writer.lose(Code.LOST_TARGETS, "adapter.modules", why)
    if not attention and pattern is None:
        why = "torchtune needs at least one attention layer with an adapter; q_proj gets one"
        writer.lose(Code.LOST_TARGETS, "adapter.modules", why)
    return attention or ["q_proj"], bool(dense), "lm_head" in wanted


def _split(writer: Writer, names: list[str]) -> list[str]:
    """Layers that are one in the checkpoint (``qkv_proj``) as the parts torchtune makes of them."""
    known = facts(writer.value("model.id"))
    for fused, parts in known.fused_modules if known else ():
        if set(parts) <= set(names):
            why = f"{', '.join(parts)}, which the model's own checkpoint stores as {fused}"
            writer.lose(Code.TOLD_OTHERWISE, "adapter.modules", why, Severity.NOTE, verbose=True)
        if fused in names:
            position = names.index(fused)
            names = [*names[:position], *parts, *names[position + 1 :]]
            if writer.document.format != "torchtune":
                why = f"torchtune keeps {', '.join(parts)} apart, each with an adapter of its own"
                writer.lose(Code.LOST_TARGETS, "adapter.modules", why, Severity.WARNING)
    return names


def put_quantization(writer: Writer) -> None:
    """NF4 by the builder's name, or by ``quantize_base`` where no builder is called so."""
    kind = writer.value("quantization.kind")
    if kind is None:
        return
    if not writer.value("adapter"):
        why = "torchtune trains quantised weights through adapters only"
        writer.lose(Code.LOST_QUANTIZATION, "quantization", why)
        return
    if kind == "fp4":
        why = "torchtune stores 4-bit weights as NormalFloat (nf4)"
        writer.lose(Code.LOST_QUANTIZATION, "quantization.kind", why, Severity.WARNING)
    elif kind != "nf4":
        # 8 bits are close to 16; of an unknown form even the weights may not be readable.
        severity = Severity.WARNING if kind in ("int8", "fp8") else Severity.ERROR
        why = "torchtune keeps frozen weights in 16 or 4 bits only; 16 are written"
        writer.lose(Code.LOST_QUANTIZATION, "quantization", why, severity)
        return
    if not writer.value("quantization.double"):
        why = "torchtune quantises the scales of the blocks too"
        writer.lose(Code.LOST_QUANTIZATION, "quantization.double", why, Severity.NOTE)
    made = target_builder(writer)
    if made is None:
        why = "quantised by the builder's name, and torchtune has no builder of this model"
        writer.lose(Code.LOST_QUANTIZATION, "quantization.kind", why, Severity.NOTE)
        return
    if made.path is not None and made.qlora is not None:
        return
    if (uneven := uneven_layer(made)) is not None:
        why = (
            f"torchao divides weights into groups of {_GROUP}, which the {uneven} weights of this "
            "model do not fill; 16 bits are written"
        )
        writer.lose(Code.LOST_QUANTIZATION, "quantization", why, Severity.WARNING)
        return
    writer.put("model.quantize_base", True, "quantization.kind")


_GROUP = 64 * 256
"""Weights whose scales are quantised together: 256 blocks of 64 (torchao/dtypes/nf4tensor.py)."""


def uneven_layer(made: Builder) -> int | None:
    """The number of weights of a layer that NF4 cannot divide; None where it can divide all."""
    shape: dict[str, Any] = dict(made.architecture)
    if not {"embed_dim", "num_heads", "intermediate_dim"} <= set(shape):
        return None
    width = shape["embed_dim"]
    head = shape.get("head_dim") or width // shape["num_heads"]
    attention = [head * shape["num_heads"], head * shape.get("num_kv_heads", shape["num_heads"])]
    counts = [width * other for other in (*attention, shape["intermediate_dim"])]
    return next((count for count in counts if count % _GROUP), None)


TRAINED = {"embed_tokens": "tok_embeddings", "lm_head": "output"}
"""Layers that may train beside adapters, and torchtune's names for them."""


def put_trained(writer: Writer) -> None:
    """Embeddings and output head by the side file's model; torchtune trains nothing else."""
    wanted = list(writer.value("adapter.trained_modules") or ())
    if not wanted:
        return
    if target_builder(writer) is None:
        why = f"beside adapters, {', '.join(wanted)} of a model that torchtune does not make"
        writer.lose(Code.LOST_ADAPTER, "adapter.trained_modules", why, Severity.NOTE)
        return
    names = [name for name in wanted if name in TRAINED]
    if other := [name for name in wanted if name not in TRAINED]:
        why = f"torchtune trains no {', '.join(other)} beside adapters"
        writer.lose(Code.LOST_ADAPTER, "adapter.trained_modules", why)
    if "lm_head" in names and not _takes(writer, "apply_lora_to_output"):
        why = "the output head is the embedding in torchtune; the one matrix trains"
        writer.lose(Code.LOST_ADAPTER, "adapter.trained_modules", why, Severity.WARNING)
        names = ["embed_tokens"]
    if not names:
        return
    if writer.entries.get(("model", "apply_lora_to_output")) and "lm_head" in names:
        writer.put("model.apply_lora_to_output", False)  # it trains as a whole
    writer.facts["side:lora_and_more"] = "adapter.trained_modules"
    own = writer.entries["model", "_component_"].value
    writer.put("model._component_", f"{module_of(writer.stem)}.lora_and_more")
    writer.put("model.base", own)
    writer.put("model.trained", [TRAINED[name] for name in names], "adapter.trained_modules")


def put_dtype(writer: Writer) -> None:
    """Adapters are made in the run's dtype."""
    if not writer.value("adapter"):
        return
    kept = writer.value("adapter.dtype")
    made = "float32" if writer.value("precision.compute") == "float32" else "bfloat16"
    if kept == made:
        return
    why = f"torchtune keeps adapters and their optimizer states in the run's {made}"
    if kept == "float32":
        why += "; small updates are rounded away"
    writer.lose(Code.LOST_ADAPTER_DTYPE, "adapter.dtype", why, Severity.WARNING)
