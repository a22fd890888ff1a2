"""The list of runs. The first part was looked at while the formulas were made; the second part,
``held_out``, was predicted with frozen formulas and measured afterwards."""

from __future__ import annotations

import random
from dataclasses import replace

from drawn import AS_AXOLOTL, EVERY_WAY, LARGER, drawn, drawn_on_two
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


def _second() -> list[Run]:
    """Architectures, lengths and combinations that nobody had looked at."""
    ax = Run(framework="axolotl", model="smol17", method="lora", rows=2, length=2048,
             optimizer="adamw_torch_fused")  # fmt: skip
    tt = Run(framework="torchtune", model="llama1b", method="lora", rows=3, length=3072,
             optimizer="adamw_fused")  # fmt: skip
    un = Run(framework="unsloth", model="llama1b", method="lora", rows=3, length=3072,
             optimizer="adamw_8bit", checkpointing="offload")  # fmt: skip
    plain = Run(framework="trl", model="smol17", method="lora", rows=3, length=1536,
                optimizer="adamw_torch_fused")  # fmt: skip
    olmoe = ATTENTION
    return [
        # Axolotl
        ax,
        replace(ax, rows=1, length=8192, rank=128),
        replace(ax, rows=3, length=1536, checkpointing="none", loss="liger", layers=True),
        replace(ax, method="qlora", rows=4, optimizer="adamw_bnb_8bit"),
        replace(ax, method="full", rows=2),
        replace(ax, method="full", rows=1, length=3072, optimizer="paged_adamw_8bit", loss="liger"),
        replace(ax, method="full", rows=6, length=512, optimizer="adamw_torch", accumulation=3),
        replace(ax, rows=2, length=4096, packed=True),
        replace(ax, rows=4, loss="chunked"),
        replace(ax, model="qwen15", rows=2, dropout=0.05),
        replace(ax, model="qwen15", method="qlora", rows=1, length=6144, loss="liger", rank=8),
        replace(ax, model="qwen15", method="full", rows=1, optimizer="adamw_bnb_8bit"),
        replace(ax, model="qwen3_4b", method="full", rows=1, length=1024, loss="liger",
                optimizer="adamw_torch_fused"),
        replace(ax, model="phi38", rows=1, length=6144, targets=PHI, loss="liger", rank=64),
        replace(ax, model="mistral7b", rows=1, length=4096, targets=ATTENTION),
        replace(ax, model="mistral7b", method="qlora", rows=1, length=8192, loss="liger"),
        replace(ax, model="mistral7b", method="qlora", rows=3, length=1024, rank=32,
                optimizer="paged_adamw_8bit"),
        replace(ax, model="gemma2b", method="qlora", rows=1, length=3072),
        replace(ax, model="olmoe", rows=1, length=2048, targets=olmoe),
        # torchtune
        tt,
        replace(tt, method="full", rows=1, optimizer="adamw"),
        replace(tt, method="full", rows=1, checkpointing="none", length=1536, optimizer="adam8"),
        replace(tt, method="full", optimizer="inbwd", rows=2),
        replace(tt, method="qlora", rows=2, targets=ATTENTION),
        replace(tt, rank=64, checkpointing="none", rows=1),
        replace(tt, dora=True, rows=2),
        replace(tt, loss="nll", rows=1, checkpointing="offload"),
        replace(tt, model="phi38", method="qlora", rows=1, length=6144),
        replace(tt, model="phi38", rows=2, length=1024, rank=32, targets=ATTENTION),
        replace(tt, model="qwen05", method="full", rows=2, optimizer="adamw_fused"),
        replace(tt, model="llama8b", rows=1, length=2048, rank=32),
        replace(tt, model="llama8b", method="qlora", rows=1, length=6144, rank=8),
        # Unsloth
        un,
        replace(un, checkpointing="full", rank=64, rows=2),
        replace(un, checkpointing="none", rows=1),
        replace(un, rows=1, length=12288, targets=ATTENTION),
        replace(un, dropout=0.1, rows=2),
        replace(un, method="qlora", rows=2),
        replace(un, method="qlora", rows=1, length=12288, rank=32),
        replace(un, method="qlora", rows=6, length=1024, checkpointing="none"),
        replace(un, method="full", rows=2, length=1024, optimizer="adamw_torch_fused"),
        replace(un, model="llama8b", method="qlora", rows=3, length=1024, checkpointing="full"),
        replace(un, model="llama8b", method="qlora", rows=1, length=4096, rank=64),
        replace(un, model="mistral7b", method="qlora", rows=2, length=2048),
        replace(un, model="mistral7b", method="lora", rows=1, length=2048, rank=8),
        # TRL
        plain,
        replace(plain, loss="nll", rows=1, length=4096),
        replace(plain, method="full", rows=2, loss="nll", optimizer="adamw_torch"),
        replace(plain, method="full", rows=2),
        replace(plain, method="qlora", rows=4),
        replace(plain, method="qlora", rows=2, loss="nll", checkpointing="none"),
        replace(plain, dora=True, rows=1, loss="nll"),
        replace(plain, model="qwen15", rows=2, length=3072),
        replace(plain, model="qwen15", method="full", rows=1, loss="liger",
                optimizer="adamw_torch_fused"),
        replace(plain, model="qwen3_4b", method="lora", rows=1, length=3072, rank=64, loss="nll"),
        replace(plain, model="phi38", method="qlora", rows=2, length=1024, targets=PHI),
        replace(plain, model="gemma2b", rows=1, length=1024, loss="nll", optimizer="adafactor"),
        replace(plain, model="mistral7b", method="qlora", rows=2, length=2048, loss="nll"),
        replace(plain, model="mistral7b", rows=1, length=4096, rank=8),
        replace(plain, model="olmoe", rows=1, length=1024, targets=olmoe, loss="nll"),
        # asked of the first round, which lost them to a fault of the recorder
        replace(plain, model="llama1b", rows=2, length=4096),
        replace(plain, model="llama1b", rows=8, length=512, dropout=0.05),
        replace(plain, model="llama1b", method="full", rows=1, length=8192),
        replace(plain, model="llama8b", method="full", rows=1, length=2048,
                optimizer="paged_adamw_8bit"),
        replace(plain, model="llama8b", rows=1, length=8192),
    ]  # fmt: skip


