"""Scores the estimate on memory that others measured and published.

    python scripts/score_published.py memory_published.csv [--held-out] [--rows] [--split FILE]

Each row of the table (columns: source, framework, model, method, …, peak_gib, metric, notes) becomes
a :class:`~translator.estimate.workload.Workload` by what its framework does; nothing is fitted. Which
rows were looked at while that was written is in ``measurements/published_split.json``, by the hash
of the row; ``--held-out`` scores the others. Rows of frameworks that ftx does not describe are
counted and left out.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from translator.estimate.catalog import find
from translator.estimate.instants import peak
from translator.estimate.optimizers import optimizer_cost
from translator.estimate.report import CONTEXT, ERROR
from translator.estimate.reserved import band
from translator.estimate.shape import Shape
from translator.estimate.states import adapter_weights
from translator.estimate.workload import Kernels, Lora, LossPath, Sharding, Workload

ROOT = Path(__file__).parent.parent
SPLIT = ROOT / "measurements" / "published_split.json"
GIB = 1 << 30
Row = dict[str, str]

NAMES = {
    "NousResearch/Llama-2-70b-hf": "meta-llama/Llama-2-70b-hf",
    "TheBloke/Mistral-7B-v0.1-GPTQ": "mistralai/Mistral-7B-v0.1",
    "TheBloke/Mixtral-8x7B-Instruct-v0.1-GPTQ": "mistralai/Mixtral-8x7B-v0.1",
    "mistralai/Mixtral-8x7B-Instruct-v0.1": "mistralai/Mixtral-8x7B-v0.1",
    "phi-1.5 1.3B": "microsoft/phi-1_5",
    "StableLM Alpha 3B": "stabilityai/stablelm-base-alpha-3b",
    "Llama 2 7B": "meta-llama/Llama-2-7b-hf",
    "Llama 2 13B": "meta-llama/Llama-2-13b-hf",
    "Falcon 40B": "tiiuae/falcon-40b",
    "falcon-7b": "tiiuae/falcon-7b",
    "gemma-2-9b": "google/gemma-2-9b",
    "gemma-7b": "google/gemma-7b",
    "gemma-2b": "google/gemma-2b",
    "gemma-2-2b": "google/gemma-2-2b",
    "llama-2-7b": "meta-llama/Llama-2-7b-hf",
    "llama-3-8b": "meta-llama/Meta-Llama-3-8B",
    "llama-3.1-8b": "meta-llama/Llama-3.1-8B",
    "llama-3.2-1b": "meta-llama/Llama-3.2-1B",
    "llama-3.2-3b": "meta-llama/Llama-3.2-3B",
    "mistral-7b": "mistralai/Mistral-7B-v0.1",
    "mistral-7b-v0.2": "mistralai/Mistral-7B-v0.1",
    "phi-2": "microsoft/phi-2",
    "phi-3": "microsoft/Phi-3-mini-4k-instruct",
    "Phi-3-mini-4k-instruct": "microsoft/Phi-3-mini-4k-instruct",
    "stablelm-base-alpha-3b": "stabilityai/stablelm-base-alpha-3b",
    "tiny-llama": "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T",
    "Qwen-1.8B": "Qwen/Qwen-1_8B",
    "Qwen-7B": "Qwen/Qwen-7B",
    "Qwen-14B": "Qwen/Qwen-14B",
    "Qwen-72B": "Qwen/Qwen-72B",
}
"""Names in the table that are no Hub ids, or ids of copies."""

CAPACITY = {"A100-80GB": 81920, "A100-40GB": 40960, "A10G": 23028, "NVIDIA A10G": 23028,
            "Tesla T4": 15360, "L40S": 46068, "NVIDIA L4": 23034,
            "NVIDIA A100-SXM4-40GB": 40960}  # fmt: skip
"""Memory of the cards of the table in MiB."""


@dataclass(frozen=True)
class Scored:
    """A row with what was expected. ``measured`` is None for a run that ended out of memory."""

    row: Row
    set: str
    group: str
    measured: float | None
    low: float
    high: float
    expected: float

    @property
    def error(self) -> float:
        """Signed relative error."""
        assert self.measured is not None
        return (self.expected - self.measured) / self.measured


def identity(row: Row) -> str:
    """A short hash of a row."""
    text = json.dumps(row, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def tier(row: Row) -> str:
    """The tier that the notes begin with."""
    found = re.match(r"tier=([^;]+)", row["notes"])
    return found[1].strip() if found else "?"


def number(text: str) -> int | None:
    """A whole number, or nothing."""
    return int(text) if text.isdigit() else None


def shape_for(row: Row) -> Shape | None:
    """The shape of a row's model."""
    found = find(NAMES.get(row["model"], row["model"]))
    return None if found is None else found.shape


