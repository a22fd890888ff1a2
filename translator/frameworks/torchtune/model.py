"""Rows about the model: builder, weights and tokenizer files, which together stand for one id."""

from __future__ import annotations

import re
from typing import Any

from translator.catalog.torchtune import (
    Builder,
    builder,
    builder_for,
    checkpoint_files,
    component_parameters,
    identify,
)
from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.errors import WrongValueError
from translator.frameworks.torchtune.components import component, is_foreign
from translator.frameworks.torchtune.lookup import (
    Found,
    assume,
    called,
    find,
    model_called,
    no_effect,
    refuse,
    surprise,
)
from translator.frameworks.torchtune.model_writing import (
    put_modality,
    put_model,
    put_tokenizer,
    put_vocabulary,
)
from translator.frameworks.torchtune.parts import part_named
from translator.frameworks.torchtune.recipe_beside import OWN_RECIPE
from translator.frameworks.torchtune.values import text, texts
from translator.lens import Always, Row, Via
from translator.reading import Reader
from translator.tree import Address

DOWNLOADS = "downloads"
"""Fact: Hub ids that the file's comments download, one a line."""
MODEL_KEY = "model_key"
"""Fact: the key of the model that is trained."""

_MOST_FILES = 1000
_CACHE = re.compile(r"models--(.+?)--(.+)")
_TOKENIZER_FILES = ("path", "vocab_path", "merges_file", "merges_path", "tokenizer_json_path",
                    "tokenizer_config_json_path", "generation_config_path")  # fmt: skip
# Weights of these types are stored alike (torchtune/training/checkpointing/_checkpointer.py:533).
# Qwen 3's names are Qwen 2's, and its 4B is read as such in torchtune's own configurations, because
# it lacks the second copy of a tied head (torchtune/models/qwen3/_convert_weights.py).
_ALIKE = ({"LLAMA2", "LLAMA3", "LLAMA3_1", "LLAMA3_2", "MISTRAL", "GEMMA"}, {"QWEN2", "QWEN3"})


def _get_model(reader: Reader) -> None:
    key = reader.facts.get(MODEL_KEY, "model")
    path, known = model_called(reader, key)
    made = _builder(reader, key, path)
    weights = _weights(reader)
    folder = weights.value or ""
    name, why = _identity(reader, made, folder)
    named = reader.peek(key, "_component_")
    origin = (
        reader.written((key, "_component_"), named)
        if named is not None
        else reader.default("no model is named")
    )
    if path is None:
        message = f"{key}._component_ is missing: torchtune needs to know the architecture"
        reader.say(Code.MISSING_KEY, Severity.ERROR, message, key=key, field="model.id")
    elif made is None and known is None:
        node = reader.node(key, "_component_")
        assert node is not None
        whose = "code of the user's own" if is_foreign(path) else "of another torchtune"
        why = f"a model that torchtune 0.6.1 and main do not have ({whose})"
        reader.leave((key, "_component_"), node, why, Severity.ERROR)
    elif why is not None and named is not None:
        assume(reader, (key, "_component_"), f"taken for {name}: {why}")
    reader.facts["model"] = name
    if made is not None:
        positions = dict(made.architecture).get("max_seq_len")
        reader.facts["positions"] = str(positions or "")
    reader.set("model.id", name, origin)
    reader.set("model.directory", folder or None, weights.origin)
    _get_files(reader, name, made)
    _check_type(reader, made)


def _builder(reader: Reader, key: str, path: str | None) -> Builder | None:
    if path is None:
        return None
    found = builder(path)
    if found is not None:
        return found
    arguments = component_parameters(path)
    node = reader.peek(key)
    if arguments is None or node is None:
        return None
    given = {name: value for name, value in node.plain().items() if name in arguments}
    for name in given:
        if not name.startswith(("lora_", "apply_lora_", "quantize_base", "use_dora")):
            reader.used.add((key, name))
    same = identify(path, given)
    shown = ", ".join(f"{name} {value}" for name, value in given.items())
    if same is None:
        assume(reader, (key, "_component_"), f"an architecture of its own ({shown})")
    else:
        assume(reader, (key, "_component_"), f"{same.ids[0]} in numbers ({shown})")
    return same


def _weights(reader: Reader) -> Found[str | None]:
    found = find(reader, "checkpointer.checkpoint_dir", text, None, field="model.directory")
    if found.written:
        no_effect(reader, ("checkpointer", "checkpoint_dir"), "where the weights lie")
    return found


