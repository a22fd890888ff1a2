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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
ALL = (*ATTENTION, "gate_proj", "up_proj", "down_proj")
PHI = ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "qwen05": {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_size": 896,
               "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
               "intermediate_size": 4864, "vocab_size": 151936, "tie_word_embeddings": True},
    "llama1b": {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 2048,
                "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8,
                "head_dim": 64, "intermediate_size": 8192, "vocab_size": 128256,
                "tie_word_embeddings": True, "rope_theta": 500000.0},
    "gemma2b": {"model_type": "gemma2", "architectures": ["Gemma2ForCausalLM"],
                "hidden_size": 2304, "num_hidden_layers": 26, "num_attention_heads": 8,
                "num_key_value_heads": 4, "head_dim": 256, "intermediate_size": 9216,
                "vocab_size": 256000, "tie_word_embeddings": True},
    "phi38": {"model_type": "phi3", "architectures": ["Phi3ForCausalLM"], "hidden_size": 3072,
              "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
              "intermediate_size": 8192, "vocab_size": 32064, "tie_word_embeddings": False,
              "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1},
    "qwen3_4b": {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"],
                 "hidden_size": 2560, "num_hidden_layers": 36, "num_attention_heads": 32,
                 "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 9728,
                 "vocab_size": 151936, "tie_word_embeddings": True},
    "smol17": {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 2048,
               "num_hidden_layers": 24, "num_attention_heads": 32, "num_key_value_heads": 32,
               "intermediate_size": 8192, "vocab_size": 49152, "tie_word_embeddings": True},
    "qwen15": {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_size": 1536,
               "num_hidden_layers": 28, "num_attention_heads": 12, "num_key_value_heads": 2,
               "intermediate_size": 8960, "vocab_size": 151936, "tie_word_embeddings": True},
    "mistral7b": {"model_type": "mistral", "architectures": ["MistralForCausalLM"],
                  "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
                  "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 14336,
                  "vocab_size": 32768, "tie_word_embeddings": False, "sliding_window": None},
    "olmoe": {"model_type": "olmoe", "architectures": ["OlmoeForCausalLM"], "hidden_size": 2048,
              "num_hidden_layers": 16, "num_attention_heads": 16, "num_key_value_heads": 16,
              "intermediate_size": 1024, "vocab_size": 50304, "num_experts": 64,
              "num_experts_per_tok": 8, "tie_word_embeddings": False},
    "llama8b": {"model_type": "llama", "architectures": ["LlamaForCausalLM"],
                "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
                "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 14336,
                "vocab_size": 128256, "tie_word_embeddings": False, "rope_theta": 500000.0},
    "llama3b": {"model_type": "llama", "architectures": ["LlamaForCausalLM"],
                "hidden_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 24,
                "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 8192,
                "vocab_size": 128256, "tie_word_embeddings": True, "rope_theta": 500000.0},
    "qwen7b": {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_size": 3584,
               "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4,
               "intermediate_size": 18944, "vocab_size": 152064, "tie_word_embeddings": False},
    "gemma3_1b": {"model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"],
                  "hidden_size": 1152, "num_hidden_layers": 26, "num_attention_heads": 4,
                  "num_key_value_heads": 1, "head_dim": 256, "intermediate_size": 6912,
                  "vocab_size": 262144, "tie_word_embeddings": True, "sliding_window": 512},
    "gemma4_e2b": {"model_type": "gemma4_text", "architectures": ["Gemma4ForCausalLM"],
                   "hidden_size": 1536, "num_hidden_layers": 35, "num_attention_heads": 8,
                   "num_key_value_heads": 1, "head_dim": 256, "intermediate_size": 6144,
                   "vocab_size": 262144, "tie_word_embeddings": True, "sliding_window": 512,
                   "hidden_size_per_layer_input": 256, "vocab_size_per_layer_input": 262144,
                   "num_kv_shared_layers": 20, "use_double_wide_mlp": True,
                   "final_logit_softcapping": 30.0,
                   "layer_types": (["sliding_attention"] * 4 + ["full_attention"]) * 7},
    "qwen3moe": {"model_type": "qwen3_moe", "architectures": ["Qwen3MoeForCausalLM"],
                 "hidden_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 32,
                 "num_key_value_heads": 4, "head_dim": 128, "intermediate_size": 6144,
                 "moe_intermediate_size": 768, "num_experts": 64, "num_experts_per_tok": 8,
                 "vocab_size": 151936, "tie_word_embeddings": False},
    "qwen3_17b": {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"],
                  "hidden_size": 2048, "num_hidden_layers": 28, "num_attention_heads": 16,
                  "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 6144,
                  "vocab_size": 151936, "tie_word_embeddings": True},
    "smollm3": {"model_type": "smollm3", "architectures": ["SmolLM3ForCausalLM"],
                "hidden_size": 2048, "num_hidden_layers": 36, "num_attention_heads": 16,
                "num_key_value_heads": 4, "intermediate_size": 11008, "vocab_size": 128256,
                "tie_word_embeddings": True},
    "starcoder3b": {"model_type": "starcoder2", "architectures": ["Starcoder2ForCausalLM"],
                    "hidden_size": 3072, "num_hidden_layers": 30, "num_attention_heads": 24,
                    "num_key_value_heads": 2, "intermediate_size": 12288, "vocab_size": 49152,
                    "use_bias": True, "tie_word_embeddings": True, "sliding_window": None},
    "mixtral": {"model_type": "mixtral", "architectures": ["MixtralForCausalLM"],
                "hidden_size": 2048, "num_hidden_layers": 8, "num_attention_heads": 32,
                "num_key_value_heads": 8, "intermediate_size": 7168, "num_local_experts": 8,
                "num_experts_per_tok": 2, "vocab_size": 32000, "tie_word_embeddings": False,
                "sliding_window": None},
    "granite2b": {"model_type": "granite", "architectures": ["GraniteForCausalLM"],
                  "hidden_size": 2048, "num_hidden_layers": 40, "num_attention_heads": 32,
                  "num_key_value_heads": 8, "intermediate_size": 8192, "vocab_size": 49155,
                  "tie_word_embeddings": True},
    "olmo2_1b": {"model_type": "olmo2", "architectures": ["Olmo2ForCausalLM"],
                 "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 16,
                 "num_key_value_heads": 16, "intermediate_size": 8192, "vocab_size": 100352,
                 "tie_word_embeddings": False},
    "qwen3_06b": {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"],
                  "hidden_size": 1024, "num_hidden_layers": 28, "num_attention_heads": 16,
                  "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 3072,
                  "vocab_size": 151936, "tie_word_embeddings": True},
    "qwen3b": {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_size": 2048,
               "num_hidden_layers": 36, "num_attention_heads": 16, "num_key_value_heads": 2,
               "intermediate_size": 11008, "vocab_size": 151936, "tie_word_embeddings": True},
    "falcon3_1b": {"model_type": "llama", "architectures": ["LlamaForCausalLM"],
                   "hidden_size": 2048, "num_hidden_layers": 18, "num_attention_heads": 8,
                   "num_key_value_heads": 4, "head_dim": 256, "intermediate_size": 8192,
                   "vocab_size": 131072, "tie_word_embeddings": False},
    "qwen3_8b": {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"],
                 "hidden_size": 4096, "num_hidden_layers": 36, "num_attention_heads": 32,
                 "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 12288,
                 "vocab_size": 151936, "tie_word_embeddings": False},
    "gemma3_4b": {"model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"],
                  "hidden_size": 2560, "num_hidden_layers": 34, "num_attention_heads": 8,
                  "num_key_value_heads": 4, "head_dim": 256, "intermediate_size": 10240,
                  "vocab_size": 262208, "sliding_window": 1024, "tie_word_embeddings": True},
    "falcon3_3b": {"model_type": "llama", "architectures": ["LlamaForCausalLM"],
                   "hidden_size": 3072, "num_hidden_layers": 22, "num_attention_heads": 12,
                   "num_key_value_heads": 4, "head_dim": 256, "intermediate_size": 9216,
                   "vocab_size": 131072, "tie_word_embeddings": False},
}  # fmt: skip
"""Real dimensions: Qwen2.5-0.5B, Llama-3.2-1B, Gemma-2-2B, Phi-3.5-mini, Qwen3-4B, SmolLM2-1.7B,
Qwen2.5-1.5B, Mistral-7B-v0.3, OLMoE-1B-7B, Llama-3.1-8B, Llama-3.2-3B, Qwen2.5-7B, Gemma-3-1B,
Gemma-4-E2B, a quarter of Qwen3-30B-A3B, Granite-3-2B, OLMo-2-1B, Qwen3-1.7B, SmolLM3-3B,
StarCoder2-3B, a small Mixtral, Qwen3-0.6B, Qwen2.5-3B, Falcon3-1B, Qwen3-8B, Gemma-3-4B's text part,
Falcon3-3B."""

