"""Configurations made wrong, or merely other, by changing one or two keys of real ones."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from translator.frameworks.axolotl.schema import plugin_keys, recorded_keys

_TOP_LEVEL = re.compile(r"^([A-Za-z_]\w*):(.*)$")
# Keys that the validators of Axolotl look at together.
TOGETHER = [
    "adapter",
    "load_in_4bit",
    "load_in_8bit",
    "gptq",
    "lora_mlp_kernel",
    "lora_qkv_kernel",
    "lora_o_kernel",
    "lora_embedding_kernel",
    "trust_remote_code",
    "lora_dropout",
    "peft_use_dora",
    "lora_modules_to_save",
    "unfrozen_parameters",
    "peft_layers_to_transform",
    "peft_layers_pattern",
    "lr_groups",
    "loraplus_lr_ratio",
    "micro_batch_size",
    "gradient_accumulation_steps",
    "batch_size",
    "eval_batch_size",
    "warmup_steps",
    "warmup_ratio",
    "save_strategy",
    "save_steps",
    "saves_per_epoch",
    "eval_strategy",
    "evaluation_strategy",
    "eval_steps",
    "evals_per_epoch",
    "val_set_size",
    "test_datasets",
    "early_stopping_patience",
    "metric_for_best_model",
    "noisy_embedding_alpha",
    "neftune_noise_alpha",
    "sample_packing",
    "eval_sample_packing",
    "pad_to_sequence_len",
    "batch_flattening",
    "eval_table_size",
    "attn_implementation",
    "flash_attention",
    "sdp_attention",
    "xformers_attention",
    "flex_attention",
    "scaling_softmax",
    "rl",
    "remove_unused_columns",
    "dpo_loss_type",
    "dpo_loss_weights",
    "rl_beta",
    "dpo_beta",
    "pretraining_dataset",
    "streaming",
    "max_steps",
    "group_by_length",
    "deepspeed",
    "fsdp",
    "fsdp_version",
    "optimizer",
    "tensor_parallel_size",
    "context_parallel_size",
    "gradient_checkpointing",
    "activation_offloading",
    "selective_checkpointing",
    "torch_compile",
    "fp8",
    "bf16",
    "fp16",
    "tf32",
    "bfloat16",
    "float16",
    "chat_template",
    "chat_template_jinja",
    "cut_cross_entropy",
    "chunked_cross_entropy",
    "liger_cross_entropy",
    "liger_fused_linear_cross_entropy",
    "relora",
    "jagged_restart_steps",
    "lr_scheduler",
    "learning_rate",
    "max_memory",
    "gpu_memory_limit",
    "model_quantization_config",
    "quantize_moe_experts",
    "lora_target_linear",
    "save_safetensors",
    "push_dataset_to_hub",
    "hf_use_auth_token",
    "dataset_exact_deduplication",
    "skip_prepare_dataset",
    "do_bench_eval",
    "do_causal_lm_eval",
    "rope_scaling",
    "s2_attention",
    "max_packed_sequence_len",
    "tokenizer_use_mistral_common",
    "special_tokens",
    "tokens",
    "reward_model",
    "process_reward_model",
    "torch_compile_options",
    "fp32_norms",
    "ple_cpu_offload",
    "deepcompile",
    "lora_r",
    "lora_alpha",
    "lora_target_modules",
    "num_epochs",
    "sequence_len",
    "output_dir",
    "image_resize_algorithm",
    "excess_length_strategy",
    "seed",
]
VALUES: dict[str, list[Any]] = {
    "adapter": ["lora", "qlora", "lorra", "null"],
    "deepspeed": ["deepspeed_configs/zero3.json", "zero2.json"],
    "fsdp": ["[full_shard, auto_wrap]"],
    "rl": ["dpo", "kto", "orpo", "ipo", "simpo", "grpo", "ppo"],
    "optimizer": [
        "adamw_torch", "adamw_bnb_8bit", "adamw_8bit", "muon", "paged_adamw_8bit", "adamw_tortch",
        "came_pytorch", "polora", "flash_adamw", "q_galore_adamw8bit", "lion_8bit",
    ],
    "chat_template": ["chatml", "jinja", "llama3", "llamma3"],
    "save_strategy": ["steps", "epoch", "no", "best", "sometimes"],
    "eval_strategy": ["steps", "epoch", "no", "sometimes"],
    "attn_implementation": ["flash_attention_2", "sdpa", "flash", "flex_attention", "flashh"],
    "dpo_loss_type": ["[sigmoid]", "[ipo, hinge]"],
    "dpo_loss_weights": ["[1.0]", "[0.5, 0.5]"],
    "lr_scheduler": ["cosine", "linear", "one_cycle", "cosin"],
    "learning_rate": ["2e-5", "0.0002", "2e-5x", "null"],
    "test_datasets": ["[{path: a/b, type: alpaca, split: test}]"],
    "pretraining_dataset": ["[{path: a/b, type: pretrain}]", "a/b"],
    "special_tokens": ["{pad_token: '<pad>'}", "[a]"],
    "tokens": ["['<a>']", "{pad_token: '<pad>'}"],
    "lora_target_modules": ["[q_proj]", "['(']"],
    "model_quantization_config": ["Mxfp4Config", "Other"],
    "rope_scaling": ["{type: linear, factor: 2.0}"],
    "torch_compile_options": ["{shape_padding: true}", "{wrong: true}"],
    "lr_groups": ["[{name: a, modules: [b], lr: 0.1}]"],
    "unfrozen_parameters": ["[lm_head]"],
    "max_memory": ["{0: 20GiB}"],
    "gpu_memory_limit": ["20GiB"],
    "image_resize_algorithm": ["bilinear", "nearest"],
    "excess_length_strategy": ["drop", "truncate", "cut"],
    "output_dir": ["./out", "null"],
}  # fmt: skip


def mutations(texts: list[str], count: int, seed: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Texts with one to three changed keys, and the names of these."""
    dice = random.Random(seed)
    keys = {k: r for k, r in recorded_keys().items() if "." not in k and "[" not in k}
    for more in plugin_keys().values():
        keys |= {k: r for k, r in more.items() if "." not in k and "[" not in k}
    for _ in range(count):
        text = dice.choice(texts)
        changed = []
        for _ in range(dice.choice((1, 1, 2, 2, 3))):
            key = dice.choice(TOGETHER if dice.random() < 0.75 else sorted(keys))
            if dice.random() < 0.12:
                text = removed(text, key)
            else:
                text = put(text, key, str(value(key, keys.get(key, {}), dice)))
            changed.append(key)
        yield text, tuple(changed)


