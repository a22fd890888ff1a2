"""The data set components that torchtune has, and one of them as a config calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from translator.frameworks.torchtune.lookup import Found, find
from translator.frameworks.torchtune.tokenizing import Wording
from translator.frameworks.torchtune.values import text
from translator.reading import Reader
from translator.record import Record
from translator.tree import Address

T = TypeVar("T")
D = TypeVar("D")

SHAREGPT = (("gpt", "assistant"), ("human", "user"))
"""torchtune/data/_messages.py: ShareGPTToMessages knows these names and ``system``."""


class Builder(Record):
    """What a data set component makes of rows."""

    kind: str
    """``alpaca``, ``pairs``, ``chat``, ``text``, ``preference``, ``answers``, ``online``."""
    columns: tuple[tuple[str, str], ...] = ()
    """Expected name -> the data's own name, without a ``column_map``."""
    source: str | None = None
    subset: str | None = None
    train_on_input: bool = False


_PAIR = (("input", "input"), ("output", "output"))
_CHOICE = (("chosen", "chosen"), ("rejected", "rejected"))
BUILDERS = {
    "torchtune.datasets.alpaca_dataset": Builder(
        kind="alpaca", source="tatsu-lab/alpaca", train_on_input=True
    ),
    "torchtune.datasets.alpaca_cleaned_dataset": Builder(
        kind="alpaca", source="yahma/alpaca-cleaned", train_on_input=True
    ),
    "torchtune.datasets.instruct_dataset": Builder(kind="pairs", columns=_PAIR),
    "torchtune.datasets.grammar_dataset": Builder(
        kind="pairs", columns=_PAIR, source="liweili/c4_200m"
    ),
    "torchtune.datasets.samsum_dataset": Builder(
        kind="pairs",
        columns=(("input", "dialogue"), ("output", "summary")),
        source="Samsung/samsum",
    ),
    "torchtune.datasets.chat_dataset": Builder(kind="chat"),
    "torchtune.datasets.slimorca_dataset": Builder(kind="chat", source="Open-Orca/SlimOrca-Dedup"),
    "torchtune.datasets.text_completion_dataset": Builder(kind="text"),
    "torchtune.datasets.cnn_dailymail_articles_dataset": Builder(
        kind="text", columns=(("text", "article"),), source="ccdv/cnn_dailymail", subset="3.0.0"
    ),
    "torchtune.datasets.wikitext_dataset": Builder(
        kind="text",
        columns=(("text", "page"),),
        source="EleutherAI/wikitext_document_level",
        subset="wikitext-103-v1",
    ),
    "torchtune.datasets.preference_dataset": Builder(kind="preference", columns=_CHOICE),
    "torchtune.datasets.hh_rlhf_helpful_dataset": Builder(
        kind="preference", columns=_CHOICE, source="RLHFlow/HH-RLHF-Helpful-standard"
    ),
    "torchtune.datasets.stack_exchange_paired_dataset": Builder(
        kind="answers",
        columns=(("prompt", "question"), ("chosen", "response_j"), ("rejected", "response_k")),
        source="lvwerra/stack-exchange-paired",
    ),
}
PARTS = {
    "prompts": Builder(kind="own prompts"),
    "turns": Builder(kind="own turns"),
    "answer_pairs": Builder(kind="own pairs"),
    "segments": Builder(kind="segments"),
    "own_texts": Builder(kind="own texts", train_on_input=True),
}
"""What ftx itself puts beside a config (see :mod:`.parts.datasets`)."""
ONLINE = ("gsm8k_dataset",)


class Dataset(Record, kw_only=False):
    """One data set of the config, and the field that its origins are noted under."""

    reader: Reader
    place: Address
    field: str
    builder: Builder
    wording: Wording

    def get(
        self,
        name: str | Address,
        convert: Callable[[object], T],
        default: D,
        *,
        field: str | None = None,
    ) -> Found[T | D]:
        """An argument of this data set."""
        address = (*self.place, *((name,) if isinstance(name, str) else name))
        full = None if field is None else f"{self.field}.{field}"
        found = find(self.reader, address, convert, default, field=full)
        if full is not None and found.written:
            self.reader.origins[full] = found.origin
        return found

    def column(self, expected: str, default: str | None = None) -> str:
        """The data's own name for an expected column."""
        usual = default or dict(self.builder.columns).get(expected, expected)
        return self.get(("column_map", expected), text, usual).value