TORCHTUNE = {
    "qwen05": ("qwen2_5.%sqwen2_5_0_5b", "QWEN2"),
    "qwen3b": ("qwen2_5.%sqwen2_5_3b", "QWEN2"),
    "qwen15": ("qwen2_5.%sqwen2_5_1_5b_base", "QWEN2"),
    "llama1b": ("llama3_2.%sllama3_2_1b", "LLAMA3_2"),
    "gemma2b": ("gemma2.%sgemma2_2b", "GEMMA2"),
    "phi38": ("phi3.%sphi3_mini", "PHI3_MINI"),
    "llama3b": ("llama3_2.%sllama3_2_3b", "LLAMA3_2"),
    "qwen7b": ("qwen2_5.%sqwen2_5_7b_instruct", "QWEN2"),
    "llama8b": ("llama3_1.%sllama3_1_8b", "LLAMA3"),
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run."""

    framework: str
    model: str
    method: str
    """full, lora, qlora"""
    rows: int
    length: int
    optimizer: str
    checkpointing: str = "full"
    loss: str = ""
    """Plugin or loss: liger, cut, chunked, nll; empty for the framework's own."""
    rank: int = 16
    targets: tuple[str, ...] = ALL
    accumulation: int = 1
    packed: bool = False
    dropout: float = 0.0
    dora: bool = False
    layers: bool = False
    """Liger's layers."""
    experts: bool = False
    """Whether experts get adapters too."""
    held_out: bool = False
    """Predicted with frozen formulas; the others may be looked at while formulas are made."""
    expandable: bool = False
    strategy: str = ""
    """ddp, fsdp1, fsdp2, zero1, zero2, zero3 over two devices, with ``-offload`` what can be offloaded
    to the host; DeepSpeed's sizes are its defaults, or with ``-auto`` what Axolotl's own files ask
    for; empty for one."""
    objective: str = ""
    """dpo, orpo, grpo; empty for supervised training."""
    snapshot: bool = False
    """Whether the blocks alive at the peak are written down too."""

    @property
    def name(self) -> str:
        """Unique, readable."""
        parts = [self.framework, self.model, self.method, f"{self.rows}x{self.length}",
                 self.optimizer, self.checkpointing, self.loss or "own"]  # fmt: skip
        if self.method != "full":
            parts.append(f"r{self.rank}{'attn' if self.targets == ATTENTION else 'all'}")
        parts += [f"ga{self.accumulation}"] if self.accumulation > 1 else []
        flags = ("packed", "dora", "layers", "experts", "expandable")
        parts += [flag for flag in flags if getattr(self, flag)]
        parts += ["dropout"] if self.dropout else []
        parts += [f"{self.strategy}x2"] if self.strategy else []
        parts += [self.objective] if self.objective else []
        return "-".join(parts)


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


def unsloth(run: Run) -> str:
    """A script on Unsloth and TRL."""
    gc = {"offload": '"unsloth"', "full": "True", "none": "False"}[run.checkpointing]
    full = run.method == "full"
    peft = "" if full else f"""
model = FastLanguageModel.get_peft_model(
    model,
    r={run.rank},
    lora_alpha={run.rank},
    lora_dropout={run.dropout or 0},
    target_modules={list(run.targets)!r},
    use_gradient_checkpointing={gc},
)"""  # fmt: skip
    if run.objective:
        return _unsloth_pairs(run, peft)
    return f"""from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

model, tokenizer = FastLanguageModel.from_pretrained(
    model_name="./models/{run.model}",
    max_seq_length={run.length},
    load_in_4bit={run.method == "qlora"},
    full_finetuning={full},
){peft}
dataset = load_dataset("json", data_files="data/text-{run.length}.jsonl", split="train")
trainer = SFTTrainer(
    model=model,
    tokenizer=tokenizer,
    train_dataset=dataset,
    args=SFTConfig(
        dataset_text_field="text",
        max_length={run.length},
        per_device_train_batch_size={run.rows},
        gradient_accumulation_steps={run.accumulation},
        max_steps=50,
        optim="{run.optimizer}",
        learning_rate=1e-5,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        bf16=True,
        output_dir="out/{run.name}",
    ),
)
trainer.train()
"""


PAIRS = {
    "dpo": ("from trl import DPOConfig, DPOTrainer", "DPO", ""),
    "orpo": ("from trl.experimental.orpo import ORPOConfig, ORPOTrainer", "ORPO", ""),
    "grpo": (
        "from trl import GRPOConfig, GRPOTrainer",
        "GRPO",
        """
        num_generations={rows},
        max_completion_length={half},
        steps_per_generation=1,
        temperature=1.0,""",
    ),
}
"""How TRL is asked for an objective: import, prefix of its classes, further settings."""


def _trainer(run: Run, *, peft: str = "") -> str:
    """The part of a script from the data on, for preferences and rewards."""
    line, name, more = PAIRS[run.objective]
    reward = "\n    reward_funcs=[lambda completions, **_: [float(len(c)) for c in completions]],"
    return f"""{line}
dataset = load_dataset("json", data_files="data/pairs-{run.length}.jsonl", split="train")
trainer = {name}Trainer(
    model=model,{reward if run.objective == "grpo" else ""}
    processing_class=tokenizer,
    train_dataset=dataset,{peft}
    args={name}Config(
        {"" if run.objective == "grpo" else f"max_length={run.length},"}
        per_device_train_batch_size={run.rows},
        gradient_accumulation_steps={run.accumulation},
        gradient_checkpointing={run.checkpointing != "none"},
        max_steps=50,
        optim="{run.optimizer}",{more.format(rows=run.rows, half=run.length // 2)}
        learning_rate=1e-5,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        bf16=True,
        output_dir="out/{run.name}",
    ),
)
trainer.train()
"""


def _unsloth_pairs(run: Run, peft: str) -> str:
    return f"""from unsloth import FastLanguageModel
from datasets import load_dataset

model, tokenizer = FastLanguageModel.from_pretrained(
    model_name="./models/{run.model}",
    max_seq_length={run.length},
    load_in_4bit={run.method == "qlora"},
    full_finetuning={run.method == "full"},
){peft}
{_trainer(run)}"""


def trl(run: Run) -> str:
    """A plain script on TRL, PEFT and transformers."""
    bits = """BitsAndBytesConfig(
    load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
    bnb_4bit_compute_dtype=torch.bfloat16,
)"""
    peft = "None" if run.method == "full" else (
        f"LoraConfig(r={run.rank}, lora_alpha={run.rank}, lora_dropout={run.dropout}, "
        f"use_dora={run.dora}, target_modules={list(run.targets)!r}, task_type=\"CAUSAL_LM\")"
    )  # fmt: skip
    loss = f'\n        loss_type="{run.loss}",' if run.loss in ("nll", "chunked_nll") else ""
    if run.loss == "liger":
        loss = '\n        use_liger_kernel=True,\n        loss_type="nll",'
    head = f"""import torch
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

model = AutoModelForCausalLM.from_pretrained(
    "./models/{run.model}",
    dtype=torch.bfloat16,
    attn_implementation="sdpa",
    device_map={{"": 0}},
    quantization_config={bits if run.method == "qlora" else "None"},
)
tokenizer = AutoTokenizer.from_pretrained("./models/{run.model}")
"""
    if run.objective:
        return head + _trainer(run, peft=f"\n    peft_config={peft},")
    return (
        head
        + f"""from trl import SFTConfig, SFTTrainer
dataset = load_dataset("json", data_files="data/ids-{run.length}.jsonl", split="train")
trainer = SFTTrainer(
    model=model,
    processing_class=tokenizer,
    train_dataset=dataset,
    peft_config={peft},
    args=SFTConfig(
        dataset_text_field="text",
        max_length={run.length},
        per_device_train_batch_size={run.rows},
        gradient_accumulation_steps={run.accumulation},
        gradient_checkpointing={run.checkpointing != "none"},
        max_steps=50,
        optim="{run.optimizer}",{loss}
        learning_rate=1e-5,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        bf16=True,
        output_dir="out/{run.name}",
    ),
)
trainer.train()
"""
    )


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