def _third() -> list[Run]:
    """Two devices."""
    ax = Run(framework="axolotl", model="llama1b", method="full", rows=2, length=2048,
             optimizer="adamw_torch_fused", loss="liger", strategy="fsdp2")  # fmt: skip
    tt = Run(framework="torchtune", model="llama1b", method="full", rows=2, length=2048,
             optimizer="adamw_fused", strategy="fsdp2")  # fmt: skip
    return [
        tt,
        replace(tt, rows=1, length=8192),
        replace(tt, model="llama8b", method="lora", rows=1, length=2048),
        replace(tt, model="llama8b", method="qlora", rows=2, length=2048),
        ax,
        replace(ax, loss="", rows=1, length=4096),
        replace(ax, method="lora", rows=2, length=4096),
        replace(ax, model="llama8b", method="lora", rows=1, length=4096),
        replace(ax, model="llama8b", method="qlora", rows=1, length=4096),
        replace(ax, method="lora", rows=2, length=4096, strategy="ddp"),
        replace(ax, strategy="ddp"),
        replace(ax, strategy="zero2"),
        replace(ax, strategy="zero3"),
        replace(ax, model="llama8b", method="lora", rows=1, length=2048, strategy="zero3"),
    ]  # fmt: skip


def _fourth() -> list[Run]:
    """One device again, with the formulas that docs/estimate.md describes."""
    ax = Run(framework="axolotl", model="qwen15", method="lora", rows=3, length=1792,
             optimizer="adamw_torch_fused", rank=24)  # fmt: skip
    tt = Run(framework="torchtune", model="llama1b", method="lora", rows=5, length=1280,
             optimizer="adamw_fused", rank=24)  # fmt: skip
    un = Run(framework="unsloth", model="llama1b", method="qlora", rows=5, length=1280,
             optimizer="adamw_8bit", checkpointing="offload", rank=24)  # fmt: skip
    plain = Run(framework="trl", model="qwen05", method="lora", rows=5, length=1280,
                optimizer="adamw_torch_fused", rank=24)  # fmt: skip
    return [
        ax,
        replace(ax, checkpointing="none", loss="liger", rows=2),
        replace(ax, method="qlora", loss="liger", rows=4, layers=True),
        replace(ax, method="full", rows=3, loss="liger", optimizer="adamw_torch"),
        replace(ax, method="full", rows=1, length=5120, optimizer="lion_8bit"),
        replace(ax, model="smol17", rows=5, targets=ATTENTION, checkpointing="offload"),
        replace(ax, model="smol17", method="qlora", rows=2, length=5120, packed=True),
        replace(ax, model="llama1b", rows=2, dora=True),
        replace(ax, model="llama1b", method="full", rows=5, length=1280, loss="chunked"),
        replace(ax, model="llama1b", rows=1, length=10240, loss="liger", dropout=0.1),
        replace(ax, model="phi38", method="qlora", rows=1, length=2560, targets=PHI,
                checkpointing="none", loss="liger", optimizer="paged_adamw_8bit"),
        replace(ax, model="mistral7b", method="qlora", rows=1, length=5120, targets=ATTENTION),
        replace(ax, model="qwen3_4b", method="qlora", rows=1, length=5120, loss="liger"),
        tt,
        replace(tt, method="qlora", rows=2, targets=ATTENTION, checkpointing="none"),
        replace(tt, method="full", rows=3, optimizer="paged8"),
        replace(tt, method="full", rows=2, optimizer="adamw", checkpointing="none"),
        replace(tt, rows=1, length=10240),
        replace(tt, rows=4, targets=ATTENTION, loss="nll"),
        replace(tt, model="phi38", method="qlora", rows=1, length=2560, targets=ATTENTION),
        replace(tt, model="phi38", rows=1, length=1280, checkpointing="none"),
        replace(tt, model="llama8b", method="qlora", rows=1, length=2560, checkpointing="offload"),
        un,
        replace(un, method="lora", rows=1, length=10240),
        replace(un, rows=2, checkpointing="none"),
        replace(un, rows=4, length=640, checkpointing="full", targets=ATTENTION),
        replace(un, method="full", rows=3),
        replace(un, method="lora", rows=2, length=5120, checkpointing="full", rank=8),
        replace(un, model="llama8b", rows=1, length=5120),
        replace(un, model="mistral7b", rows=1, length=2560, checkpointing="full", rank=48),
        plain,
        replace(plain, loss="nll", rows=2),
        replace(plain, method="full", rows=3, optimizer="adamw_torch"),
        replace(plain, method="qlora", rows=4, loss="liger"),
        replace(plain, model="smol17", method="full", rows=1, length=2560, loss="liger"),
        replace(plain, model="qwen3_4b", method="qlora", rows=1, length=2560),
        replace(plain, model="llama1b", rows=2, length=2560, checkpointing="none"),
        replace(plain, model="mistral7b", method="qlora", rows=1, length=2560, loss="nll"),
        replace(plain, model="gemma2b", method="qlora", rows=2, length=1280),
    ]  # fmt: skip


