"""The keys that no other framework has, or that do not bear on what is trained.

Each of Axolotl's keys has a row, here or with the fields it carries; a test compares the rows
with the recorded list of all keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.lookup import find, no_effect, refuse
from translator.frameworks.axolotl.memory import plugins
from translator.frameworks.axolotl.rows import via
from translator.frameworks.axolotl.schema import plugin_keys, recorded_keys
from translator.frameworks.axolotl.values import text
from translator.lens import Coverage, Ignore, Only, Row
from translator.reading import Reader
from translator.tree import Address, shown, spell
from translator.writing import Writer

# --- no bearing on the result --------------------------------------------------------------------

_WITHOUT_BEARING = {
    "how data is prepared and cached": """
        dataset_prepared_path dataset_processes dataset_num_proc dataset_keep_in_memory
        num_dataset_shards_to_save push_dataset_to_hub preprocess_iterable is_preprocess
        skip_prepare_dataset sample_packing_eff_est total_num_tokens total_supervised_tokens
        sample_packing_mp_start_method dataloader_pin_memory dataloader_prefetch_factor
        streaming_multipack_buffer_size pretrain_multipack_buffer_size remove_unused_columns
        datasets[].preprocess_shards datasets[].trust_remote_code datasets[].input_format
        test_datasets[].preprocess_shards test_datasets[].trust_remote_code
        test_datasets[].input_format pretraining_dataset[].preprocess_shards
        pretraining_dataset[].trust_remote_code pretraining_dataset[].input_format""",
    "access and identity of the user": """
        hf_use_auth_token comet_api_key wandb_run_id comet_experiment_key swanlab_api_key""",
    "where and how processes are started": """
        local_rank world_size device device_map ddp ddp_timeout ddp_bucket_cap_mb
        ddp_broadcast_buffers ddp_find_unused_parameters use_ray ray_run_name ray_num_workers
        resources_per_worker strict axolotl_config_path accelerator_config""",
    "the class follows from the model and tokenizer": """
        tokenizer_type tokenizer_use_fast tokenizer_legacy cls_model_config
        is_falcon_derived_model is_llama_derived_model is_mistral_derived_model
        is_qwen_derived_model tokenizer_save_jinja_files""",
    "used by other commands than train": """
        gradio_title gradio_share gradio_server_name gradio_server_port gradio_max_new_tokens
        gradio_temperature merge_lora merge_method quantization quantization.weight_dtype
        quantization.activation_dtype quantization.quantize_embedding quantization.group_size
        lm_eval_tasks lm_eval_batch_size lm_eval_post_train lm_eval_model""",
    "a detail of the tracker": """
        wandb_watch wandb_log_model wandb_mode mlflow_tracking_uri hf_mlflow_log_artifacts
        comet_mode comet_online comet_experiment_config trackio_space_id use_otel_metrics
        otel_metrics_host otel_metrics_port swanlab_description swanlab_mode swanlab_log_model
        swanlab_web_host swanlab_api_host swanlab_lark_webhook_url swanlab_lark_secret
        swanlab_log_completions swanlab_completion_log_interval swanlab_completion_max_buffer
        include_tokens_per_second include_tkps profiler_steps profiler_steps_start""",
    "a detail of the upload": "hub_strategy hub_revision save_safetensors",
    "where memory is found": """
        low_cpu_mem_usage gpu_memory_limit max_memory lora_on_cpu experimental_skip_move_to_device
        qlora_sharded_model_loading gc_steps torch_empty_cache_steps gc_collect_steps
        relora_cpu_offload ple_cpu_offload layer_offloading""",
    "how checkpointing recomputes": """
        gradient_checkpointing_kwargs""",
    "how FSDP moves weights": """
        fsdp_config.auto_wrap_policy fsdp_config.sync_module_states
        fsdp_config.cpu_ram_efficient_loading fsdp_config.cpu_offload_pin_memory
        fsdp_config.use_orig_params fsdp_config.state_dict_type
        fsdp_config.final_state_dict_type fsdp_config.min_num_params
        fsdp_final_state_dict_type""",
    "padding is masked": "pad_to_sequence_len pad_to_multiple_of",
    "a fused kernel, same mathematics": """
        lora_mlp_kernel lora_qkv_kernel lora_o_kernel lora_embedding_kernel
        flex_attn_compile_kwargs flash_attn_d512 large_head_attention sdpa_varlen
        fused_attn_kernel flash_attn_cross_entropy flash_attn_fuse_mlp flash_optimum
        experts_implementation use_kernels torch_compile_backend torch_compile_mode
        torch_compile_options deepcompile tiled_mlp tiled_mlp_num_shards
        tiled_mlp_use_original_mlp batch_flattening multipack_real_batches heads_k_stride
        ring_attn_func dpo_use_liger_kernel dpo_padding_free llama4_linearized_experts
        liger_kernel_impl gemma4_hybrid_attn_impl precompute_ref_log_probs""",
    "the callback that printed samples is gone": "eval_table_size eval_max_new_tokens",
    "samples are only printed": """
        generate_samples num_generation_samples generation_max_new_tokens generation_temperature
        generation_top_p generation_top_k generation_prompt_ratio generation_do_sample""",
    "no template of Axolotl 0.19 has a default message to replace": "default_system_message",
    "Axolotl never had a use for it": "torchdistx_path",
}

# --- only Axolotl --------------------------------------------------------------------------------

_ONLY: dict[tuple[Severity, str], str] = {
    (Severity.ERROR, "only Axolotl trains this way"): """
        relora relora_prune_ratio jagged_restart_steps jagged_restart_warmup_steps
        jagged_restart_anneal_steps lisa_n_layers lisa_step_interval
        lr_groups optim_target_modules unfrozen_parameters reinit_weights
        use_onebitllms scaling_softmax use_pose
        lora_rank_pattern lora_alpha_pattern peft_layers_pattern
        peft_layer_replication peft_trainable_token_indices fix_untrained_tokens
        trainer_cls dpo_loss_weights dpo_use_weighting cpo_alpha
        fp8 quantize_moe_experts""",
    (Severity.ERROR, "only Axolotl chooses or changes rows like this"): """
        dataset_exact_deduplication dataset_shard_num dataset_shard_idx
        datasets[].shards datasets[].shards_idx datasets[].input_transform
        datasets[].split_thinking datasets[].message_field_training
        datasets[].message_field_training_detail datasets[].logprobs_field
        datasets[].temperature datasets[].step_separator datasets[].max_completion_length
        datasets[].train_on_last_step_only datasets[].length datasets[].sequence_length
        datasets[].min_input_id datasets[].max_input_id datasets[].seed
        pretraining_dataset[].skip chat_template_kwargs
        added_tokens_overrides role_boundaries""",
    (Severity.WARNING, "only Axolotl chooses rows like this"): """
        min_sample_len eval_sequence_len shuffle_before_merging_datasets
        pretraining_sample_concatenation datasets[].field_thinking
        datasets[].template_thinking_key datasets[].field_human datasets[].field_model
        sample_packing_group_size sample_packing_bin_size pretrain_multipack_attn""",
    (Severity.WARNING, "a setting that only Axolotl has"): """
        mean_resizing_embeddings shrink_embeddings resize_token_embeddings_to_32x
        embeddings_skip_upcast tokenizer_use_mistral_common overrides_of_model_kwargs
        lora_fan_in_fan_out peft_ensure_weight_tying loraplus_lr_embedding
        model_quantization_config_kwargs image_size image_resize_algorithm processor_kwargs
        freeze_mm_modules adam_beta3 adam_epsilon2 lr_div_factor auto_find_batch_size
        center_rewards_coefficient num_labels dp_shard_size dp_replicate_size
        fp32_norms fp32_norm_classes fp8_config.recipe fp8_enable_fsdp_float8_all_gather
        fsdp_config.mixed_precision_policy relora_prune_method lisa_layers_attribute
        scaling_softmax_factor scaling_softmax_bias pose_split_on_token_ids
        pose_max_context_len pose_num_chunks eaft_alpha eaft_k
        dion_lr dion_momentum dion_rank_fraction dion_rank_multiple_of
        qgalore_rank qgalore_update_proj_gap qgalore_scale qgalore_proj_type
        qgalore_proj_quant qgalore_proj_bits qgalore_proj_group_size qgalore_cos_threshold
        qgalore_gamma_proj qgalore_queue_size""",
    (Severity.NOTE, "only Axolotl does this beside training"): """
        do_causal_lm_eval eval_causal_lm_metrics do_bench_eval bench_dataset bench_split
        metric_for_best_model greater_is_better loss_watchdog_threshold loss_watchdog_patience
        save_first_step save_only_model dynamic_checkpoint.enabled
        dynamic_checkpoint.check_interval dynamic_checkpoint.trigger_file_path""",
}
_INERT: dict[str, tuple[object, ...]] = {
    "cpo_alpha": (1.0, 1),
    "min_sample_len": (2,),
    "datasets[].field_thinking": ("reasoning_content",),
    "datasets[].template_thinking_key": ("reasoning_content",),
    "dpo_use_weighting": (),
    "lr_groups": ([],),
    "unfrozen_parameters": ([],),
    "model_quantization_config_kwargs": ({"dequantize": True}, {"dequantize": False}),
    "dp_shard_size": (1,),
    "dp_replicate_size": (1,),
}

# whole blocks of settings: prefix, severity, why
_BLOCKS = (
    ("trl.", Severity.ERROR, "a setting of online RL that ftx does not carry"),
    ("vllm.", Severity.NOTE, "a setting of the server that Axolotl starts for sampling"),
    ("ebft.", Severity.ERROR, "a setting of energy-based fine-tuning, in Axolotl only"),
    ("qat.", Severity.ERROR, "quantisation-aware training, with Axolotl's own scheme"),
)
_TRL_HARMLESS = {
    "trl.vllm_mode", "trl.vllm_server_host", "trl.vllm_server_port", "trl.vllm_server_timeout",
    "trl.log_completions", "trl.num_completions_to_print", "trl.log_multimodal",
    "trl.use_liger_loss", "trl.vllm_enable_sleep_mode", "trl.reward_num_workers",
    "trl.prefetch_depth", "trl.vllm_lora_sync", "trl.ref_model_mixup_alpha",
    "trl.ref_model_sync_steps",
}  # fmt: skip
_FORMER = (
    "unsloth_cross_entropy_loss", "unsloth_lora_mlp", "unsloth_lora_qkv", "unsloth_lora_o",
    "unsloth_rms_norm", "unsloth_rope",
)  # fmt: skip
"""Removed too (axolotl/utils/schemas/validation.py: check_deprecated_unsloth_fields)."""

CARRIED_OF_DATASETS = [
    "path",
    "name",
    "split",
    "revision",
    "data_files",
    "ds_type",
    "type",
    "chat_template",
    "chat_template_jinja",
    "conversation",
    "field",
    "field_messages",
    "field_tools",
    "field_chosen",
    "field_rejected",
    "message_property_mappings",
    "message_field_role",
    "message_field_content",
    "roles",
    "roles_to_train",
    "train_on_eos",
    "train_on_eot",
    "drop_system_message",
    "text_column",
    "type.system_prompt",
    "type.system_format",
    "type.field_system",
    "type.field_instruction",
    "type.field_input",
    "type.field_output",
    "type.format",
    "type.no_input_format",
    "type.field_prompt",
    "type.field_chosen",
    "type.field_rejected",
    "type.prompt_format",
    "type.chosen_format",
    "type.rejected_format",
    "type.field_completion",
    "type.field_label",
    "type.completion_format",
]
"""Keys of a data set that :mod:`.sources` and :mod:`.preference` read."""
_LISTS = ("datasets", "test_datasets", "pretraining_dataset")


@dataclass(frozen=True)
class Known:
    """Spellings that other rows answer for: parts of blocks that are read as a whole."""

    names: tuple[str, ...]

    def read(self, reader: Reader) -> None:
        """Nothing by itself."""

    def write(self, writer: Writer) -> None:
        """Nothing by itself."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return self.names


