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
from typing import Any

FOLDER, OUT, SECONDS = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), float(sys.argv[3])
AT_ONCE = int(os.environ.get("AT_ONCE", "9"))
BUDGET_GIB = float(os.environ.get("BUDGET_GIB", "0"))
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


def card_gib() -> float:
    """Memory of the card."""
    query = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    said = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    return float(said.split()[0]) / 1024


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
    start += ["--snapshot"] if os.environ.get("SNAPSHOT") else []
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


def main() -> None:
    """Drives all runs and writes OUT/results.json."""
    OUT.mkdir(parents=True, exist_ok=True)
    runs: list[dict[str, Any]] = json.loads((FOLDER / "runs.json").read_text(encoding="utf-8"))
    expected = json.loads((FOLDER / "predictions.json").read_text(encoding="utf-8"))
    budget = BUDGET_GIB or card_gib() * 0.93
    lengths = {r["length"] for r in runs} | {r["length"] // 4 for r in runs if r["packed"]}
    make_data(lengths)
    sizes = ("qwen05", "llama1b", "qwen15", "smol17", "gemma2b", "phi38", "qwen3_4b", "mistral7b",
             "llama8b", "olmoe")  # fmt: skip
    order = [name for name in sizes if any(r["model"] == name for r in runs)]
    threading.Thread(target=make_models, args=(order,), daemon=True).start()
    waiting = list(runs)
    active: dict[str, tuple[subprocess.Popen[bytes], float, dict[str, Any], float]] = {}
    done: dict[str, Any] = {}
    while (waiting or active) and left() > 15:
        for name, (process, _, run, began) in list(active.items()):
            if process.poll() is None and time.time() - began < 240:
                continue
            if process.poll() is None:
                process.kill()
            del active[name]
            left_over = [*waiting, *(entry[2] for entry in active.values())]
            if all(r["model"] != run["model"] for r in left_over):
                (FOLDER / "models" / run["model"] / "model.safetensors").unlink(missing_ok=True)
            result = OUT / f"{name}.json"
            done[name] = json.loads(result.read_text()) if result.exists() else {"why": "no result"}
            done[name]["beside"] = len(active)
            gib = done[name].get("allocated", 0) / 2**30
            guess = expected.get(name, {}).get("allocated_gib") or 0
            print(f"[{time.time() - START:5.0f}s] {name}: {gib:.2f} GiB, predicted {guess:.2f}; "
                  f"{done[name]['why'][:200]}", flush=True)  # fmt: skip
        used = sum(size for _, size, _, _ in active.values())
        for run in list(waiting):
            need = (expected.get(run["name"], {}).get("reserved_gib") or 20) * 1.15 + 1.5
            if len(active) >= AT_ONCE or left() < 60:
                break
            if run["model"] in ready and (used + need < budget or not active):
                waiting.remove(run)
                log = open(OUT / f"{run['name']}.log", "wb")  # noqa: SIM115
                arguments, environment = command(run)
                process = subprocess.Popen(arguments, cwd=FOLDER, env=environment, stdout=log,
                                           stderr=subprocess.STDOUT)  # fmt: skip
                active[run["name"]] = (process, need, run, time.time())
                used += need
        time.sleep(0.4)
    for process, _, _, _ in active.values():
        process.kill()
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
