"""Rows about the model and its tokenizer."""

from __future__ import annotations

import re
from typing import Any

from translator.catalog.identity import is_local, resolve
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.lookup import Found, find, mention, old_spelling, refuse
from translator.frameworks.axolotl.rows import key, via
from translator.frameworks.axolotl.values import FLAG, NOTHING, mapping, text, texts
from translator.lens import Row
from translator.reading import Reader
from translator.writing import Writer

CONFIG_OVERRIDES = ["model_config", "overrides_of_model_config"]
"""Two spellings that the schema accepts alike (axolotl/utils/schemas/deprecated.py:149)."""


def _get_id(reader: Reader) -> None:
    found = find(reader, "base_model", text, "", field="model.id")
    if not (found.value or found.open):
        empty = reader.tree.get(("base_model",))
        what = "is missing" if empty is None else "has no value"
        reader.say(
            Code.MISSING_KEY,
            Severity.ERROR,
            f"base_model {what}: Axolotl needs to know which model to train",
            empty,
            key="base_model",
            field="model.id",
            help="give it with --set base_model=ORG/NAME",
        )
    if re.search("kimi[-_]linear", found.value or "", re.IGNORECASE):
        # axolotl/model_support/kimi_linear/modeling_kimi.py:36 (0.19.0), imported beside the
        # transformers that axolotl asks for exactly
        why = (
            "cannot be loaded: its code in Axolotl 0.19 imports OutputRecorder from "
            "transformers.utils.generic, where transformers 5.16.1, which Axolotl asks for, "
            "no longer has it"
        )
        reader.say(Code.STOPS_LATER, Severity.WARNING, f"base_model: {found.value!r} {why}",
                   found.node, key="base_model")  # fmt: skip
    identity = resolve(found.value) if found.value else None
    if identity is not None and identity.weights != found.value.strip() and identity.bits == 4:
        reader.facts["prequantized"] = found.value
    reader.set("model.id", found.value if identity is None else identity.weights, found.origin)
    reader.set("model.directory", None, reader.default("base_model may itself be a folder"))
    reader.set("model.files", (), reader.default("Axolotl loads all files of a checkpoint"))


def _put_id(writer: Writer) -> None:
    writer.put("base_model", writer.value("model.id"), "model.id")
    if writer.value("model.files"):
        why = "Axolotl loads all files of a checkpoint"
        writer.lose(Code.LOST_LOADING, "model.files", why, Severity.NOTE, verbose=True)
    directory = writer.value("model.directory")
    if directory and is_local(writer.value("model.id")):
        how = "base_model names the weights"
        writer.lose(Code.TOLD_OTHERWISE, "model.directory", how, Severity.NOTE, verbose=True)
    elif directory:
        writer.lose(
            Code.LOST_LOADING,
            "model.directory",
            f"Axolotl loads {writer.value('model.id')} from the Hub or its cache",
            Severity.NOTE,
            help=f"write base_model: {directory} to use that folder, if it is in Hugging Face form",
        )


def _get_tokenizer(reader: Reader) -> None:
    found = find(reader, "tokenizer_config", text, None, "the model's own tokenizer")
    config = find(reader, "base_model_config", text, None)
    named = reader.peek("base_model")
    base = None if named is None else named.plain()
    mention(reader, ("tokenizer_config",), "the tokenizer, in place of the model's own")
    tokenizer = found.value or config.value
    origin = found.origin if found.value else config.origin
    if tokenizer == base:
        tokenizer = None
    reader.set("model.tokenizer", tokenizer, origin)
    if config.node is not None and config.value not in (base, found.value):
        reader.say(
            Code.SURPRISE,
            Severity.WARNING,
            f"base_model_config ({config.value}): configuration and tokenizer come from there, "
            "the weights from base_model",
            config.node,
            key="base_model_config",
        )


def _put_tokenizer(writer: Writer) -> None:
    if writer.value("model.tokenizer"):
        writer.put("tokenizer_config", writer.value("model.tokenizer"), "model.tokenizer")


def _get_modality(reader: Reader) -> None:
    found = find(reader, "processor_type", text, None, "a text model unless a processor is named")
    mention(reader, ("processor_type",), "the processor of a model that sees images")
    reader.set("model.modality", "text" if found.value is None else "vision", found.origin)


def _put_modality(writer: Writer) -> None:
    modality = writer.value("model.modality")
    if modality == "text":
        return
    if modality == "audio":
        writer.lose(
            Code.LOST_MODEL, "model.modality", "ftx does not write audio training for Axolotl"
        )
        return
    writer.put("processor_type", "AutoProcessor", "model.modality")
    writer.put("skip_prepare_dataset", True)
    writer.put("remove_unused_columns", False)


_ROLES = ("bos_token", "eos_token", "pad_token", "unk_token")
_OUTSIDE = ("eot_tokens", "tokens")
"""Keys about tokens that are no roles of one."""


