"""Records behave as frozen dataclasses do."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, field, fields, is_dataclass, replace

import pytest

from translator.record import Record


class Point(Record):
    """A point."""

    x: int
    y: int = 0
    names: list[str] = field(default_factory=list)


class Other(Record):
    x: int
    y: int = 0
    names: list[str] = field(default_factory=list)


def test_values_defaults_and_factories() -> None:
    one, two = Point(x=1), Point(x=1)
    assert (one.x, one.y, one.names) == (1, 0, [])
    assert one.names is not two.names
    assert repr(one) == "Point(x=1, y=0, names=[])"


def test_equality_is_by_type_and_value() -> None:
    assert Point(x=1) == Point(x=1, y=0)
    assert Point(x=1) != Point(x=2)
    assert Point(x=1) != Other(x=1)
    assert len({Point(x=1, names=()), Point(x=1, names=())}) == 1  # type: ignore[arg-type]


def test_nothing_can_be_assigned() -> None:
    point = Point(x=1)
    with pytest.raises(FrozenInstanceError, match="x"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="x"):
        del point.x


@pytest.mark.parametrize(
    ("values", "message"),
    [({}, "Point needs x"), ({"x": 1, "z": 2}, "no field 'z'"), ({"z": 2}, "no field 'z'")],
)
def test_wrong_arguments_are_named(values: dict[str, int], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Point(**values)  # type: ignore[arg-type]


def test_what_takes_dataclasses_takes_records() -> None:
    point = Point(x=1)
    assert is_dataclass(point)
    assert [f.name for f in fields(point)] == ["x", "y", "names"]
    assert replace(point, y=5) == Point(x=1, y=5)
    assert copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point
