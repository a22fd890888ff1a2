"""Models and GPUs that ftx knows: lookups in ``shapes.json`` and ``gpus.json``, and elsewhere.

A model's shape is looked for in the file that ``--shape`` names, the ``config.json`` of a local
folder, the Hub cache, the catalogue by id, and last the catalogue by the line and size that the
name tells (a fine-tune has its base's shape). Nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from translator.catalog.identity import resolve
from translator.catalog.models import config_file, read_config
from translator.errors import FtxError, bad_option
from translator.estimate.configuration import known_family, shape_from_config, text_part
from translator.estimate.likeness import Entry, alike
from translator.estimate.shape import Shape
from translator.nearest import nearest
from translator.record import Record

_HERE = os.path.dirname(__file__)
_NAME = re.compile(r"[\w./~-]+")
"""A Hub id or a path, and no expression that only the running program can tell."""


class Gpu(Record):
    """A device. ``mib`` is all of its memory; some of it goes to the driver's context."""

    name: str
    label: str
    mib: int
    capability: str | None
    source: str

    @property
    def bytes(self) -> int:
        """All memory in bytes."""
        return self.mib << 20


class Found(Record):
    """A shape and how sure it is."""

    shape: Shape
    how: str
    assumed: bool = False
    """Concluded from a similar name, or of a family whose layers ftx does not know in detail."""


@cache
def _table(name: str) -> Mapping[str, Any]:
    with open(os.path.join(_HERE, f"{name}.json"), encoding="utf-8") as stream:
        text = stream.read()
    return json.loads(text)  # type: ignore[no-any-return]


def gpus() -> tuple[Gpu, ...]:
    """All known devices."""
    return tuple(Gpu(**entry) for entry in _table("gpus")["gpus"])


def common_gpus() -> tuple[Gpu, ...]:
    """The devices that are told about when none is named."""
    known = {gpu.name: gpu for gpu in gpus()}
    return tuple(known[name] for name in _table("gpus")["common"])


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"nvidia|geforce|tesla|quadro", "", name.lower()))


def gpu(name: str) -> Gpu:
    """A device by name, alias or size (``24gb``), spelled any way.

    Raises:
        FtxError: no such device; the message has the nearest names.
    """
    size = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:gib|gb)", name.strip().lower())
    if size:
        mib = round(float(size[1]) * 1024)
        return Gpu(name=name, label=f"{size[1]} GiB", mib=mib, capability=None, source="given")
    known = {_plain(g.name): g for g in gpus()}
    labels = {_plain(g.label): g for g in gpus()}
    aliases = {_plain(a): known[_plain(n)] for a, n in _table("gpus")["aliases"].items()}
    wanted = _plain(name)
    for table in (known, aliases, labels):
        if wanted in table:
            return table[wanted]
    close = nearest(wanted, [*known, *aliases], 0.4)
    hint = f"did you mean {(known | aliases)[close].name}?" if close else ""
    names = ", ".join(g.name for g in gpus())
    raise bad_option(f"no GPU {name!r}; {hint or 'known are ' + names}",
                  help="a size works as well: --gpu 24gb")  # fmt: skip


@cache
def _by_id() -> Mapping[str, Entry]:
    return {i.lower(): entry for entry in _table("shapes")["models"] for i in entry["ids"]}


@cache
def _by_leaf() -> Mapping[str, Entry]:
    """Catalogued models by the last part of their ids, where only one model is called so."""
    found: dict[str, Entry | None] = {}
    for entry in _table("shapes")["models"]:
        for leaf in {i.rsplit("/", 1)[-1].lower() for i in entry["ids"]}:
            found[leaf] = None if leaf in found else entry
    return {leaf: entry for leaf, entry in found.items() if entry is not None}


def _entry_shape(entry: Entry, name: str) -> Shape:
    config = dict(entry["config"])
    return shape_from_config(config, name=name, source=f"{entry['source']}; {entry['counted']}")


def shape_file(path: str) -> Found:
    """The shape in a ``config.json`` (or a folder with one).

    Raises:
        FtxError: unreadable, or without the dimensions.
    """
    from pathlib import Path

    file = Path(path).expanduser()
    file = file / "config.json" if file.is_dir() else file
    config = read_config(file)
    if not config:
        raise bad_option(f"{file} is no readable config.json", file=str(file))
    return _from_config(config, str(file))


def _from_config(config: Mapping[str, Any], name: str) -> Found:
    try:
        shape = shape_from_config(config, name=name, source=name)
    except ValueError as problem:
        raise bad_option(f"{name}: {problem}") from None
    kind = str(text_part(config).get("model_type", ""))
    sure = known_family(kind)
    how = name if sure else f"{name} (model_type {kind!r} is read as a plain gated decoder)"
    return Found(shape=shape, how=how, assumed=not sure)


def find(name: str) -> Found | None:
    """The shape of a model by Hub id, alias or path; None when nothing is known."""
    identity = resolve(name)
    for candidate in (identity.canonical, identity.weights, name):
        path = config_file(candidate)
        config = read_config(path) if path is not None else {}
        if path is not None and config:
            try:
                return _from_config(config, path)
            except FtxError:
                continue
    for candidate in (identity.canonical, identity.weights, name):
        entry = _by_id().get(candidate.lower())
        if entry is not None:
            how = f"catalogue ({entry['source']})"
            return Found(shape=_entry_shape(entry, identity.canonical), how=how)
    if not _NAME.fullmatch(identity.canonical):
        return None
    owner, _, leaf = identity.canonical.lower().rpartition("/")
    entry = _by_leaf().get(leaf) or alike(identity.canonical, _table("shapes")["models"])
    if entry is None:
        return None
    # Unsloth's copies keep the names and the dimensions of what they copy
    copy = owner == "unsloth" and leaf in _by_leaf()
    how = f"as {entry['ids'][0]}, {'a copy' if copy else 'by the name'}"
    return Found(shape=_entry_shape(entry, identity.canonical), how=how, assumed=not copy)


def shape_of(name: str, *, given: str | None = None) -> Found:
    """The shape of a model; ``given`` is a ``config.json`` that goes before all else.

    Raises:
        FtxError: nothing is known; the message says how to give it.
    """
    if given is not None:
        return shape_file(given)
    found = find(name)
    if found is not None:
        return found
    if not _NAME.fullmatch(name):
        raise bad_option(
            f"the file leaves open which model is trained ({name or 'nothing is said'})",
            help="say it with --set NAME=VALUE, or give its config.json with --shape",
        )
    near = nearest(name.lower(), _by_id(), 0.6)
    hint = f"; nearest in the catalogue: {_by_id()[near]['ids'][0]}" if near else ""
    raise bad_option(
        f"the dimensions of {name!r} are not known{hint}",
        help="give its config.json: --shape path/to/config.json (the file beside the weights on "
        "the Hub), or put it into the Hub cache",
    )
