"""A run as a configuration of Axolotl or torchtune, as a user would write it."""

from __future__ import annotations

from typing import Any

from architectures import ARCHITECTURES, TORCHTUNE
from run import ATTENTION, LINEAR, Run


def axolotl(run: Run) -> str:
    """An Axolotl configuration."""
    config: dict[str, Any] = {
        "base_model": f"./models/{run.model}",
        "datasets": [{"path": f"data/ids-{run.length // 4 if run.packed else run.length}.jsonl",
                      "ds_type": "json"}],
        "dataset_prepared_path": f"prepared/{run.name}",
        "sequence_len": run.length,
        "sample_packing": run.packed,
        "pad_to_sequence_len": run.packed,
        "micro_batch_size": run.rows,
        "gradient_accumulation_steps": run.accumulation,
        "max_steps": 50,
        "optimizer": run.optimizer,
        "learning_rate": 1e-5,
        "lr_scheduler": "constant",
        "bf16": True,
        "gradient_checkpointing": run.checkpointing != "none",
        "attn_implementation": "sdpa",
        "val_set_size": 0,
        "output_dir": f"out/{run.name}",
        "save_strategy": "no",
        "logging_steps": 1,
        "special_tokens": {"pad_token": "<pad>"},
    }  # fmt: skip
    if run.checkpointing == "offload":
        config["activation_offloading"] = "hidden_states"
    if run.method != "full":
        config |= {"adapter": run.method, "lora_r": run.rank, "lora_alpha": run.rank,
                   "lora_dropout": run.dropout, "lora_target_modules": list(run.targets)}  # fmt: skip
        if run.targets == LINEAR:
            del config["lora_target_modules"]
            config["lora_target_linear"] = True
        # the fused adapter kernels are a choice of their own
        config |= {"lora_mlp_kernel": False, "lora_qkv_kernel": False, "lora_o_kernel": False}
        if run.dora:
            config["peft_use_dora"] = True
        if run.experts:
            config["lora_target_parameters"] = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
    if run.method == "qlora":
        config["load_in_4bit"] = True
    if run.objective:
        config |= _AXOLOTL_PAIRS[run.objective](run)
    if run.strategy.startswith("fsdp"):
        config |= {"fsdp_version": int(run.strategy[4]), "fsdp_config": {
            "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
            "transformer_layer_cls_to_wrap": f"{_CLASSES[run.model]}DecoderLayer",
            "state_dict_type": "FULL_STATE_DICT",
            "cpu_ram_efficient_loading": False, "offload_params": run.strategy.endswith("offload"),
        }}  # fmt: skip
    if run.strategy.startswith("fsdp2"):
        config["fsdp_config"]["reshard_after_forward"] = True
    if run.strategy.startswith("zero"):
        config["deepspeed"] = f"files/{run.strategy}.json"
    if run.loss == "liger" or run.layers:
        config["plugins"] = ["axolotl.integrations.liger.LigerPlugin"]
        config |= {"liger_fused_linear_cross_entropy": True} if run.loss == "liger" else {}
        if run.layers:
            config |= {"liger_rope": True, "liger_rms_norm": True, "liger_glu_activation": True}
    if run.loss == "chunked":
        config["chunked_cross_entropy"] = True
    if run.loss == "cut":
        config["plugins"] = ["axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin"]
        config["cut_cross_entropy"] = True
    import yaml

    return str(yaml.safe_dump(config, sort_keys=False))


_CLASSES = {name: config["architectures"][0].removesuffix("ForCausalLM")
            for name, config in ARCHITECTURES.items()}  # fmt: skip


def _axolotl_dpo(run: Run) -> dict[str, Any]:
    return {"rl": "dpo", "datasets": [{
        "path": f"data/pairs-{run.length}.jsonl", "ds_type": "json", "split": "train",
        "type": {"field_prompt": "prompt", "field_chosen": "chosen", "field_rejected": "rejected",
                 "prompt_format": "{prompt}", "chosen_format": "{chosen}",
                 "rejected_format": "{rejected}"}}]}  # fmt: skip


