"""Train torchtune configs with torchtune's own recipe classes, and record what they did.

    python run_torchtune.py JOBS.json

Run from the folder that the configs' data paths are relative to. A config is the user's, with
these edits: the builder of the full-sized model becomes the same family's component builder with
the sizes of the tiny model (adapter arguments stay); folders of weights, tokenizer and output; a
logger without an account. Without a GPU also: device ``cpu`` and dtype ``fp32``; no compilation and
no activations computed twice or moved; optimizer states in 32 bits.
"""

from __future__ import annotations

import json
import re
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
import torchtune
from jobs import Job, run_jobs
from omegaconf import DictConfig, OmegaConf
from trajectory import Recorder, Trajectory, same_start

EIGHT_BITS = ("bitsandbytes.optim.AdamW8bit", "bitsandbytes.optim.PagedAdamW8bit")
FAMILIES = {
    "qwen2": ("qwen2", "qwen2", {"rope_base": 1e6, "norm_eps": 1e-6, "tie_word_embeddings": True}),
    "qwen2_5": (
        "qwen2",
        "qwen2",
        {"rope_base": 1e6, "norm_eps": 1e-6, "tie_word_embeddings": True},
    ),
    "llama3": ("llama3", "llama3", {"rope_base": 5e5, "norm_eps": 1e-5}),
    "llama3_1": ("llama3_1", "llama3_1", {"rope_base": 5e5, "norm_eps": 1e-5}),
}
"""torchtune's module of a full-sized builder, to module and name of the component builder, and
what sets the family apart."""


def tiny_model(component: str, folder: Path) -> dict[str, Any]:
    """Component and arguments of the tiny model that stands for a full-sized builder's."""
    found = re.fullmatch(r"torchtune\.models\.(\w+)\.(q?lora_)?\w+", component)
    if found is None or found[1] not in FAMILIES:
        raise SystemExit(f"no tiny model stands for {component}")
    module, name, traits = FAMILIES[found[1]]
    sizes = json.loads((folder / "config.json").read_text())
    adapter = "lora_" if found[2] else ""
    quantized = {"quantize_base": True} if found[2] == "qlora_" else {}
    return {
        "_component_": f"torchtune.models.{module}.{adapter}{name}",
        "vocab_size": sizes["vocab_size"],
        "num_layers": sizes["num_hidden_layers"],
        "num_heads": sizes["num_attention_heads"],
        "num_kv_heads": sizes["num_key_value_heads"],
        "embed_dim": sizes["hidden_size"],
        "intermediate_dim": sizes["intermediate_size"],
        "max_seq_len": sizes["max_position_embeddings"],
        **traits,
        **quantized,
    }


def edited(config: DictConfig, folder: Path, scratch: str) -> DictConfig:
    """The config with the edits that the module names."""
    config.output_dir = scratch
    config.model.update(tiny_model(config.model["_component_"], folder))
    config.checkpointer.checkpoint_dir = str(folder)
    config.checkpointer.checkpoint_files = ["model.safetensors"]
    config.checkpointer.output_dir = scratch
    config.tokenizer.special_tokens_path = str(folder / "tokenizer.json")
    if "merges_file" in config.tokenizer:
        config.tokenizer.path = str(folder / "vocab.json")
        config.tokenizer.merges_file = str(folder / "merges.txt")
    else:
        config.tokenizer.path = str(folder / "original" / "tokenizer.model")
    if not torch.cuda.is_available():
        config.device, config.dtype, config.compile = "cpu", "fp32", False
        config.enable_activation_checkpointing = config.enable_activation_offloading = False
        if config.optimizer["_component_"] in EIGHT_BITS:
            config.optimizer["_component_"] = "torch.optim.AdamW"
    config.metric_logger = {
        "_component_": "torchtune.training.metric_logging.DiskLogger",
        "log_dir": f"{scratch}/logs",
    }
    return config


