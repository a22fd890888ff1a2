"""Rows about the adapters: which modules get one, and how it starts."""

from __future__ import annotations

from typing import Any

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.errors import WrongValueError
from translator.frameworks.unsloth.model_writing import (
    experts_with,
    put_adapter,
    put_parameters,
)
from translator.frameworks.unsloth.rows import (
    REAL,
    REAL_OR_NONE,
    TRUTH,
    WHOLE,
    find,
    known,
)
from translator.lens import Conv, Key, Row, Via
from translator.reading import Reader
from translator.tree import Node
from translator.writing import Writer

LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""What ``get_peft_model`` adapts unless told otherwise: unsloth/models/llama.py:4569."""
_ATTENTION = LINEAR[:4]


def listed(value: object) -> list[object]:
    """A value as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def has_adapter(reader: Reader) -> bool:
    """Whether the script puts adapters on the model. With ``full_finetuning`` Unsloth's own
    ``get_peft_model`` does nothing (unsloth/models/llama.py:3125, vision.py:1884)."""
    if reader.peek("peft") is None:
        return False
    whole = reader.tree.get(("load", "full_finetuning"))
    return whole is None or whole.plain() is not True or _plain_peft(reader)


def _adapter_key(reader: Reader, name: str) -> tuple[str, Node] | None:
    return find(reader, f"peft.{name}")


def _read_adapter(reader: Reader) -> None:
    node = reader.peek("peft")
    on = has_adapter(reader)
    origin = reader.default("get_peft_model is not called")
    if node is not None:
        origin = Origin(written=True, span=node.span, key="get_peft_model")
    reader.set("adapter", on, origin)
    if node is not None and not on:
        message = (
            "get_peft_model has no effect beside full_finetuning=True: all weights are trained"
        )
        reader.say(Code.SURPRISE, Severity.WARNING, message, node, field="adapter")
        reader.used.add(("peft",))
        for name, argument in node.value.items():
            message = f"{name} ({argument.plain()!r}) has no effect: no adapters are made"
            reader.say(
                Code.NO_EFFECT, Severity.NOTE, message, argument, key=f"peft.{name}", verbose=True
            )
    if on:
        reader.node("peft", "class")
        _read_targets(reader)
        _read_initialization(reader)
        _read_layers(reader)


def _plain_peft(reader: Reader) -> bool:
    kind = reader.tree.get(("peft", "class"))
    return kind is not None and str(kind.plain()).endswith("LoraConfig")


def _number(name: str, unsloth: object, peft: object, field: str, conv: Conv) -> Row:
    """A numeric setting whose default differs between Unsloth and a bare ``LoraConfig``."""

    def get(reader: Reader) -> None:
        if not has_adapter(reader):
            return
        bare = reader.tree.get(("peft", "class"))
        is_bare = bare is not None and str(bare.plain()).endswith("LoraConfig")
        default = peft if is_bare else unsloth
        where = "peft/tuners/lora/config.py" if is_bare else "unsloth/models/llama.py:4569"
        Key(
            field=field,
            key=f"peft.{name}",
            conv=conv,
            default=default,
            why=f"{name} {default!r}: {where}",
            code=Code.LOST_ADAPTER,
        ).read(reader)

    def put(writer: Writer) -> None:
        if writer.document.recipe.adapter is not None:
            writer.put(f"peft.{name}", writer.value(field), field)

    return Via(fields=(field,), read_keys=(f"peft.{name}",), get=get, put=put)


def _read_targets(reader: Reader) -> None:
    found = _adapter_key(reader, "target_modules")
    default = LINEAR
    origin = reader.default("target_modules, all seven: unsloth/models/llama.py:4569 (2026.10.9)")
    value: Any = None
    if found is not None:
        origin = reader.written(("peft", "target_modules"), found[1])
        value = known(reader, *found, "adapter.modules")
    saved = find(reader, "peft.modules_to_save")
    trained: set[str] = set()
    saved_origin = reader.default("modules_to_save None: unsloth/models/llama.py:4569 (2026.10.9)")
    if saved is not None:
        saved_origin = reader.written(("peft", "modules_to_save"), saved[1])
        trained |= {str(name) for name in listed(known(reader, *saved, "adapter") or ())}
    pattern = None
    modules: tuple[str, ...]
    if isinstance(value, str) and value != "all-linear":
        pattern, modules = value, ()
    elif isinstance(value, str) or (value is None and _uses_flags(reader)):
        modules = _all_linear(reader)
    elif value is None and _plain_peft(reader):
        modules = ("q_proj", "v_proj")
    else:
        modules = default if value is None else tuple(str(name) for name in listed(value))
    modules = _flagged(reader, modules)
    if "embed_tokens" in modules:
        # unsloth/models/llama.py:4776 (2026.10.9): embeddings are trained in full instead
        modules = tuple(name for name in modules if name != "embed_tokens")
        trained.add("embed_tokens")
    reader.set("adapter.modules", in_order(modules), origin)
    reader.set("adapter.module_pattern", pattern, origin)
    reader.set("adapter.trained_modules", tuple(sorted(trained)), saved_origin)