def targets(row: Row, shape: Shape) -> tuple[str, ...]:
    """Names of the adapted matrices, from the many spellings of the table."""
    text = row["target_modules"].lower()
    own = [m.name for layer, _ in shape.layer_kinds for m in shape.matrices(layer) if not m.expert]
    own = list(dict.fromkeys(own))
    if "all" in text:
        return tuple(own)
    words = set(re.findall(r"[a-z0-9_.]+", text))
    wanted = set()
    if words & {"q", "query", "q_proj"}:
        wanted |= {"q_proj"}
    if words & {"k", "key", "k_proj"}:
        wanted |= {"k_proj"}
    if words & {"v", "value", "v_proj"}:
        wanted |= {"v_proj"}
    if words & {"o", "projection", "o_proj", "output_proj", "attn.c_proj"}:
        wanted |= {"o_proj"}
    if words & {"mlp", "w1", "gate_proj"}:
        wanted |= {"gate_proj", "up_proj", "down_proj", "gate_up_proj"}
    if words & {"c_attn", "default"}:
        wanted |= {"q_proj", "k_proj", "v_proj"}
    if wanted & {"q_proj", "k_proj", "v_proj"}:
        wanted.add("qkv_proj")
    return tuple(name for name in own if name in wanted)


def sharding(row: Row) -> Sharding:
    """How the devices of a row share."""
    text, gpus = row["sharding"].lower(), number(row["gpus"]) or 1
    if gpus == 1 or "none" in text or not text:
        return Sharding()
    if "zero" in text:
        stage = re.search(r"zero-?(\d)", text)
        return Sharding(strategy=f"zero{stage[1] if stage else 3}", gpus=gpus,  # type: ignore[arg-type]
                        offload_optimizer="offload" in text)  # fmt: skip
    return Sharding(strategy="fsdp2" if "fsdp2" in text else "fsdp1", gpus=gpus,
                    offload_parameters="offload" in text)  # fmt: skip


def fms(row: Row, shape: Shape) -> Workload | None:
    """fms-acceleration: Trainer and PEFT on transformers 4.45 to 4.48, packed rows, flash
    attention; FOAK's kernels replace norms, rotary embedding and cross entropy in place."""
    length = number(row["seq_len"])
    if length is None:
        return None
    notes, loss_text = row["notes"], row["loss_impl"]
    foak, liger = "FOAK" in loss_text, "liger" in loss_text
    method = row["method"]
    old = row["source"].endswith("a100_80gb.csv")
    upcast = "prepare_model_for_kbit_training" in notes and "no fp32 upcast" not in notes
    shared = sharding(row)
    upcast = upcast and shared.strategy == "none"
    loss: LossPath = "fused" if liger else "in-place" if foak else "fp32"
    if old and shape.family == "gpt_bigcode":
        # this model computes cross entropy on 16-bit logits
        loss = "compute"
    elif old and not liger:
        loss = "in-place-kept" if foak else "fp32-kept"
    adapted = method != "full"
    lora = Lora(rank=int(row["lora_rank"] or 16), targets=targets(row, shape)) if adapted else None
    master = "to fp32 because" in notes
    base = {"qlora": "nf4-double", "gptq-lora": "gptq4"}.get(method, "16bit")
    return Workload(
        shape=shape, rows=int(row["batch_size"]), length=length, lora=lora,
        base=base,  # type: ignore[arg-type]
        embedding_bytes=4 if upcast else 2, norm_bytes=4 if upcast else 2,
        optimizer=optimizer_cost("adamw_torch"), loss=loss, sharding=shared,
        weight_bytes=4 if master else 2,
        kernels=Kernels(
            autocast=adapted or master, stream=4 if upcast else 2, casts_over_bits=True, experts="loop",
            norm="fused" if foak or liger else "eager",
            rope="fused" if foak or liger else "eager",
        ),
    )  # fmt: skip


