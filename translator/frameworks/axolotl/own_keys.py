"""Keys that only Axolotl has: what each does, and what its loss means elsewhere.

``needs`` is the key that must be on for it to do anything (``relora_prune_ratio`` without
``relora`` does nothing). Facts are from the places of axolotl 0.19 where the key is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from translator.diagnostics import Severity
from translator.frameworks.axolotl.lookup import no_effect
from translator.frameworks.axolotl.schema import recorded_keys
from translator.lens import Only, Row
from translator.reading import Reader
from translator.tree import steps

_LISTS = ("datasets", "test_datasets", "pretraining_dataset")
ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


class Own(Only):
    """A key of Axolotl's own that may need another one to do anything."""

    needs: str = ""

    def read(self, reader: Reader) -> None:
        if self.needs and not _is_on(reader, self.needs):
            address = steps(self.name)
            if reader.tree.get(address) is not None:
                no_effect(reader, address, f"it needs {self.needs.replace('|', ' or ')}")
            return
        super().read(reader)


def _is_on(reader: Reader, needs: str) -> bool:
    """Whether one of the keys (``a|b``) has a value, or the value behind ``=``."""
    for one in needs.split("|"):
        name, _, wanted = one.partition("=")
        node = reader.peek(*steps(name))
        if node is None:
            continue
        value = node.plain()
        if wanted in str(value) if wanted else bool(value):
            return True
    return False


class _Kind(NamedTuple):
    """Keys of one kind: names, what they do, what losing them means."""

    names: str
    grade: Severity
    why: str
    needs: str = ""


