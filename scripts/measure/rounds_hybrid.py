"""Rounds 18 on: hybrid models, whose layers have a recurrence in place of attention.

The machine has flash-linear-attention but neither mamba-ssm nor causal-conv1d, so Mamba layers run
in PyTorch (``recurrence="torch"``), on short rows.
"""

from __future__ import annotations

import random
from dataclasses import replace

from drawn import draw
from run import ALL, LINEAR, Run

COUNTS = {"axolotl": 16, "trl": 12, "unsloth": 8}
MODELS = ("qwen35_08b", "qwen35_2b", "qwen35_4b", "lfm2_350m", "lfm2_1b", "falcon_h1_05b",
          "granite_h_1b")  # fmt: skip
MAMBA = ("falcon_h1_05b", "granite_h_1b")
ACCEPTED = (*ALL, "in_proj")
"""PEFT refuses Falcon-H1's ``out_proj``."""


def drawn_hybrids(seed: int, counts: dict[str, int] = COUNTS) -> tuple[Run, ...]:
    """The same runs every time, in any order."""
    pick = random.Random(seed)
    runs: dict[str, Run] = {}
    for framework, count in counts.items():
        made = 0
        while made < count:
            run = replace(draw(pick, framework, pick.choice(MODELS)), targets=LINEAR, dora=False)
            if run.model in MAMBA:
                run = replace(run, recurrence="torch", rows=1, length=pick.choice((512, 768, 1024)))
            if run.model == "qwen35_4b" and run.method == "full":
                run = replace(run, method="lora")
            if seed > 18:
                run = _trainable(run)
            if run.name not in runs:
                runs[run.name] = run
                made += 1
    found = list(runs.values())
    pick.shuffle(found)
    return tuple(found)


def _trainable(run: Run) -> Run:
    """Without what round 18 showed to end before the first step."""
    if run.model == "falcon_h1_05b" and run.method != "full":
        run = replace(run, targets=ACCEPTED)
    if run.framework == "axolotl" and run.loss == "liger" and not run.model.startswith("qwen"):
        run = replace(
            run, loss=""
        )  # the generic patch loses the inputs of rows that are not packed
    return run


EIGHTEENTH = drawn_hybrids(18)
"""Round 18: drawn, with what was read in the libraries' code and seen of single layers."""
_NINETEENTH = drawn_hybrids(19, {"axolotl": 13, "trl": 9, "unsloth": 5})
NINETEENTH = tuple(sorted(_NINETEENTH, key=lambda run: run.framework != "unsloth"))
"""Round 19: drawn again, after what round 18 taught; those that compile longest begin."""


def _nemotron() -> tuple[Run, ...]:
    lora = Run(framework="trl", model="nemotron_3_part", method="lora", rows=1, length=512, loss="nll",
               optimizer="adamw_torch_fused", targets=ACCEPTED, recurrence="torch", held_out=True)  # fmt: skip
    return (
        lora,
        replace(lora, checkpointing="none", length=384),
        replace(lora, method="full", optimizer="adamw_bnb_8bit"),
        replace(lora, framework="axolotl", loss="", length=768),
        replace(lora, framework="axolotl", loss="chunked", model="nemotron_h_4b", length=640),
        replace(lora, model="nemotron_h_4b", length=256, checkpointing="none"),
    )


TWENTIETH = _nemotron()
"""Round 20: layers of one block each, never seen before."""
