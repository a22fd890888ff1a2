"""Keywords without a place in the recipe: of no effect on what is learned, or Unsloth's alone.

Together with the other rows' keys these are all keywords that ``from_pretrained``,
``get_peft_model``, the configuration classes and the trainers take (unsloth 2026.10.9, TRL 0.22 to
1.9, transformers 4.56 to 5.16).
"""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.script_tree import Symbol
from translator.lens import Ignore, Only, Row
from translator.reading import Reader

_SPEED = "speed and memory of loading"
_LOGS = "what is logged"


def _all(section: str, names: str) -> tuple[str, ...]:
    return tuple(f"{section}.{name}" for name in names.split())


_IGNORED: tuple[tuple[str, str, str], ...] = (
    ("load", "class base token device_map max_memory offload_folder low_cpu_mem_usage cache_dir "
             "local_files_only device_map_planner_kwargs offload_embedding disable_log_stats "
             "gpu_memory_utilization float8_kv_cache unsloth_tiled_mlp unsloth_vllm_standby "
             "force_download proxies use_safetensors variant", _SPEED),
    ("load", "attn_implementation", "Unsloth chooses the attention itself "
                                    "(unsloth/models/llama.py:2651, 2026.8.19)"),
    ("load", "fix_tokenizer tokenizer_revision text_only model_patcher model_types "
             "supports_sdpa", "how the model is found and patched"),
    ("load", "fast_inference max_lora_rank return_logits fullgraph unsloth_force_compile "
             "random_state", "inference and compilation, or the model's own start"),
    ("trainer", "own", "arguments of the script's own trainer"),
    ("peft", "class base model random_state", "the adapter's random start, which no two frameworks share"),
    ("peft", "max_seq_length temporary_location task_type offload_layers checkpoint_skip_layers "
             "multi_gpu_compatible layers_pattern inference_mode fan_in_fan_out",
     "how adapters are put on, not what they learn"),
    ("script", "unsloth unsloth_before_trl versions trl_before_unsloth",
     "imports, which decide whose defaults hold"),
    ("script", "padding_repaired", "what the tokenizer's loader has done"),
    ("args", "class base args", "the class, which decides whose defaults hold"),
    ("args", "dataset_num_proc dataset_batch_size dataloader_pin_memory "
             "dataloader_persistent_workers dataloader_prefetch_factor "
             "dataloader_multiprocessing_context dataloader_in_order torch_empty_cache_steps "
             "skip_memory_metrics use_cache torch_compile_backend torch_compile_mode "
             "activation_offloading gradient_checkpointing_kwargs padding_free pad_to_multiple_of "
             "eval_accumulation_steps precompute_ref_log_probs precompute_ref_batch_size "
             "use_liger_kernel liger_kernel_config include_for_metrics "
             "ds3_gather_for_generation cast_lm_head_to_fp32 unsloth_num_chunks "
             "unsloth_logit_chunk_multiplier unsloth_grpo_mini_batch", _SPEED),
    ("args", "logging_first_step logging_dir logging_nan_inf_filter log_on_each_node log_level "
             "log_level_replica disable_tqdm trackio_space_id trackio_bucket_id "
             "trackio_static_space_id include_num_input_tokens_seen include_tokens_per_second "
             "debug log_completions log_multimodal num_completions_to_print "
             "log_unique_prompts log_completions_hub_repo wandb_log_unique_prompts", _LOGS),
    ("args", "do_train do_eval do_predict prediction_loss_only eval_do_concat_batches "
             "eval_use_gather_object batch_eval_metrics eval_delay eval_on_start bf16_full_eval "
             "fp16_full_eval eval_packing metric_for_best_model greater_is_better "
             "generate_during_eval predict_with_generate num_generations_eval",
     "how evaluation is done"),
    ("args", "save_only_model save_safetensors save_on_each_node overwrite_output_dir "
             "enable_jit_checkpoint hub_token hub_private_repo hub_strategy hub_always_push "
             "hub_revision restore_callback_states_from_checkpoint ignore_data_skip",
     "how checkpoints are kept"),
    ("args", "remove_unused_columns label_names length_column_name dataset_kwargs local_rank "
             "use_cpu no_cuda ddp_find_unused_parameters ddp_bucket_cap_mb ddp_broadcast_buffers "
             "ddp_static_graph ddp_backend ddp_timeout accelerator_config parallelism_config "
             "full_determinism fp16_opt_level fp16_backend half_precision_backend push_to_hub_token "
             "data_seed model_init_kwargs trust_remote_code fsdp_min_num_params "
             "ref_model_init_kwargs padding_value is_encoder_decoder jit_mode_eval "
             "tpu_num_cores pad_token", "nothing that is learned"),
    ("args", "vllm_sampling_params vllm_mode vllm_gpu_memory_utilization vllm_server_host "
             "vllm_server_port vllm_server_timeout vllm_server_base_url vllm_tensor_parallel_size "
             "vllm_max_model_length vllm_model_impl vllm_enable_sleep_mode vllm_group_port "
             "vllm_structured_outputs_regex use_transformers_paged fast_inference "
             "use_transformers_continuous_batching transformers_continuous_batching_config "
             "cache_implementation", "how answers are sampled, not which"),
    ("trainer", "class base model tokenizer processing_class args train_dataset eval_dataset "
                "dataset_num_proc compute_metrics preprocess_logits_for_metrics "
                "reward_processing_classes", "the parts of the run, read where they are made"),
)  # fmt: skip