_KINDS = (
    # what is trained
    _Kind("relora", ERROR, "adapters are merged into the weights and begun again while training"),
    _Kind("relora_prune_ratio relora_prune_method", WARNING,
          "how much of the optimizer's states is reset at a restart", "relora"),
    _Kind("jagged_restart_steps", ERROR, "the learning rate starts over every so many steps"),
    _Kind("jagged_restart_warmup_steps jagged_restart_anneal_steps", WARNING,
          "the learning rate around a restart", "jagged_restart_steps"),
    _Kind("lisa_n_layers", ERROR, "a few layers at a time are trained, drawn anew in turns"),
    _Kind("lisa_step_interval lisa_layers_attribute", WARNING,
          "when layers are drawn anew", "lisa_n_layers"),
    _Kind("lr_groups", ERROR, "groups of layers have learning rates of their own"),
    _Kind("optim_target_modules", ERROR, "the layers that the optimizer treats in its own way"),
    _Kind("unfrozen_parameters", ERROR, "only these weights are trained"),
    _Kind("reinit_weights", ERROR, "training starts from random weights, not from the model's"),
    _Kind("use_onebitllms", ERROR, "layers are replaced by ones with weights of 1.58 bits"),
    _Kind("scaling_softmax", ERROR, "attention scores grow with the length of the row"),
    _Kind("scaling_softmax_factor scaling_softmax_bias", WARNING,
          "how attention scores grow with the length", "scaling_softmax"),
    _Kind("use_pose", ERROR, "positions are skipped at random, to learn a longer context"),
    _Kind("pose_split_on_token_ids pose_max_context_len pose_num_chunks", WARNING,
          "where positions are skipped", "use_pose"),
    _Kind("eaft_alpha eaft_k", WARNING, "how uncertain tokens weigh less", "use_eaft"),
    _Kind("trainer_cls", ERROR, "a trainer class of one's own"),
    _Kind("dpo_loss_weights", ERROR, "several losses are summed with weights", "rl"),
    _Kind("dpo_use_weighting", ERROR, "pairs are weighed by their likelihood", "rl"),
    _Kind("cpo_alpha", ERROR, "next-token training is added to the loss", "rl"),
    # adapters
    _Kind("lora_rank_pattern lora_alpha_pattern", ERROR,
          "layers have ranks or scales of their own", "adapter"),
    _Kind("peft_layers_pattern", ERROR, "where the numbered layers are", "peft_layers_to_transform"),
    _Kind("peft_layer_replication", ERROR, "layers are repeated under the adapters", "adapter"),
    _Kind("peft_trainable_token_indices", ERROR, "single rows of the embedding are trained",
          "adapter"),
    _Kind("peft_ensure_weight_tying", WARNING, "tied embeddings stay tied", "adapter"),
    _Kind("lora_fan_in_fan_out", NOTE, "PEFT knows which layers store their weights transposed"),
    _Kind("loraplus_lr_embedding", WARNING, "adapters of embeddings have a rate of their own",
          "loraplus_lr_ratio"),
    # rows
    _Kind("dataset_exact_deduplication", ERROR, "rows that are there twice are used once"),
    _Kind("dataset_shard_num dataset_shard_idx", ERROR, "only a part of the rows is used"),
    _Kind("datasets[].shards datasets[].shards_idx", ERROR, "only a part of the rows is used"),
    _Kind("datasets[].input_transform", ERROR, "code of one's own changes the rows"),
    _Kind("datasets[].split_thinking", ERROR, "the thinking part of answers is taken apart"),
    _Kind("datasets[].message_field_training datasets[].message_field_training_detail", ERROR,
          "the rows themselves say which turns or words count in the loss"),
    _Kind("datasets[].logprobs_field datasets[].temperature", ERROR, "a teacher's probabilities"),
    _Kind("datasets[].step_separator datasets[].max_completion_length "
          "datasets[].train_on_last_step_only", ERROR, "how rows with steps become tokens"),
    _Kind("datasets[].length datasets[].sequence_length datasets[].min_input_id "
          "datasets[].max_input_id datasets[].seed", ERROR, "how made-up rows are drawn"),
    _Kind("pretraining_dataset[].skip", ERROR, "the first rows are left out"),
    _Kind("chat_template_kwargs", ERROR, "arguments of the chat template change the tokens"),
    _Kind("added_tokens_overrides", ERROR, "reserved tokens get other texts"),
    _Kind("role_boundaries", ERROR, "where turns begin and end, for the mask"),
    _Kind("min_sample_len", WARNING, "rows of fewer tokens are left out"),
    _Kind("eval_sequence_len", NOTE, "evaluation has a length of its own"),
    _Kind("pretraining_sample_concatenation", WARNING, "texts are joined before they are cut"),
    _Kind("pretrain_multipack_attn", WARNING, "whether packed texts see one another"),
    _Kind("datasets[].field_thinking datasets[].template_thinking_key", WARNING,
          "where the thinking part of a turn lies"),
    # the model
    _Kind("mean_resizing_embeddings", WARNING, "how the embeddings of new tokens start"),
    _Kind("fix_untrained_tokens", WARNING, "embeddings that were never trained become the mean"),
    _Kind("shrink_embeddings", NOTE, "unused rows of the embedding are cut off"),
    _Kind("resize_token_embeddings_to_32x", NOTE,
          "the vocabulary is filled up to a multiple of 32, for speed"),
    _Kind("embeddings_skip_upcast", WARNING, "embeddings stay in 16 bits"),
    _Kind("tokenizer_use_mistral_common", WARNING, "Mistral's own library makes the tokens"),
    _Kind("overrides_of_model_kwargs", WARNING, "further arguments for loading the model"),
    _Kind("model_quantization_config_kwargs", WARNING, "details of how the weights are stored",
          "model_quantization_config"),
    _Kind("quantize_moe_experts", WARNING, "experts are stored in the few bits of the other layers"),
    _Kind("image_size image_resize_algorithm processor_kwargs", WARNING,
          "how pictures are prepared", "processor_type"),
    _Kind("freeze_mm_modules", WARNING, "the parts that see pictures are not trained"),
    _Kind("center_rewards_coefficient num_labels", WARNING, "the head of a reward model"),
    # numbers and devices
    _Kind("fp8", WARNING, "layers multiply in 8 bits"),
    _Kind("fp8_config.recipe fp8_enable_fsdp_float8_all_gather", WARNING,
          "how numbers of 8 bits are scaled", "fp8"),
    _Kind("fp32_norms fp32_norm_classes", WARNING, "norms stay in float32"),
    _Kind("fsdp_config.mixed_precision_policy", WARNING, "in what FSDP sums gradients"),
    _Kind("dp_shard_size dp_replicate_size", WARNING, "how many devices share one copy"),
    _Kind("auto_find_batch_size", NOTE, "the batch is halved when memory runs out"),
    # optimizers
    _Kind("adam_beta3 adam_epsilon2", WARNING, "a setting of CAME", "optimizer=came"),
    _Kind("dion_lr dion_momentum dion_rank_fraction dion_rank_multiple_of", WARNING,
          "a setting of Dion", "optimizer=dion"),
    _Kind("qgalore_rank qgalore_update_proj_gap qgalore_scale qgalore_proj_type "
          "qgalore_proj_quant qgalore_proj_bits qgalore_proj_group_size qgalore_cos_threshold "
          "qgalore_gamma_proj qgalore_queue_size", WARNING, "a setting of Q-GaLore",
          "optimizer=galore"),
    # beside training
    _Kind("do_causal_lm_eval", NOTE, "answers are generated and scored at evaluation"),
    _Kind("eval_causal_lm_metrics", NOTE, "how generated answers are scored", "do_causal_lm_eval"),
    _Kind("do_bench_eval", NOTE, "a benchmark is run at evaluation"),
    _Kind("bench_dataset bench_split", NOTE, "the benchmark of evaluation", "do_bench_eval"),
    _Kind("metric_for_best_model greater_is_better", NOTE, "which checkpoint counts as the best",
          "load_best_model_at_end|early_stopping_patience|save_strategy=best"),
    _Kind("loss_watchdog_threshold", NOTE, "a loss that stays above it ends the run"),
    _Kind("loss_watchdog_patience", NOTE, "how long a high loss is borne",
          "loss_watchdog_threshold"),
    _Kind("save_first_step", NOTE, "a checkpoint after the first step, to see that saving works"),
    _Kind("save_only_model", NOTE, "checkpoints without the optimizer's states"),
    _Kind("dynamic_checkpoint.enabled dynamic_checkpoint.check_interval "
          "dynamic_checkpoint.trigger_file_path", NOTE, "a checkpoint whenever a file appears"),
)  # fmt: skip

