"""What remains: keys inside blocks that other rows read whole, and keys that nothing needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.lookup import find, no_effect
from translator.frameworks.axolotl.rows import via
from translator.frameworks.axolotl.schema import all_keys, recorded_keys
from translator.frameworks.axolotl.values import text
from translator.lens import Coverage, Row
from translator.reading import Reader
from translator.record import Record
from translator.tree import Address, shown, spell
from translator.writing import Writer

CARRIED_OF_DATASETS = [
    "path",
    "name",
    "split",
    "revision",
    "data_files",
    "ds_type",
    "type",
    "chat_template",
    "chat_template_jinja",
    "conversation",
    "field",
    "field_messages",
    "field_tools",
    "field_chosen",
    "field_rejected",
    "message_property_mappings",
    "message_field_role",
    "message_field_content",
    "roles",
    "roles_to_train",
    "train_on_eos",
    "train_on_eot",
    "drop_system_message",
    "text_column",
    "type.system_prompt",
    "type.system_format",
    "type.field_system",
    "type.field_instruction",
    "type.field_input",
    "type.field_output",
    "type.format",
    "type.no_input_format",
    "type.field_prompt",
    "type.field_chosen",
    "type.field_rejected",
    "type.prompt_format",
    "type.chosen_format",
    "type.rejected_format",
    "type.field_completion",
    "type.field_label",
    "type.completion_format",
]
"""Keys of a data set that :mod:`.sources` and :mod:`.preference` read."""
_LISTS = ("datasets", "test_datasets", "pretraining_dataset")


class Known(Record, kw_only=False):
    """Spellings that other rows answer for: parts of blocks that are read as a whole."""

    names: tuple[str, ...]

    def read(self, reader: Reader) -> None:
        """Nothing by itself."""

    def write(self, writer: Writer) -> None:
        """Nothing by itself."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return self.names


class Unread(Record, kw_only=False):
    """Last of all: keys without a value, and known keys that nothing else in this file needs."""

    def read(self, reader: Reader) -> None:
        stopped = tuple(
            f"{d.key.removesuffix('type')}"
            for d in reader.diagnostics
            if d.code == Code.STOPS_LATER.code and d.key and d.key.endswith("].type")
        )
        for address, node in reader.unused():
            empty = node.value is None or node.value in ({}, [])
            if empty or _steps(address) & all_keys():
                why = "it is empty" if empty else "nothing in this file makes use of it"
                reader.used.add(address)
                name = spell(address)
                message = f"{name} ({shown(node.plain())}) has no effect: {why}"
                # under a type that is none, that the type is none is the news
                aside = empty or name.startswith(stopped)
                reader.say(Code.NO_EFFECT, Severity.NOTE, message, node, key=name, verbose=aside)

    def write(self, writer: Writer) -> None:
        """Nothing of it is in the recipe."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return ()


def _steps(address: Address) -> set[str]:
    """The key itself, and the free-form mapping that it is part of."""
    pattern = re.sub(r"\[\d+\]", "[]", spell(address))
    parts = {pattern}
    for end in range(1, len(address)):
        outer = re.sub(r"\[\d+\]", "[]", spell(address[:end]))
        if not outer.endswith("]") and not _has_inner_keys(outer):
            parts.add(outer)
    return parts


@lru_cache(maxsize=1024)
def _has_inner_keys(outer: str) -> bool:
    return any(key.startswith((f"{outer}.", f"{outer}[].")) for key in recorded_keys())


def _get_class(reader: Reader) -> None:
    """The class is AutoModelForCausalLM's business, unless it is for another task."""
    for name in ("type_of_model", "model_type"):
        found = find(reader, name, text, None)
        if found.node is None:
            continue
        if found.value and "Classification" in found.value:
            why = "a model with another head than one for text"
            reader.leave((name,), found.node, why, Severity.ERROR)
        else:
            no_effect(reader, (name,), "the class follows from the model", verbose=True)


ROWS: tuple[Row, ...] = (
    via((), ("type_of_model", "model_type"), _get_class, lambda writer: None),
    Known(
        (
            *tuple(
                f"{kind}[].{name}"
                for kind in _LISTS
                for name in CARRIED_OF_DATASETS
                if f"{kind}[].{name}" in recorded_keys()
            ),
            "trl",
            "vllm",
            "ebft",
            "qat",
            "peft",
            "peft.loftq_config",
            "fp8_config",
            "dynamic_checkpoint",
            "lr_groups[].name",
            "lr_groups[].modules",
            "lr_groups[].lr",
            *tuple(
                k
                for k in recorded_keys()
                if k.startswith(("role_boundaries[]", "selective_checkpointing."))
            ),
            *tuple(k for k in recorded_keys() if k.startswith("special_tokens.")),
        )
    ),
    Unread(),
)
