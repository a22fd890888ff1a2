"""Rows about the adapter as a whole and how the frozen weights under it are stored."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.axolotl.lookup import Found, find, mention, no_effect, refuse, surprise
from translator.frameworks.axolotl.rows import via
from translator.frameworks.axolotl.values import (
    NOTHING,
    flag,
    mapping,
    text,
)
from translator.lens import Row
from translator.reading import Reader
from translator.writing import Writer

_PEFT = "axolotl/utils/schemas/peft.py"


_BUILT_IN = ("lora", "qlora")


def _get_adapter(reader: Reader) -> None:
    """The adapter and how the frozen weights are stored: neither key decides alone.

    axolotl/loaders/model.py:747-841 quantises to 4 bits for ``qlora`` only and to 8 bits for
    ``lora`` only, whatever the flags say.
    """
    adapter = find(reader, "adapter", text, None, "no adapter: all weights train", field="adapter")
    four = find(reader, "load_in_4bit", flag, False)
    eight = find(reader, "load_in_8bit", flag, False)
    if adapter.value is not None and adapter.value not in _BUILT_IN:
        assert adapter.node is not None
        why = "is an adapter that only an Axolotl plugin provides"
        refuse(reader, ("adapter",), adapter.node, why, field="adapter")
    present = adapter.value is not None
    reader.set("adapter", present, adapter.origin)
    kind, origin = _stored(reader, adapter, four, eight)
    kind = _get_details(reader, kind)
    if kind in ("nf4", "fp4", "int8") and not present:
        for name, flagged, needed in (
            ("load_in_4bit", four, "qlora"),
            ("load_in_8bit", eight, "lora"),
        ):
            if flagged.value and flagged.node is not None:
                why = f"needs adapter: {needed}; Axolotl refuses it in full fine-tuning"
                refuse(reader, (name,), flagged.node, why)
        kind = None
    reader.set("quantization", kind is not None, origin)
    reader.set("quantization.kind", kind or "other", origin)


def _stored(
    reader: Reader, adapter: Found[str | None], four: Found[bool], eight: Found[bool]
) -> tuple[str | None, Origin]:
    """The stored form of the weights, and the origin of that."""
    prequantized = reader.facts.get("prequantized")
    model_kind = find(reader, "model_quantization_config", text, None)
    gptq = find(reader, "gptq", flag, False)
    if prequantized and adapter.value is not None:
        why = f"{prequantized} holds 4-bit weights, which Axolotl trains on with any adapter"
        surprise(reader, ("base_model",), why, Severity.NOTE)
        return "nf4", reader.origins["model.id"]
    if model_kind.value is not None:
        reader.facts["model_quantization_config"] = model_kind.value
        mention(reader, ("model_quantization_config",), "how the checkpoint is stored")
        mention(reader, ("adapter",), "on weights that model_quantization_config describes")
        if reader.value("model_quantization_config_kwargs", "dequantize") is True:
            # transformers/quantizers/quantizer_mxfp4.py (5.16): the weights become bfloat16
            reader.facts["dequantize"] = "true"
            return None, model_kind.origin
        return ("fp8" if "FP8" in model_kind.value else "other"), model_kind.origin
    if gptq.value:
        if adapter.value == "qlora" and adapter.node is not None:
            why = "is refused with gptq: true"
            refuse(reader, ("adapter",), adapter.node, why, Severity.WARNING)
        for name in ("load_in_4bit", "load_in_8bit"):
            no_effect(reader, (name,), "the checkpoint is quantised already")
        reader.facts["gptq"] = "true"
        return "other", gptq.origin
    if adapter.value == "qlora":
        if not four.value:
            place = adapter if four.node is None else four
            why = "adapter: qlora needs load_in_4bit: true; Axolotl refuses it without"
            key = "adapter" if four.node is None else "load_in_4bit"
            reader.say(Code.BAD_VALUE, Severity.WARNING, why, place.node, key=key)
        if eight.value:
            no_effect(reader, ("load_in_8bit",), "qlora keeps weights in 4 bits")
        return "nf4", four.origin if four.written else adapter.origin
    if adapter.value == "lora" and eight.value:
        if four.value:
            no_effect(reader, ("load_in_4bit",), "lora keeps weights in 8 bits")
        return "int8", eight.origin
    if adapter.value == "lora" and four.value:
        surprise(
            reader,
            ("load_in_4bit",),
            "with adapter: lora the weights are not quantised at all; adapter: qlora does that",
        )
        return None, four.origin
    if four.value:
        return "nf4", four.origin
    if eight.value:
        return "int8", eight.origin
    return None, four.origin if four.written else adapter.origin


def _get_details(reader: Reader, kind: str | None) -> str | None:
    """bitsandbytes settings: Axolotl's own are nf4 with quantised scales, bf16 computation."""
    found = find(reader, "bnb_config_kwargs", mapping, NOTHING, f"{_PEFT}:149: double quantisation")
    settings = dict(found.value)
    double = bool(settings.pop("bnb_4bit_use_double_quant", True))
    if kind not in ("nf4", "fp4"):
        why = "the weights are not stored in 4 bits"
        no_effect(reader, ("bnb_config_kwargs", "bnb_4bit_use_double_quant"), why)
    reader.set("quantization.double", double or kind not in ("nf4", "fp4"), found.origin)
    if kind == "nf4" and settings.pop("bnb_4bit_quant_type", "nf4") == "fp4":
        kind = "fp4"
    for name in settings:
        node = reader.node("bnb_config_kwargs", name)
        assert node is not None
        why = "a bitsandbytes setting that only Axolotl passes on"
        reader.leave(("bnb_config_kwargs", name), node, why, Severity.WARNING)
    return kind


