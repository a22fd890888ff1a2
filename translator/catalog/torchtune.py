"""Which torchtune builder makes a model, with its tokenizer and checkpoint files.

A *builder* takes no shape (``llama3_1_8b``); a *component builder* takes all of it
(``llama3_1`` with ``num_layers``, …) and so also makes models that have no builder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from translator.catalog.data import table
from translator.catalog.identity import resolve
from translator.catalog.models import (
    ModelFacts,
    config_of,
    facts,
    facts_by_name,
    read_config,
    size_of,
)
from translator.record import Record, replace

Version = Literal["0.6.1", "main"]
Form = Literal["full", "lora", "qlora"]
Scalar = str | int | float | bool | None
PREFIX = "torchtune.models."
TEXT_TOKENIZER = "torchtune.modules.transforms.tokenizers.HuggingFaceBaseTokenizer"
"""Reads any ``tokenizer.json``; knows text, but no turns."""


class Tokenizer(Record):
    """A tokenizer component and the files it wants from the weights folder."""

    component: str
    files: tuple[tuple[str, str], ...]
    """(argument, path below the weights folder), such as (``path``, ``original/tokenizer.model``)."""
    versions: tuple[str, ...]

    @property
    def accepts(self) -> dict[str, Scalar]:
        """Argument -> default; ``required`` for one that must be given."""
        row = table("torchtune")["tokenizers"].get(self.component, {})
        return dict(row.get("parameters", {}))


class Builder(Record):
    """A model as torchtune makes it."""

    path: str | None
    """Dotted path of the builder of full weights; None when only the component fits."""
    lora: str | None
    qlora: str | None
    """Builder with the frozen weights in NF4; None: ``lora`` with ``quantize_base: True``."""
    component: str | None
    """The component builder behind it; None for models of several parts (vision)."""
    architecture: tuple[tuple[str, Scalar], ...]
    """Arguments of ``component``."""
    ids: tuple[str, ...]
    """Hub ids with exactly this architecture; the first is the usual one."""
    model_type: str
    """``checkpointer.model_type``."""
    tokenizer: Tokenizer
    versions: tuple[str, ...]
    """torchtune versions that have it."""
    lora_accepts: tuple[tuple[str, Scalar], ...]
    """Parameters of ``lora`` and their defaults (``required`` when there is none)."""
    caveat: str | None = None
    """How it computes something else than the published weights were trained with."""
    assumed: bool = False
    """Whether it was chosen because the model's name is like one that fits."""

    @property
    def family(self) -> str:
        """Module below ``torchtune.models``: ``llama3_1``."""
        return (self.path or self.component or "").removeprefix(PREFIX).split(".")[0]

    @property
    def tied(self) -> bool:
        """Whether the output head is the embedding: torchtune's TiedLinear, which gets no adapter
        whatever ``apply_lora_to_output`` says (torchtune/models/llama3_2/_component_builders.py:265).
        """
        always = self.component is not None and ".gemma" in self.component
        return always or bool(dict(self.architecture).get("tie_word_embeddings", False))

    def dotpath(self, form: Form) -> str | None:
        """The builder for full weights, with adapters, or with adapters on 4-bit weights."""
        if form == "full":
            return self.path
        return self.qlora if form == "qlora" else self.lora

    def lora_component(self) -> str | None:
        """The component builder with adapters: ``….lora_llama3_1`` for ``….llama3_1``."""
        if self.component is None:
            return None
        module, _, name = self.component.rpartition(".")
        dotpath = f"{module}.lora_{name}"
        return dotpath if dotpath in table("torchtune")["components"] else None


class CheckpointFiles(Record):
    """The weight files of a repository."""

    names: tuple[str, ...]
    """All of them, in order."""
    assumed: bool
    """Whether they are those of a model of the same shape, not of this one."""

    @property
    def short(self) -> list[str] | dict[str, str]:
        """As torchtune configs write it: a list, or from five files on a format and a last name."""
        if len(self.names) < 5:
            return list(self.names)
        stem, _, rest = self.names[0].partition("-00001-of-")
        last, _, extension = rest.partition(".")
        if len(last) != 5:  # torchtune pads the number of a file as long as their total
            return list(self.names)
        return {"filename_format": f"{stem}-{{}}-of-{{}}.{extension}", "max_filename": last}


