"""A recipe with a value that its field cannot hold is refused where the value stands."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import is_dataclass, replace

import pytest

from translator import Document, UnreadableError, loads
from translator.fields import flatten, from_json, to_json
from translator.ir import Recipe
from translator.soundness import check_sound, checker

CONFIG = "base_model: a/b\ndatasets: [{path: a/b, type: alpaca}]\nlearning_rate: 0.1\n"


@pytest.fixture
def document() -> Document:
    return loads(CONFIG, name="run.yaml")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "learning_rate must be a finite number, not nan"),
        (float("inf"), "learning_rate must be a finite number, not inf"),
        ("fast", "learning_rate must be a number, not 'fast'"),
        ([], r"learning_rate must be a number, not \[\]"),
    ],
)
def test_what_a_field_cannot_hold_is_refused(
    document: Document, value: object, message: str
) -> None:
    optimizer = replace(document.recipe.optimizer, learning_rate=value)  # type: ignore[arg-type]
    wrong = replace(document, recipe=replace(document.recipe, optimizer=optimizer))
    with pytest.raises(UnreadableError, match=message) as error:
        check_sound(wrong)
    assert error.value.diagnostics[0].span is not None
    assert error.value.diagnostics[0].span.line == 3


def test_what_was_read_is_sound(document: Document) -> None:
    check_sound(document)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("adapter: lora\nlora_target_modules: {}", "lora_target_modules: {} is not text"),
        ("learning_rate: 0.1\nseed: [1]\nfsdp_config: 7", "7"),
    ],
)
def test_values_of_another_kind_are_told_not_tripped_over(line: str, message: str) -> None:
    try:
        document = loads(f"{CONFIG}{line}\n", name="run.yaml")
    except UnreadableError as error:
        said = [error.diagnostics[0].message]
    else:
        said = [d.message for d in document.diagnostics]
    assert any(message in text for text in said), said


WRONG = (
    float("nan"),
    float("-inf"),
    [],
    {},
    b"x",
    (),
    (float("inf"),),
    "no such word",
    True,
    None,
    2,
)


def _variants(part: object) -> Iterator[object]:
    """The part with one value inside it replaced by one of WRONG, for every value there is."""
    for name, value in vars(part).items():
        inner = [] if not is_dataclass(value) else _variants(value)
        for other in (*WRONG, *inner):
            yield replace(part, **{name: other})  # type: ignore[type-var]


def _refused_the_slow_way(recipe: Recipe) -> bool:
    try:
        infinite = any(
            isinstance(value, float) and not math.isfinite(value)
            for value in flatten(recipe).values()
        )
        from_json(to_json(recipe))
    except (ValueError, KeyError, AttributeError, TypeError):
        return True
    return infinite


def test_the_quick_look_is_never_more_lenient_than_the_slow_one(document: Document) -> None:
    looked_at = 0
    for recipe in _variants(document.recipe):
        assert isinstance(recipe, Recipe)
        if checker(Recipe)(recipe):
            assert not _refused_the_slow_way(recipe), recipe
            looked_at += 1
    assert looked_at > 50
