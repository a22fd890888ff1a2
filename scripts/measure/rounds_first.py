"""Rounds 1 to 4. The first part was looked at while the formulas were made; the second part,
``held_out``, was predicted with frozen formulas and measured afterwards."""

from __future__ import annotations

from dataclasses import replace

from run import ATTENTION, PHI, Run

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


FIRST = (*SEEN, *(replace(run, held_out=True)
                  for run in (*_axolotl(), *_torchtune(), *_unsloth(), *_trl())))  # fmt: skip
"""Round 1, of which ``SEEN`` had been measured before."""
SECOND = tuple(replace(run, held_out=True) for run in _second())
"""Round 2: formulas were frozen after round 1."""
THIRD = tuple(replace(run, held_out=True) for run in _third())
"""Round 3: two devices."""
FOURTH = tuple(replace(run, held_out=True) for run in _fourth())
"""Round 4: the formulas after all of that."""
