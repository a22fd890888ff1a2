"""Rows about rank, scale, start and precision of low-rank adapters."""

from __future__ import annotations

import math

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.lookup import find, no_effect
from translator.frameworks.axolotl.rows import key, via
from translator.frameworks.axolotl.values import (
    FLAG,
    NUMBER,
    TEXT,
    anything,
    as_integer,
    flag,
    number,
    whole,
)
from translator.lens import Always, Conv, Row
from translator.reading import Reader
from translator.writing import Writer

_PEFT = "axolotl/utils/schemas/peft.py"


def of_peft(reader: Reader) -> bool:
    """Whether the adapter is one that Axolotl has; what another one needs is not known."""
    node = reader.peek("adapter")
    return node is None or node.value in ("lora", "qlora")


def _get_scale(reader: Reader) -> None:
    """Rank and alpha have no default in Axolotl: PEFT fails on None."""
    for name, field, convert in (
        ("lora_r", "adapter.rank", whole),
        ("lora_alpha", "adapter.alpha", number),
    ):
        found = find(reader, name, convert, None, field=field)
        if found.value is None and reader.values["adapter"] and of_peft(reader):
            reader.say(
                Code.MISSING_KEY,
                Severity.ERROR,
                f"{name} is missing: PEFT fails without it",
                key=name,
                field=field,
                help=f"give it with --set {name}=16",
            )
        reader.set(field, 1 if found.value is None else found.value, found.origin)
    if reader.peek("lora_model_dir") is not None:
        why = "the adapter that training goes on from says its own"
        for name in ("lora_r", "lora_alpha", "lora_dropout", "peft_use_dora", "peft_use_rslora"):
            no_effect(reader, (name,), why, verbose=True)
    stabilized = find(reader, "peft_use_rslora", flag, False, f"{_PEFT}:92: None")
    reader.set("adapter.rank_stabilized", stabilized.value, stabilized.origin)


def _put_scale(writer: Writer) -> None:
    if not writer.value("adapter"):
        return
    rank, alpha = writer.value("adapter.rank"), writer.value("adapter.alpha")
    stabilized = bool(writer.value("adapter.rank_stabilized"))
    writer.put("lora_r", rank, "adapter.rank")
    if not float(alpha).is_integer():
        other = alpha / math.sqrt(rank) if not stabilized else alpha * math.sqrt(rank)
        if abs(other - round(other)) < 1e-6 * max(1.0, abs(other)):
            why = (
                f"Axolotl takes whole numbers only; lora_alpha {round(other)} with "
                f"{'alpha / rank' if stabilized else 'alpha / sqrt(rank)'} is the same scale"
            )
            writer.lose(Code.TOLD_OTHERWISE, "adapter.alpha", why, Severity.NOTE)
            alpha, stabilized = round(other), not stabilized
        else:
            why = f"Axolotl takes whole numbers only; {round(alpha)} is written"
            writer.lose(Code.LOST_ADAPTER, "adapter.alpha", why)
            alpha = max(1, round(alpha))
    writer.put("lora_alpha", as_integer(alpha), "adapter.alpha")
    if stabilized:
        writer.put("peft_use_rslora", True, "adapter.rank_stabilized")


def _get_initialization(reader: Reader) -> None:
    """True and None are PEFT's default; LoftQ has a block of its own."""
    found = find(reader, "peft_init_lora_weights", anything, None, f"{_PEFT}:99: PEFT's default")
    bits = find(reader, "peft.loftq_config.loftq_bits", whole, None)
    block = reader.peek("peft", "loftq_config")
    value = found.value
    if value is None or (isinstance(value, bool) and value) or str(value).lower() == "true":
        name = "default" if block is None else "loftq"
    else:
        name = "random" if str(value).lower() == "false" else str(value).lower()
    if bits.value not in (None, 4) and bits.node is not None:
        why = "LoftQ with another width than 4 bits"
        reader.leave(("peft", "loftq_config", "loftq_bits"), bits.node, why, Severity.ERROR)
    origin = found.origin if found.written or block is None else bits.origin
    reader.set("adapter.initialization", name, origin)


def _put_initialization(writer: Writer) -> None:
    name = writer.value("adapter.initialization")
    if name in (None, "default"):
        return
    if name == "loftq":
        writer.put("peft.loftq_config.loftq_bits", 4, "adapter.initialization")
    else:
        value = False if name == "random" else name
        writer.put("peft_init_lora_weights", value, "adapter.initialization")


def _read_autocast(value: object) -> str:
    return "float32" if flag(value) else "bfloat16"


ADAPTER_DTYPE = Conv(read=_read_autocast, write=lambda value: value == "float32")
"""``peft_autocast_adapter_dtype: false`` leaves adapters in the weights' bfloat16."""

ROWS: tuple[Row, ...] = (
    via(
        ("adapter.rank", "adapter.alpha", "adapter.rank_stabilized"),
        ("lora_r", "lora_alpha", "peft_use_rslora"),
        _get_scale,
        _put_scale,
        {"adapter.alpha": ("approximated", "a whole number")},
    ),
    key("adapter.dropout", "lora_dropout", NUMBER, 0.0, f"{_PEFT}:80", Code.LOST_ADAPTER),
    Always(
        field="adapter.bias",
        value="none",
        why="axolotl/loaders/adapter.py:198",
        code=Code.LOST_ADAPTER,
        severity=Severity.ERROR,
        instead="trains no biases",
    ),
    key(
        "adapter.weight_decomposed",
        "peft_use_dora",
        FLAG,
        False,
        f"{_PEFT}:89: None",
        Code.LOST_ADAPTER,
    ),
    via(
        ("adapter.initialization",),
        ("peft_init_lora_weights", "peft.loftq_config.loftq_bits"),
        _get_initialization,
        _put_initialization,
    ),
    key(
        "adapter.dtype",
        "peft_autocast_adapter_dtype",
        ADAPTER_DTYPE,
        "float32",
        f"{_PEFT}:124: PEFT's autocast to float32",
        Code.LOST_ADAPTER_DTYPE,
        severity=Severity.WARNING,
    ),
    key(
        "adapter.start_from",
        "lora_model_dir",
        TEXT,
        None,
        f"{_PEFT}:47: a fresh adapter",
        Code.LOST_ADAPTER,
    ),
    key(
        "adapter.b_learning_rate_ratio",
        "loraplus_lr_ratio",
        NUMBER,
        None,
        f"{_PEFT}:156: one rate for A and B",
        Code.LOST_ADAPTER,
    ),
)