# name, what is lost, severity, values with which it does nothing
_ALONE: tuple[tuple[str, str, Severity, tuple[object, ...]], ...] = (
    ("load.qat_scheme", "quantisation-aware training", Severity.ERROR, (None,)),
    ("load.float32_mixed_precision", "weights in float32", Severity.WARNING, (None, False)),
    ("load.resize_model_vocab", "another size of the vocabulary", Severity.ERROR, (None,)),
    ("load.num_labels", "a classification head", Severity.ERROR, (None,)),
    ("load.auto_config", "another configuration of the model", Severity.ERROR, (None,)),
    ("load.tie_word_embeddings", "tied embeddings", Severity.WARNING, (None,)),
    ("load.whisper_language", "the language of speech", Severity.ERROR, (None,)),
    ("load.whisper_task", "the task of speech", Severity.ERROR, (None,)),
    ("load.target_parameters", "adapters on raw parameters", Severity.ERROR, (None,)),
    ("load.quantization_config", "a quantisation of one's own", Severity.ERROR, (None,)),
    ("peft.finetune_last_n_layers", "adapters on the last layers only", Severity.ERROR, (None,)),
    ("peft.finetune_audio_layers", "adapters on the audio tower", Severity.NOTE, (None, False, True)),
    ("peft.qat_scheme", "quantisation-aware training", Severity.ERROR, (None,)),
    ("peft.ensure_weight_tying", "tied embeddings", Severity.WARNING, (None, False)),
    ("peft.rank_pattern", "a rank for each layer", Severity.ERROR, (None, {})),
    ("peft.alpha_pattern", "a scale for each layer", Severity.ERROR, (None, {})),
    ("args.label_smoothing_factor", "label smoothing", Severity.ERROR, (None, 0, 0.0)),
    ("args.shuffle_dataset", "an order shuffled once", Severity.NOTE, (None, False, True)),
    ("args.average_tokens_across_devices", "another mean over devices", Severity.WARNING, (None, True)),
    ("args.auto_find_batch_size", "a batch size found by trial", Severity.WARNING, (None, False)),
    ("args.deepspeed", "DeepSpeed's sharding", Severity.WARNING, (None,)),
    ("args.fsdp", "sharded weights", Severity.WARNING, (None, "", [])),
    ("args.fsdp_config", "sharded weights", Severity.WARNING, (None, {})),
    ("args.context_parallel_size", "sequences shared by devices", Severity.WARNING, (None, 1)),
    ("args.context_parallel_backend", "sequences shared by devices", Severity.NOTE, (None,)),
    ("args.context_parallel_rotate_method", "sequences shared by devices", Severity.NOTE, (None,)),
    ("args.optim_target_modules", "layers of a low-rank optimizer", Severity.ERROR, (None,)),
    ("args.q_galore_config", "settings of Q-GaLore", Severity.ERROR, (None,)),
    ("args.logging_strategy", "when a line is logged", Severity.NOTE, (None, "steps")),
    ("args.assistant_only_loss", "the loss on answers alone", Severity.ERROR, (None, False)),
    ("args.chat_template_path", "a chat template from elsewhere", Severity.ERROR, (None,)),
    ("args.eos_token", "another end-of-sequence token", Severity.ERROR, (None,)),
    ("args.router_aux_loss_coef", "a loss on the router", Severity.WARNING, (None, 0.0, 0.001)),
    ("args.use_dft_loss", "another loss", Severity.ERROR, (None, False)),
    ("args.disable_dropout", "dropout as configured", Severity.WARNING, (None, True)),
    ("args.sync_ref_model", "a reference that follows the model", Severity.ERROR, (None, False)),
    ("args.ref_model_mixup_alpha", "a reference that follows the model", Severity.NOTE, (None, 0.6)),
    ("args.ref_model_sync_steps", "a reference that follows the model", Severity.NOTE, (None, 512)),
    ("args.loss_weights", "a mixture of losses", Severity.ERROR, (None,)),
    ("args.ld_alpha", "a discount on length", Severity.ERROR, (None,)),
    ("args.rpo_alpha", "a likelihood term in the loss", Severity.ERROR, (None,)),
    ("args.f_divergence_type", "another divergence", Severity.ERROR, (None, "reverse_kl")),
    ("args.f_alpha_divergence_coef", "another divergence", Severity.NOTE, (None,)),
    ("args.reference_free", "no reference model", Severity.ERROR, (None, False)),
    ("args.use_weighting", "weighted pairs", Severity.ERROR, (None, False)),
    ("args.discopop_tau", "a temperature of the loss", Severity.NOTE, (None,)),
    ("args.max_target_length", "a limit of answers", Severity.WARNING, (None,)),
    ("args.alpha", "a term of the loss", Severity.ERROR, (None, 0.0)),
    ("args.cpo_alpha", "a likelihood term of the loss", Severity.ERROR, (None, 0.0)),
    ("args.num_iterations", "several updates on one batch of answers", Severity.ERROR, (None, 1)),
    ("args.delta", "a further limit of the ratio", Severity.ERROR, (None,)),
    ("args.epsilon_high", "another upper limit of the ratio", Severity.ERROR, (None,)),
    ("args.top_p", "nucleus sampling", Severity.ERROR, (None, 1.0, 1)),
    ("args.top_k", "sampling among the best", Severity.ERROR, (None, 0, -1)),
    ("args.min_p", "sampling above a probability", Severity.ERROR, (None,)),
    ("args.repetition_penalty", "a penalty on repetition", Severity.ERROR, (None, 1.0, 1)),
    ("args.generation_kwargs", "further settings of sampling", Severity.WARNING, (None, {})),
    ("args.generation_batch_size", "answers sampled at once", Severity.WARNING, (None,)),
    ("args.steps_per_generation", "updates per sampling", Severity.WARNING, (None,)),
    ("args.chat_template_kwargs", "switches of the chat template", Severity.ERROR, (None, {})),
    ("args.mask_truncated_completions", "no loss on answers cut short", Severity.ERROR, (None, False)),
    ("args.importance_sampling_level", "ratios per sequence", Severity.ERROR, (None, "token")),
    ("args.multi_objective_aggregation", "how rewards are added", Severity.ERROR,
     (None, "sum_then_normalize")),
    ("args.top_entropy_quantile", "loss on uncertain tokens", Severity.ERROR, (None, 1.0)),
    ("args.max_tool_calling_iterations", "tool calls while sampling", Severity.ERROR, (None,)),
    ("args.use_bias_correction_kl", "a corrected KL term", Severity.ERROR, (None, False)),
    ("args.off_policy_mask_threshold", "a mask on old answers", Severity.ERROR, (None,)),
    ("args.vllm_importance_sampling_correction", "a corrected ratio", Severity.WARNING, (None, False)),
    ("args.vllm_importance_sampling_cap", "a corrected ratio", Severity.NOTE, (None,)),
    ("args.vllm_importance_sampling_mode", "a corrected ratio", Severity.NOTE, (None,)),
    ("args.vllm_importance_sampling_clip_max", "a corrected ratio", Severity.NOTE, (None,)),
    ("args.vllm_importance_sampling_clip_min", "a corrected ratio", Severity.NOTE, (None,)),
    ("args.entropy_coef", "a bonus on entropy", Severity.ERROR, (None, 0.0, 0)),
    ("args.use_adaptive_entropy", "a bonus on entropy", Severity.ERROR, (None, False)),
    ("args.entropy_coef_min", "a bonus on entropy", Severity.NOTE, (None,)),
    ("args.entropy_coef_max", "a bonus on entropy", Severity.NOTE, (None,)),
    ("args.entropy_coef_delta", "a bonus on entropy", Severity.NOTE, (None,)),
    ("args.entropy_target", "a bonus on entropy", Severity.NOTE, (None,)),
    ("args.sapo_temperature_neg", "a temperature of the loss", Severity.NOTE, (None,)),
    ("args.sapo_temperature_pos", "a temperature of the loss", Severity.NOTE, (None,)),
    ("args.vespo_k_pos", "a setting of the loss", Severity.NOTE, (None,)),
    ("args.vespo_k_neg", "a setting of the loss", Severity.NOTE, (None,)),
    ("args.vespo_lambda_pos", "a setting of the loss", Severity.NOTE, (None,)),
    ("args.vespo_lambda_neg", "a setting of the loss", Severity.NOTE, (None,)),
    ("trainer.overrides", "a trainer of the script's own that trains by other methods",
     Severity.ERROR, (None,)),
    ("trainer.optimizers", "an optimizer of one's own", Severity.ERROR, (None,)),
    ("trainer.optimizer_cls_and_kwargs", "an optimizer of one's own", Severity.ERROR, (None,)),
    ("trainer.compute_loss_func", "a loss of one's own", Severity.ERROR, (None,)),
    ("trainer.model_init", "a model made anew", Severity.ERROR, (None,)),
    ("trainer.peft_config", "adapters put on by the trainer", Severity.ERROR, (None,)),
    ("trainer.quantization_config", "a quantisation of one's own", Severity.ERROR, (None,)),
    ("trainer.tools", "tools that answers may call", Severity.ERROR, (None, [])),
    ("trainer.rollout_func", "answers made by the user's own code", Severity.ERROR, (None,)),
    ("trainer.environment_factory", "an environment for answers", Severity.ERROR, (None,)),
)  # fmt: skip


class _ModelClass(Only):
    """``auto_model``: a class for causal language modelling is what every framework here loads."""

    def read(self, reader: Reader) -> None:
        node = reader.tree.get(("load", "auto_model"))
        given = None if node is None else node.plain()
        if isinstance(given, Symbol) and not given.local and given.last.endswith("ForCausalLM"):
            reader.used.add(("load", "auto_model"))
            message = f"load.auto_model ({given.last}): the class that is loaded anyway"
            reader.say(Code.NO_EFFECT, Severity.NOTE, message, node, key=self.name, verbose=True)
        else:
            super().read(reader)


ROWS: tuple[Row, ...] = (
    _ModelClass(
        name="load.auto_model",
        why="another class of model has no counterpart",
        severity=Severity.ERROR,
        inert=(None,),
    ),
    *(Ignore(names=_all(section, names), why=why) for section, names, why in _IGNORED),
    *(
        Only(name=name, why=f"{what} has no counterpart", severity=severity, inert=inert)
        for name, what, severity, inert in _ALONE
    ),
)