def _pilot() -> list[Run]:
    """New ground, looked at while its formulas were made: preferences, rewards, wide heads, shards."""
    ax = Run(framework="axolotl", model="llama1b", method="lora", rows=2, length=1024,
             optimizer="adamw_torch_fused", snapshot=True)  # fmt: skip
    un = replace(ax, framework="unsloth", optimizer="adamw_8bit", checkpointing="offload")
    plain = replace(ax, framework="trl")
    two = replace(ax, rows=1, length=2048, loss="liger", strategy="fsdp2")
    return [
        replace(plain, objective="dpo"),
        replace(plain, method="qlora", objective="dpo", rows=1, length=2048),
        replace(plain, objective="orpo"),
        replace(plain, objective="grpo", rows=4, length=512),
        replace(plain, model="gemma4_e2b", rows=1, length=2048),
        replace(plain, model="gemma3_1b", length=2048, loss="nll"),
        replace(ax, objective="dpo"),
        replace(ax, objective="orpo"),
        replace(ax, loss="cut", length=4096),
        replace(ax, model="qwen3moe", length=2048, targets=ATTENTION),
        replace(ax, model="gemma4_e2b", rows=1, length=2048, loss="liger"),
        replace(un, objective="dpo"),
        replace(un, method="qlora", objective="orpo"),
        replace(un, objective="grpo", rows=4, length=512),
        replace(un, model="gemma3_1b", length=2048),
        replace(two, model="llama8b", method="qlora"),
        replace(two, model="llama8b", method="lora", strategy="zero3"),
        replace(two, method="full", strategy="zero3"),
        replace(two, method="qlora", strategy="fsdp1", model="llama8b"),
        replace(two, method="full", strategy="fsdp1"),
        replace(two, model="llama8b", method="lora", rows=2),
    ]  # fmt: skip


