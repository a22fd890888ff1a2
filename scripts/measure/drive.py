"""On the GPU machine: makes random weights, starts the runs beside each other, gathers results.

    python drive.py FOLDER OUT SECONDS

FOLDER is what grid.py wrote, with probe.py, ftx_rows.py and the unpacked frameworks (hf, tt) in it.
Starts a run when its model is there and the predicted memory of all runs fits the card.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

FOLDER, OUT, SECONDS = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), float(sys.argv[3])
AT_ONCE = int(os.environ.get("AT_ONCE", "9"))
BUDGET_GIB = float(os.environ.get("BUDGET_GIB", "0"))
EACH = float(os.environ.get("EACH", "240"))
"""Seconds that one run may take."""
DEVICE = os.environ.get("DEVICE", "cuda")
START = time.time()
ready: set[str] = set()


def left() -> float:
    """Seconds that remain."""
    return SECONDS - (time.time() - START)


def make_models(names: list[str]) -> None:
    """Random 16-bit checkpoints with a tokenizer of whole words, smallest first."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    vocab = {"<pad>": 0, "<eos>": 1, "<unk>": 2} | {f"w{i}": i + 3 for i in range(2000)}
    tokens = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    tokens.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, pad_token="<pad>",
                                        eos_token="<eos>", bos_token="<eos>", unk_token="<unk>")  # fmt: skip
    for name in names:
        place = FOLDER / "models" / name
        tokenizer.save_pretrained(place)
        config = AutoConfig.from_pretrained(place)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
        size = 2 * sum(value.numel() for value in model.parameters())
        while shutil.disk_usage(FOLDER).free < size + (3 << 30):
            time.sleep(1)
        made, seen = {}, set()
        for key, value in model.named_parameters():
            if id(value) in seen or (config.tie_word_embeddings and key == "lm_head.weight"):
                continue
            seen.add(id(value))
            weight = torch.empty(value.shape, dtype=torch.bfloat16, device=DEVICE)
            made[key] = (weight.fill_(1) if value.dim() < 2 else weight.normal_(0, 0.02)).cpu()
        save_file(made, place / "model.safetensors", metadata={"format": "pt"})
        made.clear()
        if DEVICE == "cuda":
            torch.cuda.empty_cache()
        ready.add(name)
        print(f"[{time.time() - START:5.0f}s] {name} made", flush=True)


def make_pairs(lengths: set[int]) -> None:
    """Prompts with two answers that fill the sequence, as text and as conversations."""
    (FOLDER / "data").mkdir(exist_ok=True)
    for length in lengths:
        half = length // 2
        plain = open(FOLDER / "data" / f"pairs-{length}.jsonl", "w", encoding="utf-8")  # noqa: SIM115
        talks = open(FOLDER / "data" / f"talks-{length}.jsonl", "w", encoding="utf-8")  # noqa: SIM115
        with plain, talks:
            for row in range(200):
                words = [f"w{(row * 7919 + i * 104729) % 2000}" for i in range(3 * half)]
                parts = [" ".join(words[i * half : (i + 1) * half]) for i in range(3)]
                asked, good, bad = parts[0], " " + parts[1], " " + parts[2]
                plain.write(json.dumps({"prompt": asked, "chosen": good, "rejected": bad}) + "\n")
                talk = {
                    name: [
                        {"role": "user", "content": asked},
                        {"role": "assistant", "content": said},
                    ]
                    for name, said in (("chosen", good), ("rejected", bad))
                }
                talks.write(json.dumps(talk) + "\n")


def make_data(lengths: set[int]) -> None:
    """Rows that fill the sequence: token ids for Axolotl, words for the others."""
    (FOLDER / "data").mkdir(exist_ok=True)
    for length in lengths:
        for name, size in (("ids", length), ("text", length)):
            with open(FOLDER / "data" / f"{name}-{length}.jsonl", "w", encoding="utf-8") as file:
                for row in range(400 if length <= 4096 else 200):
                    ids = [3 + (row * 7919 + i * 104729) % 2000 for i in range(size)]
                    content: dict[str, Any] = {
                        "text": " ".join(f"w{i - 3}" for i in ids) + " w1 w2"
                    }
                    if name == "ids":
                        content = {"input_ids": ids, "attention_mask": [1] * size, "labels": ids}
                    file.write(json.dumps(content) + "\n")


def cards_gib() -> list[float]:
    """Memory of each card."""
    query = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    said = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    return [float(line) / 1024 for line in said.split()]


def _launcher(run: dict[str, Any]) -> list[str]:
    """Two processes for a run on two devices."""
    if not run.get("strategy"):
        return []
    port = 20000 + sum(map(ord, run["name"])) % 20000
    return ["-m", "torch.distributed.run", "--nproc_per_node=2", f"--master_port={port}"]


