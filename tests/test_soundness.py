"""A recipe with a value that its field cannot hold is refused where the value stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from translator import Document, UnreadableError, loads
from translator.soundness import check_sound

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