def _fifth() -> list[Run]:
    """New architectures, preferences and rewards, with the formulas frozen after the pilot."""
    ax = Run(framework="axolotl", model="llama3b", method="lora", rows=2, length=2560,
             optimizer="adamw_torch_fused", rank=12)  # fmt: skip
    tt = Run(framework="torchtune", model="llama3b", method="lora", rows=2, length=2560,
             optimizer="adamw_fused", rank=12)  # fmt: skip
    un = Run(framework="unsloth", model="llama3b", method="qlora", rows=2, length=3072,
             optimizer="adamw_8bit", checkpointing="offload", rank=12)  # fmt: skip
    plain = Run(framework="trl", model="llama3b", method="lora", rows=1, length=3072,
                optimizer="adamw_torch_fused", rank=12)  # fmt: skip
    small = replace(plain, model="smol17", rows=2, length=1024)
    return [
        # Axolotl
        replace(ax, model="gemma3_1b", rows=1, length=4096),
        replace(ax, model="gemma3_1b", method="full", rows=1, length=2048, loss="liger"),
        replace(ax, model="llama1b", rows=1, length=1536, objective="dpo"),
        replace(ax, model="llama1b", rows=1, length=1536, objective="orpo"),
        replace(ax, model="llama1b", rows=1, length=24576, loss="liger", checkpointing="offload"),
        replace(ax, model="llama1b", method="full", rows=1, length=1024, optimizer="lion_8bit",
                checkpointing="none"),
        replace(ax, model="smol17", method="qlora", rows=2, length=768, objective="dpo"),
        replace(ax, model="smol17", method="full", rows=1, length=1024, objective="dpo"),
        replace(ax, model="smol17", method="full", rows=2, length=4096, packed=True, loss="liger"),
        replace(ax, model="olmo2_1b", length=3072),
        replace(ax, model="olmo2_1b", method="full", length=1536),
        replace(ax, model="granite2b", length=2048),
        replace(ax, model="granite2b", method="full", rows=1, length=2048,
                optimizer="paged_adamw_8bit"),
        replace(ax, model="granite2b", method="qlora", rows=1, length=3072, checkpointing="none",
                loss="liger"),
        ax,
        replace(ax, method="qlora", rows=3, length=1536, loss="liger",
                optimizer="adamw_bnb_8bit"),
        replace(ax, rows=1, checkpointing="none"),
        replace(ax, method="full", rows=1, length=2048, loss="liger", optimizer="adamw_bnb_8bit"),
        replace(ax, rows=1, length=6144, packed=True, loss="liger", layers=True),
        replace(ax, model="qwen3moe", length=3072, targets=ATTENTION, loss="liger"),
        replace(ax, model="qwen3moe", method="qlora", rows=1, length=2048, targets=ATTENTION),
        replace(ax, model="gemma4_e2b", method="qlora", rows=1, length=3072),
        replace(ax, model="gemma4_e2b", rows=4, length=1024, targets=ATTENTION, loss="liger"),
        replace(ax, model="mistral7b", method="full", rows=1, length=1024, optimizer="adafactor"),
        replace(ax, model="qwen7b", rows=1, length=3072, loss="liger"),
        replace(ax, model="qwen7b", method="qlora", rows=1, length=3072),
        replace(ax, model="qwen7b", method="qlora", rows=1, length=1024, checkpointing="none",
                loss="liger"),
        # torchtune
        replace(tt, model="qwen05", method="full", rows=4, length=1024, optimizer="adamw",
                loss="nll"),
        replace(tt, model="llama1b", dora=True, checkpointing="none", rows=1, length=1536),
        tt,
        replace(tt, method="qlora", length=1536),
        replace(tt, method="full", rows=1, length=2048, optimizer="paged8"),
        replace(tt, rows=1, length=1024, checkpointing="none"),
        replace(tt, rows=1, length=12288, checkpointing="offload"),
        replace(tt, model="qwen7b", rows=1, length=2048),
        replace(tt, model="qwen7b", method="qlora", rows=1, length=3072, targets=ATTENTION),
        replace(tt, model="llama8b", rows=1, length=3072, targets=ATTENTION),
        # Unsloth
        replace(un, model="gemma3_1b", rows=2, length=1024),
        replace(un, model="llama1b", rows=2, length=768, objective="dpo"),
        replace(un, model="llama1b", method="lora", rows=1, length=2048, objective="orpo"),
        replace(un, model="llama1b", method="lora", rows=1, length=20480),
        replace(un, model="smol17", method="lora", rows=4, length=768, objective="grpo"),
        replace(un, model="smol17", rows=4, length=1536),
        un,
        replace(un, method="lora", rows=1, length=8192, checkpointing="full"),
        replace(un, method="full", rows=1, length=2048),
        replace(un, model="mistral7b", rows=1, length=1024, checkpointing="none"),
        replace(un, model="llama8b", rows=1, length=1024, objective="dpo"),
        # TRL
        replace(plain, model="gemma3_1b", method="qlora", rows=2, length=1536),
        replace(small, model="llama1b", rows=1, length=1536, objective="dpo",
                checkpointing="none"),
        replace(small, model="llama1b", method="qlora", rows=1, objective="orpo"),
        replace(small, model="llama1b", rows=8, length=512, objective="grpo"),
        replace(small, objective="orpo", length=768),
        replace(small, method="full", rows=1, objective="dpo"),
        replace(small, method="qlora", objective="dpo"),
        replace(small, method="full", rows=4, length=512, objective="grpo"),
        replace(plain, model="olmo2_1b", method="qlora", rows=2, length=2048),
        replace(plain, model="granite2b", rows=1, length=2048, checkpointing="none", loss="nll"),
        plain,
        replace(plain, method="qlora", rows=2, length=2048, loss="nll"),
        replace(plain, model="qwen3moe", rows=1, length=2048, targets=ATTENTION),
        replace(plain, model="qwen7b", method="qlora", rows=1, length=2048, loss="liger"),
    ]  # fmt: skip