def command(run: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """How a run is started."""
    paths = [str(FOLDER), str(FOLDER / "hf")]
    start = [
        sys.executable,
        *_launcher(run),
        str(FOLDER / "probe.py"),
        str(OUT / f"{run['name']}.json"),
        "3",
    ]
    start += ["--snapshot"] if os.environ.get("SNAPSHOT") or run.get("snapshot") else []
    if run["framework"] == "axolotl":
        rest = ["axolotl.cli.train", run["file"]]
    elif run["framework"] == "torchtune":
        paths.insert(1, str(FOLDER / "tt"))
        kind = "full" if run["method"] == "full" else "lora"
        recipe = str(FOLDER / "tt" / "recipes" / f"{kind}_finetune_distributed.py")
        rest = ["torchtune._cli.tune", "run", f"{kind}_finetune_single_device", "--config",
                run["file"]]  # fmt: skip
        rest = [recipe, "--config", run["file"]] if run.get("strategy") else rest
    else:
        rest = [run["file"]]
    environment = dict(os.environ) | {
        "PYTHONPATH": os.pathsep.join(paths), "HF_HUB_OFFLINE": "1", "AXOLOTL_DO_NOT_TRACK": "1",
        "WANDB_DISABLED": "true", "WANDB_MODE": "disabled", "UNSLOTH_DISABLE_STATISTICS": "1",
        "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "2", "HF_DATASETS_CACHE":
        str(FOLDER / "cache" / run["name"]), "UNSLOTH_COMPILE_LOCATION":
        str(FOLDER / "compiled" / run["name"]), "TORCHINDUCTOR_COMPILE_THREADS": "2",
        # what Unsloth would choose on an empty card, whoever else is on this one
        "UNSLOTH_CE_LOSS_TARGET_GB": "4",
    }  # fmt: skip
    if run.get("expandable"):
        environment["PYTORCH_CUDA_ALLOC_CONF"] = "expandable_segments:True"
        environment["PYTORCH_ALLOC_CONF"] = "expandable_segments:True"
    return [*start, "--", *rest], environment


class Running(NamedTuple):
    """A run that has been started: what it may take of each of its ``cards`` in GiB."""

    process: subprocess.Popen[bytes]
    need: float
    run: dict[str, Any]
    began: float
    cards: frozenset[int]


def room(
    run: dict[str, Any], need: float, budgets: list[float], active: dict[str, Running]
) -> frozenset[int]:
    """The cards that a run goes to: two for one over two devices, or the emptiest that has room."""
    used = [sum(e.need for e in active.values() if card in e.cards) for card in range(len(budgets))]
    free = [budget - taken for budget, taken in zip(budgets, used, strict=True)]
    wanted = 2 if run.get("strategy") else 1
    best = sorted(range(len(free)), key=lambda card: -free[card])[:wanted]
    alone = not any(active[name].cards & set(best) for name in active)
    if len(best) < wanted or (min(free[card] for card in best) < need and not alone):
        return frozenset()
    return frozenset(best)


def main() -> None:
    """Drives all runs and writes OUT/results.json."""
    OUT.mkdir(parents=True, exist_ok=True)
    runs: list[dict[str, Any]] = json.loads((FOLDER / "runs.json").read_text(encoding="utf-8"))
    expected = json.loads((FOLDER / "predictions.json").read_text(encoding="utf-8"))
    budgets = [BUDGET_GIB or size * 0.93 for size in cards_gib()]
    pairs = {r["length"] for r in runs if r.get("objective")}
    lengths = {r["length"] for r in runs} | {r["length"] // 4 for r in runs if r["packed"]}
    make_data(lengths)
    make_pairs(pairs)
    sizes = json.loads((FOLDER / "models.json").read_text(encoding="utf-8"))
    order = [name for name in sizes if any(r["model"] == name for r in runs)]
    threading.Thread(target=make_models, args=(order,), daemon=True).start()
    waiting = list(runs)
    active: dict[str, Running] = {}
    done: dict[str, Any] = {}
    while (waiting or active) and left() > 15:
        for name, one in list(active.items()):
            if one.process.poll() is None and time.time() - one.began < EACH:
                continue
            if one.process.poll() is None:
                one.process.kill()
            del active[name]
            left_over = [*waiting, *(entry.run for entry in active.values())]
            if all(r["model"] != one.run["model"] for r in left_over):
                (FOLDER / "models" / one.run["model"] / "model.safetensors").unlink(missing_ok=True)
            result = OUT / f"{name}.json"
            done[name] = json.loads(result.read_text()) if result.exists() else {"why": "no result"}
            done[name]["beside"] = sum(1 for entry in active.values() if entry.cards & one.cards)
            gib = done[name].get("allocated", 0) / 2**30
            guess = expected.get(name, {}).get("allocated_gib") or 0
            print(f"[{time.time() - START:5.0f}s] {name}: {gib:.2f} GiB, predicted {guess:.2f}; "
                  f"{done[name]['why'][:200]}", flush=True)  # fmt: skip
        for run in list(waiting):
            need = (expected.get(run["name"], {}).get("reserved_gib") or 20) * 1.15 + 1.5
            if len(active) >= AT_ONCE or left() < 60:
                break
            cards = room(run, need, budgets, active)
            if run["model"] not in ready or not cards:
                continue
            waiting.remove(run)
            log = open(OUT / f"{run['name']}.log", "wb")  # noqa: SIM115
            arguments, environment = command(run)
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, sorted(cards)))
            process = subprocess.Popen(arguments, cwd=FOLDER, env=environment, stdout=log,
                                       stderr=subprocess.STDOUT)  # fmt: skip
            active[run["name"]] = Running(process, need, run, time.time(), cards)
        time.sleep(0.4)
    for one in active.values():
        one.process.kill()
    failed = {}
    for run in runs:
        log = OUT / f"{run['name']}.log"
        if log.exists() and done.get(run["name"], {}).get("why") != "done":
            failed[run["name"]] = log.read_text(errors="replace")[-2500:]
    import importlib.metadata as metadata

    sys.path[:0] = [str(FOLDER / "tt"), str(FOLDER / "hf")]
    versions = {}
    for package in ("torch", "transformers", "accelerate", "peft", "trl", "axolotl", "torchtune",
                    "unsloth", "unsloth_zoo", "bitsandbytes", "liger-kernel", "torchao"):  # fmt: skip
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "?"
    report = {"date": time.strftime("%Y-%m-%d"), "versions": versions, "results": done,
              "failed": failed, "not_run": [r["name"] for r in waiting]}  # fmt: skip
    (OUT / "results.json").write_text(json.dumps(report), encoding="utf-8")
    for file in OUT.glob("*"):
        if file.name != "results.json":
            file.unlink()


main()
