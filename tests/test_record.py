"""Records behave as frozen dataclasses do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from translator.record import Record, Struct, field, replace


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
    assert dataclasses.replace(point, y=5) == Point(x=1, y=5) == replace(point, y=5)
    assert copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point


class Pair(Struct):
    """Two values in order."""

    first: int
    second: int = 0
    note: str = field(default="", kw_only=True)


class Triple(Pair):
    third: int = 3


class Place(Record, kw_only=False):
    line: int
    column: int = 1


class Spot(Place, kw_only=False):
    page: int = 0


def test_values_may_come_in_order() -> None:
    assert Place(2) == Place(2, 1) == Place(2, column=1) == Place(line=2)
    with pytest.raises(TypeError, match="2 fields, not 3"):
        Place(1, 2, 3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'line' twice"):
        Place(1, line=1)  # type: ignore[misc]
    with pytest.raises(TypeError):
        Point(1)  # type: ignore[call-arg]


def test_a_struct_can_be_changed_and_equals_itself_only() -> None:
    pair = Pair(1, note="x")
    pair.second = 5
    assert (pair.first, pair.second, pair.note) == (1, 5, "x")
    assert pair == pair != Pair(1, 5, note="x")
    assert len({pair, replace(pair), dataclasses.replace(pair)}) == 3
    assert (replace(pair, note="y").note, replace(pair, note="y").second) == ("y", 5)
    with pytest.raises(TypeError, match="first"):
        Pair()  # type: ignore[call-arg]


def test_fields_may_be_asked_for_before_there_is_an_instance() -> None:
    class Late(Struct):
        names: list[str] = field(default_factory=list)
        note: str = field(default="", kw_only=True)

    assert [f.name for f in fields(Late)] == ["names", "note"]  # type: ignore[arg-type]
    assert Late().names == []
    assert Late().names is not Late().names


def test_a_class_extends_another() -> None:
    triple = Triple(1, 2, 3)
    assert (triple.first, triple.second, triple.third, triple.note) == (1, 2, 3, "")
    assert (Pair(1, 2).second, Triple(1).third) == (2, 3)
    spot = Spot(1, 2, 3)
    assert spot == replace(Spot(1), column=2, page=3) != Place(1, 2)
    assert [f.name for f in fields(spot)] == ["line", "column", "page"]
