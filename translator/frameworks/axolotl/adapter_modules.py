"""Rows about which layers get adapters, and which are trained beside them."""

from __future__ import annotations

from translator.catalog.models import facts
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.lookup import find, mention
from translator.frameworks.axolotl.rows import via
from translator.frameworks.axolotl.values import (
    anything,
    flag,
    texts,
    whole,
)
from translator.ir import MODULE_ORDER, beside_all_linear
from translator.lens import Row
from translator.reading import Reader
from translator.tree import shown
from translator.writing import Writer

_PEFT = "axolotl/utils/schemas/peft.py"


def linear_layers(model: str) -> tuple[str, ...] | None:
    """The leaf names behind "all linear layers", where the model is known well enough."""
    known = facts(model)
    if known is None or known.experts or known.modality != "text":
        return None
    return known.linear_modules or None


_RANK = {name: position for position, name in enumerate(MODULE_ORDER)}
_LINEAR = frozenset(MODULE_ORDER) - {"lm_head", "embed_tokens"}


def in_module_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names in the IR's order, unknown ones last, each once."""
    last = len(_RANK)
    return tuple(sorted(dict.fromkeys(names), key=lambda name: (_RANK.get(name, last), name)))


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
        among = [m for m in extra if m in layers or m in _LINEAR]
        modules = (*layers, *(m for m in extra if m not in among))
        if among and named.node is not None:
            why = "lora_target_linear: true already means every linear layer"
            said = shown(among) if len(among) < len(extra) else shown(named.node.plain())
            message = f"lora_target_modules ({said}) has no effect: {why}"
            reader.say(
                Code.NO_EFFECT, Severity.NOTE, message, named.node, key="lora_target_modules"
            )
    mention(reader, ("lora_target_modules",), "the layers that get adapters")
    source = linear if linear.value else named
    if reader.values["adapter"] and not modules and pattern is None:
        target = reader.peek("lora_target_parameters")
        named_adapter = reader.peek("adapter")
        other = named_adapter is not None and named_adapter.value not in ("lora", "qlora")
        if target is None and not other:
            reader.say(
                Code.STOPS_LATER,
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
        if writer.value("adapter.dropout"):
            # peft/tuners/lora/layer.py: ParamWrapper has no dropout
            why = "PEFT drops out no inputs of experts, and Axolotl refuses both; 0 is written"
            writer.lose(Code.LOST_ADAPTER, "adapter.dropout", why)
            writer.put("lora_dropout", 0.0, "adapter.dropout")


def _put_modules(writer: Writer) -> None:
    if not writer.value("adapter"):
        return
    pattern = writer.value("adapter.module_pattern")
    modules = writer.value("adapter.modules")
    if pattern:
        writer.put("lora_target_modules", pattern, "adapter.module_pattern")
    elif "all-linear" in modules:
        writer.put("lora_target_linear", True, "adapter.modules")
        others = beside_all_linear(modules)
        if others:
            writer.put("lora_target_modules", list(others), "adapter.modules")
    else:
        writer.put("lora_target_modules", list(modules), "adapter.modules")


def _get_saved(reader: Reader) -> None:
    found = find(reader, "lora_modules_to_save", texts, (), f"{_PEFT}:62: None")
    mention(reader, ("lora_modules_to_save",), "trained in full beside the adapters")
    reader.set("adapter.trained_modules", tuple(sorted(set(found.value))), found.origin)


def _put_saved(writer: Writer) -> None:
    if writer.value("adapter.trained_modules"):
        modules = list(writer.value("adapter.trained_modules"))
        writer.put("lora_modules_to_save", modules, "adapter.trained_modules")


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


ROWS: tuple[Row, ...] = (
    via(
        ("adapter.modules", "adapter.module_pattern"),
        ("lora_target_modules", "lora_target_linear"),
        _get_modules,
        _put_modules,
    ),
    via(("adapter.parameters",), ("lora_target_parameters",), _get_parameters, _put_parameters),
    via(("adapter.trained_modules",), ("lora_modules_to_save",), _get_saved, _put_saved),
    via(("adapter.layers",), ("peft_layers_to_transform",), _get_layers, _put_layers),
)
