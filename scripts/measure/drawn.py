"""Rounds 9 to 11 and 13 to 17: runs that nobody chose. Each is drawn from what its framework can be
told."""

from __future__ import annotations

import random

from architectures import TORCHTUNE
from run import ALL, ATTENTION, Run

SEED = 9
COUNTS = {"axolotl": 26, "torchtune": 12, "unsloth": 12, "trl": 16}
MODELS = ("qwen3_06b", "qwen3b", "falcon3_1b", "llama1b", "qwen15", "smol17", "olmo2_1b", "llama3b",
          "smollm3", "gemma2b")  # fmt: skip
"""Small enough that several fit a card; the first three were never measured before."""
LARGER = ("qwen3_17b", "falcon3_3b", "llama3b", "qwen3_4b", "gemma3_4b", "mistral7b", "llama8b",
          "qwen3_8b")  # fmt: skip
"""Of round 10; three were never measured before."""
ADAPTERS_ONLY = ("qwen3_4b", "gemma3_4b", "mistral7b", "llama8b", "qwen3_8b")
OPTIMIZERS = {
    "axolotl": ("adamw_torch_fused", "adamw_torch", "adamw_bnb_8bit", "paged_adamw_8bit"),
    "torchtune": ("adamw_fused", "adamw", "paged8"),
    "unsloth": ("adamw_8bit", "adamw_torch_fused", "paged_adamw_8bit"),
    "trl": ("adamw_torch_fused", "adamw_torch", "adamw_bnb_8bit", "paged_adamw_8bit"),
}
LOSSES = {
    "axolotl": ("", "liger", "chunked"),
    "torchtune": ("",),
    "unsloth": ("",),
    "trl": ("", "nll", "liger"),
}
CHECKPOINTING = {
    "axolotl": ("full", "full", "none", "offload"),
    "torchtune": ("full", "full", "none", "offload"),
    "unsloth": ("offload", "full", "none"),
    "trl": ("full", "full", "none"),
}


FAILING = {"qwen3b", "qwen15", "qwen3_06b", "gemma2b"}
"""Did not train under Unsloth in round 9 (for the lack of a tokenizer of their own, or of a kernel),
and are not drawn for it again after round 10."""


def drawn(
    seed: int = SEED, counts: dict[str, int] = COUNTS, offered: tuple[str, ...] = MODELS
) -> tuple[Run, ...]:
    """The same runs every time."""
    pick = random.Random(seed)
    runs: dict[str, Run] = {}
    for framework, count in counts.items():
        models = [m for m in offered if framework != "torchtune" or m in TORCHTUNE]
        if seed > 10 and framework == "unsloth":
            models = [m for m in models if m not in FAILING]
        made = 0
        while made < count:
            run = draw(pick, framework, pick.choice(models))
            if run.name not in runs:
                runs[run.name] = run
                made += 1
    return tuple(runs.values())


