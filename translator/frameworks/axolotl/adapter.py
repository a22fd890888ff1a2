"""Rows about low-rank adapters and the precision of the frozen weights."""

from __future__ import annotations

import math

from translator.catalog.models import facts
from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.axolotl.lookup import Found, find, mention, no_effect, refuse, surprise
from translator.frameworks.axolotl.rows import key, via
from translator.frameworks.axolotl.values import (
    FLAG,
    NOTHING,
    NUMBER,
    TEXT,
    anything,
    as_integer,
    flag,
    mapping,
    number,
    text,
    texts,
    whole,
)
from translator.ir import MODULE_ORDER
from translator.lens import Always, Conv, Row
from translator.reading import Reader
from translator.writing import Writer

_BUILT_IN = ("lora", "qlora")
_PEFT = "axolotl/utils/schemas/peft.py"


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
        flagged = four if four.value else eight
        assert flagged.node is not None
        name = "load_in_4bit" if four.value else "load_in_8bit"
        why = "needs adapter: qlora" if four.value else "needs adapter: lora"
        refuse(reader, (name,), flagged.node, f"{why}; Axolotl refuses it in full fine-tuning")
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
        if reader.value("model_quantization_config_kwargs", "dequantize") is True:
            # transformers/quantizers/quantizer_mxfp4.py (5.16): the weights become bfloat16
            reader.facts["dequantize"] = "true"
            return None, model_kind.origin
        mention(reader, ("adapter",), "on weights that model_quantization_config describes")
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
            assert adapter.node is not None
            why = "needs load_in_4bit: true; Axolotl refuses it without"
            refuse(reader, ("adapter",), adapter.node, why, Severity.WARNING)
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


def linear_layers(model: str) -> tuple[str, ...] | None:
    """The leaf names behind "all linear layers", where the model is known well enough."""
    known = facts(model)
    if known is None or known.experts or known.modality != "text":
        return None
    return known.linear_modules or None


def in_module_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names in the IR's order, unknown ones last, each once."""
    rank = {name: position for position, name in enumerate(MODULE_ORDER)}
    return tuple(sorted(dict.fromkeys(names), key=lambda name: (rank.get(name, len(rank)), name)))


def _get_modules(reader: Reader) -> None:
    """axolotl/loaders/adapter.py:54: ``lora_target_linear`` adds all linear layers but the head
    to the names in ``lora_target_modules``."""
    linear = find(reader, "lora_target_linear", flag, False)
    named = find(reader, "lora_target_modules", anything, None)
    modules: tuple[str, ...] = ()
    pattern = None
    if isinstance(named.value, str) and named.value not in ("all-linear", "all_linear"):
        if named.value.isidentifier():
            modules = (named.value,)
        else:
            pattern = named.value
    elif named.value is not None:
        modules = texts(named.value)
    everything = linear.value or "all-linear" in modules or "all_linear" in modules
    if everything:
        layers = linear_layers(str(reader.value("base_model") or "")) or ("all-linear",)
        extra = [m for m in modules if m.replace("_", "-") != "all-linear"]
        modules = (*layers, *(m for m in extra if layers != ("all-linear",) or m == "lm_head"))
        if extra and named.node is not None and set(extra) - {"lm_head", "embed_tokens"}:
            why = "lora_target_linear: true already means every linear layer"
            no_effect(reader, ("lora_target_modules",), why)
    mention(reader, ("lora_target_modules",), "the layers that get adapters")
    source = linear if linear.value else named
    if reader.values["adapter"] and not modules and pattern is None:
        target = reader.peek("lora_target_parameters")
        if target is None:
            reader.say(
                Code.MISSING_KEY,
                Severity.ERROR,
                "neither lora_target_modules nor lora_target_linear is set: nothing gets adapters",
                key="lora_target_modules",
                field="adapter.modules",
            )
    reader.set("adapter.modules", in_module_order(modules), source.origin)
    reader.set("adapter.module_pattern", pattern, named.origin)