_REFUSED = {
    "max_packed_sequence_len": "sample_packing and sequence_len replace it",
    "s2_attention": "shifted sparse attention is gone",
    "flash_attn_rms_norm": "the model's own norms are used",
    "rpo_alpha": "its loss is gone from TRL",
    "dpo_use_logits_to_keep": "a kernel that is gone from TRL",
    "dpo_generate_during_eval": "samples during evaluation are gone from TRL",
    "dpo_norm_loss": "its loss is gone from TRL",
    **dict.fromkeys(_FORMER, "lora_mlp_kernel and its like replace it"),
}
"""Keys that 0.19 stops at (axolotl/utils/schemas/deprecated.py), and what became of them."""


@dataclass(frozen=True)
class Refused:
    """Keys that were removed: Axolotl refuses a file that sets one."""

    names: Mapping[str, str]

    def read(self, reader: Reader) -> None:
        for name, why in self.names.items():
            node = reader.node(name)
            if node is None:
                continue
            if not node.value:
                no_effect(reader, (name,), "it is off", verbose=True)
            else:
                reason = f"is refused by 0.19 and not carried: {why}"
                refuse(reader, (name,), node, reason, Severity.WARNING)

    def write(self, writer: Writer) -> None:
        """Nothing of it is in the recipe."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return self.names


@dataclass(frozen=True)
class PluginKeys:
    """Keys that a plugin adds: left aside with it, dropped by Axolotl without it."""

    taken: frozenset[str]
    """Keys of plugins that other rows carry."""

    def names(self) -> Iterable[tuple[str, str]]:
        for plugin, keys in plugin_keys().items():
            for key in keys:
                if key not in self.taken:
                    yield plugin, key

    def read(self, reader: Reader) -> None:
        registered = plugins(reader)
        for plugin, key in self.names():
            address: Address = tuple(key.split("."))
            node = reader.tree.get(address)
            if node is None or node.is_mapping or node.value is None:
                continue
            if plugin.rpartition(".")[2] not in registered:
                reader.used.add(address)
                reader.say(
                    Code.UNKNOWN_KEY,
                    Severity.WARNING,
                    f"{key} ({shown(node.plain())}) does nothing: Axolotl drops it without the plugin",
                    node,
                    key=key,
                    help=f"add {plugin} to plugins",
                )
            elif node.value is not False:
                severity = _PLUGIN_SEVERITY.get(plugin.rpartition(".")[2], Severity.ERROR)
                reader.leave(address, node, f"a setting of {plugin.rpartition('.')[2]}", severity)
        self._plugins_themselves(reader)

    def _plugins_themselves(self, reader: Reader) -> None:
        node = reader.peek("plugins")
        if node is None or not node.is_sequence:
            return
        known = {plugin.rpartition(".")[2] for plugin in plugin_keys()}
        for position, element in enumerate(node.value):
            name = str(element.plain()).rpartition(".")[2]
            if name in ("LigerPlugin", "CutCrossEntropyPlugin", "LMEvalPlugin", "KDPlugin",
                        "DiffusionPlugin", "SwanLabPlugin"):  # fmt: skip
                continue
            severity = _PLUGIN_SEVERITY.get(name, Severity.ERROR)
            why = (
                f"what {name} does, only Axolotl does" if name in known else "a plugin of one's own"
            )
            reader.leave(("plugins", position), element, why, severity)

    def write(self, writer: Writer) -> None:
        """Nothing of it is in the recipe."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return (key for _, key in self.names())


