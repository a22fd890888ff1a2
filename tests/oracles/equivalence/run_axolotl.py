"""Train Axolotl configs as Axolotl's own command line does, and record what they did.

    python run_axolotl.py JOBS.json

Run from the folder that the configs' data paths are relative to. A config is the user's, with
these edits: the model's folder; the folders it writes to; no trackers; no checkpoints. Without a
GPU also: number formats to float32, which a CPU computes exactly enough to compare; attention to
``sdpa`` and no kernels that need a GPU; optimizer states in 32 bits. Rows are prepared in this
process: a worker process would import Axolotl once more.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

# what a training would import is imported before the jobs fork
import axolotl.core.builders
import axolotl.core.datasets
import axolotl.train  # noqa: F401
import torch
import transformers.models.llama.modeling_llama
import transformers.models.qwen2.modeling_qwen2  # noqa: F401
import yaml
from axolotl.cli.train import do_cli
from datasets import Dataset
from hf_recorder import watch
from jobs import Job, run_jobs
from trajectory import Recorder, Trajectory

EIGHT_BITS = ("adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit")
DROPPED = {"wandb_project", "hub_model_id", "save_steps", "saves_per_epoch"}
DROPPED_ON_THE_CPU = {"bf16", "fp16", "tf32", "bfloat16", "float16", "flash_attention",
                      "attn_implementation", "sdp_attention", "xformers_attention",
                      "flex_attention", "eager_attention"}  # fmt: skip
ON_THE_CPU = {
    "bf16": False,
    "fp16": False,
    "tf32": False,
    "attn_implementation": "sdpa",
    "lora_mlp_kernel": False,
    "lora_qkv_kernel": False,
    "lora_o_kernel": False,
}


def edited(config: dict[str, Any], model: Path, scratch: str) -> dict[str, Any]:
    """The config with the edits that the module names."""
    gpu = torch.cuda.is_available()
    dropped = DROPPED if gpu else DROPPED | DROPPED_ON_THE_CPU
    kept = {key: value for key, value in config.items() if key not in dropped}
    if not gpu and kept.get("optimizer") in EIGHT_BITS:
        kept["optimizer"] = "adamw_torch"
    return (kept if gpu else kept | ON_THE_CPU) | {
        "base_model": str(model),
        "save_strategy": "no",
        "dataset_num_proc": 1,
        "output_dir": f"{scratch}/output",
        "dataset_prepared_path": f"{scratch}/prepared",
    }


def without_workers() -> None:
    """Have ``datasets`` work in this process, whatever number of processes it is asked for."""
    for name in ("map", "filter", "save_to_disk"):
        method = getattr(Dataset, name)

        def alone(self: Dataset, *args: Any, _method: Any = method, **named: Any) -> Any:
            return _method(self, *args, **{**named, "num_proc": None})

        setattr(Dataset, name, alone)


def train(job: Job) -> Trajectory:
    """Train one config."""
    without_workers()
    config = yaml.safe_load(job.config.read_text(encoding="utf-8"))
    recorder = Recorder("axolotl")
    watch(recorder)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "config.yaml"
        path.write_text(yaml.safe_dump(edited(config, job.model, scratch)), encoding="utf-8")
        do_cli(str(path))
    return recorder.trajectory


if __name__ == "__main__":
    run_jobs(train)
