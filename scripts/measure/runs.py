"""The list of runs. The first part was looked at while the formulas were made; the second part,
``held_out``, was predicted with frozen formulas and measured afterwards."""

from __future__ import annotations

from dataclasses import replace

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
)  # fmt: skip


def _axolotl() -> list[Run]:
    base = Run(framework="axolotl", model="llama1b", method="lora", rows=1, length=2048,
               optimizer="adamw_torch_fused")  # fmt: skip
    return [
        replace(base, model="qwen05", method="full", rows=4),
        replace(base, model="qwen05", method="full", rows=2, length=4096, optimizer="adamw_torch",
                accumulation=2, loss="liger"),
        replace(base, model="qwen05", rows=8, length=512, rank=64),
        replace(base, model="qwen05", method="qlora", length=8192, optimizer="paged_adamw_8bit"),
        replace(base, rows=4, targets=ATTENTION, dropout=0.1),
        replace(base, rows=2, checkpointing="none"),
        replace(base, rows=1, length=16384, loss="liger", checkpointing="offload"),
        replace(base, rows=2, length=8192, loss="liger", layers=True, packed=True),
        replace(base, rows=2, length=4096, loss="chunked"),
        replace(base, rows=2, length=4096, dora=True, loss="liger"),
        replace(base, method="full", rows=2, optimizer="adamw_bnb_8bit", loss="liger"),
        replace(base, method="full", rows=1, length=4096, checkpointing="none",
                optimizer="adamw_torch_fused"),
        replace(base, method="full", rows=4, length=1024, optimizer="lion_8bit"),
        replace(base, model="qwen3_4b", method="qlora", rows=2, length=2048, rank=32,
                optimizer="adamw_bnb_8bit"),
        replace(base, model="qwen3_4b", rows=1, length=4096, loss="liger"),
        replace(base, model="phi38", rows=2, length=2048, targets=PHI),
        replace(base, model="phi38", method="qlora", rows=1, length=4096, targets=PHI,
                checkpointing="none", optimizer="paged_adamw_32bit"),
        replace(base, model="gemma2b", rows=1, length=2048),
        replace(base, model="llama8b", rows=1, length=4096, loss="liger"),
        replace(base, model="llama8b", method="qlora", rows=2, length=4096,
                optimizer="adamw_bnb_8bit"),
        replace(base, rows=2, length=4096, expandable=True),
    ]  # fmt: skip


def _torchtune() -> list[Run]:
    base = Run(framework="torchtune", model="llama1b", method="lora", rows=2, length=2048,
               optimizer="adamw_fused")  # fmt: skip
    return [
        replace(base, model="qwen05", method="full", rows=4, optimizer="paged8"),
        replace(base, model="qwen05", rows=4, length=1024, checkpointing="none", rank=8),
        replace(base, method="full", optimizer="adamw_fused", length=4096),
        replace(base, method="full", optimizer="inbwd", rows=1, length=8192),
        replace(base, method="full", checkpointing="none", rows=1),
        replace(base, loss="nll"),
        replace(base, rank=64, dropout=0.05, rows=4),
        replace(base, dora=True),
        replace(base, rows=1, length=16384, checkpointing="offload", accumulation=2),
        replace(base, method="qlora", rows=4, length=4096, targets=ATTENTION),
        replace(base, model="phi38", rows=1, length=4096),
        replace(base, model="phi38", method="qlora", rows=2),
        replace(base, model="llama8b", method="qlora", rows=2, length=2048),
        replace(base, model="llama8b", rows=1, length=4096, rank=8),
    ]


def _unsloth() -> list[Run]:
    base = Run(framework="unsloth", model="llama1b", method="lora", rows=2, length=2048,
               optimizer="adamw_8bit", checkpointing="offload")  # fmt: skip
    return [
        replace(base, checkpointing="full", optimizer="adamw_torch_fused"),
        replace(base, checkpointing="none"),
        replace(base, rows=1, length=16384),
        replace(base, rows=8, length=1024, rank=64),
        replace(base, method="qlora", rows=4, length=4096, checkpointing="full"),
        replace(base, method="qlora", rows=1, length=2048, optimizer="paged_adamw_8bit"),
        replace(base, method="qlora", rows=2, length=8192, targets=ATTENTION),
        replace(base, method="full", rows=1, length=4096, optimizer="adamw_torch_fused"),
        replace(base, model="llama8b", method="qlora", rows=2, length=2048),
        replace(base, model="llama8b", method="qlora", rows=1, length=8192),
        replace(base, model="llama8b", method="lora", rows=1, length=4096, checkpointing="full"),
    ]


def _trl() -> list[Run]:
    base = Run(framework="trl", model="llama1b", method="lora", rows=2, length=2048,
               optimizer="adamw_torch_fused")  # fmt: skip
    return [
        replace(base, model="qwen05", rows=4, checkpointing="none", targets=ATTENTION, loss="nll"),
        replace(base, model="qwen05", method="full", rows=4),
        replace(base, model="qwen05", method="full", rows=4, loss="nll", accumulation=2,
                optimizer="adamw_torch"),
        replace(base, method="full", rows=1, length=8192),
        replace(base, method="full", rows=4, optimizer="adafactor", loss="nll"),
        replace(base, length=8192, loss="liger"),
        replace(base, dropout=0.05, rows=8, length=512),
        replace(base, method="qlora", length=4096),
        replace(base, method="qlora", rows=4, length=1024, checkpointing="none", loss="nll"),
        replace(base, model="gemma2b", rows=1, length=2048, loss="nll"),
        replace(base, model="qwen3_4b", rows=1, length=4096),
        replace(base, model="qwen3_4b", method="qlora", rows=2, length=2048, loss="nll"),
        replace(base, model="phi38", rows=2, targets=PHI, loss="nll"),
        replace(base, model="llama8b", method="qlora", rows=1, length=4096, loss="nll"),
        replace(base, model="llama8b", rows=1, length=8192),
        replace(base, model="llama8b", method="full", rows=1, length=2048,
                optimizer="paged_adamw_8bit"),
    ]  # fmt: skip


HELD_OUT = tuple(replace(run, held_out=True)
                 for run in (*_axolotl(), *_torchtune(), *_unsloth(), *_trl()))  # fmt: skip

RUNS = (*SEEN, *HELD_OUT)
"""Everything; ``grid.py`` writes files for it."""