_PLUGIN_SEVERITY = {
    "KernelsPlugin": Severity.WARNING,
    "ExpertParallelPlugin": Severity.WARNING,
    "LigerPlugin": Severity.WARNING,
    "NemoGymPlugin": Severity.ERROR,
    "LMEvalPlugin": Severity.NOTE,
    "SwanLabPlugin": Severity.NOTE,
}


@dataclass(frozen=True)
class Unread:
    """Last of all: keys without a value, and known keys that nothing else in this file needs."""

    def read(self, reader: Reader) -> None:
        known = {*recorded_keys(), *(k for keys in plugin_keys().values() for k in keys)}
        for address, node in reader.unused():
            empty = node.value is None or node.value in ({}, [])
            if empty or _steps(address) & known:
                why = "it is empty" if empty else "nothing in this file makes use of it"
                reader.used.add(address)
                name = spell(address)
                message = f"{name} ({shown(node.plain())}) has no effect: {why}"
                reader.say(Code.NO_EFFECT, Severity.NOTE, message, node, key=name, verbose=empty)

    def write(self, writer: Writer) -> None:
        """Nothing of it is in the recipe."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return ()


def _steps(address: Address) -> set[str]:
    """The key itself, and the free-form mapping that it is part of."""
    pattern = re.sub(r"\[\d+\]", "[]", spell(address))
    parts = {pattern}
    for end in range(1, len(address)):
        outer = re.sub(r"\[\d+\]", "[]", spell(address[:end]))
        inner_keys = any(key.startswith((f"{outer}.", f"{outer}[].")) for key in recorded_keys())
        if not inner_keys and not outer.endswith("]"):
            parts.add(outer)
    return parts


def _get_class(reader: Reader) -> None:
    """The class is AutoModelForCausalLM's business, unless it is for another task."""
    for name in ("type_of_model", "model_type"):
        found = find(reader, name, text, None)
        if found.node is None:
            continue
        if found.value and "Classification" in found.value:
            why = "a model with another head than one for text"
            reader.leave((name,), found.node, why, Severity.ERROR)
        else:
            no_effect(reader, (name,), "the class follows from the model", verbose=True)