_INERT: dict[str, tuple[object, ...]] = {
    "cpo_alpha": (1.0, 1),
    "min_sample_len": (2,),
    "datasets[].field_thinking": ("reasoning_content",),
    "datasets[].template_thinking_key": ("reasoning_content",),
    "lr_groups": ([],),
    "unfrozen_parameters": ([],),
    "model_quantization_config_kwargs": ({"dequantize": True}, {"dequantize": False}),
    "dp_shard_size": (1,),
    "dp_replicate_size": (1,),
    "metric_for_best_model": ("loss", "eval_loss"),
    "peft_layers_pattern": ("layers",),
}
"""Values with which a key does nothing, beside null, false and the schema's default."""

# whole blocks of settings: prefix, severity, why
_BLOCKS = (
    ("trl.", ERROR, "a setting of online RL that ftx does not carry"),
    ("vllm.", NOTE, "a setting of the server that Axolotl starts for sampling"),
    ("ebft.", ERROR, "a setting of energy-based fine-tuning, in Axolotl only"),
    ("qat.", ERROR, "quantisation-aware training, with Axolotl's own scheme"),
)
_TRL_HARMLESS = {
    "trl.vllm_mode", "trl.vllm_server_host", "trl.vllm_server_port", "trl.vllm_server_timeout",
    "trl.log_completions", "trl.num_completions_to_print", "trl.log_multimodal",
    "trl.use_liger_loss", "trl.vllm_enable_sleep_mode", "trl.reward_num_workers",
    "trl.prefetch_depth", "trl.vllm_lora_sync", "trl.ref_model_mixup_alpha",
    "trl.ref_model_sync_steps",
}  # fmt: skip
_CARRIED_IN_BLOCKS = {
    "trl.beta", "trl.max_completion_length", "trl.loss_type", "trl.num_generations",
    "trl.epsilon", "trl.temperature", "trl.scale_rewards", "trl.reward_funcs",
    "trl.reward_weights", "trl.use_vllm", "trl.multi_objective_aggregation",
}  # fmt: skip


def _rows() -> Iterable[Row]:
    recorded = recorded_keys()
    for kind in _KINDS:
        for name in kind.names.split():
            for spelled in _everywhere(name, recorded):
                inert = (None, False, recorded[spelled]["default"], *_INERT.get(name, ()))
                # rows of an evaluation do not change what is learned
                tests = spelled.startswith("test_datasets[]") and kind.grade is ERROR
                grade = WARNING if tests else kind.grade
                yield Own(name=spelled, why=kind.why, severity=grade, inert=inert, needs=kind.needs)
    for prefix, severity, why in _BLOCKS:
        for name, record in recorded.items():
            if name.startswith(prefix) and name not in _CARRIED_IN_BLOCKS:
                grade = NOTE if name in _TRL_HARMLESS else severity
                yield Only(
                    name=name, why=why, severity=grade, inert=(None, False, record["default"])
                )


def _everywhere(name: str, recorded: dict[str, dict[str, object]]) -> list[str]:
    """A key of ``datasets[]`` stands for that of the other lists as well."""
    if not name.startswith("datasets[]"):
        return [name]
    return [key for kind in _LISTS if (key := name.replace("datasets", kind, 1)) in recorded]


ROWS: tuple[Row, ...] = tuple(_rows())