def _uses_flags(reader: Reader) -> bool:
    """FastModel and FastVisionModel choose by ``finetune_*`` instead of by name."""
    node = reader.tree.get(("load", "class"))
    return node is not None and str(node.plain()).split(".")[-1] in ("FastModel", "FastVisionModel")


def _all_linear(reader: Reader) -> tuple[str, ...]:
    from translator.catalog.mamba import GUARDED, takes_adapters
    from translator.catalog.models import facts

    model = facts(str(reader.values.get("model.id", "")))
    if model is None or (model.experts and model.family not in GUARDED):
        return ("all-linear",)
    return takes_adapters(model.linear_modules, model.family)


def _flagged(reader: Reader, modules: tuple[str, ...]) -> tuple[str, ...]:
    """Modules after the ``finetune_*`` switches (unsloth/models/vision.py:4910)."""
    switches = {}
    for name in ("attention_modules", "mlp_modules", "language_layers", "vision_layers"):
        value = reader.value("peft", f"finetune_{name}")
        switches[name] = value is not False
    if not _uses_flags(reader):
        return modules
    _tell_switches(reader, switches, named=modules != ("all-linear",))
    if modules == ("all-linear",):
        return modules
    if not switches["attention_modules"]:
        modules = tuple(name for name in modules if name not in (*_ATTENTION, "qkv_proj"))
    if not switches["mlp_modules"]:
        modules = tuple(name for name in modules if name in (*_ATTENTION, "qkv_proj"))
    return modules


def _tell_switches(reader: Reader, switches: dict[str, bool], *, named: bool) -> None:
    """Keeps aside what module names cannot say: on which towers there are adapters."""
    pictures = reader.facts.get("modality", "text") != "text"
    told = {
        "vision_layers": ("no adapters on the vision tower", pictures),
        "language_layers": ("no adapters on the language layers", True),
        "attention_modules": ("no adapters on attention", not named),
        "mlp_modules": ("no adapters on the feed-forward layers", not named),
    }
    for name, (why, matters) in told.items():
        node = reader.node("peft", f"finetune_{name}")
        if node is not None and not switches[name]:
            if matters:
                reader.leave(("peft", f"finetune_{name}"), node, why, Severity.ERROR)
            elif name == "vision_layers":
                message = f"{why}, which text does not reach anyway"
                reader.say(Code.NO_EFFECT, Severity.NOTE, message, node, verbose=True)


def in_order(modules: tuple[str, ...]) -> tuple[str, ...]:
    """Modules without repetition, in the IR's order, unknown names last."""
    rank = {name: place for place, name in enumerate(ir.MODULE_ORDER)}
    return tuple(sorted(dict.fromkeys(modules), key=lambda name: (rank.get(name, 99), name)))


def _read_parameters(reader: Reader) -> None:
    """unsloth/models/_utils.py:11023 (2026.10.9): experts get adapters with the MLP's layers."""
    if not has_adapter(reader):
        return
    found = _adapter_key(reader, "target_parameters")
    value: Any = None
    origin = reader.default("target_parameters None: unsloth/models/llama.py:4569 (2026.10.9)")
    if found is not None:
        origin = reader.written(("peft", "target_parameters"), found[1])
        value = known(reader, *found, "adapter.parameters")
    names: tuple[str, ...] = ()
    if value is not None:
        names = tuple(str(name) for name in listed(value))
    elif not _plain_peft(reader):
        names = experts_with(
            str(reader.values.get("model.id", "")), reader.values.get("adapter.modules")
        )
        if names:
            origin = reader.default("unsloth/models/_utils.py:11023 (2026.10.9): experts as well")
    reader.set("adapter.parameters", names, origin)


def _read_initialization(reader: Reader) -> None:
    found = _adapter_key(reader, "init_lora_weights")
    origin = reader.default("init_lora_weights True: unsloth/models/llama.py:4569 (2026.10.9)")
    value: Any = True
    if found is not None:
        origin = reader.written(("peft", "init_lora_weights"), found[1])
        value = known(reader, *found, "adapter.initialization")
    loftq = _adapter_key(reader, "loftq_config")
    if loftq is not None and loftq[1].plain() and value is not None:
        _tell_loftq(reader, loftq[1], value)
    name = (
        value.lower() if isinstance(value, str) else "default" if value is not False else "random"
    )
    reader.set("adapter.initialization", name.partition("_niter")[0], origin)


