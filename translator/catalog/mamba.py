"""Parts of Mamba layers that take no adapter.

The fused kernels of these layers take the weights of ``out_proj`` and ``conv1d`` themselves and go
past an adapter. PEFT refuses it (peft/tuners/tuners_utils.py, ``_check_lora_target_modules_mamba``:
since 0.17, for Nemotron-H since 0.20; huggingface/peft#2562 and #3289), and Unsloth leaves both out
where it chooses the modules itself (unsloth_zoo/peft_utils.py, ``MAMBA_ONLY_LEAVES``, 2026.10.9).
"""

from __future__ import annotations

GUARDED = frozenset(("falcon_h1", "nemotron_h", "mamba", "mamba2", "falcon_mamba"))
"""Families whose layers PEFT guards."""
REFUSED = ("out_proj", "conv1d")


def takes_adapters(modules: tuple[str, ...], family: str) -> tuple[str, ...]:
    """Those of some modules that may have an adapter in a model of ``family``."""
    if family not in GUARDED:
        return modules
    return tuple(name for name in modules if name not in REFUSED)