def _get_special_tokens(reader: Reader) -> None:
    """``additional_special_tokens`` and ``tokens`` both extend the vocabulary."""
    found = find(reader, "special_tokens", mapping, NOTHING, "the tokenizer's own special tokens")
    own = {role: token for role, token in found.value.items() if isinstance(token, str)}
    added = _added_tokens(reader, own)
    more = [
        str(token)
        for token in found.value.get("additional_special_tokens") or []
        if str(token) not in added.value
    ]
    own = {role: token for role, token in own.items() if role in _ROLES}
    for role in sorted(set(found.value) - {*_ROLES, "additional_special_tokens"}):
        node = reader.node("special_tokens", role)
        if node is None:
            continue
        reader.say(
            Code.UNKNOWN_KEY,
            Severity.WARNING,
            f"special_tokens.{role} ({node.plain()!r}) is no key of Axolotl, which drops it",
            node,
            key=f"special_tokens.{role}",
            help=f"{role} stands at the top, outside special_tokens" if role in _OUTSIDE else None,
        )
    reader.set("model.special_tokens", tuple(sorted(own.items())), found.origin)
    origin = added.origin if added.written or not more else found.origin
    reader.set("model.new_tokens", (*added.value, *more), origin)


def _added_tokens(reader: Reader, own: dict[str, str]) -> Found[tuple[str, ...]]:
    """``tokens``; once it was a mapping like ``special_tokens``, which 0.19 refuses."""
    node = reader.node("tokens")
    if node is None or not node.is_mapping:
        return find(reader, "tokens", texts, (), "no tokens are added")
    why = "is refused by 0.19; read as special_tokens"
    refuse(reader, ("tokens",), node, why, Severity.WARNING)
    for role, token in node.plain().items():
        own.setdefault(role, str(token))
    return Found((), reader.written(("tokens",), node), None)


def _put_special_tokens(writer: Writer) -> None:
    for role, token in writer.value("model.special_tokens"):
        writer.put(f"special_tokens.{role}", token, "model.special_tokens")
    if writer.value("model.new_tokens"):
        writer.put("tokens", list(writer.value("model.new_tokens")), "model.new_tokens")


def _get_rope(reader: Reader) -> None:
    """Positions are changed inside the model configuration; the key of their own is long gone."""
    scaling: dict[str, Any] = {}
    origin = reader.default("the model's own positions")
    for name in CONFIG_OVERRIDES:
        overrides = find(reader, name, mapping, NOTHING)
        if overrides.node is None:
            continue
        for part, value in overrides.value.items():
            node = reader.node(name, part)
            if part in ("rope_scaling", "rope_parameters") and isinstance(value, dict):
                scaling, origin = value, overrides.origin
            elif node is not None:
                why = "changes the model's configuration, in Axolotl only"
                reader.leave((name, part), node, why, Severity.ERROR)
    former = find(reader, "rope_scaling", mapping, NOTHING)
    if former.node is not None and former.value:
        former_why = "0.19 refuses it; write it below overrides_of_model_config"
        reader.say(
            Code.BAD_VALUE,
            Severity.WARNING,
            f"rope_scaling ({former.value!r}): {former_why}",
            former.node,
            key="rope_scaling",
        )
        scaling, origin = former.value, former.origin
    pairs = [(key, value) for key, value in scaling.items() if isinstance(value, str | int | float)]
    reader.set("model.rope_scaling", tuple(sorted(pairs)), origin)


def _put_rope(writer: Writer) -> None:
    if writer.value("model.rope_scaling"):
        scaling = dict(writer.value("model.rope_scaling"))
        writer.put("overrides_of_model_config.rope_scaling", scaling, "model.rope_scaling")


def _get_revision(reader: Reader) -> None:
    found = find(reader, "revision_of_model", text, None, "the default branch")
    if not found.written:
        found = find(reader, "model_revision", text, None, "the default branch")
    former = find(reader, "model_revision", text, None)
    if found.node is not None and former.node is not None and found.node is not former.node:
        old_spelling(reader, ("model_revision",), former.node, "revision_of_model wins")
    reader.set("model.revision", found.value, found.origin)


def _put_revision(writer: Writer) -> None:
    if writer.value("model.revision"):
        writer.put("revision_of_model", writer.value("model.revision"), "model.revision")


ROWS: tuple[Row, ...] = (
    via(("model.id", "model.directory", "model.files"), ("base_model",), _get_id, _put_id),
    via(
        ("model.revision",),
        ("revision_of_model", "model_revision"),
        _get_revision,
        _put_revision,
    ),
    via(
        ("model.tokenizer",),
        ("tokenizer_config", "base_model_config"),
        _get_tokenizer,
        _put_tokenizer,
    ),
    key(
        "model.trust_remote_code",
        "trust_remote_code",
        FLAG,
        False,
        "axolotl/utils/schemas/model.py:79: None",
        Code.LOST_LOADING,
    ),
    via(
        ("model.modality",),
        ("processor_type",),
        _get_modality,
        _put_modality,
        {"model.modality": ("approximated", "text and vision; no audio is written")},
    ),
    via(
        ("model.special_tokens", "model.new_tokens"),
        ("special_tokens", "special_tokens.*", "tokens"),
        _get_special_tokens,
        _put_special_tokens,
    ),
    via(
        ("model.rope_scaling",),
        ("overrides_of_model_config", "model_config", "rope_scaling"),
        _get_rope,
        _put_rope,
    ),
)