def _axolotl_orpo(run: Run) -> dict[str, Any]:
    return {"rl": "orpo", "orpo_alpha": 0.1, "remove_unused_columns": False,
            "sequence_len": run.length + 64,  # room for the template's own words
            "chat_template": "chatml", "datasets": [{
                "path": f"data/talks-{run.length}.jsonl", "ds_type": "json", "split": "train",
                "type": "chat_template.argilla"}]}  # fmt: skip


_AXOLOTL_PAIRS = {"dpo": _axolotl_dpo, "orpo": _axolotl_orpo}


def torchtune(run: Run) -> str:
    """A torchtune configuration."""
    builder, kind = TORCHTUNE[run.model]
    adapted = run.method != "full"
    prefix = {"full": "", "lora": "lora_", "qlora": "qlora_"}[run.method]
    model: dict[str, Any] = {"_component_": "torchtune.models." + builder % prefix}
    if adapted:
        names = [t.replace("o_proj", "output_proj") for t in run.targets if t in ATTENTION]
        model |= {"lora_attn_modules": names, "apply_lora_to_mlp": len(run.targets) > 4,
                  "lora_rank": run.rank, "lora_alpha": run.rank, "lora_dropout": run.dropout}  # fmt: skip
        if run.dora:
            model["use_dora"] = True
    optimizer = {
        "adamw_fused": {"_component_": "torch.optim.AdamW", "fused": True},
        "adamw": {"_component_": "torch.optim.AdamW"},
        "paged8": {"_component_": "bitsandbytes.optim.PagedAdamW8bit"},
        "adam8": {"_component_": "bitsandbytes.optim.AdamW8bit"},
        "inbwd": {"_component_": "bitsandbytes.optim.PagedAdamW8bit"},
    }[run.optimizer]
    loss = "torchtune.modules.loss.CEWithChunkedOutputLoss"
    config: dict[str, Any] = {
        "output_dir": f"out/{run.name}",
        "model": model,
        "tokenizer": {"_component_": "ftx_rows.no_tokenizer"},
        "checkpointer": {
            "_component_": "torchtune.training.FullModelHFCheckpointer",
            "checkpoint_dir": f"./models/{run.model}",
            "checkpoint_files": ["model.safetensors"],
            "recipe_checkpoint": None,
            "output_dir": f"out/{run.name}",
            "model_type": kind,
        },
        "resume_from_checkpoint": False,
        "dataset": {"_component_": "ftx_rows.rows", "length": run.length,
                    "vocab": ARCHITECTURES[run.model]["vocab_size"] - 64},
        "seed": 1,
        "shuffle": False,
        "batch_size": run.rows,
        "optimizer": optimizer | {"lr": 1e-5},
        "loss": {"_component_": "torch.nn.CrossEntropyLoss" if run.loss == "nll" else loss},
        "epochs": 1,
        "max_steps_per_epoch": 50,
        "gradient_accumulation_steps": run.accumulation,
        "clip_grad_norm": None,
        "compile": False,
        "device": "cuda",
        "dtype": "bf16",
        "enable_activation_checkpointing": run.checkpointing != "none",
        "enable_activation_offloading": run.checkpointing == "offload",
        "metric_logger": {"_component_": "torchtune.training.metric_logging.DiskLogger",
                          "log_dir": f"out/{run.name}/logs"},
        "log_every_n_steps": 1,
        "log_peak_memory_stats": True,
        "profiler": {"_component_": "torchtune.training.setup_torch_profiler", "enabled": False},
    }  # fmt: skip
    if adapted:
        config["lr_scheduler"] = {
            "_component_": "torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup",
            "num_warmup_steps": 1,
        }
        config["save_adapter_weights_only"] = True
    if run.strategy.endswith("offload"):
        config["fsdp_cpu_offload"] = True
    if not adapted and not run.strategy:
        config["optimizer_in_bwd"] = run.optimizer == "inbwd"
    import yaml

    return str(yaml.safe_dump(config, sort_keys=False))