def _sixth() -> list[Run]:
    """Two devices again."""
    ax = Run(framework="axolotl", model="llama3b", method="full", rows=1, length=2048,
             optimizer="adamw_torch_fused", loss="liger", strategy="fsdp2", rank=12)  # fmt: skip
    tt = Run(framework="torchtune", model="llama3b", method="full", rows=1, length=4096,
             optimizer="adamw_fused", strategy="fsdp2", rank=12)  # fmt: skip
    return [
        replace(ax, model="smol17", rows=2),
        replace(ax, model="smol17", strategy="ddp"),
        replace(ax, model="smol17", strategy="zero2"),
        replace(ax, model="smol17", strategy="fsdp1"),
        ax,
        replace(ax, loss=""),
        replace(ax, method="lora", rows=2),
        replace(ax, method="qlora", rows=2),
        replace(ax, method="qlora", rows=1, length=4096, loss=""),
        replace(ax, method="lora", strategy="fsdp1"),
        replace(ax, strategy="zero3"),
        replace(ax, method="lora", strategy="zero3", length=3072),
        replace(ax, method="lora", strategy="zero2"),
        replace(ax, method="qlora", strategy="ddp"),
        replace(ax, model="mistral7b", method="lora", length=3072),
        replace(ax, model="mistral7b", method="qlora", length=3072),
        tt,
        replace(tt, method="lora", rows=2, length=2048),
        replace(tt, method="qlora", rows=1),
    ]  # fmt: skip


