"""Chat templates by Unsloth's names, and the mask on everything but answers."""

from __future__ import annotations

from typing import Any

from transformers import DataCollatorForSeq2Seq

from translator.catalog.chat_jinja import jinja
from translator.catalog.formats import format_named


def get_chat_template(
    tokenizer: Any,
    chat_template: str = "chatml",
    mapping: dict[str, str] | None = None,
    map_eos_token: bool = True,
    system_message: str | None = None,
) -> Any:
    """The tokenizer with the catalogue's template of this name."""
    item = format_named("unsloth", chat_template)
    if item is None:
        raise ValueError(f"no chat template {chat_template!r}")
    tokenizer.chat_template = jinja(item)
    return tokenizer


def standardize_sharegpt(dataset: Any) -> Any:
    """``from`` and ``value`` turns as ``role`` and ``content``."""
    roles = {"human": "user", "gpt": "assistant"}

    def convert(row: dict[str, Any]) -> dict[str, Any]:
        turns = [
            {"role": roles.get(turn["from"], turn["from"]), "content": turn["value"]}
            for turn in row["conversations"]
        ]
        return {"conversations": turns}

    return dataset.map(convert)


standardize_data_formats = standardize_sharegpt


def train_on_responses_only(
    trainer: Any,
    instruction_part: str,
    response_part: str,
    last_response_only: bool = False,
) -> Any:
    """Labels for the tokens between an answer's marker and the end of that answer.

    An answer ends with the end-of-sequence token (which counts), or before the next marker.
    """
    tokenizer = trainer.processing_class
    ask = tokenizer(instruction_part, add_special_tokens=False)["input_ids"]
    answer = tokenizer(response_part, add_special_tokens=False)["input_ids"]

    def mask(row: dict[str, Any]) -> dict[str, Any]:
        ids = row["input_ids"]
        spans = []
        place = 0
        while place < len(ids):
            if ids[place : place + len(answer)] != answer:
                place += 1
                continue
            start = place = place + len(answer)
            while place < len(ids) and ids[place : place + len(ask)] != ask:
                place += 1
                if ids[place - 1] == tokenizer.eos_token_id:
                    break
            spans.append((start, place))
        labels = [-100] * len(ids)
        for start, end in spans[-1:] if last_response_only else spans:
            labels[start:end] = ids[start:end]
        return {"labels": labels}

    def supervised(row: dict[str, Any]) -> bool:
        return any(label != -100 for label in row["labels"])

    trainer.train_dataset = trainer.train_dataset.map(mask).filter(supervised)
    if trainer.eval_dataset is not None:
        trainer.eval_dataset = trainer.eval_dataset.map(mask).filter(supervised)
    trainer.data_collator = DataCollatorForSeq2Seq(tokenizer)
    return trainer
