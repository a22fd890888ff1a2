"""The examples of rules as whole files: what an example leaves out is taken from these."""

from __future__ import annotations

import re
from collections.abc import Mapping

MARK = "  # <-"

AXOLOTL = {
    "base_model": "base_model: Qwen/Qwen2.5-0.5B-Instruct",
    "datasets": "datasets:\n  - path: tatsu-lab/alpaca\n    type: alpaca",
    "micro_batch_size": "micro_batch_size: 2",
    "gradient_accumulation_steps": "gradient_accumulation_steps: 4",
    "num_epochs": "num_epochs: 1",
    "sequence_len": "sequence_len: 2048",
    "optimizer": "optimizer: adamw_torch_fused",
    "lr_scheduler": "lr_scheduler: cosine",
    "learning_rate": "learning_rate: 0.0002",
    "seed": "seed: 42",
    "output_dir": "output_dir: ./out",
}
TORCHTUNE = {
    "output_dir": "output_dir: /tmp/out",
    "model": (
        "model:\n  _component_: torchtune.models.llama3_1.lora_llama3_1_8b\n"
        "  lora_attn_modules: [q_proj, v_proj]\n  apply_lora_to_mlp: true\n"
        "  lora_rank: 8\n  lora_alpha: 16"
    ),
    "tokenizer": (
        "tokenizer:\n  _component_: torchtune.models.llama3.llama3_tokenizer\n"
        "  path: /tmp/Llama/original/tokenizer.model\n  max_seq_len: 2048"
    ),
    "checkpointer": (
        "checkpointer:\n  _component_: torchtune.training.FullModelHFCheckpointer\n"
        "  checkpoint_dir: /tmp/Meta-Llama-3.1-8B-Instruct\n  checkpoint_files:\n"
        "    filename_format: model-{}-of-{}.safetensors\n    max_filename: '00004'\n"
        "  model_type: LLAMA3\n  output_dir: ${output_dir}"
    ),
    "resume_from_checkpoint": "resume_from_checkpoint: false",
    "dataset": (
        "dataset:\n  _component_: torchtune.datasets.alpaca_cleaned_dataset\n"
        "  packed: false\n  train_on_input: false"
    ),
    "seed": "seed: 42",
    "shuffle": "shuffle: true",
    "batch_size": "batch_size: 2",
    "gradient_accumulation_steps": "gradient_accumulation_steps: 4",
    "epochs": "epochs: 1",
    "max_steps_per_epoch": "max_steps_per_epoch: null",
    "optimizer": "optimizer:\n  _component_: torch.optim.AdamW\n  lr: 2e-4\n  weight_decay: 0.01",
    "lr_scheduler": (
        "lr_scheduler:\n"
        "  _component_: torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup\n"
        "  num_warmup_steps: 10"
    ),
    "loss": "loss:\n  _component_: torchtune.modules.loss.CEWithChunkedOutputLoss",
    "clip_grad_norm": "clip_grad_norm: 1.0",
    "device": "device: cuda",
    "dtype": "dtype: bf16",
    "compile": "compile: false",
    "enable_activation_checkpointing": "enable_activation_checkpointing: true",
    "enable_activation_offloading": "enable_activation_offloading: false",
    "metric_logger": (
        "metric_logger:\n  _component_: torchtune.training.metric_logging.DiskLogger\n"
        "  log_dir: ${output_dir}/logs"
    ),
    "log_every_n_steps": "log_every_n_steps: 1",
}
_BASES: Mapping[str, Mapping[str, str]] = {"axolotl": AXOLOTL, "torchtune": TORCHTUNE}
_TOP_KEY = re.compile(r"^([A-Za-z_]\w*):", re.M)


def whole(format: str, example: str) -> tuple[str, list[int]]:
    """The text of a file that holds the example, and the lines that are marked."""
    lines = example.strip("\n").split("\n")
    marked = [number for number, line in enumerate(lines, start=1) if line.endswith(MARK)]
    text = "\n".join(line.removesuffix(MARK) for line in lines)
    present = set(_TOP_KEY.findall(text))
    base = _BASES.get(format, {})
    # keys of the example first, so that its lines keep their numbers
    rest = [block for key, block in base.items() if key not in present]
    return "\n".join([text, *rest]) + "\n", marked
