"""The splits of well-known data sets of the Hub, where these are not the usual ``train``."""

from __future__ import annotations

_TRAIN = ("train",)
_BOTH = ("train", "test")
_THREE = ("train", "validation", "test")
_SPLITS = {
    "anthropic/hh-rlhf": _BOTH,
    "databricks/databricks-dolly-15k": _TRAIN,
    "garage-baind/open-platypus": _TRAIN,
    "huggingfaceh4/ultrachat_200k": ("train_sft", "test_sft", "train_gen", "test_gen"),
    "huggingfaceh4/ultrafeedback_binarized": (
        "train_prefs", "train_sft", "test_prefs", "test_sft", "train_gen", "test_gen",
    ),
    "intel/orca_dpo_pairs": _TRAIN,
    "lvwerra/stack-exchange-paired": _TRAIN,
    "mlabonne/finetome-100k": _TRAIN,
    "open-orca/openorca": _TRAIN,
    "open-orca/slimorca": _TRAIN,
    "openassistant/oasst1": ("train", "validation"),
    "philschmid/dolly-15k-oai-style": _TRAIN,
    "roneneldan/tinystories": ("train", "validation"),
    "samsum": _THREE,
    "tatsu-lab/alpaca": _TRAIN,
    "teknium/openhermes-2.5": _TRAIN,
    "timdettmers/openassistant-guanaco": _BOTH,
    "vicgalle/alpaca-gpt4": _TRAIN,
    "yahma/alpaca-cleaned": _TRAIN,
}  # fmt: skip
"""Lower-case id -> splits, from the data sets' cards."""


def splits_of(path: str) -> tuple[str, ...]:
    """The splits of a data set; empty when they are not known."""
    return _SPLITS.get(path.lower(), ())