def _tell_loftq(reader: Reader, node: Node, initialization: object) -> None:
    """What LoftQ is told has no effect without it, and is carried where it is what it usually does."""
    given = [(node.get(("loftq_bits",)), 4), (node.get(("loftq_iter",)), 1)]
    if str(initialization).lower() != "loftq":
        message = (
            f"loftq_config has no effect: init_lora_weights is {initialization!r}, not 'loftq'"
        )
        reader.say(Code.NO_EFFECT, Severity.WARNING, message, node, key="peft.loftq_config")
    elif any(part is not None and part.plain() != usual for part, usual in given):
        why = "how LoftQ makes its start"
        reader.leave(("peft", "loftq_config"), node, why, Severity.WARNING)


def _read_layers(reader: Reader) -> None:
    found = _adapter_key(reader, "layers_to_transform")
    origin = reader.default("layers_to_transform None: unsloth/models/llama.py:4569 (2026.10.9)")
    layers = None
    if found is not None:
        origin = reader.written(("peft", "layers_to_transform"), found[1])
        value = known(reader, *found, "adapter.layers")
        if value is not None:
            layers = tuple(layer for layer in listed(value) if isinstance(layer, int))
    reader.set("adapter.layers", layers, origin)


def _flag(name: str, field: str) -> Row:
    def get(reader: Reader) -> None:
        if has_adapter(reader):
            why = f"{name} False: unsloth/models/llama.py:4569 (2026.10.9)"
            Key(field=field, key=f"peft.{name}", conv=TRUTH, default=False, why=why,
                code=Code.LOST_ADAPTER).read(reader)  # fmt: skip

    def put(writer: Writer) -> None:
        """With the other settings of the adapter."""

    return Via(fields=(field,), read_keys=(f"peft.{name}",), get=get, put=put)


_BIAS = Conv(read=lambda value: value if value in ("none", "all", "lora_only") else _no_bias(),
             write=lambda value: value)  # fmt: skip


def _no_bias() -> object:
    raise WrongValueError("must be none, all or lora_only")


def _read_fixed_adapter(reader: Reader) -> None:
    if has_adapter(reader):
        why = "unsloth_zoo/training_utils.py:300 (2026.8.13): adapters are kept in float32"
        reader.set("adapter.dtype", "float32", reader.default(why))
        reader.set("adapter.start_from", None, reader.default("a fresh adapter"))
        Key(field="adapter.b_learning_rate_ratio", key="args.loraplus_lr_ratio",
            conv=REAL_OR_NONE, default=None, why="unsloth/trainer.py:944 (2026.10.9)",
            code=Code.LOST_ADAPTER).read(reader)  # fmt: skip


ROWS: tuple[Row, ...] = (
    _number("r", 16, 8, "adapter.rank", WHOLE),
    _number("lora_alpha", 16, 8, "adapter.alpha", REAL),
    _number("lora_dropout", 0.0, 0.0, "adapter.dropout", REAL),
    _number("bias", "none", "none", "adapter.bias", _BIAS),
    _flag("use_rslora", "adapter.rank_stabilized"),
    _flag("use_dora", "adapter.weight_decomposed"),
    Via(fields=("adapter", "adapter.modules", "adapter.module_pattern", "adapter.trained_modules",
                "adapter.initialization", "adapter.layers"),
        read_keys=("peft.target_modules", "peft.modules_to_save", "peft.init_lora_weights",
                   "peft.loftq_config", "peft.layers_to_transform",
                   "peft.finetune_attention_modules", "peft.finetune_mlp_modules",
                   "peft.finetune_language_layers", "peft.finetune_vision_layers"),
        get=_read_adapter, put=put_adapter),
    Via(fields=("adapter.parameters",), read_keys=("peft.target_parameters",),
        get=_read_parameters, put=put_parameters),
    Via(fields=("adapter.dtype", "adapter.start_from", "adapter.b_learning_rate_ratio"),
        read_keys=("args.loraplus_lr_ratio",), get=_read_fixed_adapter, put=lambda writer: None,
        partly={"adapter.dtype": ("approximated", "adapters are kept in float32"),
                "adapter.start_from": ("approximated", "rank and layers are those of that adapter")}),
)  # fmt: skip