def _tokenizer(row: Mapping[str, Any]) -> Tokenizer:
    known = table("torchtune")["tokenizers"].get(row["tokenizer"], {})
    return Tokenizer(
        component=row["tokenizer"],
        files=tuple(row["tokenizer_files"].items()),
        versions=tuple(known.get("versions", ())),
    )


@cache
def builders() -> dict[str, Builder]:
    """Every builder by the dotted path of its full-weights form."""
    return {
        path: Builder(
            path=path,
            lora=row["lora"],
            qlora=row["qlora"],
            component=row["component"],
            architecture=tuple(row["architecture"].items()),
            ids=tuple(row["ids"]),
            model_type=row["model_type"],
            tokenizer=_tokenizer(row),
            versions=tuple(row["versions"]),
            lora_accepts=tuple(row.get("lora_parameters", {}).items()),
            caveat=row.get("caveat"),
        )
        for path, row in table("torchtune")["builders"].items()
    }


@cache
def _by_form() -> dict[str, tuple[Builder, Form]]:
    found: dict[str, tuple[Builder, Form]] = {}
    for item in builders().values():
        for form in ("full", "lora", "qlora"):
            path = item.dotpath(form)
            if path is not None:
                found[path] = (item, form)
    return found


def builder(dotpath: str) -> Builder | None:
    """The builder of a dotted path in any form (``….qlora_llama3_1_8b``)."""
    found = _by_form().get(dotpath)
    return found[0] if found else None


def form_of(dotpath: str) -> Form:
    """Full weights, adapters, or adapters on 4-bit weights, by the builder's name."""
    name = dotpath.rsplit(".", 1)[-1]
    if name.startswith("qlora_"):
        return "qlora"
    return "lora" if name.startswith("lora_") else "full"


def builder_for(model: str, version: Version = "0.6.1") -> Builder | None:
    """How ``version`` of torchtune makes a model; None when it cannot.

    By id first; then by the shape in a local or cached ``config.json``; then, ``assumed``, by the
    model line and the size in its name. A model that only a component builder can make has
    ``path`` None.
    """
    identity = resolve(model)
    for name in dict.fromkeys((identity.canonical, identity.weights)):
        exact = _by_id().get(name.lower())
        if exact is not None:
            return _in_version(exact, version)
    config = config_of(identity)
    if config is not None:
        made = from_config(read_config(config))
        return _in_version(made and _with_its_tokenizer(made, os.path.dirname(config)), version)
    known = facts(model)
    return _in_version(_like(known), version) if known else None


def unfit(model: str) -> str | None:
    """Why no component makes a model whose ``config.json`` is there; None where none is."""
    from translator.catalog.torchtune_config import Unfit, component_of

    identity = resolve(model)
    config = config_of(identity)
    if config is None:
        return None
    try:
        component_of(read_config(config))
    except Unfit as reason:
        return str(reason)
    return None


def _with_its_tokenizer(item: Builder, folder: str) -> Builder:
    """The tokenizer that a folder holds, where that is not the family's usual one."""
    usual = all(os.path.isfile(os.path.join(folder, file)) for _, file in item.tokenizer.files)
    if usual or not os.path.isfile(os.path.join(folder, "tokenizer.json")):
        return item
    row = table("torchtune")["tokenizers"][TEXT_TOKENIZER]
    own = Tokenizer(
        component=TEXT_TOKENIZER,
        files=(
            ("tokenizer_json_path", "tokenizer.json"),
            ("tokenizer_config_json_path", "tokenizer_config.json"),
        ),
        versions=tuple(row["versions"]),
    )
    return replace(item, tokenizer=own)


def _in_version(item: Builder | None, version: Version) -> Builder | None:
    if item is None or version not in item.versions or version not in item.tokenizer.versions:
        return None
    return item


@cache
def _by_id() -> dict[str, Builder]:
    found = {name.lower(): item for item in builders().values() for name in item.ids}
    for name, row in table("torchtune")["architectures"].items():
        found[name.lower()] = _component_builder(row, (name,))
    return found


