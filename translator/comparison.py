"""What differs in meaning between two runs, field by field."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast, get_origin

from translator.document import Document, Origin
from translator.equivalence import canonical
from translator.fields import hints, parts_of, to_json
from translator.ir import Recipe
from translator.record import Record

Effect = Literal["training", "performance", "bookkeeping"]


class Side(Record):
    """One of two values, and where it comes from.

    ``value`` is JSON-ready, as in the IR; None when the part is absent. ``origin`` has the span and
    the key when the file states the value, else why the framework does that.
    """

    file: str
    value: Any
    origin: Origin


class Difference(Record):
    """A field with two values.

    ``effect`` says what it changes: what is learned (``training``), how fast or in how much memory
    (``performance``), or only what is kept and told of the run (``bookkeeping``).
    """

    field: str
    effect: Effect
    left: Side
    right: Side


_EFFECTS: Mapping[str, Effect] = {
    "kernels": "performance",
    "parallelism": "performance",
    "batching.eval_micro_batch": "performance",
    "optimizer.fused": "performance",
    "precision.tf32": "performance",
    "data.streaming": "performance",
    "evaluation": "bookkeeping",
    "data.validation.sources": "bookkeeping",
    "checkpoints": "bookkeeping",
    "logging": "bookkeeping",
    "model.directory": "bookkeeping",
    "model.files": "bookkeeping",
    "model.trust_remote_code": "bookkeeping",
}
"""Fields, or parts with all their fields, that do not change what is learned."""


def diff(
    left: Document | str | os.PathLike[str], right: Document | str | os.PathLike[str]
) -> tuple[Difference, ...]:
    """The fields in which two documents, or files of any format, mean different things.

    What is spelled differently and does the same is no difference: a warm-up ratio of a known
    number of steps, a scale by the root of the rank, the name of the template that the tokenizer
    ships, a setting without effect in this run.

    Raises:
        FtxError: what :func:`translator.load` raises.
    """
    one, other = _document(left), _document(right)
    found = [
        Difference(field=field, effect=effect_of(field), left=_side(one, field),
                   right=_side(other, field))
        for field in _fields(one.recipe, other.recipe)
    ]  # fmt: skip
    order: list[Effect] = ["training", "performance", "bookkeeping"]
    return tuple(sorted(found, key=lambda difference: order.index(difference.effect)))


def _fields(one: Recipe, other: Recipe) -> Iterator[str]:
    """Where the recipes differ in meaning, as fields whose values differ as they were written.

    Equal words that mean different things do so because of another field: one beside it in the
    same part (the column behind a place in a prompt), or one that is listed anyway.
    """
    places = _differing(canonical(one), canonical(other), Recipe, "")
    fields = list(dict.fromkeys(_common(one, other, place) for place in places))
    told = [field for field in fields if _value(one, field) != _value(other, field)]
    yield from told
    parts = dict.fromkeys(field.rpartition(".")[0] for field in fields if field not in told)
    for part in parts:
        if part and not any(field.startswith(f"{part}.") for field in told):
            yield from (f for f in _differing(one, other, Recipe, "") if f.startswith(f"{part}."))


def effect_of(field: str) -> Effect:
    """What a difference in a field changes."""
    for name, effect in _EFFECTS.items():
        if field == name or field.startswith((f"{name}.", f"{name}[")):
            return effect
    return "training"


def _document(source: Document | str | os.PathLike[str]) -> Document:
    if isinstance(source, Document):
        return source
    from translator.api import load

    return load(source)


def _differing(one: Any, other: Any, annotation: Any, path: str) -> Iterator[str]:
    """The smallest places that differ; an alternative or a part that only one has is one place."""
    if one == other:
        return
    parts = parts_of(annotation)
    if get_origin(annotation) is tuple and parts:
        for position in range(max(len(one), len(other))):
            place = f"{path}[{position}]"
            if position < len(one) and position < len(other):
                inner = parts[0] if len(parts) == 1 else annotation
                yield from _differing(one[position], other[position], inner, place)
            else:
                yield place
    elif parts and type(one) is type(other):
        for name, inner in hints(cast("type", type(one))).items():
            step = f"{path}.{name}" if path else name
            yield from _differing(getattr(one, name), getattr(other, name), inner, step)
    else:
        yield path


def _common(one: Recipe, other: Recipe, field: str) -> str:
    """The field itself, or the place around it where the recipes, as they were written, take
    different alternatives (a ratio here, steps there)."""
    cut = [i for i, letter in enumerate(field) if letter in ".["]
    for end in cut:
        kinds = {_kind(_value(recipe, field[:end])) for recipe in (one, other)}
        if len(kinds) > 1:
            return field[:end]
    return field


def _kind(value: Any) -> object:
    return value.get("kind") if isinstance(value, dict) else None


def _side(document: Document, field: str) -> Side:
    return Side(
        file=document.path,
        value=_value(document.recipe, field),
        origin=document.origin(field),
    )


def _value(recipe: Recipe, field: str) -> Any:
    """The JSON-ready value at a path; None when it leads through an absent part."""
    place: Any = to_json(recipe)
    for step in field.replace("[", ".").replace("]", "").split("."):
        if isinstance(place, list):
            place = place[int(step)] if int(step) < len(place) else None
        else:
            place = place.get(step) if isinstance(place, dict) else None
    return place