def value(key: str, record: dict[str, Any], dice: random.Random) -> Any:
    """A value as YAML: often a legal one, sometimes of another type."""
    if key in VALUES:
        return dice.choice(VALUES[key])
    kind = dice.choice(record.get("type", ["str"]))
    if dice.random() < 0.08:
        return dice.choice(["word", "[1, 2]", "{a: 1}", "1.5", "-1", "null"])
    if kind.startswith(("'", '"')):
        return kind.strip("'\"") if dice.random() < 0.8 else kind.strip("'\"")[:-1] + "x"
    if kind == "bool":
        return dice.choice(["true", "true", "false"])
    if kind == "int":
        return dice.choice([0, 1, 2, 4, 10, 100])
    if kind == "float":
        return dice.choice([0, 0.05, 0.5, 1.0, 3])
    if kind.startswith("list"):
        return "[a]"
    return "{}" if kind == "dict" else "text"


def removed(text: str, key: str) -> str:
    """The text without a top-level key and what stands below it."""
    lines, span = text.split("\n"), _block(text, key)
    return text if span is None else "\n".join([*lines[: span[0]], *lines[span[1] :]])


def put(text: str, key: str, spelled: str) -> str:
    """The text with another value for a top-level key."""
    lines, span = text.split("\n"), _block(text, key)
    line = f"{key}: {spelled}"
    if span is None:
        return text.rstrip("\n") + f"\n{line}\n"
    return "\n".join([*lines[: span[0]], line, *lines[span[1] :]])


def _block(text: str, key: str) -> tuple[int, int] | None:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        match = _TOP_LEVEL.match(line)
        if match and match[1] == key:
            end = number + 1
            while end < len(lines) and (lines[end][:1] in (" ", "\t", "-") or not lines[end]):
                end += 1
            return number, end
    return None


_LINE = re.compile(r"^(\s*)(- )?([A-Za-z_]\w*):(\s+)(\S.*?)(\s+#.*)?$")
_OTHERS = {"bool": ["true", "false"], "number": ["7", "1", "32"], "other": ["word", "null"]}


def line_mutations(texts: list[str], count: int, seed: int) -> Iterator[tuple[str, int]]:
    """Texts with one changed line, and its 1-based number: a misspelt key, a key too many or
    missing, another value, a component that is none."""
    dice = random.Random(seed)
    for _ in range(count):
        lines = dice.choice(texts).split("\n")
        candidates = [n for n, line in enumerate(lines) if _LINE.match(line)]
        if not candidates:
            continue
        number = dice.choice(candidates)
        lines[number : number + 1] = _changed(lines[number], dice)
        yield "\n".join(lines), number + 1


def _changed(line: str, dice: random.Random) -> list[str]:
    match = _LINE.match(line)
    assert match is not None
    indent, dash, key, gap, value, _ = match.groups()
    start = f"{indent}{dash or ''}"
    kind = dice.random()
    if key == "_component_":
        other = value[:-1] if dice.random() < 0.6 else value + "x"
        return [f"{start}{key}:{gap}{other}"]
    if kind < 0.2:
        return [f"{start}{key[:-1] if len(key) > 3 else key + 'x'}:{gap}{value}"]
    if kind < 0.4 and indent and not dash:
        return [line, f"{indent}{dice.choice(['lora_rnk', 'foo', 'learning_rate', 'max_len'])}: 1"]
    if kind < 0.55 and not dash:
        return []
    # of the same kind: a list for a number is wrong, but nothing looks before it is used
    if value == "null":
        return [line]
    is_number = re.fullmatch(r"[-+.\de]+", value) is not None
    same = "bool" if value.lower() in ("true", "false") else "number" if is_number else "other"
    return [f"{start}{key}:{gap}{dice.choice(_OTHERS[same])}"]
