"""Rows about low-rank adapters and 4-bit weights: arguments of the model's builder."""

from __future__ import annotations

from collections.abc import Callable

from translator.catalog.models import facts
from translator.catalog.torchtune import builder_for, form_of
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.adapter_writing import (
    TRAINED,
    put_adapter,
    put_dtype,
    put_quantization,
    put_trained,
)
from translator.frameworks.torchtune.components import REQUIRED
from translator.frameworks.torchtune.lookup import (
    argument_default,
    called,
    find,
    model_called,
    surprise,
)
from translator.frameworks.torchtune.model import MODEL_KEY
from translator.frameworks.torchtune.parts import part_named
from translator.frameworks.torchtune.values import flag, number, positive, texts
from translator.ir import MODULE_ORDER
from translator.lens import Always, Row, Via
from translator.reading import Reader

ATTENTION = {"q_proj": "q_proj", "k_proj": "k_proj", "v_proj": "v_proj", "output_proj": "o_proj"}
"""torchtune's names of attention layers (torchtune/modules/peft/_utils.py:14) and the field's."""
MLP = ("gate_proj", "up_proj", "down_proj")
_LORA = "torchtune/models/llama3/_model_builders.py"


def _get_adapter(reader: Reader) -> None:
    key = reader.facts.get(MODEL_KEY, "model")
    path, known = model_called(reader, key)
    component = reader.peek(key, "_component_")
    form = "full" if path is None else form_of(path)
    present = form != "full" or reader.peek(key, "lora_attn_modules") is not None
    origin = (
        reader.default("a builder without adapters")
        if component is None
        else reader.written((key, "_component_"), component)
    )
    reader.set("adapter", present, origin)

    def default(name: str, otherwise: float) -> float:
        value = argument_default(known, name, otherwise)
        if value == REQUIRED and present and reader.peek(key, name) is None:
            message = f"{key}.{name} is missing, which {path} needs"
            reader.say(Code.MISSING_KEY, Severity.ERROR, message, component)
        return float(value) if isinstance(value, int | float) else otherwise

    numbers: tuple[tuple[str, Callable[[object], float], float], ...] = (
        ("rank", positive, 8),
        ("alpha", number, 16),
        ("dropout", number, 0),
    )
    for name, convert, usual in numbers:
        field = f"adapter.{name}"
        otherwise = convert(default(f"lora_{name}", usual))
        found = find(reader, f"{key}.lora_{name}", convert, otherwise, _LORA, field=field)
        reader.set(field, found.value, found.origin)
    dora = find(reader, f"{key}.use_dora", flag, False, _LORA)
    reader.set("adapter.weight_decomposed", dora.value, dora.origin)
    never = reader.default("torchtune/modules/peft/lora.py: the scale is alpha / rank")
    reader.set("adapter.rank_stabilized", False, never)
    reader.set("adapter.module_pattern", None, never)
    reader.set("adapter.parameters", (), never)
    _get_modules(reader, key, present)


def _get_quantization(reader: Reader) -> None:
    key = reader.facts.get(MODEL_KEY, "model")
    path, _ = model_called(reader, key)
    four = path is not None and form_of(path) == "qlora"
    found = find(reader, f"{key}.quantize_base", flag, four, "the builder's own")
    origin = found.origin if found.written else reader.origins["adapter"]
    present = bool(found.value and reader.values["adapter"])
    reader.set("quantization", present, origin)
    reader.set("quantization.kind", "nf4", origin)
    reader.set("quantization.double", True, reader.default("torchao: scales are quantised too"))


def _get_modules(reader: Reader, key: str, present: bool) -> None:
    attention = find(reader, f"{key}.lora_attn_modules", texts, (), field="adapter.modules")
    mlp = find(reader, f"{key}.apply_lora_to_mlp", flag, False)
    output = find(reader, f"{key}.apply_lora_to_output", flag, False)
    names = {ATTENTION[name] for name in attention.value if name in ATTENTION}
    for position, name in enumerate(attention.value):
        if name in ATTENTION:
            continue
        hint = "; torchtune calls it output_proj" if name == "o_proj" else ""
        address = (key, "lora_attn_modules", position)
        surprise(reader, address, f"no layer of that name: it gets no adapter{hint}")
    if mlp.value:
        names |= set(MLP)
    model = str(reader.facts.get("model", ""))
    made = builder_for(model, "0.6.1") or builder_for(model, "main") if model else None
    if output.value and made is not None and made.tied:
        why = "no effect: the output head is the embedding, which gets no adapter"
        surprise(reader, (key, "apply_lora_to_output"), why)
    elif output.value:
        names.add("lm_head")
    if present and not attention.value:
        message = f"{key}.lora_attn_modules is missing or empty, which torchtune refuses"
        reader.say(Code.MISSING_KEY, Severity.ERROR, message, reader.peek(key))
    names = _as_stored(reader, names)
    chosen = next((f for f in (attention, mlp, output) if f.written), attention)
    reader.set("adapter.modules", tuple(n for n in MODULE_ORDER if n in names), chosen.origin)


