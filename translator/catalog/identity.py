"""Which model a name means: Hub ids, mirrors, renamed repositories, prequantised aliases."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Literal

from translator.catalog.data import table
from translator.record import Record

Bits = Literal[4, 8, 16]


class Identity(Record):
    """What a model name stands for."""

    canonical: str
    """Hub id of the original 16-bit weights; facts are looked up under it. A local path stays."""
    weights: str
    """The id to write where 16-bit weights are wanted: ``canonical`` for an Unsloth alias, else
    what the user wrote (a re-upload is a choice, and often not gated)."""
    bits: Bits | None
    """Precision of the stored weights as far as the name tells it; None when it does not."""
    dynamic: bool
    """Whether the alias keeps selected layers in 16 bit (Unsloth's dynamic quantisation)."""
    known: bool
    """Whether the name itself is in the catalogue, rather than read by rules of spelling."""
    alias: str | None
    """The name as written, when it is not the canonical id."""


# Longest first, in lower case. unsloth/models/loader_utils.py resolves the first two and unsloth/models/loader.py
# the -bf16 one; the others are repository naming customs of the Hub.
_ENDINGS: tuple[tuple[str, Bits | None, bool], ...] = (
    ("-unsloth-bnb-4bit", 4, True),
    ("-bnb-4bit", 4, False),
    ("-bnb-nf4-bf16", 4, False),
    ("-bnb-nf4", 4, False),
    ("-bnb-8bit", 8, False),
    ("-gptq-int4", 4, False),
    ("-gptq-4bit", 4, False),
    ("-gptq", 4, False),
    ("-awq-int4", 4, False),
    ("-awq-4bit", 4, False),
    ("-awq", 4, False),
    ("-nvfp4", 4, False),
    ("-mxfp4", 4, False),
    ("-fp8-dynamic", 8, False),
    ("-fp8-block", 8, False),
    ("-fp8", 8, False),
    ("-gguf", None, False),
    ("-bf16", 16, False),
    ("-fp16", 16, False),
)


@cache
def _aliases() -> dict[str, tuple[str, bool]]:
    """Lower-case alias -> (canonical id, whether it is one of Unsloth's)."""
    data = table("aliases")
    names: dict[str, tuple[str, bool]] = {}
    for group, ours in (("mirror_of", False), ("unsloth", True)):
        for canonical, aliases in data[group]["models"].items():
            for alias in aliases:
                names.setdefault(alias.lower(), (canonical, ours))
    # Every canonical id is known by itself, and a renamed one leads to its present name.
    for canonical, _ in list(names.values()):
        names.setdefault(canonical.lower(), (canonical, False))
    for canonical in data["originals"]["models"]:
        names.setdefault(canonical.lower(), (canonical, False))
    return names


def _stored(name: str) -> tuple[str, Bits | None, bool]:
    lower = name.lower()
    for ending, bits, dynamic in _ENDINGS:
        if lower.endswith(ending):
            return name[: -len(ending)], bits, dynamic
    return name, None, False


def is_local(name: str) -> bool:
    """Whether a model name is a path on disk rather than a Hub id (``org/name``)."""
    return name.startswith((".", "/", "~")) or "\\" in name or name.count("/") > 1


@lru_cache(maxsize=1024)
def resolve(name: str) -> Identity:
    """Resolve a model name as any of the three frameworks may have it; upper or lower case alike.

    >>> resolve("unsloth/llama-3.1-8b-bnb-4bit").canonical
    'meta-llama/Llama-3.1-8B'
    """
    written = name.strip()
    if is_local(written):
        return Identity(
            canonical=written, weights=written, bits=None, dynamic=False, known=False, alias=None
        )
    written = written.rstrip("/")
    stripped, bits, dynamic = _stored(written)
    names = _aliases()
    found = names.get(written.lower())
    known = found is not None
    if found is None and stripped != written:
        found = names.get(stripped.lower())
    from_unsloth = written.lower().startswith("unsloth/")
    if found is None:
        # Only Unsloth's own aliases promise 16-bit weights under the shortened name.
        canonical = stripped
        weights = stripped if from_unsloth else written
    else:
        canonical = found[0]
        is_alias = found[1] or (from_unsloth and stripped != written)
        weights = canonical if is_alias or canonical.lower() == written.lower() else written
    return Identity(
        canonical=canonical,
        weights=weights,
        bits=bits,
        dynamic=dynamic,
        known=known,
        alias=None if written == canonical else written,
    )


def is_known_id(canonical: str) -> bool:
    """Whether the catalogue lists a model under this canonical id."""
    found = _aliases().get(canonical.lower())
    return found is not None and found[0].lower() == canonical.lower()


def unsloth_mirror(canonical: str) -> str | None:
    """Unsloth's own 16-bit copy of a model, the ungated one its scripts usually name."""
    data = table("aliases")["unsloth"]["models"]
    copies = [
        str(alias)
        for alias in data.get(canonical, ())
        if alias.lower().startswith("unsloth/") and _stored(alias)[0] == alias
    ]
    leaf = canonical.rsplit("/", 1)[-1].lower()
    same = [alias for alias in copies if alias.rsplit("/", 1)[-1].lower() == leaf]
    return next(iter(same + copies), None)
