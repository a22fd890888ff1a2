"""Combinations that Axolotl refuses, each as changes to a file that it takes."""

from __future__ import annotations

from typing import Any

import yaml

PLAIN: dict[str, Any] = {
    "base_model": "acme/tiny",
    "datasets": [{"path": "acme/rows", "type": "alpaca"}],
    "learning_rate": 2e-5,
    "micro_batch_size": 2,
    "gradient_accumulation_steps": 2,
    "sequence_len": 512,
    "optimizer": "adamw_torch",
    "output_dir": "out",
    "bf16": True,
}
LORA = {"adapter": "lora", "lora_r": 8, "lora_alpha": 16, "lora_target_linear": True}
FSDP2 = {"fsdp_version": 2, "fsdp_config": {"offload_params": False}}
GRPO = {"rl": "grpo", "datasets": [{"path": "acme/rows", "type": "acme.rows"}]}
STREAM = {"datasets": None, "pretraining_dataset": [{"path": "acme/rows", "type": "pretrain"}]}

REFUSED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("eval_steps", {"val_set_size": 0, "eval_steps": 10}),
    ("eval_strategy", {"val_set_size": 0, "eval_strategy": "epoch"}),
    ("eval_strategy", {"val_set_size": 0.1, "evals_per_epoch": 2, "eval_strategy": "epoch"}),
    ("early_stopping_patience", {"val_set_size": 0.1, "early_stopping_patience": 3}),
    (
        "early_stopping_patience",
        {"val_set_size": 0.1, "early_stopping_patience": 3, "eval_steps": 20, "save_steps": 30},
    ),
    ("eval_table_size", {"sample_packing": True, "eval_table_size": 5}),
    ("save_strategy", {"save_strategy": "best"}),
    ("save_safetensors", {"save_safetensors": False}),
    ("do_causal_lm_eval", {"do_causal_lm_eval": True, "eval_sample_packing": True}),
    ("do_bench_eval", {"do_bench_eval": True, "val_set_size": 0.1}),
    ("val_set_size", {**STREAM, "max_steps": 10, "val_set_size": 0.1}),
    ("pretraining_dataset", STREAM),
    ("streaming", {"streaming": True}),
    ("include_tokens_per_second", {**STREAM, "max_steps": 9, "include_tokens_per_second": True}),
    ("push_dataset_to_hub", {"push_dataset_to_hub": "acme/prepared"}),
    ("chat_template", {"chat_template": "jinja"}),
    ("rl", {"rl": "kto", "datasets": [{"path": "acme/rows", "type": "chatml.ultra"}]}),
    ("warmup_ratio", {"rl": "simpo", "warmup_ratio": 0.1}),
    ("trl.num_generations", {**GRPO, "trl": {"num_generations": 1}}),
    ("trl.num_generations", {**GRPO, "trl": {"num_generations": 8}}),
    ("load_in_4bit", {**FSDP2, **LORA, "adapter": "qlora", "load_in_4bit": True, "rl": "dpo"}),
    ("neftune_noise_alpha", {"neftune_noise_alpha": 0}),
    ("optimizer", {"optimizer": "muon", "fsdp_config": {"offload_params": False}}),
    ("optimizer", {**FSDP2, "optimizer": "adamw_bnb_8bit"}),
    ("peft_layers_pattern", {**LORA, "peft_layers_pattern": ["layers"]}),
    ("lora_mlp_kernel", {**LORA, "load_in_8bit": True, "lora_mlp_kernel": True}),
    ("lora_qkv_kernel", {**LORA, "trust_remote_code": True, "lora_qkv_kernel": True}),
    ("relora", {**LORA, "relora": True}),
    ("gradient_checkpointing", {"base_model": "acme/mpt-tiny", "gradient_checkpointing": True}),
    ("max_memory", {"max_memory": {0: "10GiB"}, "gpu_memory_limit": 20}),
    (
        "model_quantization_config",
        {
            **LORA,
            "adapter": "qlora",
            "load_in_4bit": True,
            "model_quantization_config": "Mxfp4Config",
        },
    ),
    ("batch_flattening", {"batch_flattening": True, "sample_packing": True}),
    ("selective_checkpointing", {"selective_checkpointing": True}),
    ("fp8_config", {"fp8_config": {"recipe": "rowwise"}}),
    ("chunked_cross_entropy", {"cut_cross_entropy": True, "chunked_cross_entropy": True}),
)


def text_of(changes: dict[str, Any]) -> str:
    """The file with the changes made; a change to None leaves the key out."""
    keys = {**PLAIN, **changes}
    return yaml.safe_dump({k: v for k, v in keys.items() if v is not None}, sort_keys=False)
