"""The list of runs. The first part was looked at while the formulas were made; the second part,
``held_out``, was predicted with frozen formulas and measured afterwards."""

from __future__ import annotations

from grid import ATTENTION, PHI, Run

SEEN = (
    Run(framework="axolotl", model="llama1b", method="lora", rows=2, length=4096,
        optimizer="adamw_torch_fused"),
    Run(framework="axolotl", model="llama1b", method="full", rows=2, length=4096,
        optimizer="adamw_torch"),
    Run(framework="axolotl", model="llama1b", method="qlora", rows=2, length=4096,
        optimizer="adamw_bnb_8bit"),
    Run(framework="axolotl", model="qwen05", method="lora", rows=4, length=2048,
        optimizer="adamw_torch_fused", checkpointing="none", loss="liger"),
    Run(framework="axolotl", model="qwen05", method="lora", rows=4, length=2048,
        optimizer="adamw_torch_fused", loss="cut"),
    Run(framework="axolotl", model="qwen05", method="lora", rows=4, length=2048,
        optimizer="adamw_torch_fused", packed=True, loss="liger", layers=True),
    Run(framework="torchtune", model="llama1b", method="lora", rows=2, length=4096,
        optimizer="adamw_fused"),
    Run(framework="torchtune", model="llama1b", method="full", rows=2, length=4096,
        optimizer="adamw"),
    Run(framework="torchtune", model="llama1b", method="qlora", rows=2, length=4096,
        optimizer="adamw_fused"),
    Run(framework="torchtune", model="llama1b", method="lora", rows=2, length=2048,
        optimizer="adamw_fused", checkpointing="none"),
    Run(framework="torchtune", model="llama1b", method="lora", rows=2, length=4096,
        optimizer="adamw_fused", checkpointing="offload"),
    Run(framework="unsloth", model="llama1b", method="qlora", rows=2, length=4096,
        optimizer="adamw_8bit", checkpointing="offload"),
    Run(framework="unsloth", model="llama1b", method="lora", rows=4, length=4096,
        optimizer="adamw_8bit", checkpointing="full"),
    Run(framework="unsloth", model="llama1b", method="full", rows=2, length=2048,
        optimizer="adamw_8bit"),
    Run(framework="trl", model="llama1b", method="lora", rows=2, length=4096,
        optimizer="adamw_torch_fused"),
    Run(framework="trl", model="llama1b", method="full", rows=2, length=4096,
        optimizer="adamw_torch", loss="nll"),
    Run(framework="trl", model="llama1b", method="qlora", rows=2, length=4096,
        optimizer="paged_adamw_8bit", loss="nll"),
    Run(framework="trl", model="qwen05", method="lora", rows=4, length=2048, targets=ATTENTION,
        optimizer="adamw_torch_fused", checkpointing="none", loss="nll"),
)  # fmt: skip

HELD_OUT: tuple[Run, ...] = ()

RUNS = (*SEEN, *HELD_OUT)
_ = PHI