def watch(recipe: Any, recorder: Recorder) -> None:
    """Wrap the loss and the optimizer's step of a recipe that has been set up."""
    optimizer = recipe._optimizer
    step = optimizer.step
    sums = {"loss": 0.0, "tokens": 0}

    def add(loss: Any, weight: int) -> None:
        sums["loss"] += float(loss.detach()) * weight
        sums["tokens"] += weight

    def watched_step(*args: Any, **kwargs: Any) -> Any:
        # before the scheduler moves: the rate that torchtune logs is the next step's
        recorder.step(optimizer.param_groups[0]["lr"], sums["loss"] / sums["tokens"])
        sums.update(loss=0.0, tokens=0)
        return step(*args, **kwargs)

    optimizer.step = watched_step
    if hasattr(recipe, "_loss_step"):
        recipe._loss_step = _watched_loss_step(recipe, recorder, add)
    else:
        forward, compare = recipe.concatenated_forward, recipe._loss_fn
        recipe.concatenated_forward = _watched_forward(forward, recorder)
        recipe._loss_fn = _watched_comparison(compare, add)


def _watched_loss_step(recipe: Any, recorder: Recorder, add: Any) -> Any:
    loss_step = recipe._loss_step

    def watched(batch: dict[str, Any]) -> Any:
        recorder.micro_batch(batch["tokens"].tolist(), batch["labels"].tolist())
        tokens = int((batch["labels"] != recipe._loss_fn.ignore_index).sum())
        loss = loss_step(batch)
        # the recipe weights a micro batch by its tokens and divides the gradient by their sum
        add(loss, tokens)
        return loss

    return watched


def _watched_forward(forward: Any, recorder: Recorder) -> Any:
    """Notes each batch of pairs once: the reference's forward pass runs without gradients."""

    def watched(model: Any, batch: Any) -> Any:
        if torch.is_grad_enabled():
            ids, labels = batch
            recorder.micro_batch(ids.tolist(), labels.tolist())
        return forward(model, batch)

    return watched


def _watched_comparison(compare: Any, add: Any) -> Any:
    def watched(*log_probabilities: Any) -> Any:
        loss, chosen, rejected = compare(*log_probabilities)
        add(loss.mean(), 1)
        return loss, chosen, rejected

    return watched


def start_adapters(model: Any) -> None:
    """Give every LoRA A matrix its common start, under its usual (Hub) name."""
    names = {"output_proj": "o_proj", "w1": "gate_proj", "w2": "down_proj", "w3": "up_proj"}
    for name, weight in model.named_parameters():
        found = re.search(r"layers\.(\d+)\.\w+\.(\w+)\.lora_a\.", name)
        if found:
            same_start(f"{found[1]}.{names.get(found[2], found[2])}", weight)


def recipe_name(config: DictConfig) -> str:
    """The single-device recipe that the model's builder asks for."""
    adapter = "lora_" in config.model["_component_"].rpartition(".")[2]
    if "DPOLoss" in config.loss["_component_"]:
        return "lora_dpo_single_device"
    return "lora_finetune_single_device" if adapter else "full_finetune_single_device"


def recipe_class(name: str) -> Any:
    """The class of a registered recipe, from the file that ``tune run`` executes.

    The files lie beside the package and refuse to be imported as a package of their own.
    """
    path = Path(torchtune.__file__).parents[1] / "recipes" / f"{name}.py"
    variables = runpy.run_path(str(path))
    return next(
        value for key, value in variables.items() if re.search(r"(Finetune|DPO)Recipe", key)
    )


def train(job: Job) -> Trajectory:
    """Train one config."""
    # a side file of the config's is imported from the folder that `tune run` was started in
    sys.path.insert(0, str(job.config.parent))
    config = OmegaConf.load(job.config)
    recorder = Recorder("torchtune")
    with tempfile.TemporaryDirectory() as scratch:
        config = edited(config, job.model, scratch)
        recipe = recipe_class(recipe_name(config))(cfg=config)
        recipe.setup(cfg=config)
        start_adapters(recipe._model)
        trainable = (p.numel() for p in recipe._model.parameters() if p.requires_grad)
        recorder.trajectory.trainable_parameters = sum(trainable)
        watch(recipe, recorder)
        recipe.train()
    return recorder.trajectory


if __name__ == "__main__":
    run_jobs(train)
