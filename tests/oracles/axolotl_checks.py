"""What Axolotl itself makes of a configuration, and how ftx's reading compares.

Needs an environment with Axolotl; everything runs on the CPU, with the capabilities of a GPU
stated rather than probed.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("AXOLOTL_DO_NOT_TRACK", "1")

import torch
import yaml
from axolotl.integrations.base import PluginManager
from axolotl.utils.config import prepare_plugins, validate_config
from axolotl.utils.dict import DictDefault

from translator.ir import Epochs, HeldOutRows, Recipe, WarmupRatio, WarmupSteps

CAPABILITIES = {
    "bf16": True, "fp8": False, "tf32": True, "n_gpu": 1, "n_node": 1, "compute_capability": "sm_90"
}  # fmt: skip
ENVIRONMENT = {"torch_version": str(torch.__version__).split("+", maxsplit=1)[0]}


def validated(text: str) -> DictDefault:
    """A configuration as ``axolotl train`` has it after validation.

    Raises:
        Exception: whatever Axolotl refuses it with.
    """
    config = DictDefault(yaml.safe_load(text))
    PluginManager._instance = None  # a manager keeps the plugins of the last configuration
    prepare_plugins(config)
    return validate_config(
        copy.deepcopy(config), capabilities=CAPABILITIES, env_capabilities=ENVIRONMENT
    )


def disagreements(recipe: Recipe, config: DictDefault) -> Iterator[tuple[str, Any, Any]]:
    """(field, what ftx read, what Axolotl has) for every core field that differs."""
    for field, ours, theirs in _pairs(recipe, config):
        if ours != theirs:
            yield field, ours, theirs


def _pairs(recipe: Recipe, config: DictDefault) -> Iterator[tuple[str, Any, Any]]:
    optimizer, batching, data = recipe.optimizer, recipe.batching, recipe.data
    yield "model.id", recipe.model.id, config.base_model
    yield "learning_rate", optimizer.learning_rate, float(config.learning_rate)
    yield "weight_decay", optimizer.weight_decay, config.weight_decay or 0.0
    norm = 1.0 if config.max_grad_norm is None else config.max_grad_norm
    yield "max_grad_norm", optimizer.max_grad_norm or 0.0, norm
    yield "adam_beta1", optimizer.beta1, 0.9 if config.adam_beta1 is None else config.adam_beta1
    yield "adam_beta2", optimizer.beta2, 0.999 if config.adam_beta2 is None else config.adam_beta2
    yield "micro_batch", batching.micro_batch, config.micro_batch_size
    if not config.batch_size:
        yield "accumulation", batching.accumulation, config.gradient_accumulation_steps
    yield "group_by_length", batching.group_by_length, bool(config.group_by_length)
    yield "neftune", batching.neftune_alpha, config.neftune_noise_alpha
    yield "sequence_len", data.max_length, config.sequence_len
    yield "packing", data.packing is not None, bool(config.sample_packing)
    yield "seed", recipe.seed, 42 if config.seed is None else config.seed
    yield "attention", recipe.kernels.attention, config.attn_implementation
    yield "output_dir", recipe.checkpoints.directory, config.output_dir
    yield "keep", recipe.checkpoints.keep, config.save_total_limit or 4
    yield "logging", recipe.logging.every, config.logging_steps
    yield "tensor", recipe.parallelism.tensor, config.tensor_parallel_size
    yield "context", recipe.parallelism.context, config.context_parallel_size
    checkpointing = bool(config.gradient_checkpointing)
    fsdp = config.fsdp_config or {}
    checkpointing = checkpointing or bool(fsdp.get("activation_checkpointing"))
    if not config.selective_checkpointing:
        ours = recipe.kernels.activation_checkpointing != "none"
        yield "checkpointing", ours, checkpointing
    if fsdp and not config.deepspeed:
        wanted = f"fsdp{config.fsdp_version or 1}"
        yield "strategy", recipe.parallelism.strategy, wanted
        offload = bool(fsdp.get("offload_params"))
        yield "offload", recipe.parallelism.offload_parameters, offload
    yield from _duration(recipe, config)
    yield from _adapter(recipe, config)
    validation = data.validation
    size = validation.size if isinstance(validation, HeldOutRows) else 0.0
    yield "val_set_size", size, 0.0 if config.test_datasets else config.val_set_size or 0.0
    sources = config.pretraining_dataset or config.datasets or []
    yield "datasets", len(data.sources), len(sources)


def _duration(recipe: Recipe, config: DictDefault) -> Iterator[tuple[str, Any, Any]]:
    duration, warmup = recipe.duration, recipe.schedule.warmup
    if config.max_steps:
        yield "max_steps", duration.count, config.max_steps
    else:
        assert isinstance(duration, Epochs)
        yield "num_epochs", duration.count, config.num_epochs
    shape = config.lr_scheduler or "cosine"
    if shape != "cosine_with_min_lr":
        # the IR's constant rate starts with a warm-up or none, transformers has a name for each
        theirs = {"constant_with_warmup": "constant"}.get(shape, shape)
        yield "lr_scheduler", recipe.schedule.shape, theirs
    if shape == "constant":
        yield "warmup", warmup, WarmupSteps(steps=0)
    elif config.warmup_steps is not None:
        steps = 2 if config.warmup_steps == 1 else config.warmup_steps
        assert isinstance(warmup, WarmupSteps)
        yield "warmup_steps", warmup.steps, steps
    else:
        assert isinstance(warmup, WarmupRatio)
        ratio = 0.03 if config.warmup_ratio is None else config.warmup_ratio
        yield "warmup_ratio", warmup.ratio, ratio
    precision = recipe.precision.compute
    if config.bf16 == "auto" and not config.fp16:
        yield "precision", precision, "auto"
    else:
        half = "bfloat16" if config.bf16 is True or config.bfloat16 else "float16"
        theirs = (
            half
            if config.bf16 is True or config.bfloat16 or config.fp16 or config.float16
            else "float32"
        )
        yield "precision", precision, theirs


def _adapter(recipe: Recipe, config: DictDefault) -> Iterator[tuple[str, Any, Any]]:
    adapter = recipe.adapter
    yield "adapter", adapter is not None, bool(config.adapter)
    if adapter is None:
        return
    yield "lora_r", adapter.rank, config.lora_r
    yield "lora_alpha", adapter.alpha, config.lora_alpha
    yield "lora_dropout", adapter.dropout, config.lora_dropout or 0.0
    yield "dora", adapter.weight_decomposed, bool(config.peft_use_dora)
    yield "rslora", adapter.rank_stabilized, bool(config.peft_use_rslora)
    saved = tuple(sorted(set(config.lora_modules_to_save or ())))
    yield "modules_to_save", adapter.trained_modules, saved
    four = config.adapter == "qlora" and bool(config.load_in_4bit)
    if config.model_quantization_config is None and "bnb-4bit" not in config.base_model.lower():
        ours = recipe.quantization is not None and recipe.quantization.kind in ("nf4", "fp4")
        yield "4 bit", ours, four
