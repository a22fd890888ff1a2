"""Whether a YAML file is meant for Axolotl, without parsing it."""

from __future__ import annotations

import re
from collections.abc import Collection

_KEY = re.compile(r"^([ \t]{0,2})([A-Za-z_][\w]*)[ \t]*:", re.M)

# Keys that tell Axolotl from other YAML; base_model alone is a common word.
_TELLING = {
    "base_model", "datasets", "pretraining_dataset", "micro_batch_size", "sequence_len",
    "num_epochs", "adapter", "lora_r", "lora_alpha", "lora_target_linear", "lora_target_modules",
    "sample_packing", "val_set_size", "dataset_prepared_path", "flash_attention",
    "load_in_4bit", "load_in_8bit", "train_on_inputs", "pad_to_sequence_len", "special_tokens",
    "evals_per_epoch", "saves_per_epoch", "chat_template", "lr_scheduler", "test_datasets",
}  # fmt: skip
_OF_DATA = {
    "datasets", "pretraining_dataset", "dataset_prepared_path", "train_on_inputs", "val_set_size",
    "special_tokens", "chat_template", "test_datasets",
}  # fmt: skip
"""Those that a file of constants about data may hold as well, which describes no run."""

_ONLY_ITS = {
    "base_model", "datasets", "pretraining_dataset", "test_datasets", "micro_batch_size", "sequence_len",
    "num_epochs", "adapter", "val_set_size", "sample_packing", "pad_to_sequence_len",
    "dataset_prepared_path", "train_on_inputs", "evals_per_epoch", "saves_per_epoch",
    "lora_target_linear", "eval_sample_packing", "base_model_config",
}  # fmt: skip
"""Keys that files for other trainers hardly have."""
_NEVER_ITS = {
    "model_name_or_path", "model_name", "tokenizer_name_or_path", "dataset", "dataset_name",
    "dataset_path", "train_file", "per_device_train_batch_size", "per_device_eval_batch_size",
    "num_train_epochs", "optim", "lr_scheduler_type", "max_seq_length",
    "max_length", "max_prompt_length", "cutoff_len", "use_peft", "lora_rank", "lora_task_type",
    "task_type", "target_modules", "modules_to_save", "use_rslora", "use_dora", "use_4bit",
    "bnb_4bit_quant_type", "bnb_4bit_use_double_quant", "bnb_4bit_compute_dtype", "use_nested_quant",
    "torch_dtype", "use_flash_attention", "use_flash_attention_2", "report_to", "run_name",
    "logging_dir", "logging_strategy", "logging_first_step", "overwrite_output_dir", "do_train", "do_eval",
    "dataset_text_field", "packing", "test_size", "push_to_hub",
    "epochs", "lr", "finetuning_type", "stage", "preprocessing_num_workers",
    "dataset_num_proc", "dataset_train_split", "dataset_test_split", "train_dataset", "eval_dataset",
    "model_id", "model_revision", "lora_target", "data_path", "eval_data_path",
}  # fmt: skip
"""Keys that Axolotl has not: arguments of transformers and TRL, fields of PEFT and bitsandbytes."""
_ENOUGH = 3


def strange_keys(keys: Collection[str]) -> list[str]:
    """Those of the outermost keys that other trainers have and Axolotl has not."""
    return [key for key in keys if key in _NEVER_ITS]


def _of_another(keys: set[str]) -> bool:
    """Whether a file is likelier one for the author's own trainer."""
    others = len(strange_keys(keys))
    return others >= _ENOUGH and others > len(_ONLY_ITS & keys)


def looks_like_axolotl(text: str) -> bool:
    """A base model and one more telling key, or three of them, no torchtune component, and not more
    keys of other trainers than of Axolotl alone."""
    if "_component_:" in text:
        return False
    lines = f"\n{text}"
    if "\nbase_model:" in lines and "\ndatasets:" in lines:  # as in most, and quicker to see
        return True
    keys = _KEY.findall(text)
    top = min((len(indent) for indent, _ in keys), default=0)
    outermost = {key for indent, key in keys if len(indent) == top}
    found = _TELLING & outermost
    enough = len(found) >= (2 if "base_model" in found else 3) and not found <= _OF_DATA
    return enough and not _of_another(outermost)