def _get_parameters(reader: Reader) -> None:
    named = find(reader, "lora_target_parameters", texts, (), f"{_PEFT}:58: none")
    reader.set("adapter.parameters", tuple(named.value or ()), named.origin)


def _put_parameters(writer: Writer) -> None:
    if named := writer.value("adapter.parameters"):
        writer.put("lora_target_parameters", list(named), "adapter.parameters")


def _put_modules(writer: Writer) -> None:
    if not writer.value("adapter"):
        return
    pattern = writer.value("adapter.module_pattern")
    modules = writer.value("adapter.modules")
    if pattern:
        writer.put("lora_target_modules", pattern, "adapter.module_pattern")
    elif modules and modules[0] == "all-linear":
        writer.put("lora_target_linear", True, "adapter.modules")
        if modules[1:]:
            writer.put("lora_target_modules", list(modules[1:]), "adapter.modules")
    else:
        writer.put("lora_target_modules", list(modules), "adapter.modules")


def _get_saved(reader: Reader) -> None:
    found = find(reader, "lora_modules_to_save", texts, (), f"{_PEFT}:62: None")
    reader.set("adapter.trained_modules", tuple(sorted(set(found.value))), found.origin)


def _put_saved(writer: Writer) -> None:
    if writer.value("adapter.trained_modules"):
        modules = list(writer.value("adapter.trained_modules"))
        writer.put("lora_modules_to_save", modules, "adapter.trained_modules")


def _get_scale(reader: Reader) -> None:
    """Rank and alpha have no default in Axolotl: PEFT fails on None."""
    for name, field, convert in (
        ("lora_r", "adapter.rank", whole),
        ("lora_alpha", "adapter.alpha", number),
    ):
        found = find(reader, name, convert, None, field=field)
        if found.value is None and reader.values["adapter"]:
            reader.say(
                Code.MISSING_KEY,
                Severity.ERROR,
                f"{name} is missing: PEFT fails without it",
                key=name,
                field=field,
                help=f"give it with --set {name}=16",
            )
        reader.set(field, 1 if found.value is None else found.value, found.origin)
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


def _get_layers(reader: Reader) -> None:
    def indices(value: object) -> tuple[int, ...]:
        return tuple(whole(v) for v in (value if isinstance(value, list) else [value]))

    found = find(reader, "peft_layers_to_transform", indices, None, f"{_PEFT}:81: every layer")
    reader.set("adapter.layers", found.value, found.origin)


def _put_layers(writer: Writer) -> None:
    if writer.value("adapter.layers") is not None:
        writer.put(
            "peft_layers_to_transform", list(writer.value("adapter.layers")), "adapter.layers"
        )


def _read_autocast(value: object) -> str:
    return "float32" if flag(value) else "bfloat16"


ADAPTER_DTYPE = Conv(read=_read_autocast, write=lambda value: value == "float32")
"""``peft_autocast_adapter_dtype: false`` leaves adapters in the weights' bfloat16."""

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
    via(
        ("adapter.rank", "adapter.alpha", "adapter.rank_stabilized"),
        ("lora_r", "lora_alpha", "peft_use_rslora"),
        _get_scale,
        _put_scale,
        {"adapter.alpha": ("approximated", "a whole number")},
    ),
    key("adapter.dropout", "lora_dropout", NUMBER, 0.0, f"{_PEFT}:80", Code.LOST_ADAPTER),
    via(
        ("adapter.modules", "adapter.module_pattern"),
        ("lora_target_modules", "lora_target_linear"),
        _get_modules,
        _put_modules,
    ),
    via(("adapter.parameters",), ("lora_target_parameters",), _get_parameters, _put_parameters),
    via(("adapter.trained_modules",), ("lora_modules_to_save",), _get_saved, _put_saved),
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
    via(("adapter.layers",), ("peft_layers_to_transform",), _get_layers, _put_layers),
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
