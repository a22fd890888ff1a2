"""Which of two data sets a script trains on, where the difference is none or is known."""

from __future__ import annotations

from translator.frameworks.unsloth.script_steps import is_data
from translator.syntax.evaluate_values import (
    Attribute,
    Choice,
    Item,
    Known,
    Made,
    Mapping,
    Operation,
    Value,
    same,
)

_PARTS = frozenset(("select", "shuffle", "take", "head", "sample"))


def decided(choice: Choice) -> Value | None:
    """The side of a choice that holds for every run that trains, None when that is not known."""
    sides = [side for side in (choice.then, choice.otherwise) if is_data(side)]
    if len(sides) == 1:
        other = choice.otherwise if sides[0] is choice.then else choice.then
        return other if _is_missing(sides[0]) else sides[0]
    if not sides:
        return None
    first, second = sides
    if same(first, second):
        return first
    for one, other in ((first, second), (second, first)):
        if _is_stored(one) and not _is_stored(other):
            return other  # what an earlier run of the script has kept of the same rows
        if _is_part_of(one, other) and _asks_length(choice.test):
            return one  # a part that is longer than the whole is the whole
        if _whole_of(one) is other and not isinstance(other, Item):
            return one  # ``dataset["train"] if isinstance(dataset, DatasetDict) else dataset``
    return None


def _is_missing(value: Value) -> bool:
    """Whether a split is asked of files that have none but ``train``."""
    if not (isinstance(value, Item) and isinstance(value.key, Known)) or value.key.value == "train":
        return False
    base = value.base
    while isinstance(base, Made) and base.receiver is not None:
        base = base.receiver
    if not isinstance(base, Made) or base.name != "load_dataset":
        return False
    files = base.arguments.value("data_files")
    return isinstance(value.key.value, str) and files is not None and not isinstance(files, Mapping)


def _is_stored(value: Value) -> bool:
    while isinstance(value, Item):
        value = value.base
    return isinstance(value, Made) and value.name == "load_from_disk"


def _is_part_of(value: Value, whole: Value) -> bool:
    while True:
        if value is whole:
            return True
        if isinstance(value, Item) and isinstance(value.key, Known):
            if not (isinstance(value.key.value, str) and value.key.value.startswith("[")):
                return False
            value = value.base
        elif isinstance(value, Made) and value.name in _PARTS and value.receiver is not None:
            value = value.receiver
        else:
            return False


def _asks_length(test: Value) -> bool:
    if isinstance(test, Operation):
        if test.operator in ("and", "or", "not"):
            return any(_asks_length(operand) for operand in test.operands)
        return any(_is_length(operand) for operand in test.operands)
    return False


def _is_length(value: Value) -> bool:
    return (isinstance(value, Operation) and value.operator == "len") or (
        isinstance(value, Attribute) and value.name == "num_rows"
    )


def _whole_of(value: Value) -> Value | None:
    """The dictionary of splits that a split is taken from."""
    if isinstance(value, Item) and isinstance(value.key, Known):
        return value.base if isinstance(value.key.value, str) else None
    return None
