"""Rows about the network: which weights, in how many bits, and the adapters on them."""

from __future__ import annotations

from typing import Any

from translator import ir
from translator.catalog.identity import resolve
from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.unsloth.exchange_reading import shows_pictures
from translator.frameworks.unsloth.model_writing import (
    experts_with,
    put_adapter,
    put_files,
    put_modality,
    put_model,
    put_parameters,
    put_precision,
    put_rope,
    put_tokens,
)
from translator.frameworks.unsloth.rows import (
    REAL,
    REAL_OR_NONE,
    TEXT_OR_NONE,
    TRUTH,
    WHOLE,
    find,
    known,
    settled,
)
from translator.frameworks.unsloth.script_tree import Depends
from translator.lens import Conv, Key, Row, Via
from translator.reading import Reader
from translator.tree import Node, Unresolved
from translator.writing import Writer

DEFAULT_MODEL = "unsloth/Llama-3.2-1B-Instruct"
"""unsloth/models/loader.py:1241 (2026.10.9)."""
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""What ``get_peft_model`` adapts unless told otherwise: unsloth/models/llama.py:4569."""
_ATTENTION = LINEAR[:4]


# --- weights -------------------------------------------------------------------------------------


def _read_model(reader: Reader) -> None:
    found = find(reader, "load.model_name")
    name: Any = DEFAULT_MODEL
    origin = reader.default(f"model_name {name!r}: unsloth/models/loader.py:1241 (2026.10.9)")
    if found is not None:
        origin = reader.written(("load", "model_name"), found[1])
        given = known(reader, *found, "model.id")
        name = given if isinstance(given, str) else found[1].raw or str(found[1].value)
        if isinstance(found[1].value, Unresolved):
            name = found[1].value.expression
    identity = resolve(str(name))
    exact = reader.value("load", "use_exact_model_name") is True
    reader.set("model.id", identity.weights, origin)
    _read_quantization(reader, identity.bits, identity.dynamic, exact, origin)


def _read_quantization(
    reader: Reader, stored: int | None, dynamic: bool, exact: bool, name: Origin
) -> None:
    flags = {}
    nodes = {}
    for key, default in (
        ("load_in_4bit", True),
        ("load_in_8bit", False),
        ("load_in_16bit", False),
        ("load_in_fp8", False),
        ("full_finetuning", False),
    ):
        node = reader.node("load", key)
        value = None if node is None else known(reader, f"load.{key}", node, "quantization")
        flags[key] = default if value is None else bool(value)
        if node is not None:
            nodes[key] = node
    forced = None if exact and stored == 16 else stored
    kind, key = _stored_as(flags, forced, explicit="load_in_4bit" in nodes)
    if key in nodes:
        origin = reader.written(("load", key), nodes[key])
    elif kind is not None and stored is not None and key == "model_name":
        origin = name
    else:
        why = "load_in_4bit True: unsloth/models/loader.py:1241 (2026.10.9)"
        origin = reader.default(why)
    if flags["full_finetuning"] and flags["load_in_4bit"] and "load_in_4bit" in nodes:
        message = "load_in_4bit has no effect beside full_finetuning: all weights are trained"
        reader.say(Code.NO_EFFECT, Severity.NOTE, message, nodes["load_in_4bit"], verbose=True)
    reader.set("quantization", kind is not None, origin)
    if kind is None:
        return
    reader.set("quantization.kind", kind, origin)
    why = "unsloth_zoo/peft_utils.py:35 (2026.8.13)"
    reader.set("quantization.double", True, reader.default(why))
    if kind == "nf4" and (dynamic or (stored is None and not exact)):
        message = (
            "Unsloth loads its own 4-bit copy where it has one, which keeps some layers in 16 bit; "
            "other frameworks quantise every linear layer"
        )
        reader.say(Code.SURPRISE, Severity.NOTE, message, field="quantization", verbose=True)


def _stored_as(
    flags: dict[str, bool], stored: int | None, *, explicit: bool
) -> tuple[str | None, str]:
    """The format of the base weights, and the keyword that decides it."""
    if flags["full_finetuning"]:
        return None, "full_finetuning"
    if flags["load_in_8bit"]:
        return "int8", "load_in_8bit"
    if flags["load_in_fp8"]:
        return "fp8", "load_in_fp8"
    if flags["load_in_16bit"] and not (explicit and flags["load_in_4bit"]):
        return None, "load_in_16bit"
    if stored == 16:
        return None, "model_name"
    if flags["load_in_4bit"]:
        return "nf4", "load_in_4bit"
    return None, "load_in_4bit"


def _read_rope(reader: Reader) -> None:
    node = reader.node("load", "rope_scaling")
    origin = reader.default("unsloth/models/loader.py:1241 (2026.10.9)")
    pairs: tuple[tuple[str, Any], ...] = ()
    if node is not None:
        value = known(reader, "load.rope_scaling", node, "model.rope_scaling")
        pairs = tuple(sorted(value.items())) if isinstance(value, dict) else ()
        origin = reader.written(("load", "rope_scaling"), node)
    reader.set("model.rope_scaling", pairs, origin)


def _read_tokens(reader: Reader) -> None:
    node = reader.node("tokens")
    origin = reader.default("none given")
    special: dict[str, str] = {}
    added: tuple[str, ...] = ()
    if node is not None and node.is_mapping:
        origin = reader.written(("tokens",), node)
        for role in ("bos_token", "eos_token", "pad_token", "unk_token"):
            child = node.get((role,))
            if child is not None and isinstance(child.value, str):
                special[role] = child.value
        found = node.get(("new_tokens",))
        if found is not None:
            value = known(reader, "new_tokens", found, "model.new_tokens")
            added = tuple(t for t in _listed(value or ()) if isinstance(t, str))
            added = tuple(t for t in added if t not in special.values())
    reader.set("model.new_tokens", added, origin)
    reader.set("model.special_tokens", tuple(sorted(special.items())), origin)


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _read_files(reader: Reader) -> None:
    reader.set("model.directory", None, reader.default("the model name may be a folder"))
    reader.set("model.files", (), reader.default("all files of the folder"))


# unsloth_zoo/vision_utils.py:762 (2026.8.13), and transformers' own
_TEXT_COLLATORS = ("DataCollatorForSeq2Seq", "DataCollatorForLanguageModeling",
                   "DataCollatorWithPadding", "DefaultDataCollator", "DataCollatorForTokenClassification")  # fmt: skip


def _read_modality(reader: Reader) -> None:
    node = reader.node("trainer", "data_collator")
    origin = reader.default("no collator for pictures or sound")
    modality = "text"
    if node is not None:
        origin = reader.written(("trainer", "data_collator"), node)
        kind = node.get(("class",)) or node
        name = str(settled(kind.plain())).rpartition(".")[2]
        audio = "audio" in str(reader.values.get("model.id", "")).lower()
        if "Vision" in name:
            modality = "vision"
        elif name not in _TEXT_COLLATORS:
            value = Node(value=name, span=node.span)
            reader.leave(("trainer", "data_collator"), value, "a collator of the script's own "
                         "makes the batches", Severity.ERROR)  # fmt: skip
            modality = "audio" if audio or "speech" in name.lower() else "text"
    data = reader.tree.get(("data", "train", "steps"))
    if modality == "text" and data is not None and shows_pictures(data):
        modality, origin = "vision", reader.written(("data", "train"), data)
    reader.facts["modality"] = modality
    reader.set("model.modality", modality, origin)


# --- adapter -------------------------------------------------------------------------------------


def has_adapter(reader: Reader) -> bool:
    """Whether the script puts adapters on the model."""
    return reader.peek("peft") is not None


def _adapter_key(reader: Reader, name: str) -> tuple[str, Node] | None:
    return find(reader, f"peft.{name}")


def _read_adapter(reader: Reader) -> None:
    node = reader.peek("peft")
    reader.set(
        "adapter",
        node is not None,
        reader.default("get_peft_model is not called")
        if node is None
        else Origin(written=True, span=node.span, key="get_peft_model"),
    )
    if node is not None:
        if (kind := reader.node("peft", "class")) is not None:
            reader.facts["peft_class"] = str(kind.plain())
        _read_targets(reader)
        _read_initialization(reader)
        _read_layers(reader)


def _plain_peft(reader: Reader) -> bool:
    return reader.facts.get("peft_class", "").endswith("LoraConfig")


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
        trained |= {str(name) for name in _listed(known(reader, *saved, "adapter") or ())}
    pattern = None
    modules: tuple[str, ...]
    if isinstance(value, str) and value != "all-linear":
        pattern, modules = value, ()
    elif isinstance(value, str) or (value is None and _uses_flags(reader)):
        modules = _all_linear(reader)
    elif value is None and _plain_peft(reader):
        modules = ("q_proj", "v_proj")
    else:
        modules = default if value is None else tuple(str(name) for name in value)
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
    from translator.catalog.models import facts

    model = facts(str(reader.values.get("model.id", "")))
    if model is None or model.experts:
        return ("all-linear",)
    return model.linear_modules


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
        names = tuple(str(name) for name in _listed(value))
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
    if loftq is not None and loftq[1].plain() and value is True:
        message = "loftq_config has no effect: init_lora_weights is not 'loftq'"
        reader.say(Code.NO_EFFECT, Severity.WARNING, message, loftq[1], key="peft.loftq_config")
    name = (
        value.lower() if isinstance(value, str) else "default" if value is not False else "random"
    )
    reader.set("adapter.initialization", name.partition("_niter")[0], origin)


def _read_layers(reader: Reader) -> None:
    found = _adapter_key(reader, "layers_to_transform")
    origin = reader.default("layers_to_transform None: unsloth/models/llama.py:4569 (2026.10.9)")
    layers = None
    if found is not None:
        origin = reader.written(("peft", "layers_to_transform"), found[1])
        value = known(reader, *found, "adapter.layers")
        if value is not None:
            layers = tuple(layer for layer in _listed(value) if isinstance(layer, int))
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
    raise ValueError("must be none, all or lora_only")


def _read_fixed_adapter(reader: Reader) -> None:
    if has_adapter(reader):
        why = "unsloth_zoo/training_utils.py:300 (2026.8.13): adapters are kept in float32"
        reader.set("adapter.dtype", "float32", reader.default(why))
        reader.set("adapter.start_from", None, reader.default("a fresh adapter"))
        Key(field="adapter.b_learning_rate_ratio", key="args.loraplus_lr_ratio",
            conv=REAL_OR_NONE, default=None, why="unsloth/trainer.py:944 (2026.10.9)",
            code=Code.LOST_ADAPTER).read(reader)  # fmt: skip


# --- precision -----------------------------------------------------------------------------------

_DTYPES = {"bfloat16": "bfloat16", "bf16": "bfloat16", "float16": "float16", "half": "float16",
           "fp16": "float16", "float32": "float32", "float": "float32", "fp32": "float32"}  # fmt: skip


def _read_precision(reader: Reader) -> None:
    why = "dtype None: bfloat16 where there is it (unsloth/models/llama.py:2435, 2026.8.19)"
    origin = reader.default(why)
    compute = "auto"
    dtype = find(reader, "load.dtype", "load.torch_dtype")
    flags = {name: find(reader, f"args.{name}") for name in ("bf16", "fp16")}
    states = {name: _switch(reader, f"args.{name}", found) for name, found in flags.items()}
    if dtype is not None and not _asks_hardware(dtype[1]):
        text = str(known(reader, *dtype, "precision.compute")).removeprefix("torch.")
        if text in _DTYPES:
            compute = _DTYPES[text]
            origin = reader.written(tuple(dtype[0].split(".")), dtype[1])
    if compute == "auto":
        for name, format in (("bf16", "bfloat16"), ("fp16", "float16")):
            found = flags[name]
            if states[name] is True and found is not None:
                compute = format
                origin = reader.written(tuple(found[0].split(".")), found[1])
    reader.set("precision.compute", compute, origin)
    full = not has_adapter(reader)
    why = "unsloth/models/vision.py:2166 (2026.8.19): norms stay in float32"
    weights = "compute" if not full else "float32" if compute == "float32" else "mixed"
    reader.set("precision.weights", weights, reader.default(why))


def _asks_hardware(node: Node) -> bool:
    """Whether a value depends on what the GPU can do."""
    if isinstance(node.value, Depends):
        return True
    text = node.value.expression if isinstance(node.value, Unresolved) else ""
    return "bf16" in text or "bfloat16" in text


def _switch(reader: Reader, key: str, found: tuple[str, Node] | None) -> bool | None:
    """A switch's state; None when it is not given or depends on the hardware."""
    if found is None or _asks_hardware(found[1]):
        return None
    value = known(reader, key, found[1], "precision.compute")
    return value if isinstance(value, bool) else None