def _component_builder(row: Mapping[str, Any], ids: tuple[str, ...]) -> Builder:
    component = table("torchtune")["components"][row["component"]]
    return Builder(
        path=None,
        lora=None,
        qlora=None,
        component=row["component"],
        architecture=tuple(row["architecture"].items()),
        ids=ids,
        model_type=row["model_type"],
        tokenizer=_tokenizer(row),
        versions=tuple(component["versions"]),
        lora_accepts=(),
    )


def _like(known: ModelFacts) -> Builder | None:
    if known.line is None or known.size is None:
        return None
    for name, item in _by_id().items():
        if size_of(name) != known.size:
            continue
        other = facts_by_name(name)
        if other is None or other.line != known.line:
            continue
        if other.base == known.base or not _differs_by_tuning(item):
            return replace(item, assumed=True)
    return None


def _differs_by_tuning(item: Builder) -> bool:
    return item.path is not None and item.path.endswith(("_base", "_instruct"))


def component_parameters(dotpath: str) -> dict[str, Scalar] | None:
    """Parameters of a component builder with their defaults; None when it is not one."""
    row = table("torchtune")["components"].get(dotpath)
    return dict(row["parameters"]) if row else None


def full_component(dotpath: str) -> str:
    """The component builder without adapters: ``….llama3_1`` for ``….lora_llama3_1``."""
    module, _, name = dotpath.rpartition(".")
    return f"{module}.{name.removeprefix('lora_')}"


def shape(component: str, arguments: Mapping[str, Any]) -> dict[str, Scalar]:
    """The architecture a component call makes, defaults filled in, adapter arguments left out."""
    plain = full_component(component)
    defaults = component_parameters(plain) or {}
    values = {name: arguments.get(name, default) for name, default in defaults.items()}
    dim = values.get("embed_dim")
    if "intermediate_dim" in values and values["intermediate_dim"] is None and isinstance(dim, int):
        # torchtune/models/llama2/_model_utils.py: 2/3 of 4 x dim, up to a multiple of 256.
        values["intermediate_dim"] = -(-4 * int(2 * dim / 3) // 256) * 256
    return values


def identify(component: str, arguments: Mapping[str, Any]) -> Builder | None:
    """The builder (or catalogued model) that a component call with explicit numbers amounts to.

    The length limit does not take part: it only bounds the table of positions.
    """
    plain = full_component(component)
    wanted = shape(plain, arguments)
    if not wanted:
        return None
    wanted.pop("max_seq_len", None)
    for item in [*builders().values(), *_by_id().values()]:
        if item.component != plain:
            continue
        found = shape(plain, dict(item.architecture))
        found.pop("max_seq_len", None)
        if found == wanted:
            return item
    return None


def from_config(config: Mapping[str, Any]) -> Builder | None:
    """A component call for the shape in a transformers ``config.json``; None when none fits."""
    from translator.catalog.torchtune_config import Unfit, component_of

    try:
        row = component_of(config)
    except Unfit:
        return None
    made = _component_builder(row, ())
    same = identify(row["component"], row["architecture"])
    return same if same is not None and same.path is not None else made


def checkpoint_files(model: str) -> CheckpointFiles | None:
    """The weight files of a model's repository; of one with the same shape when unknown."""
    identity = resolve(model)
    listed = {name.lower(): row for name, row in table("torchtune")["files"].items()}
    for name in (identity.weights, identity.canonical):
        row = listed.get(name.lower())
        if row is not None:
            return CheckpointFiles(names=_names(row["files"]), assumed=False)
    item = builder_for(model, "0.6.1") or builder_for(model, "main")
    for other in item.ids if item else ():
        row = listed.get(other.lower())
        if row is not None:
            return CheckpointFiles(names=_names(row["files"]), assumed=True)
    return None


def _names(files: Any) -> tuple[str, ...]:
    if isinstance(files, list):
        return tuple(files)
    last = files["max_filename"]
    return tuple(
        files["filename_format"].format(str(number).zfill(len(last)), last)
        for number in range(1, int(last) + 1)
    )
