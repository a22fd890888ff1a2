"""Rounds 9, 10, 11 and 13: runs that nobody chose. Each is drawn from what its framework can be told."""

from __future__ import annotations

import random

from grid import ALL, ATTENTION, TORCHTUNE, Run

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
            run = _draw(pick, framework, pick.choice(models))
            if run.name not in runs:
                runs[run.name] = run
                made += 1
    return tuple(runs.values())


def _draw(pick: random.Random, framework: str, model: str) -> Run:
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
