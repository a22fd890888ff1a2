"""Rounds 9 to 17 and 21: drawn at random, and second looks at what had been furthest off."""

from __future__ import annotations

import random
from dataclasses import replace

from drawn import AS_AXOLOTL, EVERY_WAY, LARGER, OFFLOADED, drawn, drawn_on_two
from run import ATTENTION, Run


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
SEVENTEENTH = drawn_on_two(17, {"axolotl": 14}, OFFLOADED)
"""Round 17: two devices, drawn, after what round 16 taught."""
TWENTY_FIRST = drawn_on_two(21, {"axolotl": 36, "torchtune": 4}, EVERY_WAY)
"""Round 21: two devices, drawn, every way of sharing them three times."""
