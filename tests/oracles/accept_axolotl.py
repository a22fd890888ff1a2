"""Does Axolotl take these files? Run by Axolotl's own Python; see :mod:`verdicts`.

Each file goes through what ``axolotl train`` does before it touches a model: plugins are
registered and ``validate_config`` is called with the capabilities of a machine (here: an H100,
since the test machine has no GPU). Then what Axolotl does not check: every key must be one that its
schema knows, because it drops the others without a word, the files a config names beside itself
must be there, and the modules that make rows must load and make some.
"""

from __future__ import annotations

import importlib
import json
import sys
from importlib.machinery import ModuleSpec
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import torch
import yaml
from axolotl.integrations.base import PluginManager
from axolotl.prompt_strategies import load
from axolotl.utils.config import merge_input_args, prepare_plugins, validate_config
from axolotl.utils.dict import DictDefault
from axolotl.utils.schemas.config import AxolotlInputConfig
from pydantic import AliasChoices, BaseModel
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from verdicts import Rejected, serve

DEVICE_COUNT_KEYS = (
    "tensor_parallel_size",
    "context_parallel_size",
    "dp_shard_size",
    "dp_replicate_size",
    "expert_parallel_size",
)


def stand_in_for(package: str) -> None:
    """An empty module for a package that installs beside a GPU only and whose presence alone
    Axolotl asks about; a file that needs it is no worse for it."""
    module = ModuleType(package)
    module.__spec__ = ModuleSpec(package, None)
    sys.modules.setdefault(package, module)


def capabilities(cfg: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """What Axolotl would find on H100s, as many as the file is written for."""
    gpus = prod(int(cfg.get(key) or 1) for key in DEVICE_COUNT_KEYS)
    device = {
        "bf16": True,
        "fp8": True,
        "tf32": True,
        "n_gpu": gpus,
        "compute_capability": "sm_90",
    }
    return device, {"torch_version": torch.__version__.split("+")[0]}


def unknown_keys(value: Any, models: tuple[type[BaseModel], ...], where: str = "") -> list[str]:
    """The keys below ``value`` that none of the schema's classes for this place has."""
    if isinstance(value, list):
        return [
            key for i, v in enumerate(value) for key in unknown_keys(v, models, f"{where}[{i}]")
        ]
    if not isinstance(value, dict) or not models:
        return []
    known: dict[str, Any] = {}
    for model in models:
        for name, info in model.model_fields.items():
            alias = info.validation_alias
            others = alias.choices if isinstance(alias, AliasChoices) else [alias, info.alias]
            for spelling in {name, *filter(None, others)}:
                known.setdefault(spelling, []).append(info.annotation)
    open_ended = any(model.model_config.get("extra") == "allow" for model in models)
    found = []
    for key, inner in value.items():
        place = f"{where}.{key}" if where else str(key)
        if where == "fsdp_config" and key not in known:
            key = key.removeprefix("fsdp_")  # a validator strips the prefix of version 1
        if key in known:
            below = tuple({m for annotation in known[key] for m in models_in(annotation)})
            found += unknown_keys(inner, below, place)
        elif not open_ended:
            found.append(place)
    return found


def models_in(annotation: Any) -> set[type[BaseModel]]:
    """The pydantic classes inside a type; none when plain mappings are allowed as well."""
    if isinstance(annotation, type):
        return {annotation} if issubclass(annotation, BaseModel) else set()
    if annotation is Any or getattr(annotation, "__origin__", None) is dict:
        return set()
    return {model for part in get_args(annotation) for model in models_in(part)}


RENAMED = {"overrides_of_model_config", "overrides_of_model_kwargs", "type_of_model",
           "revision_of_model"}  # fmt: skip
"""Spellings that a validator moves to a field before the fields are looked at."""


def judge(path: Path) -> dict[str, Any]:
    """Raises for a file that Axolotl refuses, or of which it would drop a part."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise Rejected("is no mapping")
    cfg = DictDefault(data)
    PluginManager.get_instance().plugins.clear()  # of the file before: its schema would stay
    prepare_plugins(cfg)
    device, environment = capabilities(cfg)
    valid = validate_config(cfg, capabilities=device, env_capabilities=environment)
    schema = merge_input_args()[1] if cfg.plugins else AxolotlInputConfig
    dropped = [key for key in unknown_keys(data, (schema,)) if key not in RENAMED]
    if dropped:
        raise Rejected(f"Axolotl drops without a word: {', '.join(dropped)}")
    check_side_file(valid.deepspeed)
    for dataset in [*(valid.datasets or ()), *(valid.test_datasets or ())]:
        if isinstance(dataset.type, str) and dataset.type.partition(".")[0].endswith("_rows"):
            check_module(dataset, valid)
    return {"adapter": valid.adapter, "sequence_len": valid.sequence_len}


def check_side_file(deepspeed: object) -> None:
    """A DeepSpeed configuration lies beside the file, or is one of those Axolotl ships."""
    if not isinstance(deepspeed, str) or deepspeed.startswith("deepspeed_configs/"):
        return
    if not Path(deepspeed).is_file():
        raise Rejected(f"deepspeed: there is no file {deepspeed}")
    json.loads(Path(deepspeed).read_text(encoding="utf-8"))


def check_module(dataset: Any, cfg: Any) -> None:
    """A module beside the file is found by its name and makes tokens, some of which are trained."""
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if name.partition(".")[0].endswith("_rows")]:
        del sys.modules[name]  # of the file before
    sys.path.insert(0, str(Path.cwd()))  # PYTHONPATH=. of the head comment
    try:
        strategy = load(dataset.type, a_tokenizer(), cfg, dataset)
        if strategy is None:
            raise Rejected(f"type: there is no prompt type {dataset.type}")
        module = sys.modules[type(strategy).__module__]
        if hasattr(module, "text_of"):
            return  # the user's own code, on rows that are not at hand
        settings = module.ROWS
        columns = settings.get("names") or [*settings.get("columns", {}).values()]
        row: dict[str, Any] = {column: f"some {column}" for column in columns}
        if not columns:
            row = {settings.get("text", "text"): "some text"}
            row[dataset.field_messages or "messages"] = turns(dataset)
        made = strategy.tokenize_prompt(row)
    finally:
        sys.path.pop(0)
    if len(made["labels"]) != len(made["input_ids"]) or set(made["labels"]) <= {-100}:
        raise Rejected(f"type: {dataset.type} makes rows without an answer")


def turns(dataset: Any) -> list[dict[str, str]]:
    """A question and an answer under the keys that a data set has for them."""
    names = dataset.message_property_mappings or {}
    said = (("user", "some question"), ("assistant", "some answer"))
    return [
        {names.get("role", "role"): role, names.get("content", "content"): text}
        for role, text in said
    ]


def a_tokenizer() -> Any:
    """Words of any kind, and ChatML as the template that it ships."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    found = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|im_end|>")
    found.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    return found


if __name__ == "__main__":
    stand_in_for("ring_flash_attn")
    serve(judge)
