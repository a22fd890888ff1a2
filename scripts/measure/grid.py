"""The runs that are measured, and the files that start them.

    python scripts/measure/grid.py FOLDER ROUND

writes FOLDER/models/<architecture>/config.json, FOLDER/files/<run>.{yaml,py}, FOLDER/data and
FOLDER/runs.json. Every file is a complete configuration of its framework, as a user would write it;
the prediction reads the same file.
"""

from __future__ import annotations

import itertools
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from architectures import ARCHITECTURES
from write_configs import axolotl, torchtune
from write_scripts import trl, unsloth

if TYPE_CHECKING:
    from run import Run

WRITERS = {"axolotl": axolotl, "torchtune": torchtune, "unsloth": unsloth, "trl": trl}


def _rough_size(name: str) -> int:
    """Elements, near enough to make small models first."""
    config = ARCHITECTURES[name]
    inner = config.get("moe_intermediate_size", config["intermediate_size"])
    layer = config["hidden_size"] * (
        3 * inner * config.get("num_experts", config.get("num_local_experts", 1))
    )
    per_layer = config.get("hidden_size_per_layer_input", 0) * config["num_hidden_layers"]
    embedded = config["vocab_size"] * (config["hidden_size"] + per_layer)
    return int(config["num_hidden_layers"] * layer + embedded)


def _deepspeed(stage: int, auto: bool, offload: bool) -> dict[str, Any]:
    zero: dict[str, Any] = {"stage": stage}
    if auto:
        zero["overlap_comm"] = True
    if auto and stage == 3:
        zero |= {"sub_group_size": 0, "max_live_parameters": 0, "max_reuse_distance": 0,
                 "reduce_bucket_size": "auto", "stage3_prefetch_bucket_size": "auto",
                 "stage3_param_persistence_threshold": "auto"}  # fmt: skip
    config = {"zero_optimization": zero, "bf16": {"enabled": True},
              "zero_allow_untested_optimizer": True, "gradient_clipping": 1.0,
              "gradient_accumulation_steps": "auto", "train_batch_size": "auto",
              "train_micro_batch_size_per_gpu": "auto"}  # fmt: skip
    if offload:
        # torch's own optimizer, as DeepSpeed's is compiled at the first use
        config["zero_force_ds_cpu_optimizer"] = False
        zero["offload_optimizer"] = {"device": "cpu", "pin_memory": True}
    if offload and stage == 3:
        zero["offload_param"] = {"device": "cpu", "pin_memory": True}
    return config


def write(folder: Path, runs: list[Run]) -> None:
    """Everything but the weights, which the GPU machine makes itself."""
    for name, config in ARCHITECTURES.items():
        place = folder / "models" / name
        place.mkdir(parents=True, exist_ok=True)
        full = {"torch_dtype": "bfloat16", "max_position_embeddings": 32768, "bos_token_id": 1,
                "eos_token_id": 1, "pad_token_id": 0} | config  # fmt: skip
        (place / "config.json").write_text(json.dumps(full, indent=1), encoding="utf-8")
    (folder / "models.json").write_text(json.dumps(sorted(ARCHITECTURES, key=_rough_size)))
    (folder / "files").mkdir(parents=True, exist_ok=True)
    for stage, auto, offload in itertools.product((1, 2, 3), (False, True), (False, True)):
        place = folder / "files" / f"zero{stage}{'-auto' * auto}{'-offload' * offload}.json"
        place.write_text(json.dumps(_deepspeed(stage, auto, offload), indent=1), encoding="utf-8")
    listed = []
    for run in runs:
        ending = "yaml" if run.framework in ("axolotl", "torchtune") else "py"
        file = folder / "files" / f"{run.name}.{ending}"
        file.write_text(WRITERS[run.framework](run), encoding="utf-8")
        listed.append(asdict(run) | {"name": run.name, "file": f"files/{file.name}"})
    (folder / "runs.json").write_text(json.dumps(listed, indent=1), encoding="utf-8")


def main() -> None:
    """Writes a round."""
    from runs import ROUNDS

    chosen = list(ROUNDS[sys.argv[2]])
    write(Path(sys.argv[1]), chosen)
    print(f"{len(chosen)} runs")


if __name__ == "__main__":
    main()
