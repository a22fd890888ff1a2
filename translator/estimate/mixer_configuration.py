"""Reads a hybrid model's :class:`~translator.estimate.mixer.Mixer` from its ``config.json``.

Names and defaults as in transformers 5.16 (``models/<family>/configuration_<family>.py``), those of
Kimi Linear as in Axolotl 0.19 (``model_support/kimi_linear/configuration_kimi.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from translator.estimate.mixer import Mixer
from translator.record import replace

Fields = Mapping[str, Any]


def mixer(text: Fields, family: str, hidden: int, layers: int) -> Mixer | None:
    """The mixer of a model of ``family``; None where every layer has plain attention."""
    reader = _READERS.get(family)
    if reader is None:
        return None
    found = reader(text, hidden)
    attention = _attention(text, layers, *_DEFAULT.get(found.kind, (0, 0)))
    if found.beside or family == "nemotron_h" or family in _ALONE:
        return found
    if len(attention) == layers:
        return None
    return replace(found, attention=attention)


_ALONE = ("mamba", "falcon_mamba", "mamba2")
"""Families whose layers are a mixer and nothing else."""
_LETTERS = {"mamba": "M", "linear_attention": "M", "attention": "*", "full_attention": "*", "moe": "E",
            "mlp": "-"}  # fmt: skip


def blocks(text: Fields, family: str, layers: int) -> str:
    """A letter for each layer of a model whose layers are one block each; empty for all others."""
    if family in _ALONE:
        return "M" * layers
    if family != "nemotron_h":
        return ""
    kinds = text.get("layers_block_type") or text.get("layer_types")
    if kinds:
        return "".join(_LETTERS[kind] for kind in kinds)
    return str(text.get("hybrid_override_pattern", ""))


_DEFAULT: Mapping[str, tuple[int, int]] = {"delta": (4, 3), "mamba": (8, 4)}
"""One layer in so many has attention, and which is the first."""


def _attention(text: Fields, layers: int, every: int, first: int) -> tuple[int, ...]:
    """Layers with attention: a list of kinds or of numbers, or one in so many."""
    linear = text.get("linear_attn_config")
    if linear:  # counted from 1
        return tuple(n - 1 for n in linear["full_attn_layers"])
    kinds = text.get("layer_types") or text.get("layers_block_type") or ()
    if kinds:
        return tuple(n for n, kind in enumerate(kinds[:layers]) if "attention" in kind
                     and not kind.startswith("linear"))  # fmt: skip
    for name in ("full_attn_idxs", "attn_layer_indices"):
        if text.get(name) is not None:
            return tuple(text[name])
    if text.get("full_attention_interval"):
        every = text["full_attention_interval"]
        first = every - 1
    every = text.get("attn_layer_period", every)
    return tuple(range(text.get("attn_layer_offset", first), layers, every)) if every else ()


def _delta(text: Fields, hidden: int) -> Mixer:
    return Mixer(
        kind="delta",
        hidden=hidden,
        heads=text.get("linear_num_value_heads", 32),
        head_dim=text.get("linear_value_head_dim", 128),
        groups=text.get("linear_num_key_heads", 16),
        state=text.get("linear_key_head_dim", 128),
        kernel=text.get("linear_conv_kernel_dim", 4),
        fused_inputs=text.get("model_type") == "qwen3_next",
    )


def _mamba2(text: Fields, hidden: int) -> Mixer:
    inner = text.get("mamba_d_ssm") or int(text.get("mamba_expand", 2) * hidden)
    heads = text.get("mamba_n_heads", 128)
    width = text.get("mamba_d_head", "auto")
    falcon = text.get("model_type") == "falcon_h1"
    return Mixer(
        kind="mamba2",
        hidden=hidden,
        heads=heads,
        head_dim=width if isinstance(width, int) else inner // heads,
        groups=text.get("mamba_n_groups", 1),
        state=text.get("mamba_d_state", 256),
        kernel=text.get("mamba_d_conv", 4),
        chunk=text.get("mamba_chunk_size", 256),
        normed=not falcon or bool(text.get("mamba_rms_norm", False)),
        scaled=falcon,
        biased=text.get("mamba_conv_bias", True),
        linear_bias=text.get("mamba_proj_bias", False),
        beside=falcon,
    )


def _nemotron(text: Fields, hidden: int) -> Mixer:
    return Mixer(
        kind="mamba2",
        hidden=hidden,
        heads=text.get("mamba_num_heads", 128),
        head_dim=text.get("mamba_head_dim", 64),
        groups=text.get("n_groups", 8),
        state=text.get("ssm_state_size", 128),
        kernel=text.get("conv_kernel", 4),
        chunk=text.get("chunk_size", 128),
        biased=text.get("use_conv_bias", True),
        linear_bias=text.get("use_bias", False),
    )


def _mamba(text: Fields, hidden: int) -> Mixer:
    """Mamba and Falcon Mamba; the latter's norms of the time step, B and C have no weights."""
    inner = text.get("intermediate_size") or int(text.get("expand", 2) * hidden)
    return _scan(inner, hidden, rank=text.get("time_step_rank", "auto"), whole=True, normed=False,
                 state=text.get("state_size", 16), kernel=text.get("conv_kernel", 4),
                 biased=text.get("use_conv_bias", True), linear_bias=text.get("use_bias", False))  # fmt: skip


