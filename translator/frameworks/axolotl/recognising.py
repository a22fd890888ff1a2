"""Whether a YAML file is meant for Axolotl, without parsing it."""

from __future__ import annotations

import re

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


def looks_like_axolotl(text: str) -> bool:
    """A base model and one more telling key, or three of them, and no torchtune component."""
    if "_component_:" in text:
        return False
    lines = f"\n{text}"
    if "\nbase_model:" in lines and "\ndatasets:" in lines:  # as in most, and quicker to see
        return True
    keys = _KEY.findall(text)
    top = min((len(indent) for indent, _ in keys), default=0)
    found = _TELLING & {key for indent, key in keys if len(indent) == top}
    return len(found) >= (2 if "base_model" in found else 3) and not found <= _OF_DATA