def _only_rows() -> Iterable[Row]:
    recorded = {**recorded_keys()}
    for (severity, why), names in _ONLY.items():
        for name in names.split():
            for spelled in _everywhere(name, recorded):
                default = recorded[spelled]["default"]
                inert = _INERT.get(name, ())
                yield Only(
                    name=spelled, why=why, severity=severity, inert=(None, False, default, *inert)
                )
    for prefix, severity, why in _BLOCKS:
        for name, record in recorded.items():
            if name.startswith(prefix) and name not in _CARRIED_IN_BLOCKS:
                grade = Severity.NOTE if name in _TRL_HARMLESS else severity
                yield Only(
                    name=name, why=why, severity=grade, inert=(None, False, record["default"])
                )


def _everywhere(name: str, recorded: dict[str, dict[str, object]]) -> list[str]:
    """A key of ``datasets[]`` stands for that of the other lists as well."""
    if not name.startswith("datasets[]"):
        return [name]
    return [key for kind in _LISTS if (key := name.replace("datasets", kind, 1)) in recorded]


_CARRIED_IN_BLOCKS = {
    "trl.beta", "trl.max_completion_length", "trl.loss_type", "trl.num_generations",
    "trl.epsilon", "trl.temperature", "trl.scale_rewards", "trl.reward_funcs",
    "trl.reward_weights", "trl.use_vllm", "trl.multi_objective_aggregation",
}  # fmt: skip
_CARRIED_OF_PLUGINS = frozenset(
    [
        "cut_cross_entropy",
        "liger_rope",
        "liger_rms_norm",
        "liger_glu_activation",
        "liger_layer_norm",
        "liger_swiglu",
        "liger_rms_norm_gated",
        "liger_fused_linear_cross_entropy",
        "liger_cross_entropy",
        "kd_trainer",
        "use_swanlab",
        "swanlab_project",
        "swanlab_experiment_name",
        "swanlab_workspace",
        "liger_kernel_impl",
        "lm_eval_tasks",
        "lm_eval_batch_size",
        "lm_eval_post_train",
        "lm_eval_model",
        "swanlab_api_key",
        "swanlab_description",
        "swanlab_mode",
        "swanlab_log_model",
        "swanlab_web_host",
        "swanlab_api_host",
        "swanlab_lark_webhook_url",
        "swanlab_lark_secret",
        "swanlab_log_completions",
        "swanlab_completion_log_interval",
        "swanlab_completion_max_buffer",
    ]
)

ROWS: tuple[Row, ...] = (
    via((), ("type_of_model", "model_type"), _get_class, lambda writer: None),
    *(Ignore(names=tuple(names.split()), why=why) for why, names in _WITHOUT_BEARING.items()),
    *_only_rows(),
    Refused(_REFUSED),
    PluginKeys(_CARRIED_OF_PLUGINS),
    Known(
        (
            *tuple(
                f"{kind}[].{name}"
                for kind in _LISTS
                for name in CARRIED_OF_DATASETS
                if f"{kind}[].{name}" in recorded_keys()
            ),
            "trl",
            "vllm",
            "ebft",
            "qat",
            "peft",
            "peft.loftq_config",
            "fp8_config",
            "dynamic_checkpoint",
            "lr_groups[].name",
            "lr_groups[].modules",
            "lr_groups[].lr",
            *tuple(
                k
                for k in recorded_keys()
                if k.startswith(("role_boundaries[]", "selective_checkpointing."))
            ),
            *tuple(k for k in recorded_keys() if k.startswith("special_tokens.")),
        )
    ),
    Unread(),
)