def _seventh() -> list[Run]:
    """Again with frozen formulas, on what rounds 5 and 6 had not touched."""
    ax = Run(framework="axolotl", model="qwen3_17b", method="lora", rows=2, length=2304,
             optimizer="adamw_torch_fused", rank=20)  # fmt: skip
    tt = Run(framework="torchtune", model="llama3b", method="lora", rows=3, length=1152,
             optimizer="adamw_fused", rank=20)  # fmt: skip
    un = Run(framework="unsloth", model="llama1b", method="qlora", rows=2, length=1152,
             optimizer="adamw_8bit", checkpointing="offload", rank=20)  # fmt: skip
    plain = Run(framework="trl", model="llama1b", method="lora", rows=2, length=1152,
                optimizer="adamw_torch_fused", rank=20)  # fmt: skip
    starcoder = ("q_proj", "k_proj", "v_proj", "o_proj")
    both = replace(ax, model="llama3b", rows=2, loss="liger", strategy="fsdp2")
    return [
        # two devices
        replace(both, method="full", rows=1, length=1152, loss=""),
        replace(both, method="qlora", length=1152, loss=""),
        replace(both, length=4608, rows=1),
        replace(both, model="llama1b", method="full", strategy="zero3", rows=4, length=1152),
        replace(both, model="llama1b", method="full", strategy="zero2", loss=""),
        replace(both, model="llama1b", method="full", strategy="fsdp1", loss=""),
        replace(both, method="qlora", strategy="zero2"),
        replace(both, strategy="fsdp1", rows=1, length=4608),
        replace(both, model="smol17", strategy="zero3"),
        replace(both, model="smol17", strategy="ddp", loss=""),
        replace(both, model="qwen3_17b", strategy="fsdp2"),
        replace(both, model="qwen3_17b", method="full", strategy="fsdp2"),
        replace(both, model="mistral7b", method="qlora", strategy="ddp", rows=1),
        replace(tt, method="full", strategy="fsdp2", rows=1, length=2304),
        replace(tt, method="qlora", strategy="fsdp2"),
        # Axolotl
        ax,
        replace(ax, method="qlora", rows=3, optimizer="adamw_bnb_8bit", loss="liger"),
        replace(ax, method="full", rows=1, loss="liger", optimizer="adamw_torch"),
        replace(ax, rows=1, checkpointing="none", loss="liger", layers=True),
        replace(ax, rows=1, length=9216, checkpointing="offload", loss="liger"),
        replace(ax, model="smollm3"),
        replace(ax, model="smollm3", method="qlora", rows=1, length=4608,
                optimizer="paged_adamw_8bit"),
        replace(ax, model="smollm3", method="full", rows=1, length=1152, optimizer="lion_8bit"),
        replace(ax, model="starcoder3b", rows=1, targets=starcoder),
        replace(ax, model="starcoder3b", method="qlora", rows=2, length=1152, targets=starcoder),
        replace(ax, model="mixtral", rows=1, targets=ATTENTION),
        replace(ax, model="mixtral", method="qlora", rows=2, length=1152, targets=ATTENTION),
        replace(ax, model="mixtral", method="full", rows=1, length=1152,
                optimizer="adamw_bnb_8bit"),
        replace(ax, model="llama3b", rows=1, length=1152, objective="dpo"),
        replace(ax, model="llama3b", method="qlora", rows=1, length=1152, objective="orpo"),
        replace(ax, model="llama1b", method="full", rows=1, length=1152, objective="dpo"),
        replace(ax, model="llama1b", rows=1, length=768, objective="dpo", checkpointing="none"),
        replace(ax, model="gemma2b", method="qlora", rows=1, length=2304, loss="liger"),
        replace(ax, model="gemma3_1b", method="qlora", rows=3, length=1152, checkpointing="none",
                loss="liger"),
        replace(ax, model="gemma4_e2b", method="qlora", rows=2, length=1152, loss="liger"),
        replace(ax, model="llama8b", method="qlora", rows=1, length=2304, dropout=0.05),
        # torchtune
        tt,
        replace(tt, method="full", rows=2, optimizer="adamw_fused"),
        replace(tt, method="qlora", checkpointing="none", rows=1),
        replace(tt, method="qlora", rows=1, length=4608, dora=True),
        replace(tt, model="gemma2b", rows=1),
        replace(tt, model="qwen7b", rows=2, rank=8, targets=ATTENTION),
        replace(tt, model="qwen05", rows=4, checkpointing="none"),
        replace(tt, model="llama1b", method="full", rows=4, optimizer="inbwd"),
        # Unsloth
        replace(un, objective="dpo"),
        replace(un, method="lora", objective="grpo", rows=4, length=768),
        replace(un, model="llama3b", method="lora", objective="orpo"),
        replace(un, model="llama3b", objective="grpo", rows=4, length=512),
        replace(un, model="llama3b", method="lora", rows=1, length=2304, checkpointing="none"),
        replace(un, model="llama3b", rows=1, length=16384),
        replace(un, model="mistral7b", method="lora", rows=1, length=4608, targets=ATTENTION),
        replace(un, method="full", rows=2, optimizer="adamw_torch_fused"),
        replace(un, model="smol17", method="lora", rows=4, dropout=0.1, checkpointing="full"),
        # TRL
        replace(plain, objective="dpo"),
        replace(plain, method="full", rows=1, objective="dpo"),
        replace(plain, method="full", rows=1, objective="orpo"),
        replace(plain, method="qlora", rows=4, length=512, objective="grpo"),
        replace(plain, model="llama3b", method="qlora", rows=1, objective="dpo"),
        replace(plain, model="llama3b", rows=2, length=768, objective="orpo"),
        replace(plain, model="smollm3", method="qlora", length=2304),
        replace(plain, model="smollm3", loss="nll", rows=1, length=2304),
        replace(plain, model="mixtral", method="qlora", rows=1, length=2304, targets=ATTENTION),
        replace(plain, model="starcoder3b", rows=1, length=2304, targets=starcoder,
                checkpointing="none"),
        replace(plain, model="qwen3_17b", method="full", rows=1, length=2304),
        replace(plain, model="qwen3_17b", method="lora", dora=True, rows=1, length=2304),
    ]  # fmt: skip


def _eighth() -> list[Run]:
    """What was concluded without a measurement: attention over wide heads, long rows, adapters
    that are trained beside embeddings gathered on two devices."""
    ax = Run(framework="axolotl", model="gemma4_e2b", method="lora", rows=1, length=4096,
             optimizer="adamw_torch_fused", loss="liger", rank=8)  # fmt: skip
    plain = replace(ax, framework="trl")
    return [
        replace(ax, model="smol17", method="full", loss="", strategy="fsdp2", length=3328),
        replace(ax, model="qwen3_17b", method="qlora", strategy="fsdp2", length=3328),
        replace(ax, model="llama1b", method="lora", loss="", strategy="fsdp2", length=6144),
        ax,
        replace(ax, rows=2),
        replace(ax, rows=1, length=8192),
        replace(ax, method="qlora", length=6144),
        replace(plain, method="qlora"),
        replace(plain, rows=2, length=3328),
        replace(plain, length=6144),
        replace(ax, model="gemma3_1b", length=16384),
        replace(plain, model="gemma3_1b", rows=2, length=6144),
        replace(plain, model="gemma3_1b", method="full", length=4096),
        replace(ax, model="llama1b", dora=True, length=6144),
    ]  # fmt: skip


