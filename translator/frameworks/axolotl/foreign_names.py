"""Keys that Axolotl does not have but that people write: names of other frameworks, of older
versions, and whole blocks of something else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.schema import plugin_keys, recorded_keys
from translator.lens import Coverage, Row, report_whole
from translator.nearest import nearest
from translator.reading import Reader
from translator.tree import Address, Node, Unresolved, shown, spell
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
    "hub_private_repo": None,
    "checkpoint_dir": "output_dir",
    "eval_table_max_new_tokens": None,
    "eval_accumulation_steps": None,
    "logging_dir": None,
    "data_seed": "seed",
    "bos_token": "special_tokens.bos_token",
    "eos_token": "special_tokens.eos_token",
    "pad_token": "special_tokens.pad_token",
    "unk_token": "special_tokens.unk_token",
    "datasets[].train_on_split": "datasets[].split",
    "datasets[].prompt_style": "datasets[].type",
    "datasets[].format": "datasets[].type",
    "datasets[].file": "datasets[].path",
    "datasets[].text_field": "datasets[].field",
    "datasets[].messages_field": "datasets[].field_messages",
}
"""Name -> the key that was probably meant; None where there is none to offer."""
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
            elif general in _MEANT:
                self._tell(reader, address, node, _MEANT[general])
            elif len(address) > 1 and head not in _known():
                self._tell(reader, address, node, None, verbose=True)
                blocks.setdefault(head, []).extend(_close(name))
            elif node.value is False:
                self._tell(reader, address, node, None, Severity.NOTE)
        for head, close in blocks.items():
            self._tell_block(reader, head, list(dict.fromkeys(close)))

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


def _close(name: str) -> list[str]:
    bare = re.sub(r"\[\d+\]", "", name)
    close = nearest(bare, _known(), 0.8)
    return [close] if close else []


@cache
def _known() -> frozenset[str]:
    plugins = (key for keys in plugin_keys().values() for key in keys)
    return frozenset((*recorded_keys(), *plugins))


ROWS: tuple[Row, ...] = (ForeignNames(),)