def _identity(reader: Reader, made: Builder | None, folder: str) -> tuple[str, str | None]:
    """The Hub id, and why it was chosen when the file does not name it.

    A folder called after a model tells which of the models with this architecture it is; then
    what the comments download, if it has this architecture.
    """
    downloads = reader.facts.get(DOWNLOADS, "").split()
    parts = [part for part in re.split(r"[/\\]", folder) if part]
    for part in parts:
        if (cached := _CACHE.fullmatch(part)) is not None:
            return f"{cached[1]}/{cached[2]}", None
    known = (*downloads, *(made.ids if made else ()))
    for part in reversed(parts):
        for name in known:
            if name.rsplit("/", 1)[-1].lower() == part.lower():
                return name, None
    if made is None:
        return (folder, None) if folder or not downloads else (downloads[0], "its comments say so")
    for name in downloads:
        other = builder_for(name, "0.6.1") or builder_for(name, "main")
        if other is not None and other.path == made.path:
            return name, "its comments download that"
    if len(parts) > 1 and f"{parts[-2]}/{parts[-1]}" in made.ids:
        return f"{parts[-2]}/{parts[-1]}", None
    return made.ids[0], "the usual model of this architecture; the weights lie in a folder"


def _get_files(reader: Reader, name: str, made: Builder | None) -> None:
    path, _ = called(reader, "checkpointer")
    if path is not None and not path.startswith("torchtune.training.FullModel"):
        why = "a checkpointer that ftx does not know; it may read other weights"
        node = reader.node("checkpointer", "_component_")
        assert node is not None
        reader.leave(("checkpointer", "_component_"), node, why, Severity.WARNING)
    elif path is not None:
        no_effect(reader, ("checkpointer", "_component_"), "how the weights are stored on disk")
    found = find(reader, "checkpointer.checkpoint_files", _names, (), field="model.files",
                 code=Code.STOPS_LATER)  # fmt: skip
    files = found.value
    if found.written:
        no_effect(reader, ("checkpointer", "checkpoint_files"), "the weights, file by file")
    usual = checkpoint_files(name) if made is not None else None
    if usual is not None and files == usual.names:
        files = ()
    reader.set("model.files", files, found.origin)


def _names(value: object) -> tuple[str, ...]:
    """The files; a format and a last number stand for all up to it."""
    if not isinstance(value, dict):
        return texts(value)
    pattern, last = text(value.get("filename_format")), text(value.get("max_filename"))
    if not last.isdigit():
        raise WrongValueError("needs a max_filename of digits")
    if pattern.count("{}") != 2 or int(last) > _MOST_FILES:
        raise WrongValueError(
            "needs a filename_format with two {} and a max_filename of their number"
        )
    numbers = range(1, int(last) + 1)
    return tuple(
        pattern.replace("{}", str(number).zfill(len(last)), 1).replace("{}", last)
        for number in numbers
    )


def _check_type(reader: Reader, made: Builder | None) -> None:
    address: Address = ("checkpointer", "model_type")
    found = find(reader, address, text, None)
    if found.value is None or found.node is None:
        return
    wanted = None if made is None else made.model_type
    alike = wanted == found.value or any({wanted, found.value} <= group for group in _ALIKE)
    if wanted is None or alike:
        no_effect(reader, address, "names of the weights on disk, which go with the model")
    else:
        why = f"does not go with the model, whose weights are {wanted}"
        refuse(reader, address, why, Severity.WARNING)


def _get_tokenizer(reader: Reader) -> None:
    path, known = called(reader, "tokenizer")
    if part_named(path) == "turn_tokenizer":
        base = find(reader, "tokenizer.base", text, None).value
        path, known = base, component(base or "")
    given = [(name, reader.peek("tokenizer", name)) for name in _TOKENIZER_FILES]
    model = str(reader.facts.get("model", ""))
    origin: Origin = reader.default("the model's own tokenizer")
    value: str | None = None
    for name, node in given:
        if node is None:
            continue
        where = find(reader, ("tokenizer", name), text, None, field="model.tokenizer").value
        if where is None:
            continue
        if value is None and (other := _other_tokenizer(reader, where)) is not None:
            value, origin = other, reader.written(("tokenizer", name), node)
            message = f"tokenizer.{name} ({where}) is taken for a file of the tokenizer {other}"
            key = f"tokenizer.{name}"
            reader.say(Code.ASSUMED, Severity.NOTE, message, node, key=key, verbose=True)
        else:
            no_effect(reader, ("tokenizer", name), f"a file of the tokenizer of {value or model}")
    if path is None:
        if OWN_RECIPE not in reader.facts:
            reader.say(Code.MISSING_KEY, Severity.ERROR, "tokenizer._component_ is missing")
    elif known is None:
        node = reader.node("tokenizer", "_component_")
        assert node is not None
        why = "a tokenizer that is none of torchtune's; what it does with turns is not known"
        reader.leave(("tokenizer", "_component_"), node, why, Severity.WARNING)
    else:
        _check_tokenizer(reader, path, model)
    reader.set("model.tokenizer", value, origin)