def _as_stored(reader: Reader, names: set[str]) -> set[str]:
    """Parts of layers that the model's own checkpoint holds as one, by the name of that one."""
    known = facts(str(reader.facts.get("model", "")))
    for fused, parts in known.fused_modules if known else ():
        if set(parts) <= names:
            names = (names - set(parts)) | {fused}
    return names


def _get_trained(reader: Reader) -> None:
    """What the side file's ``lora_and_more`` trains beside adapters."""
    key = reader.facts.get(MODEL_KEY, "model")
    if part_named(called(reader, key)[0]) != "lora_and_more":
        reader.set("adapter.trained_modules", (), reader.default(_LORA))
        return
    found = find(reader, (key, "trained"), texts, (), field="adapter.trained_modules")
    names = {own: name for name, own in TRAINED.items()}
    named = tuple(sorted(names.get(own, own) for own in found.value))
    reader.set("adapter.trained_modules", named, found.origin)


def _get_dtype(reader: Reader) -> None:
    why = "recipes/lora_finetune_single_device.py: adapters are made in the run's dtype"
    node = reader.peek("dtype")
    compute = "float32" if node is None or node.value in ("fp32", "float32") else "bfloat16"
    reader.set("adapter.dtype", compute, reader.default(why))


_INIT = "torchtune/modules/peft/lora.py:305"


def _never(field: str, value: object, why: str, severity: Severity, instead: str) -> Row:
    return Always(
        field=field, value=value, why=why, code=Code.LOST_ADAPTER, severity=severity,
        instead=instead,
    )  # fmt: skip


ROWS: tuple[Row, ...] = (
    Via(
        fields=("adapter", "adapter.rank", "adapter.alpha", "adapter.dropout", "adapter.modules",
                "adapter.weight_decomposed", "adapter.rank_stabilized", "adapter.module_pattern", "adapter.parameters"),
        read_keys=("model._component_", "model.lora_rank", "model.lora_alpha", "model.lora_dropout",
                   "model.use_dora", "model.lora_attn_modules", "model.apply_lora_to_mlp",
                   "model.apply_lora_to_output"),
        get=_get_adapter,
        put=put_adapter,
        partly={"adapter.module_pattern": ("refused", "layers are chosen by name only"),
                "adapter.parameters": ("refused", "only layers get adapters")},
    ),
    Via(
        fields=("quantization", "quantization.kind", "quantization.double"),
        read_keys=("model._component_", "model.quantize_base"),
        get=_get_quantization,
        put=put_quantization,
        partly={"quantization.kind": ("approximated", "4-bit NormalFloat only")},
    ),
    Via(
        fields=("adapter.dtype",),
        read_keys=("dtype",),
        get=_get_dtype,
        put=put_dtype,
        partly={"adapter.dtype": ("approximated", "adapters have the run's dtype")},
    ),
    Via(
        fields=("adapter.trained_modules",),
        read_keys=("model.trained",),
        get=_get_trained,
        put=put_trained,
        partly={"adapter.trained_modules": ("approximated", "embeddings and output head")},
    ),
    _never("adapter.bias", "none", _LORA, Severity.ERROR, "trains no biases"),
    _never("adapter.initialization", "default", _INIT, Severity.WARNING,
           "starts from Kaiming A and zero B"),
    _never("adapter.layers", None, _LORA, Severity.ERROR, "gives every layer an adapter"),
    _never("adapter.start_from", None, _LORA, Severity.ERROR,
           "continues adapters only from a checkpoint of its own"),
    _never("adapter.b_learning_rate_ratio", None, _LORA, Severity.WARNING,
           "has one learning rate for all weights"),
)  # fmt: skip