def litgpt(row: Row, shape: Shape) -> Workload | None:
    """litgpt's adapter runs (litgpt/finetune/lora.py, model.py, lora.py): everything in bfloat16, no
    checkpointing, adapters on queries and values inside one fused matrix, an untied head, logits in
    float32. Lightning's plugin quantises every linear layer, the head too, from float16, and
    bitsandbytes up to 0.43 keeps their inputs on the graph, which the variables ``logits`` and
    ``loss`` hold through the next forward pass. Rows cut at a limit come one after the other; the
    single longest row of a set has a short one before it."""
    length = number(row["seq_len"])
    if length is None or row["method"] not in ("lora", "qlora"):
        return None  # full runs are published with less than AdamW alone needs
    if "fsdp" in row["grad_ckpt"].lower():
        return None  # the peak of these runs is that of loading: it hardly moves with the batch
    quantized = row["method"] == "qlora"
    names = set(re.findall(r"[a-z]+", row["target_modules"].lower()))
    own = {"q": {"query", "q"}, "k": {"key", "k"}, "v": {"value", "v"}}
    reached = sum(
        width
        for part, width in (("q", shape.queries), ("k", shape.keys), ("v", shape.keys))
        if names & own[part]
    )
    shape = replace(shape, fused_gate_up=False, tied=False)
    wanted = targets(row, shape)
    shape = replace(shape, fused_qkv=True)
    adapted = {"qkv_proj"} if reached else set()
    adapted |= set(wanted) - {"q_proj", "k_proj", "v_proj"}
    if "head" in names:
        adapted.add("lm_head")
    double = "nf4-dq" in row["notes"]
    return Workload(
        shape=shape, rows=int(row["batch_size"]), length=length,
        lora=Lora(rank=int(row["lora_rank"] or 8), targets=tuple(sorted(adapted)), bytes=2,
                  dropout=True, share=reached / (shape.queries + 2 * shape.keys)),
        base=("nf4-double" if double else "nf4") if quantized else "16bit",
        optimizer=optimizer_cost("paged_adamw" if quantized else "adamw_torch"),
        checkpointing="none", loss="pieces", sharding=sharding(row),
        unpacking=4 if quantized else 2, quantized_head=quantized,
        holds_graph="longest example" not in row["notes"],
        kernels=Kernels(norm="eager", attention="eager" if shape.softcap else "efficient",
                        attention_copy=True, keeps_quantized_inputs=True),
    )  # fmt: skip


PINNED = ("0.5B-Instruct@NVIDIA-A100", "1.5B-Instruct@NVIDIA-A100", "OLMoE-1B-7B", "pending/")
"""AgileRL's sets whose answers fill the length (its commit 30331ad9). Answers of the others were
sampled: rows differ in length, are padded and need a mask, and the readings vary by up to 30 %."""


def agile(row: Row, shape: Shape) -> Workload | None:
    """AgileRL's GRPO step (agilerl/algorithms/core/base.py): a pass without gradients, a micro batch
    at a time, one with gradients under autocast over adapters in float32, kept twice, and
    log-probabilities in tiles."""
    length = number(row["seq_len"])
    if length is None or row["method"] not in ("lora", "qlora"):
        return None
    quantized = row["method"] == "qlora"  # PEFT makes the rest float32
    padded = row["batch_size"] != "1" and not any(name in row["source"] for name in PINNED)
    work = Workload(
        shape=shape, rows=int(row["batch_size"]), length=length,
        lora=Lora(rank=int(row["lora_rank"]), targets=targets(row, shape)),
        base="nf4-double" if quantized else "16bit",
        optimizer=optimizer_cost("adamw_torch"), loss="tile",
        # transformers 5.11
        kernels=Kernels(attention="efficient" if padded else "flash", autocast=True,
                        wide_heads="math", window_mask=True, stream=4 if quantized else 2),
        unrecorded=1, embedding_bytes=4 if quantized else 2, norm_bytes=4 if quantized else 2,
    )  # fmt: skip
    return replace(work, buffers=adapter_weights(work))


def trl_70b(row: Row, shape: Shape) -> Workload | None:
    """PEFT's guide to 70B models of March 2024: adapters with dropout on every linear layer, FSDP or
    ZeRO-3 (peft/examples/sft), logits as transformers 4.39 kept them."""
    shared = sharding(row)
    spread = shared.strategy == "zero3"
    return Workload(
        shape=shape, rows=int(row["batch_size"]), length=int(row["seq_len"]),
        lora=Lora(rank=int(row["lora_rank"] or 8), targets=targets(row, shape), dropout=True),
        base="nf4-double" if row["method"] == "qlora" else "16bit",
        optimizer=optimizer_cost("adamw_torch_fused"), sharding=shared,
        kernels=Kernels(autocast=not spread, keeps_inputs=spread), loss="fp32-kept",
    )  # fmt: skip


READERS = {
    "HF Trainer/TRL+fms-acceleration": ("fms-acceleration", fms),
    "litgpt": ("litgpt", litgpt),
    "AgileRL GRPO.learn (HF+PEFT)": ("AgileRL", agile),
    "TRL SFTTrainer + PEFT": ("TRL 70B", trl_70b),
}


def held_out(row: Row, split: dict[str, str]) -> bool:
    """Whether nobody looked at a row."""
    return split.get(identity(row)) != "seen"


HELD = 0.05
"""What the allocator usually holds beside what is allocated on one device; set before the first
score. Over several devices it is more: there the middle of the band stands for a reading, which our
own runs set."""