def _put_adapter(writer: Writer) -> None:
    kind = writer.value("quantization.kind")
    own = writer.document.facts.get("model_quantization_config")
    own_format = writer.document.format == "axolotl"
    if own is not None and own_format:
        writer.put("model_quantization_config", own, "quantization.kind")
        if writer.document.facts.get("dequantize"):
            writer.put("model_quantization_config_kwargs.dequantize", True)
        kind = None
    if not writer.value("adapter"):
        if kind is not None:
            why = "Axolotl trains quantised weights through an adapter only"
            writer.lose(Code.LOST_QUANTIZATION, "quantization", why)
        return
    four = kind in ("nf4", "fp4")
    writer.put("adapter", "qlora" if four else "lora", "adapter")
    if four:
        writer.put("load_in_4bit", True, "quantization.kind", "quantization")
        if not writer.value("quantization.double"):
            writer.put("bnb_config_kwargs.bnb_4bit_use_double_quant", False, "quantization.double")
        if kind == "fp4":
            writer.put("bnb_config_kwargs.bnb_4bit_quant_type", "fp4", "quantization.kind")
    elif kind == "int8":
        writer.put("load_in_8bit", True, "quantization.kind", "quantization")
    elif kind == "fp8":
        writer.put("model_quantization_config", "FineGrainedFP8Config", "quantization.kind")
    elif kind is not None and writer.document.facts.get("gptq") and own_format:
        writer.put("gptq", True, "quantization.kind")
    elif kind is not None:
        why = "Axolotl is not told how the checkpoint is quantised; it goes by the checkpoint"
        writer.lose(Code.LOST_QUANTIZATION, "quantization.kind", why, Severity.WARNING)


ROWS: tuple[Row, ...] = (
    via(
        ("adapter", "quantization", "quantization.kind", "quantization.double"),
        (
            "adapter",
            "load_in_4bit",
            "load_in_8bit",
            "bnb_config_kwargs",
            "model_quantization_config",
            "gptq",
        ),
        _get_adapter,
        _put_adapter,
        {"quantization.kind": ("approximated", "only together with an adapter")},
    ),
)
