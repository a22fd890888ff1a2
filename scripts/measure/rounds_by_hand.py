"""Rounds 5 to 8: architectures, preferences and rewards, and two devices."""

from __future__ import annotations

from dataclasses import replace

from run import ATTENTION, Run


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