def _experts() -> list[Run]:
    """Adapters on experts, which nothing before had."""
    ax = Run(framework="axolotl", model="olmoe", method="lora", rows=1, length=2048, rank=8,
             optimizer="adamw_torch_fused", targets=ATTENTION, experts=True)  # fmt: skip
    return [
        ax,
        replace(ax, checkpointing="none", length=1024),
        replace(ax, method="qlora", rows=2),
        replace(ax, model="qwen3moe", rank=4),
        replace(ax, model="mixtral", rank=32, optimizer="adamw_bnb_8bit"),
    ]


def _furthest_off() -> list[Run]:
    """What earlier rounds missed by most, measured again with the blocks alive at the peak."""
    names = (
        "unsloth-olmo2_1b-qlora-2x1984-paged_adamw_8bit-none-own-r64attn-ga2",
        "unsloth-olmo2_1b-qlora-2x704-adamw_8bit-none-own-r64all",
        "axolotl-gemma3_4b-lora-1x6592-adamw_bnb_8bit-offload-chunked-r16all",
        "axolotl-gemma2b-qlora-3x2496-adamw_torch_fused-offload-chunked-r64all-dora-dropout",
        "unsloth-gemma2b-lora-2x3264-adamw_8bit-offload-own-r32attn-ga2",
        "axolotl-falcon3_1b-lora-1x3776-paged_adamw_8bit-none-own-r32all-dora-dropout",
        "trl-llama1b-full-3x640-adamw_bnb_8bit-full-liger-ga2",
        "unsloth-mistral7b-qlora-1x1600-adamw_8bit-none-own-r8all-ga2-dropout",
        "axolotl-qwen3b-qlora-1x3648-adamw_torch_fused-full-own-r8attn-dora-dropout",
    )
    every = {run.name: run for run in (*NINTH, *TENTH, *ELEVENTH)}
    dora = Run(framework="axolotl", model="llama1b", method="lora", rows=2, length=4096, dora=True,
               optimizer="adamw_torch_fused", loss="liger")  # fmt: skip
    return [replace(run, snapshot=True) for run in (*(every[n] for n in names), dora)]


def _pilot_on_two() -> list[Run]:
    lora = Run(framework="axolotl", model="smol17", method="lora", rows=1, length=3136, loss="liger",
               optimizer="adamw_torch_fused", snapshot=True)  # fmt: skip
    full = replace(lora, model="qwen15", method="full", length=2688)
    none = replace(lora, checkpointing="none")
    return [
        replace(none, strategy="zero3"),
        replace(none, strategy="zero3-auto"),
        replace(lora, model="llama3b", strategy="zero3-auto", rows=2, length=2048),
        replace(full, strategy="zero3-auto"),
        replace(full, strategy="zero3-auto-offload"),
        replace(lora, model="llama3b", strategy="zero3-auto-offload", rows=2, length=2048),
        replace(full, model="smol17", strategy="zero2-auto-offload", length=2048),
        replace(none, model="llama3b", strategy="zero2-auto-offload", length=2560, rank=16,
                targets=ATTENTION),
        replace(full, strategy="zero2", checkpointing="none", rows=3, length=1088),
        replace(lora, model="llama3b", strategy="fsdp1-offload", length=2304, rank=8, dropout=0.05),
        replace(full, model="qwen3_17b", strategy="fsdp1-offload", checkpointing="none", rows=2,
                length=640),
        replace(lora, model="llama8b", method="qlora", strategy="fsdp1-offload", rows=2, length=2048,
                loss=""),
        replace(lora, model="llama3b", strategy="zero3", rows=2, length=2048),
        replace(full, model="llama1b", strategy="zero1-auto", loss="", length=2048),
    ]  # fmt: skip


