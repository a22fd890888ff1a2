"""torchtune's table: every field and key, in the order in which they are read."""

from __future__ import annotations

from functools import cache

from translator.diagnostics import Severity
from translator.frameworks.torchtune import adapter, data, model, optimization, running
from translator.frameworks.torchtune.arguments import Names, Rest
from translator.lens import Ignore, Only, Row, Table

_LOCAL: tuple[Row, ...] = (
    Ignore(names=("profiler",), why="what is measured while it runs"),
    Ignore(
        names=("log_peak_memory_stats", "log_level", "metric_logger.log_dir",
               "metric_logger.filename", "metric_logger.organize_logs", "metric_logger.mode",
               "debug_logging_enabled", "debug_num_samples_per_step"),
        why="what is told while it runs, and where to",
    ),
    Ignore(
        names=("low_cpu_ram", "enable_async_checkpointing", "memory_efficient_fsdp_wrap",
               "use_distributed_state_dict", "loss.num_output_chunks", "loss.tiled_classifier",
               "loss.mask_pre_projection", "use_flex"),
        why="how memory is used; the same mathematics",
    ),
    Ignore(
        names=("checkpointer.safe_serialization", "checkpointer.should_load_recipe_state",
               "checkpointer.resume_from_checkpoint", "checkpointer.enable_dcp"),
        why="how results are stored on disk",
    ),
    Ignore(
        names=("dataset.trust_remote_code", "dataset.cache_dir", "dataset.num_proc",
               "dataset[].trust_remote_code", "dataset[].cache_dir", "dataset[].num_proc"),
        why="how the data is fetched",
    ),
)  # fmt: skip

_ERROR = (
    ("quantizer", "quantisation-aware training, which has no counterpart"),
    ("fake_quant_after_n_steps", "quantisation-aware training, which has no counterpart"),
    ("layer_dropout", "whole layers are dropped at random"),
    ("early_exit_loss", "losses of inner layers"),
    ("reward_and_value_model", "a model of PPO"),
    ("reward_checkpointer", "a model of PPO"),
    ("value_checkpointer", "a model of PPO"),
    ("model.decoder_trainable", "which part of a vision model trains"),
    ("model.encoder_trainable", "which part of a vision model trains"),
    ("model.fusion_trainable", "which part of a vision model trains"),
)
_WARNING = (
    ("ref_checkpointer", "the reference model's weights"),
    ("ref_policy_checkpointer", "the reference model's weights"),
    ("data_parallel_shard_dim", "how devices are arranged"),
    ("data_parallel_replicate_dim", "how devices are arranged"),
    ("context_parallel_rotate_method", "how devices are arranged"),
    ("forward_batch_size", "answers are sampled in batches of that size"),
    ("ppo_epochs", "updates for each batch of answers"),
    ("ppo_batch_size", "rows of each update"),
    ("top_k", "how answers are sampled"),
    ("stop_token_ids", "where answers end"),
    ("dataloader", "how the mixed data sets are loaded"),
    ("datasets[].weight", "how often rows of the set are drawn"),
    ("tokenizer.image_size", "the size of image tiles"),
    ("tokenizer.max_num_tiles", "the number of image tiles"),
    ("model.image_size", "the size of image tiles"),
)
_NOTE = (
    ("custom_sharded_layers", "which further layers are sharded"),
    ("tensor_parallel_plan", "how matrices are split over devices"),
    ("cudnn_deterministic_mode", "whether kernels are deterministic"),
    ("collate_fn", "how rows become a batch"),
)

_REFUSED: tuple[Row, ...] = tuple(
    Only(name=name, why=why, severity=severity)
    for severity, rows in (
        (Severity.ERROR, _ERROR),
        (Severity.WARNING, _WARNING),
        (Severity.NOTE, _NOTE),
    )
    for name, why in rows
)


@cache
def torchtune_table() -> Table:
    """The table; made once, when first needed."""
    rows: tuple[Row, ...] = (
        Names(),
        *model.ROWS,
        *adapter.ROWS,
        *data.ROWS,
        *optimization.ROWS,
        *running.ROWS,
        *_LOCAL,
        *_REFUSED,
        Rest(),
    )
    return Table("torchtune", rows)
