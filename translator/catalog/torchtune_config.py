"""From the shape in a transformers ``config.json`` to arguments of a torchtune component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SENTENCEPIECE = {"path": "tokenizer.model"}
_TOKENIZERS = {
    "llama2": ("torchtune.models.llama2.llama2_tokenizer", _SENTENCEPIECE),
    "llama3": ("torchtune.models.llama3.llama3_tokenizer", {"path": "original/tokenizer.model"}),
    "mistral": ("torchtune.models.mistral.mistral_tokenizer", _SENTENCEPIECE),
    "gemma": ("torchtune.models.gemma.gemma_tokenizer", _SENTENCEPIECE),
    "phi3": ("torchtune.models.phi3.phi3_mini_tokenizer", _SENTENCEPIECE),
    "qwen2": (
        "torchtune.models.qwen2_5.qwen2_5_tokenizer",
        {"path": "vocab.json", "merges_file": "merges.txt"},
    ),
    "qwen3": (
        "torchtune.models.qwen3.qwen3_tokenizer",
        {"path": "vocab.json", "merges_file": "merges.txt"},
    ),
}
_KINDS = ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "phi3")
# The values torchtune's Llama3ScaledRoPE has built in
# (torchtune/models/llama3_1/_position_embeddings.py).
_LLAMA3_ROPE = {
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
# Multipliers and biases that torchtune's components do not have.
_UNSUPPORTED = ("attention_bias", "mlp_bias", "embedding_multiplier", "logits_scaling")


class Unfit(ValueError):
    """No component of torchtune computes such a model; says why."""


def component_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """``component``, ``architecture``, ``model_type`` and tokenizer for a ``config.json``.

    Raises:
        Unfit: no component of torchtune computes the same function.
    """
    if (present := next((key for key in _UNSUPPORTED if config.get(key)), None)) is not None:
        raise Unfit(f"torchtune has no {present}")
    try:
        component, model_type, tokenizer, arguments = _component(config)
    except KeyError as key:
        raise Unfit(f"its config.json has no {key}") from None
    name, files = _TOKENIZERS[tokenizer]
    return {
        "component": f"torchtune.models.{component}",
        "model_type": model_type,
        "tokenizer": name,
        "tokenizer_files": files,
        "architecture": arguments,
    }


def _rope(config: Mapping[str, Any]) -> tuple[float, Mapping[str, Any]]:
    """Base and scaling; transformers 5 keeps both in ``rope_parameters``."""
    new = config.get("rope_parameters") or {}
    scaling = config.get("rope_scaling") or {
        key: value for key, value in new.items() if key != "rope_theta"
    }
    if scaling.get("rope_type", scaling.get("type")) in (None, "default"):
        scaling = {}
    return config.get("rope_theta", new.get("rope_theta", 10000.0)), scaling


def _component(config: Mapping[str, Any]) -> tuple[str, str, str, dict[str, Any]]:
    kind = config.get("model_type")
    if kind not in _KINDS:
        raise Unfit(f"torchtune has no component for models of the type {kind}")
    heads, dim = config["num_attention_heads"], config["hidden_size"]
    head_dim = config.get("head_dim") or dim // heads
    base, scaling = _rope(config)
    arguments: dict[str, Any] = {
        "vocab_size": config["vocab_size"],
        "num_layers": config["num_hidden_layers"],
        "num_heads": heads,
        "num_kv_heads": config.get("num_key_value_heads", heads),
        "embed_dim": dim,
        "intermediate_dim": config["intermediate_size"],
        "max_seq_len": config["max_position_embeddings"],
        "norm_eps": config["rms_norm_eps"],
    }
    tied = bool(config.get("tie_word_embeddings", kind in ("gemma", "gemma2")))
    if kind in ("gemma", "gemma2"):
        if scaling or not tied or base != 10000:
            raise Unfit("torchtune's Gemma has tied embeddings and the usual positions only")
        arguments["head_dim"] = head_dim
        if kind == "gemma2":
            arguments |= {
                "hidden_capping_value": config["attn_logit_softcapping"],
                "final_capping_value": config["final_logit_softcapping"],
                "sliding_window_size": config["sliding_window"],
                "query_pre_attn_scalar": config["query_pre_attn_scalar"],
            }
            return "gemma2.gemma2", "GEMMA2", "gemma", arguments
        return "gemma.gemma", "GEMMA", "gemma", arguments
    if kind != "qwen3" and head_dim * heads != dim:
        raise Unfit(f"its attention heads ({heads} of {head_dim}) do not add up to {dim}")
    if scaling and kind != "llama":
        raise Unfit(f"torchtune does not scale the positions of {kind} models")
    if tied and kind in ("phi3", "mistral"):
        raise Unfit(f"torchtune does not tie the embeddings of {kind} models")
    whole = int(base) if base == int(base) else base
    if kind == "qwen3":
        arguments |= {
            "head_dim": head_dim, "rope_base": float(base), "tie_word_embeddings": tied,
            "q_proj_bias": False, "k_proj_bias": False, "v_proj_bias": False,
            "q_norm": True, "k_norm": True,
        }  # fmt: skip
        return "qwen3._component_builders.qwen3", "QWEN3", "qwen3", arguments
    if kind == "qwen2":
        arguments |= {"rope_base": float(base), "tie_word_embeddings": tied}
        return "qwen2.qwen2", "QWEN2", "qwen2", arguments
    if kind == "phi3":
        if config.get("partial_rotary_factor", 1.0) != 1.0:
            raise Unfit("torchtune's Phi-3 rotates whole heads")
        return "phi3.phi3", "PHI3_MINI", "phi3", {**arguments, "rope_base": whole}
    if kind == "mistral":
        return "mistral.mistral", "MISTRAL", "mistral", {**arguments, "rope_base": whole}
    return _llama(config, arguments, whole, scaling, tied)


def _llama(
    config: Mapping[str, Any],
    arguments: dict[str, Any],
    base: float,
    scaling: Mapping[str, Any],
    tied: bool,
) -> tuple[str, str, str, dict[str, Any]]:
    tokenizer = "llama3" if config["vocab_size"] >= 128000 else "llama2"
    if scaling:
        kind = scaling.get("rope_type", scaling.get("type"))
        if kind != "llama3" or any(scaling.get(k) != v for k, v in _LLAMA3_ROPE.items()):
            raise Unfit(f"torchtune does not scale positions as {kind} does")
        factor = int(scaling["factor"])
    else:
        factor = 1  # llama3_2 with factor 1 leaves the frequencies alone
    if tied:
        arguments |= {"rope_base": base, "scale_factor": factor, "tie_word_embeddings": True}
        return "llama3_2.llama3_2", "LLAMA3_2", tokenizer, arguments
    if scaling:
        arguments |= {"rope_base": base, "scale_factor": factor}
        return "llama3_1.llama3_1", "LLAMA3", tokenizer, arguments
    if tokenizer == "llama2" and base == 10000:
        # lora_llama2 takes no rope_base, so only the default one may use it.
        return "llama2.llama2", "LLAMA2", tokenizer, arguments
    return "llama3.llama3", "LLAMA3", tokenizer, {**arguments, "rope_base": base}
