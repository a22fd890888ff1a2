"""Reading a torchtune YAML: overrides, interpolation, the recipe it belongs to, then the table."""

from __future__ import annotations

import os
import re
from collections.abc import Collection

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Document
from translator.fields import assemble
from translator.frameworks.base import ReadOptions
from translator.frameworks.torchtune.components import (
    all_keys,
    in_version,
    recipe_keys,
    recipes,
    required_keys,
)
from translator.frameworks.torchtune.interpolation import Resolution, resolve
from translator.frameworks.torchtune.lookup import assume, no_effect
from translator.frameworks.torchtune.model import DOWNLOADS, MODEL_KEY
from translator.frameworks.torchtune.overriding import override
from translator.frameworks.torchtune.recipe_beside import OWN_RECIPE, recipe_beside
from translator.frameworks.torchtune.recognising import (
    Belonging,
    belonging,
    kind_of,
    refuse_other_kinds,
)
from translator.frameworks.torchtune.recorded import as_written
from translator.frameworks.torchtune.table import torchtune_table
from translator.nearest import nearest
from translator.reading import Reader
from translator.source import Source
from translator.syntax.omegaconf import OmegaConfDialect
from translator.syntax.yaml import read_yaml
from translator.tree import Address, Node, spell

_DOWNLOAD = re.compile(r"#.*\btune download\s+([\w.-]+/[\w.-]+)")
_INERT = (None, False)
_ASIDE = {"log_level", "log_peak_memory_stats", "log_every_n_steps", "cudnn_deterministic_mode"}
# Said by their own rows when they are missing.
_KEPT = ("recipe", "named", "epochs", "positions")
_TOLD = {"model", "tokenizer", "dataset", "optimizer", "epochs", "checkpointer", "loss"}


def read_config(source: Source, options: ReadOptions) -> Document:
    """See :class:`translator.frameworks.base.Framework`."""
    tree, findings = read_yaml(source, OmegaConfDialect)
    tree = as_written(tree)
    refuse_other_kinds(source, tree)
    override(tree, options.overrides, source.path)
    resolution = resolve(tree)
    belongs = belonging(source, tree, options.recipe)
    reader = Reader(path=source.path, tree=tree, diagnostics=list(findings))
    _note_facts(reader, source, belongs)
    _note_interpolation(reader, resolution)
    _drop_unread(reader, belongs, resolution.referenced)
    _require(reader, belongs)
    torchtune_table().read(reader, known=all_keys())
    return Document(
        path=source.path,
        format="torchtune",
        text=source.text,
        recipe=assemble(reader.values),
        origins=reader.origins,
        diagnostics=tuple(reader.diagnostics),
        leftovers=tuple(reader.leftovers),
        tree=tree,
        facts={name: reader.facts[name] for name in _KEPT if name in reader.facts},
    )


def _note_facts(reader: Reader, source: Source, belongs: Belonging) -> None:
    reader.facts["recipe"] = belongs.recipe
    if belongs.named is not None:
        reader.facts["named"] = belongs.named
    reader.facts["kind"] = kind_of(belongs.recipe)
    if belongs.gpus is not None:
        reader.facts["gpus"] = str(belongs.gpus)
    reader.facts[DOWNLOADS] = "\n".join(dict.fromkeys(_DOWNLOAD.findall(source.text)))
    if reader.tree.get(("policy_model",)) is not None and reader.tree.get(("model",)) is None:
        reader.facts[MODEL_KEY] = "policy_model"
    if belongs.why is not None:
        message = f"read as a config of {belongs.recipe}: {belongs.why}"
        reader.say(Code.ASSUMED, Severity.NOTE, message, help="--recipe NAME tells it")


def _note_interpolation(reader: Reader, resolution: Resolution) -> None:
    for address, node in resolution.broken:
        name = spell(address)
        message = f"{name} ({node.reference!r}) refers to nothing in this file"
        reader.say(Code.BAD_VALUE, Severity.WARNING, message, node, key=name)
    for address, why in resolution.defaults.items():
        assume(reader, address, f"its default; {why}")
    for address in sorted(resolution.referenced, key=spell):
        if len(address) == 1 and address[0] not in all_keys():
            no_effect(reader, address, "a name that other values refer to")


def _close(key: str) -> bool:
    """Whether a name is likelier a slip of a known key than one of somebody's own."""
    return nearest(key, tuple(name for name in all_keys() if "." not in name), 0.8) is not None


def _drop_unread(reader: Reader, belongs: Belonging, referenced: Collection[Address]) -> None:
    """Takes keys away that the recipe does not look at, so that its defaults hold."""
    read = recipe_keys(belongs.recipe)
    kind = kind_of(belongs.recipe)
    alike = {key for name in recipes() if kind_of(name) == kind for key in recipe_keys(name)}
    top: dict[str, Node] = reader.tree.value
    for key in [name for name in top if name in all_keys() and name not in read]:
        inert = key in _ASIDE or any(top[key].value is value for value in _INERT)
        inert = inert or (belongs.why is not None and key in alike)
        severity = Severity.NOTE if inert else Severity.WARNING
        if belongs.unknown:  # what that one reads is not known
            why = f"a key for {belongs.named}, which torchtune does not have"
            reader.leave((key,), top[key], why, severity)
        else:
            why = f"{belongs.recipe} does not read it"
            no_effect(reader, (key,), why, severity, verbose=inert)
        del top[key]
    own = [key for key in top if key not in all_keys() and not _close(key)]
    own = [key for key in own if (key,) not in referenced]
    guessed = belongs.why is not None
    if guessed and (belongs.own or len(own) > 2 or any(top[key].is_mapping for key in own)):
        reader.facts[OWN_RECIPE] = "a recipe of the author's own"
    elif own or _missing(reader, belongs):
        beside = recipe_beside(reader.path, belongs.recipe, own)
        if beside is not None:
            reader.facts[OWN_RECIPE] = f"the recipe {os.path.basename(beside)} beside it"
    for key in own if OWN_RECIPE in reader.facts else ():
        why = f"a key of {reader.facts[OWN_RECIPE]}"
        reader.leave((key,), top[key], why, Severity.WARNING)


def _missing(reader: Reader, belongs: Belonging) -> list[str]:
    """Keys that a recipe of torchtune needs and the file does not have."""
    needed = required_keys(belongs.recipe, _version(belongs))
    return [key for key in needed if key not in reader.tree.value]


def _version(belongs: Belonging) -> str:
    return "0.6.1" if in_version(belongs.recipe, "0.6.1") else "main"


def _require(reader: Reader, belongs: Belonging) -> None:
    """Reports what a recipe of torchtune misses; a recipe of the author's own needs what it needs."""
    if OWN_RECIPE in reader.facts:
        return
    for key in _missing(reader, belongs):
        if key not in _TOLD:
            what = f"{belongs.recipe} of torchtune {_version(belongs)}"
            reader.say(Code.MISSING_KEY, Severity.WARNING, f"{key} is missing, which {what} needs",
                       key=key)  # fmt: skip