def _second_pilot_on_two() -> list[Run]:
    full = Run(framework="axolotl", model="falcon3_1b", method="full", rows=3, length=576, loss="liger",
               optimizer="adamw_torch_fused", strategy="fsdp1-offload", snapshot=True)  # fmt: skip
    return [
        full,
        replace(full, strategy="fsdp1"),
        replace(full, checkpointing="none", loss="", rows=1, length=1024),
        replace(full, model="llama1b", loss="", rows=2, length=1024),
        replace(full, model="llama3b", rows=1, length=1024),
        replace(full, method="lora", rows=2, length=1024),
        replace(full, strategy="zero3-offload", loss="", rows=2, length=1024),
    ]


def _flat() -> list[Run]:
    full = Run(framework="axolotl", model="smol17", method="full", rows=2, length=2048, loss="liger",
               optimizer="adamw_torch_fused", strategy="fsdp1-offload", held_out=True)  # fmt: skip
    return [
        full,
        replace(full, model="llama3b", rows=1, length=4096),
        replace(full, model="llama1b", strategy="fsdp1", rows=1, length=1536),
        replace(full, model="falcon3_1b", strategy="fsdp1", rows=1, length=3072),
    ]


FIRST = (*SEEN, *(replace(run, held_out=True)
                  for run in (*_axolotl(), *_torchtune(), *_unsloth(), *_trl())))  # fmt: skip
"""Round 1, of which ``SEEN`` had been measured before."""
SECOND = tuple(replace(run, held_out=True) for run in _second())
"""Round 2: formulas were frozen after round 1."""
THIRD = tuple(replace(run, held_out=True) for run in _third())
"""Round 3: two devices."""
FOURTH = tuple(replace(run, held_out=True) for run in _fourth())
"""Round 4: the formulas after all of that."""
PILOT = tuple(_pilot())
"""Measured before round 5, so that it has formulas at all."""
FIFTH = tuple(replace(run, held_out=True) for run in _fifth())
"""Round 5: what the pilot had touched, and more."""
SIXTH = tuple(replace(run, held_out=True) for run in _sixth())
"""Round 6: two devices."""
SEVENTH = tuple(replace(run, held_out=True) for run in _seventh())
"""Round 7: one device and two, after rounds 5 and 6 had been looked at."""
EIGHTH = tuple(replace(run, held_out=True) for run in _eighth())
"""Round 8: Gemma's wide heads."""
NINTH = drawn()
"""Round 9: drawn at random, with the formulas after round 8."""
_TENTH = drawn(10, {"axolotl": 14, "torchtune": 6, "unsloth": 8, "trl": 12}, LARGER)
TENTH = tuple(random.Random(10).sample(_TENTH, len(_TENTH)))
"""Round 10: larger models, in any order, with the band that rounds 1 to 8 calibrated."""
ELEVENTH = drawn(11)
"""Round 11: drawn as round 9 was, with formulas and band after it."""
TWELFTH = (*_experts(), *_furthest_off())
"""Round 12: adapters on experts, blind; and a second look at what had been furthest off."""
THIRTEENTH = drawn(13)
"""Round 13: drawn as before, after what round 12 taught."""
FOURTEENTH = drawn_on_two(14, {"axolotl": 30, "torchtune": 6})
"""Round 14: two devices, drawn; offloading to the host was never measured before."""
PILOT_ON_TWO = tuple(_pilot_on_two())
"""After round 14: what it showed to be furthest off, and DeepSpeed as Axolotl's files set it up."""
_LOOKED_AT = replace(PILOT_ON_TWO[4], strategy="zero3-offload"), PILOT_ON_TWO[6]
FIFTEENTH = (*drawn_on_two(15, {"axolotl": 18}, AS_AXOLOTL), *_LOOKED_AT)
"""Round 15: two devices, drawn, after what round 14 and its pilot taught."""
SECOND_PILOT_ON_TWO = tuple(_second_pilot_on_two())
"""After round 15: its full run over FSDP1 with offloading, and its neighbours."""
SIXTEENTH = (*_flat(), *drawn_on_two(16, {"axolotl": 32, "torchtune": 4}, EVERY_WAY))
"""Round 16: two devices, drawn, after the second pilot; and full training in flat units of FSDP1."""
ROUNDS = {
    "16": SIXTEENTH,
    "second-pilot-on-two": SECOND_PILOT_ON_TWO,
    "15": FIFTEENTH,
    "pilot-on-two": PILOT_ON_TWO,
    "14": FOURTEENTH,
    "13": THIRTEENTH,
    "12": TWELFTH,
    "11": ELEVENTH,
    "10": TENTH,
    "9": NINTH,
    "8": EIGHTH,
    "pilot": PILOT,
    "5": FIFTH,
    "6": SIXTH,
    "7": SEVENTH,
    "1": FIRST,
    "2": SECOND,
    "3": THIRD,
    "4": FOURTH,
}