def draw(pick: random.Random, framework: str, model: str) -> Run:
    """A run of 1,000 to 8,000 tokens a micro batch; of full weights, and without checkpoints, of
    at most 4,000, so that it fits."""
    method = pick.choice(("full", "lora", "lora", "qlora", "qlora"))
    if model in ADAPTERS_ONLY and method == "full":
        method = "qlora"
    if framework == "torchtune" and model.startswith("qwen") and method == "qlora":
        method = "lora"  # torchtune has no such builders
    checkpointing = pick.choice(CHECKPOINTING[framework])
    most = 4000 if method == "full" or checkpointing == "none" else 8000
    rows = pick.choice((1, 1, 2, 3, 4))
    length = pick.randrange(1000 // rows, most // rows) // 64 * 64
    full = method == "full"
    return Run(
        framework=framework,
        model=model,
        method=method,
        rows=rows,
        length=max(length, 256),
        optimizer=pick.choice(OPTIMIZERS[framework]),
        checkpointing=checkpointing,
        loss=pick.choice(LOSSES[framework]),
        rank=16 if full else pick.choice((4, 8, 16, 32, 64)),
        targets=ALL if full else pick.choice((ALL, ALL, ATTENTION)),
        accumulation=pick.choice((1, 1, 2)),
        dropout=0.0 if full else pick.choice((0.0, 0.0, 0.05)),
        dora=not full and framework != "unsloth" and pick.random() < 0.1,
        held_out=True,
    )


TOGETHER = {
    "axolotl": ("ddp", "fsdp1", "fsdp1-offload", "fsdp2", "fsdp2-offload", "zero1", "zero2",
                "zero2-offload", "zero3", "zero3-offload"),
    "torchtune": ("fsdp2", "fsdp2-offload"),
}  # fmt: skip
"""Ways of sharing two devices, of round 14."""
ON_TWO = ("llama1b", "smol17", "qwen15", "qwen3_17b", "falcon3_1b", "llama3b", "mistral7b",
          "llama8b")  # fmt: skip
AS_AXOLOTL = {
    "axolotl": ("zero3-auto", "zero2-auto-offload", "fsdp1-offload", "zero1-auto",
                "zero3-auto-offload", "zero2-auto", "zero3", "fsdp1", "zero3-offload"),
}  # fmt: skip
"""Of round 15: DeepSpeed set up as in Axolotl's own files, and what round 14 had furthest off."""
EVERY_WAY = {
    "axolotl": ("fsdp1-offload", "zero3-offload", "fsdp1", "zero2-auto-offload", "zero3-auto", "fsdp2",
                "zero3-auto-offload", "zero1-auto", "zero2-auto", "ddp", "zero3", "zero2"),
    "torchtune": ("fsdp2", "fsdp2-offload"),
}  # fmt: skip
"""Of round 16: all that train, those with the largest errors before it first."""
OFFLOADED = {
    "axolotl": ("zero3-auto-offload", "fsdp1-offload", "zero2-auto-offload", "zero3-auto",
                "zero3-offload", "fsdp1", "zero2-offload"),
}  # fmt: skip
"""Of round 17: what round 16 had furthest off."""


def drawn_on_two(
    seed: int, counts: dict[str, int], ways: dict[str, tuple[str, ...]] = TOGETHER
) -> tuple[Run, ...]:
    """Runs over two devices, the ways of sharing them in turn, everything else drawn."""
    pick = random.Random(seed)
    runs: dict[str, Run] = {}
    for framework, count in counts.items():
        for number in range(count):
            strategy = ways[framework][number % len(ways[framework])]
            run = _draw_on_two(pick, framework, strategy)
            while run.name in runs:
                run = _draw_on_two(pick, framework, strategy)
            runs[run.name] = run
    found = list(runs.values())
    pick.shuffle(found)
    return tuple(found)


def _draw_on_two(pick: random.Random, framework: str, strategy: str) -> Run:
    model = pick.choice([m for m in ON_TWO if framework != "torchtune" or m in TORCHTUNE])
    method = pick.choice(("full", "lora", "qlora"))
    if method == "full" and model in ADAPTERS_ONLY:
        method = "lora"
    if method == "qlora" and (framework == "torchtune" or strategy.startswith("zero3")):
        method = "lora"  # torchtune has few such builders, and ZeRO-3 does not spread 4-bit weights
    checkpointing = pick.choice(("full", "full", "full", "none"))
    most = 4000 if checkpointing == "none" else 8000
    rows = pick.choice((1, 1, 2, 3))
    full = method == "full"
    fused = "adamw_fused" if framework == "torchtune" else "adamw_torch_fused"
    return Run(
        framework=framework,
        model=model,
        method=method,
        rows=rows,
        length=max(pick.randrange(1000 // rows, most // rows) // 64 * 64, 256),
        # 8-bit states are no tensors that FSDP can spread
        optimizer=fused,
        checkpointing=checkpointing,
        loss=pick.choice(("", "liger")) if framework == "axolotl" else "",
        rank=16 if full else pick.choice((8, 16, 64)),
        targets=ALL if full else pick.choice((ALL, ALL, ATTENTION)),
        dropout=0.0 if full else pick.choice((0.0, 0.0, 0.05)),
        strategy=strategy,
        held_out=True,
    )
