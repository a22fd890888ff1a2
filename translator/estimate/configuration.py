"""A :class:`~translator.estimate.shape.Shape` from the fields of a transformers ``config.json``.

What a family adds to the plain decoder (biases, norms of heads, fused matrices) is in ``FAMILIES``,
read from its modelling code (transformers 5.16, ``models/<family>/modeling_<family>.py``). A family
that is not listed is read as a plain gated decoder, which :func:`known_family` tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from translator.estimate.mixer_configuration import blocks, mixer
from translator.estimate.shape import Experts, Latent, Shape
from translator.record import replace

Fields = Mapping[str, Any]

_PLAIN: Mapping[str, Any] = {}
_NEOX = {"norm": "layer", "residual_dropout": True, "gated": False, "fused_qkv": True, "qkv_bias": True, "output_bias": True,
         "mlp_bias": True}  # fmt: skip
_QWEN_HYBRID = {"wide_norms": True, "head_norms": True, "gated_attention": True}
_MAMBA = {"layer_norms": 1, "float_residual": True, "tied": True}
_GEMMA = {"wide_norms": True, "layer_norms": 4, "head_norms": True, "tied": True}

FAMILIES: Mapping[str, Mapping[str, Any]] = {
    "llama": _PLAIN,
    "mistral": _PLAIN,
    "ministral": _PLAIN,
    "ministral3": _PLAIN,
    "mixtral": _PLAIN,
    "internlm2": _PLAIN,
    "internlm3": _PLAIN,
    "baichuan": _PLAIN,
    "helium": _PLAIN,
    "granite": _PLAIN,
    "granitemoe": _PLAIN,
    "granitemoehybrid": {"fused_gate_up": True},
    "smollm3": _PLAIN,
    "seed_oss": {"qkv_bias": True},
    "ernie4_5": _PLAIN,
    "ernie4_5_moe": _PLAIN,
    "bitnet": _PLAIN,
    "minimax": _PLAIN,
    "minimax_m2": {"full_head_norms": True},
    "phimoe": {"norm": "layer", "qkv_bias": True, "output_bias": True, "head_bias": True},
    "arcee": {"gated": False},
    "apertus": {"gated": False, "head_norms": True},
    "hunyuan_v1_dense": {"head_norms": True},
    "exaone4": {"head_norms": True},
    "qwen": {"qkv_bias": True},
    "qwen2": {"qkv_bias": True},
    "qwen2_moe": {"qkv_bias": True},
    "qwen2_vl_text": {"qkv_bias": True},
    "qwen2_5_vl_text": {"qkv_bias": True},
    "qwen3": {"head_norms": True},
    "qwen3_moe": {"head_norms": True},
    "qwen3_vl_text": {"head_norms": True},
    "qwen3_vl_moe_text": {"head_norms": True},
    "qwen3_next": _QWEN_HYBRID,
    "qwen3_5_text": _QWEN_HYBRID,
    "qwen3_5_moe_text": _QWEN_HYBRID,
    "gemma": {"wide_norms": True, "tied": True},
    "gemma2": {"wide_norms": True, "layer_norms": 4, "softcap": True, "tied": True},
    "gemma3_text": _GEMMA,
    "gemma3n_text": _GEMMA,
    "gemma4_text": {**_GEMMA, "softcap": True},
    "cohere": {"norm": "layer", "layer_norms": 1, "parallel": True, "tied": True},
    "cohere2": {"norm": "layer", "layer_norms": 1, "parallel": True, "tied": True},
    "olmo": {"norm": "layer"},
    "olmo2": {"full_head_norms": True},
    "olmo3": {"full_head_norms": True},
    "olmoe": {"full_head_norms": True},
    "glm": {"fused_gate_up": True, "qkv_bias": True},
    "glm4": {"fused_gate_up": True, "layer_norms": 4},
    "glm4v_text": {"fused_gate_up": True, "layer_norms": 4, "qkv_bias": True},
    "glm4_moe": {"head_norms": True},
    "glm_moe_dsa": _PLAIN,
    "glm4_moe_lite": _PLAIN,
    "deepseek_v2": _PLAIN,
    "deepseek_v3": _PLAIN,
    "kimi_k2": _PLAIN,
    "mistral4": _PLAIN,
    "gpt_oss": {"qkv_bias": True, "output_bias": True},
    "llama4_text": _PLAIN,
    "mllama_text_model": _PLAIN,
    "muse_glimmer_text": {"layer_norms": 4, "softcap": True},
    "paddleocr_vl_text": _PLAIN,
    "lfm2": {"head_norms": True},
    "lfm2_moe": {"head_norms": True},
    "bamba": _PLAIN,
    "falcon_h1": _PLAIN,
    "jamba": _PLAIN,
    "kimi_linear": {"float_residual": True},
    "mamba": _MAMBA,
    "falcon_mamba": _MAMBA,
    "mamba2": {"layer_norms": 1, "float_residual": True},
    "afmoe": {"layer_norms": 4, "head_norms": True},
    "btlm": {**_NEOX, "gated": True, "fused_qkv": True, "tied": True, "residual_dropout": False},
    "nemotron": {"gated": False, "norm": "layer"},
    "nemotron_h": {"gated": False, "layer_norms": 1},
    "phi3": {"fused_qkv": True, "fused_gate_up": True, "residual_dropout": True},
    "phi": {"norm": "layer", "layer_norms": 1, "parallel": True, "gated": False, "qkv_bias": True,
            "output_bias": True, "mlp_bias": True, "head_bias": True},
    "stablelm": {"norm": "layer", "residual_dropout": True},
    "starcoder2": {"norm": "layer", "residual_dropout": True, "gated": False, "qkv_bias": True, "output_bias": True,
                   "mlp_bias": True},
    "gpt_neox": {**_NEOX, "parallel": True},
    "gpt_bigcode": {**_NEOX, "tied": True, "learned": True},
    "gpt2": {**_NEOX, "tied": True, "learned": True},
    "gptj": {"norm": "layer", "gated": False, "parallel": True, "layer_norms": 1,
             "mlp_bias": True, "head_bias": True},
    "opt": {**_NEOX, "fused_qkv": False, "tied": True, "learned": True},
    "bloom": {**_NEOX, "tied": True},
    "mpt": {"norm": "layer", "gated": False, "fused_qkv": True, "tied": True},
    "falcon": {"norm": "layer", "gated": False, "fused_qkv": True, "parallel": True, "tied": True},
    "codegen": {"norm": "layer", "gated": False, "fused_qkv": True, "parallel": True,
                "layer_norms": 1},
}  # fmt: skip

_WRAPPERS = ("text_config", "language_config", "llm_config")


def known_family(model_type: str) -> bool:
    """Whether the layers of a ``model_type`` are described."""
    return model_type in FAMILIES


def _pick(config: Fields, *names: str, default: Any = None) -> Any:
    for name in names:
        value = config.get(name)
        if value is not None:
            return value
    return default


def text_part(config: Fields) -> Fields:
    """The language model inside a multimodal configuration."""
    for name in _WRAPPERS:
        inner = config.get(name)
        if isinstance(inner, Mapping) and "hidden_size" in inner:
            tied = _pick(inner, "tie_word_embeddings", default=config.get("tie_word_embeddings"))
            return {**inner, **({} if tied is None else {"tie_word_embeddings": tied})}
    return config


def shape_from_config(config: Fields, *, name: str = "", source: str = "config.json") -> Shape:
    """The shape that a configuration describes.

    ``parameters`` and ``text_parameters``, which the catalogue adds, are counts made on the meta
    device: what the formula does not see becomes ``other`` and ``vision``.

    Raises:
        ValueError: a dimension is missing.
    """
    text = text_part(config)
    model_type = str(_pick(text, "model_type", default=config.get("model_type", "")))
    family = FAMILIES.get(model_type, _PLAIN)
    hidden = _pick(text, "hidden_size", "n_embd", "d_model", "word_embed_proj_dim")
    layers = _pick(text, "num_hidden_layers", "n_layer", "n_layers", "num_layers")
    without = 1 if model_type in ("mamba", "falcon_mamba", "mamba2") else None
    heads = _pick(text, "num_attention_heads", "n_head", "n_heads", default=without)
    vocab = _pick(text, "vocab_size")
    if not all(isinstance(value, int) and value > 0 for value in (hidden, layers, heads, vocab)):
        raise ValueError("hidden_size, num_hidden_layers, num_attention_heads and vocab_size "
                         "are needed")  # fmt: skip
    kv_heads = _pick(text, "num_key_value_heads", "num_kv_heads", default=heads)
    if text.get("multi_query") and not text.get("new_decoder_architecture"):
        kv_heads = 1
    inner = _pick(text, "intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size",
                  default=4 * hidden)  # fmt: skip
    if isinstance(inner, (list, tuple)):
        inner = max(inner)
    if model_type == "qwen":
        inner //= 2  # the field counts gate and up together
    if model_type in ("lfm2", "lfm2_vl") and text.get("block_auto_adjust_ff_dim", True):
        step = text.get("block_multiple_of", 256)
        inner = (
            -(-int(text.get("block_ffn_dim_multiplier", 1.0) * int(2 * inner / 3)) // step) * step
        )
    tied = _pick(text, "tie_word_embeddings", default=family.get("tied", False))
    settings: dict[str, Any] = {k: v for k, v in family.items() if k not in ("tied", "learned")}
    if text.get("attention_bias"):
        settings.update(qkv_bias=True, output_bias=True)
    if text.get("use_qkv_bias"):
        settings.update(qkv_bias=True)
    if text.get("mlp_bias") or (model_type == "falcon" and text.get("bias")):
        settings.update(mlp_bias=True)
    if family.get("learned"):
        settings["positions"] = _pick(text, "n_positions", "max_position_embeddings", default=0)
    if text.get("residual_in_fp32") is False:
        settings.pop("float_residual", None)
    if text.get("use_parallel_residual") is False:
        settings["parallel"] = False
    if model_type.startswith("gemma4"):
        settings |= _gemma4(text)
    shape = Shape(
        id=name,
        family=model_type,
        hidden=hidden,
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=_pick(text, "head_dim", default=hidden // heads),
        intermediate=inner,
        vocab=vocab,
        tied=bool(tied),
        sliding_window=_window(text, model_type),
        experts=_experts(text, inner),
        latent=_latent(text),
        per_layer_vocab=_pick(text, "vocab_size_per_layer_input", default=0),
        per_layer_dim=_pick(text, "hidden_size_per_layer_input", default=0) or 0,
        mixer=mixer(text, model_type, hidden, layers),
        blocks=blocks(text, model_type, layers),
        source=source,
        **settings,
    )
    counted = config.get("text_parameters", config.get("parameters"))
    if not isinstance(counted, int):
        return shape
    total = int(config.get("parameters", counted))
    return replace(shape, other=counted - shape.parameters, vision=total - counted)


_WINDOWS = {"gemma2": 4096, "gemma3_text": 1024, "gemma3n_text": 512, "gemma4_text": 1024,
            "olmo3": 4096}  # fmt: skip
"""Windows of families whose configurations in the catalogue do not say them."""


def _window(text: Fields, model_type: str) -> int | None:
    """Tokens that a layer with a sliding window sees; None where no layer has one."""
    if text.get("use_sliding_window") is False or (
        model_type.startswith("qwen") and not text.get("use_sliding_window")
    ):
        return None
    if "sliding_window" in text:
        return text["sliding_window"]  # type: ignore[no-any-return]
    return _WINDOWS.get(model_type)


def _gemma4(text: Fields) -> dict[str, Any]:
    """What differs from layer to layer (transformers/models/gemma4/modeling_gemma4.py)."""
    kinds = text.get("layer_types") or ()
    every = kinds.index("full_attention") + 1 if "full_attention" in kinds else 6
    shared = _pick(text, "num_kv_shared_layers", default=0) or 0
    found: dict[str, Any] = {
        "global_every": every,
        "global_head_dim": _pick(text, "global_head_dim", default=512),
        "borrowing": shared,
        "wide": shared if text.get("use_double_wide_mlp") else 0,
    }
    if text.get("attention_k_eq_v"):
        found["global_values"] = False
        found["global_kv_heads"] = _pick(text, "num_global_key_value_heads", default=0) or 0
    return found


def _experts(text: Fields, inner: int) -> Experts | None:
    count = _pick(text, "num_experts", "num_local_experts", "n_routed_experts",
                  "moe_num_experts")  # fmt: skip
    if isinstance(count, (list, tuple)):
        count = count[0]
    if not isinstance(count, int) or count < 2:
        return None
    active = _pick(text, "num_experts_per_tok", "num_experts_per_token", "top_k_experts",
                   "moe_top_k", "moe_k", default=1)  # fmt: skip
    each = _pick(text, "moe_intermediate_size", "expert_ffn_hidden_size", default=inner)
    if isinstance(each, (list, tuple)):
        each = each[0]
    shared = _pick(text, "shared_expert_intermediate_size", "shared_intermediate_size",
                   "moe_shared_expert_intermediate_size")  # fmt: skip
    if shared is None:
        number = _pick(text, "n_shared_experts", "num_shared_experts", "moe_num_shared_experts",
                       default=0)  # fmt: skip
        shared = number * each
    if text.get("model_type") == "llama4_text":
        each, shared = inner, inner
    return Experts(
        count=count,
        active=active,
        intermediate=each,
        shared_intermediate=shared,
        dense_layers=_pick(text, "first_k_dense_replace", "num_dense_layers",
                           "moe_layer_start_index", default=0),
        bias=text.get("model_type") == "gpt_oss",
        every=_pick(text, "interleave_moe_layer_step", "expert_layer_period", default=1),
        gated=text.get("model_type") != "nemotron_h",
        apart=text.get("model_type") == "kimi_linear",
        corrected=text.get("model_type") == "kimi_linear",
        latent=_pick(text, "moe_latent_size", default=0),
    )  # fmt: skip


def _latent(text: Fields) -> Latent | None:
    rank = _pick(text, "kv_lora_rank")
    if not rank:
        return None
    return Latent(
        query_rank=_pick(text, "q_lora_rank"),
        key_rank=rank,
        plain=_pick(text, "qk_nope_head_dim", default=128),
        rotary=_pick(text, "qk_rope_head_dim", default=64),
        value=_pick(text, "v_head_dim", default=128),
    )
