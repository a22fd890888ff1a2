"""Reads all scripts and notebooks of a folder and says what was understood.

    python scripts/read_scripts.py FOLDER [-v]

Prints scripts read, refused (by reason), trainings found, and for each core value how often it is
written and how often it is known without running anything. ``-v`` lists what is not known.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from pathlib import Path

from translator.errors import FtxError
from translator.frameworks.unsloth.script import Training, read_script
from translator.source import read_source
from translator.tree import Node, Unresolved

CORE = {
    "load": "model_name max_seq_length load_in_4bit full_finetuning dtype",
    "peft": "r lora_alpha lora_dropout target_modules bias",
    "args": "per_device_train_batch_size gradient_accumulation_steps num_train_epochs max_steps "
    "warmup_steps warmup_ratio learning_rate optim weight_decay lr_scheduler_type seed",
}


def is_known(node: Node) -> bool:
    """Whether a value and everything in it is known."""
    return not any(isinstance(leaf.value, Unresolved) for _, leaf in node.leaves())


def core_values(training: Training) -> dict[str, tuple[bool, Node]]:
    """The core values that a training writes."""
    found: dict[str, tuple[bool, Node]] = {}
    for part, names in CORE.items():
        for name in names.split():
            node = training.tree.get((part, name))
            if node is not None:
                found[name] = (is_known(node), node)
    data = training.tree.get(("data", "train"))
    if data is not None:
        load = data.get(("load",))
        path = data.get(("load", "path"))
        known = load is not None and is_known(load) if path is not None else "rows" in data.value
        known = known or "concatenate" in data.value
        found["data"] = (known, path or data)
        for step in data.value["steps"].value if "steps" in data.value else []:
            function = step.get(("function",))
            if function is not None and step.value["op"].value in ("map", "list"):
                kind = function.value["kind"].value
                found[f"function ({step.value['op'].value})"] = (kind != "unknown", function)
    return found


def main() -> None:
    gc.set_threshold(50_000, 20, 50)  # syntax trees are many objects and no garbage
    folder = Path(sys.argv[1])
    verbose = "-v" in sys.argv
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".ipynb"))
    started = time.process_time()
    refused: Counter[str] = Counter()
    written: Counter[str] = Counter()
    known: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    trainings = read = 0
    unknown: list[str] = []
    for file in files:
        try:
            script = read_script(read_source(file))
        except FtxError as error:
            refused[str(error).replace(str(file), "")] += 1
            continue
        training = script.default
        if training is None:
            refused[script.reason or "?"] += 1
            if verbose:
                unknown.append(f"{file.name}: {script.reason}")
            continue
        read += 1
        trainings += len(script.trainings)
        classes[str(training.tree.get(("trainer", "class")).value)] += 1
        for name, (is_resolved, node) in core_values(training).items():
            written[name] += 1
            known[name] += is_resolved
            if name.startswith("function"):
                kinds[str(node.value["kind"].value)] += 1
            if not is_resolved and verbose:
                unknown.append(f"{file.name}:{node.span.line}: {name}: {str(node.plain())[:150]}")
    elapsed = time.process_time() - started
    print(f"{len(files)} files, {read} with trainings ({trainings} in all), {elapsed:.2f} s")
    for reason, count in refused.most_common():
        print(f"  refused {count:4}: {reason}")
    print("trainers:", dict(classes.most_common()))
    print("functions:", dict(kinds.most_common()))
    for name, count in written.most_common():
        print(f"  {name:32} {known[name]:4} of {count:4}")
    total = sum(written.values())
    print(
        f"core values known: {sum(known.values())} of {total} ({sum(known.values()) / max(total, 1):.1%})"
    )
    print("\n".join(unknown))


if __name__ == "__main__":
    main()
