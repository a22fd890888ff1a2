"""Keys that have no bearing on what is trained, by the reason why."""

from __future__ import annotations

from translator.lens import Ignore, Row

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
    "Axolotl has no use for it": """
        torchdistx_path lr_div_factor datasets[].field_human datasets[].field_model
        test_datasets[].field_human test_datasets[].field_model pretraining_dataset[].field_human
        pretraining_dataset[].field_model""",
    "the order of rows is drawn at random anyway": "shuffle_before_merging_datasets",
    "how many rows are weighed against one another when they are packed": """
        sample_packing_group_size sample_packing_bin_size""",
}

ROWS: tuple[Row, ...] = tuple(
    Ignore(names=tuple(names.split()), why=why) for why, names in _WITHOUT_BEARING.items()
)