TILE = 256 << 20
"""AgileRL's float32 tile of logits (base.py, _resolve_fused_chunk_rows). After the first update the
optimizer's states lie in the block that held it, so that it is allocated anew; our own run of that
step on an H100 shows it (measurements/h100-grpo-step)."""


def updates(row: Row) -> int:
    """How often AgileRL's step updates its weights: once for each micro batch of a group."""
    group = re.search(r"group_size=(\d+)", row["notes"])
    return int(group[1]) // int(row["batch_size"]) if group else 1


def score(row: Row, split: dict[str, str]) -> Scored | None:
    """A row with its estimate; None for one that cannot be described."""
    reader = READERS.get(row["framework"])
    shape = shape_for(row)
    if reader is None or shape is None or tier(row) not in ("A", "A-", "OOM"):
        return None
    work = reader[1](row, shape)
    if work is None or not number(row["batch_size"]):
        return None
    low, high = band(work)
    allocated = peak(work).bytes
    gap = max(allocated * HELD, TILE if updates(row) > 1 else 0)
    expected, base = allocated / GIB, 0.0
    if row["metric"].startswith(("device", "nvidia-smi")):
        found = re.search(r"baseline ([\d.]+)", row["notes"])
        base = float(found[1]) if found else 0.9
        # a device reports what the allocator holds
        alone = work.sharding.strategy == "none"
        expected = base + (allocated + gap if alone else (low + high) / 2) / GIB
    oom = tier(row) == "OOM" or "OOM" in row["notes"][:12]
    measured = None if oom or not row["peak_gib"] else float(row["peak_gib"])
    shared = "1 GPU" if work.sharding.strategy == "none" else work.sharding.strategy
    method = {"gptq-lora": "gptq"}.get(row["method"], row["method"])
    return Scored(
        row=row, set="held-out" if held_out(row, split) else "seen",
        group=f"{reader[0]}, {method}, {shared}", measured=measured,
        low=base + low / GIB, high=base + high / GIB, expected=expected,
    )  # fmt: skip


def calls(scored: list[Scored]) -> tuple[int, int, list[Scored]]:
    """(right, all) calls of fit and out of memory on the card that the run was on."""
    right, wrong = 0, []
    judged = 0
    for entry in scored:
        card = CAPACITY.get(entry.row["gpu_name"])
        if card is None or not entry.group.startswith(("fms", "litgpt")):
            continue
        room = (card * (1 << 20) - CONTEXT) / GIB
        fits = entry.expected * (1 + ERROR) <= room
        judged += 1
        if fits == (entry.measured is not None):
            right += 1
        else:
            wrong.append(entry)
    return right, judged, wrong


def main() -> int:
    """Prints mean, worst and count by group."""
    arguments = sys.argv[1:]
    with open(arguments[0], encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    split = json.loads(SPLIT.read_text("utf-8"))["rows"] if SPLIT.exists() else {}
    wanted = "held-out" if "--held-out" in arguments else "all" if "--all" in arguments else "seen"
    found = [s for s in (score(row, split) for row in rows) if s is not None]
    chosen = [s for s in found if wanted in ("all", s.set)]
    groups: dict[str, list[Scored]] = defaultdict(list)
    for entry in chosen:
        if entry.measured is not None:
            groups[entry.group].append(entry)
            if "--rows" in arguments:
                row = entry.row
                print(f"{entry.error:+7.1%} {entry.expected:8.2f} {entry.measured:8.2f} "
                      f"{row['model'][-24:]} {row['method']} bs{row['batch_size']}x{row['seq_len']} "
                      f"g{row['gpus']} {row['loss_impl'][:10]} | {row['notes'][-40:]}")  # fmt: skip
    print(f"{wanted}: {len(chosen)} of {len(rows)} rows are described")
    print("| group | n | mean error | worst | within 12 % |\n|---|---:|---:|---:|---:|")
    for name, entries in sorted(groups.items()):
        errors = [abs(e.error) for e in entries]
        inside = sum(e <= 0.12 for e in errors)
        print(f"| {name} | {len(errors)} | {sum(errors) / len(errors):.1%} | {max(errors):.1%} | "
              f"{inside} |")  # fmt: skip
    every = [abs(e.error) for entries in groups.values() for e in entries]
    if every:
        print(f"| all | {len(every)} | {sum(every) / len(every):.1%} | {max(every):.1%} | "
              f"{sum(e <= 0.12 for e in every)} |")  # fmt: skip
    right, judged, wrong = calls(chosen)
    print(f"fit or out of memory called right: {right} of {judged}")
    if "--rows" in arguments:
        for entry in wrong:
            print("wrong call:", round(entry.expected, 1), entry.measured, entry.row["model"],
                  entry.row["method"], entry.row["batch_size"], entry.row["gpus"],
                  entry.row["loss_impl"][:12])  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
