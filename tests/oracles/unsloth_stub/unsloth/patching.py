"""What importing Unsloth does to TRL: other defaults, and its own way to tokenize rows."""

from __future__ import annotations

import inspect
from typing import Any

from transformers import DataCollatorForLanguageModeling, DataCollatorForSeq2Seq

DEFAULTS = {
    "per_device_train_batch_size": 4,
    "per_device_eval_batch_size": 4,
    "gradient_accumulation_steps": 2,
    "weight_decay": 0.001,
    "seed": 3407,
    "optim": "adamw_8bit",
    "learning_rate": 5e-5,
    "logging_steps": 1,
    "warmup_steps": 0.1,
    "report_to": "none",
    "bf16": False,
    "fp16": False,
}
"""unsloth/models/rl.py:3310 (2026.10.9)."""
_ON_THE_CPU = {"adamw_8bit": "adamw_torch", "paged_adamw_8bit": "adamw_torch"}


def patch(trl: Any) -> None:
    """Replaces the configuration classes, and the trainer for supervised fine-tuning."""
    for name in ("SFTConfig", "DPOConfig", "KTOConfig", "GRPOConfig"):
        setattr(trl, name, _with_defaults(getattr(trl, name)))
    trl.SFTTrainer = _trainer(trl.SFTTrainer)


def _with_defaults(base: type) -> type:
    parameters = inspect.signature(base).parameters
    replaced = {name: value for name, value in DEFAULTS.items() if name in parameters}
    if base.__name__ == "SFTConfig":
        replaced["loss_type"] = "nll"

    class Patched(base):  # type: ignore[misc,valid-type]
        def __init__(self, *, max_seq_length: int | None = None, **given: Any) -> None:
            chosen = {**replaced, **given}
            chosen["optim"] = _ON_THE_CPU.get(chosen["optim"], chosen["optim"])
            if not chosen.get("output_dir"):
                chosen.update(output_dir="unsloth_training_checkpoints", save_strategy="no")
            super().__init__(**chosen)
            self.max_seq_length = max_seq_length

    Patched.__name__ = Patched.__qualname__ = base.__name__
    return Patched


def _length(model: Any, args: Any) -> int:
    """unsloth/models/rl.py:2770 (2026.10.9): never above the model's own."""
    own: int = model.max_seq_length
    if args.max_seq_length is not None:
        return min(own, int(args.max_seq_length))
    explicit = args.max_length if args.max_length not in (None, 1024) else own
    return min(own, int(explicit))


def _trainer(base: type) -> type:
    class SFTTrainer(base):  # type: ignore[misc,valid-type]
        def __init__(self, model: Any, args: Any, processing_class: Any = None,
                     tokenizer: Any = None, **given: Any) -> None:  # fmt: skip
            args.max_length = _length(model, args)
            super().__init__(
                model=model, args=args, processing_class=processing_class or tokenizer, **given
            )

        def _prepare_dataset(self, dataset: Any, processing_class: Any, args: Any, packing: bool,
                             formatting_func: Any, dataset_name: str) -> Any:  # fmt: skip
            return prepare(self, dataset, processing_class, args)

    return SFTTrainer


def prepare(trainer: Any, dataset: Any, tokenizer: Any, args: Any) -> Any:
    """Rows as token ids, as unsloth_zoo/dataset_utils.py:2661 (2026.10.9) makes them."""
    columns = dataset.column_names
    if "labels" in columns:
        trainer.data_collator = DataCollatorForSeq2Seq(tokenizer)
        return dataset
    first = dataset[0]
    pair = "prompt" in columns and "completion" in columns
    sample = first["prompt"] if pair else first[args.dataset_text_field]
    bos = tokenizer.bos_token
    template = tokenizer.chat_template or ""
    special = not (bos and (sample.startswith(bos) or bos in template))
    if not pair:
        trainer.data_collator = DataCollatorForLanguageModeling(tokenizer, mlm=False)

    def whole(row: dict[str, Any]) -> dict[str, Any]:
        ids = tokenizer(row[args.dataset_text_field], add_special_tokens=special)["input_ids"]
        return {"input_ids": ids[: args.max_length]}

    def two(row: dict[str, Any]) -> dict[str, Any]:
        completion = row["completion"]
        if not completion.endswith(tokenizer.eos_token):
            completion += tokenizer.eos_token
        start = len(tokenizer(row["prompt"], add_special_tokens=special)["input_ids"])
        ids = tokenizer(row["prompt"] + completion, add_special_tokens=special)["input_ids"]
        labels = [-100] * min(start, len(ids)) + ids[start:]
        return {"input_ids": ids[: args.max_length], "labels": labels[: args.max_length]}

    return dataset.map(two if pair else whole, remove_columns=columns)
