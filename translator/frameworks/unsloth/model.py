"""Rows about the network: which weights, in how many bits, and the adapters on them."""

from __future__ import annotations

from typing import Any

from translator.catalog.identity import resolve
from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.unsloth import adapter
from translator.frameworks.unsloth.adapter import has_adapter, listed
from translator.frameworks.unsloth.exchange_reading import shows_pictures
from translator.frameworks.unsloth.model_writing import (
    put_files,
    put_modality,
    put_model,
    put_precision,
    put_rope,
    put_tokens,
)
from translator.frameworks.unsloth.rows import (
    TEXT_OR_NONE,
    TRUTH,
    find,
    known,
    settled,
)
from translator.frameworks.unsloth.script_tree import Depends
from translator.lens import Key, Row, Via
from translator.reading import Reader
from translator.tree import Node, Unresolved

DEFAULT_MODEL = "unsloth/Llama-3.2-1B-Instruct"
"""unsloth/models/loader.py:1241 (2026.10.9)."""
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
    loader = str(reader.value("load", "class") or "")
    of_unsloth = not loader.rpartition(".")[2].startswith("AutoModel")
    for key, default in (
        ("load_in_4bit", of_unsloth),
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
        origin = reader.default(why if of_unsloth else f"{loader} loads weights as they are")
    decided = f"{key} decides"
    if flags["full_finetuning"]:
        decided = "full_finetuning trains all weights"
    for other in ("load_in_4bit", "load_in_8bit", "load_in_16bit", "load_in_fp8"):
        if other in nodes and other != key:
            message = f"{other} ({flags[other]!r}) has no effect: {decided}"
            reader.say(Code.NO_EFFECT, Severity.NOTE, message, nodes[other], verbose=True)
    if "full_finetuning" in nodes and not flags["full_finetuning"] and not has_adapter(reader):
        message = "neither full_finetuning nor an adapter: what can be trained is, as it is loaded"
        reader.say(Code.SURPRISE, Severity.NOTE, message, nodes["full_finetuning"])
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
        _tell_tokens(reader, node, special)
        found = node.get(("new_tokens",))
        if found is not None:
            value = known(reader, "new_tokens", found, "model.new_tokens")
            added = tuple(t for t in listed(value or ()) if isinstance(t, str))
            added = tuple(t for t in added if t not in special.values())
    reader.set("model.new_tokens", added, origin)
    reader.set("model.special_tokens", tuple(sorted(special.items())), origin)


_TOKENIZING = {
    "add_bos_token": "whether rows begin with a token of their own",
    "add_eos_token": "whether the tokenizer puts the end token behind each row",
    "eos_token_id": "which token ends a row",
    "truncation_side": "which end of a long row is cut",
}
"""Attributes of a tokenizer that change what is trained."""


def _tell_tokens(reader: Reader, node: Node, special: dict[str, str]) -> None:
    """Attributes that a script sets on its tokenizer, beside the texts of special tokens."""
    for name, child in node.value.items():
        if name in special or name in ("new_tokens", "class", "model", "tokenizer"):
            continue
        if name in _TOKENIZING:
            reader.leave(("tokens", name), child, _TOKENIZING[name], Severity.WARNING)
        else:
            message = f"tokenizer.{name} is set to {settled(child.plain())!r}"
            reader.say(Code.NO_EFFECT, Severity.NOTE, message, child, verbose=True)


def _read_files(reader: Reader) -> None:
    reader.set("model.directory", None, reader.default("the model name may be a folder"))
    reader.set("model.files", (), reader.default("all files of the folder"))


# unsloth_zoo/vision_utils.py:762 (2026.8.13), and transformers' own
_TEXT_COLLATORS = ("DataCollatorForSeq2Seq", "DataCollatorForLanguageModeling",
                   "DataCollatorWithPadding", "DefaultDataCollator", "DataCollatorForTokenClassification")  # fmt: skip


def _called(name: str, node: Node) -> str:
    """A collator with its arguments, in one line."""
    plain = node.plain()
    given = {k: v for k, v in plain.items() if k != "class"} if isinstance(plain, dict) else {}
    return f"{name}({', '.join(f'{k}={settled(v)!r}' for k, v in given.items())})"


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
            message = f"{_called(name, node)} makes the batches"
            reader.say(Code.ASSUMED, Severity.NOTE, message, node, verbose=True)
        elif name in _TEXT_COLLATORS:
            message = f"{_called(name, node)} pads batches, which is done anyway"
            reader.say(Code.NO_EFFECT, Severity.NOTE, message, node, verbose=True)
        else:
            value = Node(value=_called(name, node), span=node.span)
            reader.leave(("trainer", "data_collator"), value, "a collator of the script's own "
                         "makes the batches", Severity.ERROR)  # fmt: skip
            modality = "audio" if audio or "speech" in name.lower() else "text"
    data = reader.tree.get(("data", "train", "steps"))
    if modality == "text" and data is not None and shows_pictures(data):
        modality, origin = "vision", reader.written(("data", "train"), data)
    reader.facts["modality"] = modality
    reader.set("model.modality", modality, origin)


# --- precision -----------------------------------------------------------------------------------

_DTYPES = {"bfloat16": "bfloat16", "float16": "float16", "half": "float16",
           "float32": "float32", "float": "float32"}  # fmt: skip
"""The names that torch has for them; Unsloth looks a text up there."""


def _read_precision(reader: Reader) -> None:
    why = "dtype None: bfloat16 where there is it (unsloth/models/llama.py:2435, 2026.8.19)"
    origin = reader.default(why)
    compute = "auto"
    dtype = find(reader, "load.dtype", "load.torch_dtype")
    flags = {name: find(reader, f"args.{name}") for name in ("bf16", "fp16")}
    states = {name: _switch(reader, f"args.{name}", found) for name, found in flags.items()}
    if dtype is not None and not _asks_hardware(dtype[1]):
        given = known(reader, *dtype, "precision.compute")
        text = str(given).lower().removeprefix("torch.")
        if text in _DTYPES:
            compute = _DTYPES[text]
            origin = reader.written(tuple(dtype[0].split(".")), dtype[1])
        elif given is not None:
            # unsloth_zoo/utils.py:120 (2026.10.9)
            message = f"dtype ({given!r}) is no dtype of torch, so it counts as None: {why}"
            usual = text == "auto"
            severity = Severity.NOTE if usual else Severity.WARNING
            reader.say(Code.SURPRISE, severity, message, dtype[1], key="load.dtype", verbose=usual)
    if compute == "auto":
        for name, format in (("bf16", "bfloat16"), ("fp16", "float16")):
            found = flags[name]
            if states[name] is True and found is not None:
                compute = format
                origin = reader.written(tuple(found[0].split(".")), found[1])
    if states["bf16"] is True and states["fp16"] is True and flags["fp16"] is not None:
        message = "bf16=True and fp16=True exclude each other: the run ends with it"
        reader.say(Code.CONTRADICTION, Severity.WARNING, message, flags["fp16"][1], key="args.fp16")
    for name, found in flags.items():
        if found is not None and states[name] is not None and origin.key == "load.dtype":
            message = f"{name}={states[name]} has no effect: dtype says what is computed in"
            reader.say(Code.NO_EFFECT, Severity.NOTE, message, found[1], verbose=True)
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
    *adapter.ROWS,
    Via(fields=("precision.compute", "precision.weights"),
        read_keys=("load.dtype", "args.bf16", "args.fp16"),
        get=_read_precision, put=put_precision,
        partly={"precision.weights": ("approximated", "norms are always kept in float32")}),
)  # fmt: skip
