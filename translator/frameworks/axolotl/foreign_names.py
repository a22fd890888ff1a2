"""Keys that Axolotl does not have but that people write: names of other frameworks, of older
versions, and whole blocks of something else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.prompt_types import known as known_type
from translator.frameworks.axolotl.schema import plugin_keys, recorded_keys
from translator.lens import Coverage, Row, report_whole
from translator.nearest import meant_by
from translator.reading import Reader
from translator.tree import Address, Node, Unresolved, is_off, shown, spell
from translator.writing import Writer

_MEANT = {
    "max_seq_length": "sequence_len",
    "max_seq_len": "sequence_len",
    "max_length": "sequence_len",
    "cutoff_len": "sequence_len",
    "seq_len": "sequence_len",
    "max_packed_no_ctx_sequence_len": "sequence_len",
    "per_device_train_batch_size": "micro_batch_size",
    "train_batch_size": "micro_batch_size",
    "per_device_eval_batch_size": "eval_batch_size",
    "num_train_epochs": "num_epochs",
    "epochs": "num_epochs",
    "lr": "learning_rate",
    "lr_scheduler_type": "lr_scheduler",
    "optim": "optimizer",
    "torch_dtype": "bf16",
    "dtype": "bf16",
    "lora_rank": "lora_r",
    "lora_bias": None,
    "rank": "lora_r",
    "model_name": "base_model",
    "model_name_or_path": "base_model",
    "tokenizer_name": "tokenizer_config",
    "dataset": "datasets",
    "dataset_path": "datasets[].path",
    "train_file": "datasets[].path",
    "report_to": "use_wandb",
    "run_name": "wandb_name",
    "wandb_run": "wandb_name",
    "wandb_runid": "wandb_run_id",
    "packing": "sample_packing",
    "use_dora": "peft_use_dora",
    "use_rslora": "peft_use_rslora",
    "modules_to_save": "lora_modules_to_save",
    "target_modules": "lora_target_modules",
    "bnb_4bit_quant_type": "bnb_config_kwargs.bnb_4bit_quant_type",
    "bnb_4bit_use_double_quant": "bnb_config_kwargs.bnb_4bit_use_double_quant",
    "bnb_4bit_compute_dtype": None,
    "push_to_hub": "hub_model_id",
    "push_adapter_to_hub": "hub_model_id",
    "peft_type": "adapter",
    "random_init_weights": "reinit_weights",
    "context_parallel_degree": "context_parallel_size",
    "tokenizer_path": "tokenizer_config",
    "hub_private_repo": None,
    "checkpoint_dir": "output_dir",
    "eval_table_max_new_tokens": "generation_max_new_tokens",
    "eval_max_tokens": "generation_max_new_tokens",
    "eval_accumulation_steps": None,
    "logging_dir": None,
    "data_seed": None,
    "bos_token": "special_tokens.bos_token",
    "eos_token": "special_tokens.eos_token",
    "pad_token": "special_tokens.pad_token",
    "unk_token": "special_tokens.unk_token",
    "datasets[].train_on_split": "datasets[].split",
    "datasets[].prompt_style": "datasets[].type",
    "datasets[].format": None,
    "datasets[].weight": None,
    "datasets[].file": "datasets[].path",
    "datasets[].text_field": "datasets[].field",
    "datasets[].messages_field": "datasets[].field_messages",
}
"""Name -> the key that was probably meant; None where there is none to offer."""
_FILES = {
    "json": "json", "jsonl": "json", "csv": "csv", "parquet": "parquet", "arrow": "arrow",
    "text": "text", "txt": "text",
}  # fmt: skip
"""What ``format`` of a data set may say -> the ``ds_type`` that was meant."""
_DONE_OTHERWISE = ("hub_private_repo", "bnb_4bit_use_double_quant")
"""Switches that are on in Axolotl without being named: to switch them off changes the run
(axolotl/core/builders/base.py; axolotl/utils/schemas/peft.py:149)."""
_PUSHED = ("push_to_hub", "push_adapter_to_hub")
_ANYWAY = {"fsdp_config.sharding_strategy": "FULL_SHARD", "fsdp_config.limit_all_gathers": True}
"""Keys with the value that holds without them (accelerate/utils/dataclasses.py, 1.15)."""


class ForeignNames(Row):
    """Reports such keys once each, with the key that was meant."""

    def read(self, reader: Reader) -> None:
        blocks: dict[str, list[str]] = {}
        for address, node in reader.unused():
            name = spell(address)
            general = name.replace(f"[{address[1]}]", "[]", 1) if len(address) > 1 else name
            head = str(address[0])
            if name in _ANYWAY and node.value == _ANYWAY[name]:
                self._tell(reader, address, node, None, Severity.NOTE)
            elif general in _MEANT and (
                name in _DONE_OTHERWISE or not self._idle(reader, name, node)
            ):
                self._tell(reader, address, node, _meant(general, node))
            elif len(address) > 1 and head not in _known():
                self._tell(reader, address, node, None, verbose=True)
                blocks.setdefault(head, []).extend(_close(name))
            elif general in _MEANT or (is_off(node.value) and not _on_by_default(general)):
                self._tell(reader, address, node, None, Severity.NOTE, verbose=True)
        for head, close in blocks.items():
            self._tell_block(reader, head, list(dict.fromkeys(close)))

    @staticmethod
    def _idle(reader: Reader, name: str, node: Node) -> bool:
        """Whether the run is the same as if Axolotl had the key."""
        return is_off(node.value) or (
            name in _PUSHED and node.value is True and reader.peek("hub_model_id") is not None
        )

    @staticmethod
    def _tell(
        reader: Reader,
        address: Address,
        node: Node,
        meant: str | None,
        severity: Severity = Severity.WARNING,
        *,
        verbose: bool = False,
    ) -> None:
        if isinstance(node.value, Unresolved):
            return
        reader.used.add(address)
        name = spell(address)
        what = f"{name} ({shown(node.plain())}) is no key of Axolotl, which drops it without a word"
        help = None if meant is None else f"did you mean {meant}?"
        reader.say(Code.UNKNOWN_KEY, severity, what, node, key=name, help=help, verbose=verbose)

    @staticmethod
    def _tell_block(reader: Reader, name: str, close: list[str]) -> None:
        node = reader.tree.get((name,))
        assert node is not None
        size = len(node.value) if isinstance(node.value, dict | list) else 1
        help = f"did you mean {', '.join(close[:6])}?" if close else None
        report_whole(reader, "axolotl", name, size, help=help)

    def write(self, writer: Writer) -> None:
        """Nothing of it is in the recipe."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return ()


def _meant(name: str, node: Node) -> str | None:
    if name == "datasets[].format" and isinstance(node.value, str):
        files = _FILES.get(node.value.lower())
        if files is not None:
            return f"ds_type: {files}"
        named = re.fullmatch(r"\w+", node.value) is not None and known_type(node.value, None)
        return "datasets[].type" if named else None
    return _MEANT[name]


def _on_by_default(name: str) -> bool:
    """Whether a name is a slip of a switch that is on by itself: to switch it off was meant."""
    close = meant_by(name, _known())
    return bool(close and recorded_keys().get(close, {}).get("default"))


def _close(name: str) -> list[str]:
    bare = re.sub(r"\[\d+\]", "", name)
    close = meant_by(bare, _known())
    return [close] if close else []


@cache
def _known() -> frozenset[str]:
    plugins = (key for keys in plugin_keys().values() for key in keys)
    return frozenset((*recorded_keys(), *plugins))


ROWS: tuple[Row, ...] = (ForeignNames(),)