def _jamba(text: Fields, hidden: int) -> Mixer:
    return _scan(text.get("mamba_expand", 2) * hidden, hidden, rank=text.get("mamba_dt_rank", "auto"),
                 state=text.get("mamba_d_state", 16), kernel=text.get("mamba_d_conv", 4),
                 biased=text.get("mamba_conv_bias", True),
                 linear_bias=text.get("mamba_proj_bias", False))  # fmt: skip


def _scan(inner: int, hidden: int, *, rank: int | str, **said: Any) -> Mixer:
    """A selective scan: every channel is a head, all of them share B and C."""
    width = rank if isinstance(rank, int) else -(-hidden // 16)
    return Mixer(kind="mamba", hidden=hidden, heads=inner, head_dim=1, groups=1, rank=width,
                 chunk=2048, **said)  # fmt: skip


def _mamba2_alone(text: Fields, hidden: int) -> Mixer:
    return Mixer(
        kind="mamba2",
        hidden=hidden,
        heads=text.get("num_heads", 128),
        head_dim=text.get("head_dim", 64),
        groups=text.get("n_groups", 8),
        state=text.get("state_size", 128),
        kernel=text.get("conv_kernel", 4),
        chunk=text.get("chunk_size", 256),
        biased=text.get("use_conv_bias", True),
        linear_bias=text.get("use_bias", False),
    )


def _kimi(text: Fields, hidden: int) -> Mixer:
    said = text["linear_attn_config"]
    heads, width = said["num_heads"], said["head_dim"]
    return Mixer(kind="kda", hidden=hidden, heads=heads, head_dim=width, groups=heads, state=width,
                 rank=width, kernel=said.get("short_conv_kernel_size", 4))  # fmt: skip


def _convolution(text: Fields, hidden: int) -> Mixer:
    biased = text.get("conv_bias", False)
    return Mixer(kind="conv", hidden=hidden, kernel=text.get("conv_L_cache", 3), biased=biased,
                 linear_bias=biased)  # fmt: skip


_READERS: Mapping[str, Callable[[Fields, int], Mixer]] = {
    "qwen3_next": _delta,
    "qwen3_5_text": _delta,
    "qwen3_5_moe_text": _delta,
    "granitemoehybrid": _mamba2,
    "falcon_h1": _mamba2,
    "bamba": _mamba2,
    "nemotron_h": _nemotron,
    "mamba": _mamba,
    "falcon_mamba": _mamba,
    "mamba2": _mamba2_alone,
    "jamba": _jamba,
    "kimi_linear": _kimi,
    "lfm2": _convolution,
    "lfm2_moe": _convolution,
}
