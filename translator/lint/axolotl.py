"""What several rules ask about an Axolotl configuration, as its validators see it (0.19)."""

from __future__ import annotations

from typing import Any

from translator.frameworks.axolotl.attention_flags import ATTENTION_FLAGS
from translator.frameworks.axolotl.deepspeed import beside
from translator.lint.context import File

_VARIABLE_LENGTH = {
    "flash_attention_2", "flash_attention_3", "flash_attention_4", "flash_attention_torch",
    "flex_attention", "xformers", "sage", "kernels-community/flash-attn2",
    "kernels-community/flash-attn3", "kernels-community/sage-attention",
}  # fmt: skip


def attention(file: File) -> str | None:
    """The attention implementation, from its key or a former switch."""
    named = file.value("attn_implementation")
    if named:
        return str(named).split(":")[0].split("@")[0].strip()
    switch = next((name for name in ATTENTION_FLAGS if file.value(name)), None)
    if switch is not None:
        return ATTENTION_FLAGS[switch]
    return "flash_attention_2" if file.on("gemma4_hybrid_attn_impl") else None


def keeps_apart(file: File) -> bool:
    """Whether the attention takes rows of different lengths in one sequence."""
    return attention(file) in _VARIABLE_LENGTH


def fsdp(file: File, key: str) -> Any:
    """A value of ``fsdp_config``, under its present or former name."""
    value = file.value(f"fsdp_config.{key}")
    return file.value(f"fsdp_config.fsdp_{key}") if value is None else value


def fsdp_version(file: File) -> str:
    """``"1"`` or ``"2"``, from wherever it is said; 1 by default."""
    named = file.value("fsdp_version")
    for key in ("fsdp_config.version", "fsdp_config.fsdp_version"):
        named = named or file.value(key)
    return str(named or 1)


def deepspeed(file: File) -> tuple[str, dict[str, Any]] | None:
    """The name and content of the DeepSpeed file that is meant, if it lies on this machine."""
    name = file.value("deepspeed")
    content = beside(file.document.path, name) if isinstance(name, str) and name else None
    return None if content is None else (name, content)


def gpus(file: File) -> int:
    """Devices that the run is written for, as far as file and options say; at least 1."""
    number = 1
    for key in (
        "tensor_parallel_size",
        "context_parallel_size",
        "dp_shard_size",
        "dp_replicate_size",
        "expert_parallel_size",
    ):
        size = file.value(key)
        number *= size if isinstance(size, int) and size > 1 else 1
    return max(number, file.options.gpus or 1)
