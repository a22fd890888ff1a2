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
}
# The values torchtune's Llama3ScaledRoPE has built in
# (torchtune/models/llama3_1/_position_embeddings.py).
_LLAMA3_ROPE = {
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
# Multipliers and biases that torchtune's components do not have.
_UNSUPPORTED = ("attention_bias", "mlp_bias", "embedding_multiplier", "logits_scaling")


def component_of(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """``component``, ``architecture``, ``model_type`` and tokenizer for a config; None if no
    component of torchtune computes the same function."""
    if any(config.get(key) for key in _UNSUPPORTED):
        return None
    try:
        made = _component(config)
    except KeyError:
        return None
    if made is None:
        return None
    component, model_type, tokenizer, arguments = made
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


def _component(config: Mapping[str, Any]) -> tuple[str, str, str, dict[str, Any]] | None:
    heads, dim = config["num_attention_heads"], config["hidden_size"]
    head_dim = config.get("head_dim") or dim // heads
    base, scaling = _rope(config)
    kind = config.get("model_type")
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
            return None
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
    if head_dim * heads != dim:
        return None
    whole = int(base) if base == int(base) else base
    if kind == "qwen2":
        if scaling:
            return None
        arguments |= {"rope_base": float(base), "tie_word_embeddings": tied}
        return "qwen2.qwen2", "QWEN2", "qwen2", arguments
    if kind == "phi3":
        if scaling or tied:
            return None
        return "phi3.phi3", "PHI3_MINI", "phi3", {**arguments, "rope_base": whole}
    if kind == "mistral":
        if scaling or tied:
            return None
        return "mistral.mistral", "MISTRAL", "mistral", {**arguments, "rope_base": whole}
    if kind == "llama":
        return _llama(config, arguments, whole, scaling, tied)
    return None


def _llama(
    config: Mapping[str, Any],
    arguments: dict[str, Any],
    base: float,
    scaling: Mapping[str, Any],
    tied: bool,
) -> tuple[str, str, str, dict[str, Any]] | None:
    tokenizer = "llama3" if config["vocab_size"] >= 128000 else "llama2"
    if scaling:
        kind = scaling.get("rope_type", scaling.get("type"))
        if kind != "llama3" or any(scaling.get(k) != v for k, v in _LLAMA3_ROPE.items()):
            return None
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