def _other_tokenizer(reader: Reader, file: str) -> str | None:
    """Where the tokenizer comes from when that is not beside the weights."""
    folder = str(reader.values.get("model.directory") or "").rstrip("/")
    if folder and file.startswith(f"{folder.removesuffix('/original')}/"):
        return None
    parts = [part for part in re.split(r"[/\\]", file)[:-1] if part not in ("", "original")]
    model = str(reader.facts.get("model", ""))
    if not parts or not model:
        return None
    made = builder_for(model, "0.6.1") or builder_for(model, "main")
    same = {name.rsplit("/", 1)[-1].lower() for name in (model, *(made.ids if made else ()))}
    if parts[-1].lower() in same or not folder:
        return None
    for name in reader.facts.get(DOWNLOADS, "").split():
        if name.rsplit("/", 1)[-1].lower() == parts[-1].lower():
            return name
    return file[: file.rindex(parts[-1]) + len(parts[-1])]


def _check_tokenizer(reader: Reader, path: str, model: str) -> None:
    assume(reader, ("tokenizer", "_component_"), f"words turns as {path} does", verbose=True)
    made = builder_for(model, "0.6.1") or builder_for(model, "main")
    if made is not None and made.tokenizer.component != path:
        surprise(
            reader,
            ("tokenizer", "_component_"),
            f"the tokenizer of {model} is {made.tokenizer.component.rpartition('.')[2]}",
            Severity.NOTE,
        )


def _get_modality(reader: Reader) -> None:
    key = reader.facts.get(MODEL_KEY, "model")
    path, _ = model_called(reader, key)
    multimodal = "vision" in (path or "") or "multimodal" in str(_datasets(reader))
    node = reader.peek(key, "_component_")
    origin = reader.default("text") if node is None else reader.written((key, "_component_"), node)
    reader.set("model.modality", "vision" if multimodal else "text", origin)


def _datasets(reader: Reader) -> Any:
    node = reader.peek("dataset") or reader.peek("datasets")
    return None if node is None else node.plain()


def _get_vocabulary(reader: Reader) -> None:
    """torchtune adds no tokens; a file may rename special ones."""
    why = "torchtune/models/llama3/_tokenizer.py: special tokens are those of the model"
    reader.set("model.special_tokens", (), reader.default(why))
    reader.set("model.new_tokens", (), reader.default(why))
    for name in ("special_tokens_path",):
        node = reader.node("tokenizer", name)
        if node is not None:
            why = "replaces the special tokens by those of a file"
            reader.leave(("tokenizer", name), node, why, Severity.WARNING)


ROWS: tuple[Row, ...] = (
    Via(
        fields=("model.id", "model.directory", "model.files"),
        read_keys=("model._component_", "checkpointer.checkpoint_dir",
                   "checkpointer.checkpoint_files", "checkpointer.model_type"),
        get=_get_model,
        put=put_model,
    ),
    Via(
        fields=("model.tokenizer",),
        read_keys=("tokenizer._component_", *(f"tokenizer.{name}" for name in _TOKENIZER_FILES)),
        get=_get_tokenizer,
        put=put_tokenizer,
    ),
    Via(
        fields=("model.modality",),
        read_keys=("model._component_",),
        get=_get_modality,
        put=put_modality,
    ),
    Via(
        fields=("model.special_tokens", "model.new_tokens"),
        read_keys=("tokenizer.special_tokens_path",),
        get=_get_vocabulary,
        put=put_vocabulary,
        partly={
            "model.special_tokens": ("approximated", "the tokenizer's own are used"),
            "model.new_tokens": ("refused", "torchtune cannot grow a vocabulary"),
        },
    ),
    Always(
        field="model.revision",
        value=None,
        why="tune download takes the default branch",
        code=Code.LOST_LOADING,
        severity=Severity.NOTE,
        instead="trains what was downloaded; the head comment says how",
    ),
    Always(
        field="model.rope_scaling",
        value=(),
        why="torchtune/models/*/_model_builders.py: positions are part of the builder",
        code=Code.LOST_MODEL,
        severity=Severity.ERROR,
        instead="computes the positions that belong to the model",
    ),
)  # fmt: skip