ROWS: tuple[Row, ...] = (
    Via(fields=("model.id", "quantization", "quantization.kind", "quantization.double"),
        read_keys=("load.model_name", "load.load_in_4bit", "load.load_in_8bit",
                   "load.load_in_16bit", "load.load_in_fp8", "load.full_finetuning",
                   "load.use_exact_model_name"),
        get=_read_model, put=put_model,
        partly={"quantization.double": ("approximated", "block scales are always quantised")}),
    Key(field="model.revision", key="load.revision", conv=TEXT_OR_NONE, default=None,
        why="unsloth/models/loader.py:1241 (2026.10.9)", code=Code.LOST_LOADING),
    Key(field="model.tokenizer", key="load.tokenizer_name", conv=TEXT_OR_NONE, default=None,
        why="unsloth/models/llama.py:3487 (2026.10.9)", code=Code.LOST_TOKENIZER),
    Key(field="model.trust_remote_code", key="load.trust_remote_code", conv=TRUTH, default=False,
        why="unsloth/models/loader.py:1241 (2026.10.9)", code=Code.LOST_LOADING),
    Via(fields=("model.rope_scaling",), read_keys=("load.rope_scaling",), get=_read_rope,
        put=put_rope),
    Via(fields=("model.special_tokens", "model.new_tokens"), read_keys=("tokens.*",),
        get=_read_tokens, put=put_tokens),
    Via(fields=("model.directory", "model.files"), read_keys=(), get=_read_files,
        put=put_files,
        partly={"model.directory": ("approximated", "weights are found by id"),
                "model.files": ("approximated", "weights are found by id")}),
    Via(fields=("model.modality",), read_keys=("trainer.data_collator",), get=_read_modality, put=put_modality,
        partly={"model.modality": ("refused", "scripts are written for text only")}),
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
    Via(fields=("precision.compute", "precision.weights"),
        read_keys=("load.dtype", "args.bf16", "args.fp16"),
        get=_read_precision, put=put_precision,
        partly={"precision.weights": ("approximated", "norms are always kept in float32")}),
)  # fmt: skip
