"""Another legal value for a value of a configuration."""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path

FRAMEWORKS = Path(__file__).parent.parent / "translator" / "frameworks"

CHOICES: dict[str, tuple[object, ...]] = {
    "adapter": ("lora", "qlora"),
    "attn_implementation": ("sdpa", "eager", "flash_attention_2"),
    "bf16": (True, False),
    "fp16": (True, False),
    "bias": ("none", "lora_only"),
    "chat_template": ("chatml", "llama3"),
    "conversation_style": ("openai", "sharegpt"),
    "deepspeed": ("deepspeed_configs/zero1.json", "deepspeed_configs/zero3_bf16.json"),
    "device": ("cuda", "cuda:1"),
    "ds_type": ("json", "parquet"),
    "dtype": ("bf16", "fp32"),
    "load.dtype": ("bfloat16", "float16"),
    "fsdp_version": (2, 1),
    "lr_scheduler": ("cosine", "linear"),
    "lr_scheduler_type": ("cosine", "linear"),
    "model_type": ("LLAMA2", "LLAMA3"),
    "optim": ("adamw_8bit", "adamw_torch"),
    "optimizer": ("adamw_torch", "adamw_bnb_8bit"),
    "rl": ("dpo", "ipo"),
    "roles_to_train": ("assistant", "user"),
    "rope_scaling": ("linear", "dynamic"),
    "save_strategy": ("epoch", "steps"),
    "eval_strategy": ("epoch", "steps"),
    "evaluation_strategy": ("epoch", "steps"),
    "train_on_eos": ("turn", "all"),
    "use_gradient_checkpointing": ("unsloth", True),
    "gradient_checkpointing": (True, False),
    "_component_": (),
    "plugins": (
        "axolotl.integrations.liger.LigerPlugin",
        "axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin",
    ),
    "report_to": ("none", "wandb"),
}
"""Values by a whole key, or else by its last step; the first that is not there already is taken. They
complete the recorded schemas, which have many choices as plain text."""

SAME: tuple[tuple[object, ...], ...] = (("adamw_8bit", "adamw_bnb_8bit"), ("none", None, []))
"""Different names of one thing: no change."""

COMPONENTS = (
    "torch.optim.AdamW",
    "torch.optim.SGD",
    "torchtune.datasets.alpaca_dataset",
    "torchtune.datasets.alpaca_cleaned_dataset",
    "torchtune.training.FullModelHFCheckpointer",
    "torchtune.training.FullModelMetaCheckpointer",
    "torchtune.training.metric_logging.DiskLogger",
    "torchtune.training.metric_logging.WandBLogger",
    "torchtune.modules.loss.CEWithChunkedOutputLoss",
    "torchtune.modules.loss.LinearCrossEntropyLoss",
    "torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup",
    "torchtune.training.lr_schedulers.get_exponential_schedule_with_warmup",
    "torchtune.models.llama3.llama3_tokenizer",
    "torchtune.models.llama2.llama2_tokenizer",
)
"""Pairs of components; one takes the place of the other of its pair."""

NULLS: dict[str, object] = {
    "seed": 5,
    "max_steps_per_epoch": 7,
    "max_seq_len": 512,
    "clip_grad_norm": 1.5,
    "log_every_n_steps": 3,
    "max_seq_length": 512,
    "random_state": 5,
}
"""A value for a key that is null and of which no schema says the type."""


@cache
def axolotl_types() -> dict[str, list[str]]:
    """The recorded type of each key, as Axolotl's schema has it."""
    record = json.loads((FRAMEWORKS / "axolotl" / "keys.json").read_text("utf-8"))
    plugins = [keys for keys in record["plugins"].values() if isinstance(keys, dict)]
    known = {**record["keys"]}
    for keys in plugins:
        known |= keys.get("keys", keys)
    return {key: row["type"] for key, row in known.items() if isinstance(row, dict)}


def other(key: str, value: object) -> object:
    """A legal value that is not ``value``, for a key such as ``datasets[].path``."""
    last = key.rpartition(".")[2].removesuffix("[]")
    for choice in (*CHOICES.get(key, CHOICES.get(last, ())), *schema_choices(key)):
        if any(choice in names and value in names for names in SAME):
            continue
        if choice != value or isinstance(choice, bool) is not isinstance(value, bool):
            return choice
    if last == "_component_":
        return other_component(str(value))
    if value is None:
        return for_null(key, last)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value * 2 if value > 0 else value + 1
    if isinstance(value, float):
        return other_float(value)
    if isinstance(value, str):
        return other_text(value)
    return ["x"] if isinstance(value, list) else {"x": 1}


def other_float(value: float) -> float:
    """Shares stay below one."""
    return 0.25 if value == 0 else value / 2 if 0.5 <= value < 1 else value * 2


def other_text(value: str) -> object:
    """Numbers written as text stay numbers; everything else becomes another name."""
    try:
        number = ast.literal_eval(value) if value[:1].isdigit() or value[:1] in "+-." else None
    except (ValueError, SyntaxError):
        number = None
    if isinstance(number, int | float) and not isinstance(number, bool):
        return other_float(float(number))
    stem, dot, suffix = value.rpartition(".")
    if dot and suffix.isalnum() and len(suffix) <= 12 and "/" not in suffix and " " not in stem:
        return f"{stem}-x.{suffix}"
    return f"{value.rstrip('/')}-x"


def schema_choices(key: str) -> tuple[object, ...]:
    """What Axolotl's schema allows, when it lists values."""
    return tuple(
        ast.literal_eval(kind) for kind in axolotl_types().get(key, ()) if kind.startswith("'")
    )


def for_null(key: str, last: str) -> object:
    """A value of the type that the key has."""
    if last in NULLS:
        return NULLS[last]
    samples: dict[str, object] = {
        "bool": True,
        "int": 3,
        "float": 0.5,
        "str": "x",
        "dict": {"x": 1},
        "list[str]": ["x"],
        "list[int]": [1],
    }
    types = axolotl_types().get(key, ())
    return next((samples[kind] for kind in types if kind in samples), "x")


def other_component(value: str) -> str:
    """The other one of a pair; for a builder, a further letter, which no package has."""
    if value in COMPONENTS:
        position = COMPONENTS.index(value)
        return COMPONENTS[position ^ 1]
    return f"{value}_x"
