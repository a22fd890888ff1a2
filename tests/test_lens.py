"""A lens table is total, and its rows read and write by the same statement."""

from __future__ import annotations

import pytest
from test_fields import MINIMAL

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Document, Origin
from translator.errors import UnreadableError, WrongValueError
from translator.fields import all_fields
from translator.lens import Always, Conv, Ignore, Key, Only, Table, Via, expand
from translator.matrix import FRAMEWORKS, table_of
from translator.reading import Reader, apply_overrides
from translator.source import decode
from translator.syntax.yaml import PyYamlDialect, read_yaml
from translator.tree import Node
from translator.writing import Writer

SAME = Conv(read=lambda value: value, write=lambda value: value)
RATE = Key(
    field="optimizer.learning_rate",
    key="optim.lr",
    aliases=("lr",),
    conv=SAME,
    default=0.001,
    why="a citation",
    code=Code.LOST_OPTIMIZER,
)
SHUFFLE = Always(
    field="data.shuffle",
    value=True,
    why="a citation",
    code=Code.LOST_ORDER,
    severity=Severity.NOTE,
    instead="always shuffles",
)


def rest(*taken: str) -> Via:
    """One row for all the fields that a test is not about."""
    left = tuple(f for f in all_fields() if f not in taken and "=" not in f)
    return Via(fields=left, read_keys=(), get=lambda reader: None, put=lambda writer: None)


def table(*rows: Key | Always | Ignore | Only) -> Table:
    taken = [row.field for row in rows if isinstance(row, Key | Always)]
    return Table("toy", [*rows, rest(*taken)])


def read(text: str, lens: Table) -> Reader:
    reader = Reader(path="x", tree=read_yaml(decode(text.encode(), "x"), PyYamlDialect)[0])
    lens.read(reader)
    return reader


def document(**origins: Origin) -> Document:
    named = {key.replace("__", "."): origin for key, origin in origins.items()}
    return Document(path="x", format="toy", text="", recipe=MINIMAL, origins=named)


def test_a_table_that_forgets_a_field_is_refused() -> None:
    with pytest.raises(ValueError, match=r"without a row: seed$"):
        _ = Table("toy", [rest("seed")]).matrix


def test_a_table_that_claims_a_field_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"claimed twice: optimizer\.learning_rate"):
        _ = Table("toy", [RATE, rest()]).matrix


def test_a_table_with_a_field_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown: optimizer\.lr"):
        _ = Table(
            "toy", [rest(), Via(fields=("optimizer.lr",), read_keys=(), get=print, put=print)]
        ).matrix


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_framework_answers_for_every_field(framework: str) -> None:
    assert table_of(framework).matrix.keys() == set(all_fields())


def test_patterns_stand_for_all_below() -> None:
    assert "schedule.warmup=ratio.at_most" in expand(["schedule.*"])
    assert expand(["duration"])[:2] == ["duration", "duration=epochs"]


def test_a_key_is_read_with_its_place_or_its_default_with_its_reason() -> None:
    found = read("optim: {lr: 0.5} # high\n", table(RATE))
    assert found.values["optimizer.learning_rate"] == 0.5
    origin = found.origins["optimizer.learning_rate"]
    assert origin.span is not None
    assert (origin.written, origin.key, origin.span.column) == (True, "optim.lr", 13)
    missing = read("{}", table(RATE))
    assert missing.values["optimizer.learning_rate"] == 0.001
    assert missing.origins["optimizer.learning_rate"] == Origin(written=False, why="a citation")


def test_a_former_spelling_is_read_and_noted() -> None:
    found = read("lr: 0.5", table(RATE))
    assert found.values["optimizer.learning_rate"] == 0.5
    assert [d.code for d in found.diagnostics] == [Code.OLD_SPELLING.code]


def test_an_unknown_key_is_reported_with_the_nearest_one() -> None:
    (finding,) = read("optim: {lrr: 3}", table(RATE)).diagnostics
    assert (finding.code, finding.help) == ("CFG001", "did you mean optim.lr?")


def test_keys_of_one_framework_are_kept_aside_unless_they_are_off() -> None:
    row = Only(name="ema", why="no other framework averages weights", severity=Severity.ERROR)
    assert read("ema: false", table(row)).leftovers == []
    (left,) = read("ema: 0.9", table(row)).leftovers
    assert (left.key, left.value, left.severity) == ("ema", 0.9, Severity.ERROR)


def test_ignored_keys_are_told_only_on_demand() -> None:
    row = Ignore(names=("hosts[].name",), why="only a label")
    findings = read("hosts: [{name: a}, {name: b}]", table(row)).diagnostics
    assert [(d.key, d.verbose) for d in findings] == [
        ("hosts[0].name", True),
        ("hosts[1].name", True),
    ]


@pytest.mark.parametrize(("written", "default", "expected"), [
    (True, 1e-4, {("optim", "lr"): 1e-4}),
    (False, 1e-4, {}),
    (False, 0.5, {("optim", "lr"): 1e-4}),
])  # fmt: skip
def test_a_value_is_written_if_stated_or_unlike_the_default(
    written: bool, default: float, expected: dict[tuple[str, ...], float]
) -> None:
    row = Key(**{**{f: getattr(RATE, f) for f in RATE.__dataclass_fields__}, "default": default})
    writer = Writer(
        document=document(optimizer__learning_rate=Origin(written=written, comment="c")),
        target="toy",
        version="1",
    )
    table(row).write(writer)
    assert {address: entry.value for address, entry in writer.entries.items()} == expected
    assert all(entry.comment == "c" for entry in writer.entries.values())


def test_what_a_framework_does_not_let_anyone_choose_is_a_loss() -> None:
    writer = Writer(document=document(), target="toy", version="1")
    row = Always(
        **{**{f: getattr(SHUFFLE, f) for f in SHUFFLE.__dataclass_fields__}, "value": False}
    )
    table(row).write(writer)
    (loss,) = writer.losses
    assert (loss.code, loss.severity, loss.field) == ("XLT406", Severity.NOTE, "data.shuffle")
    assert "toy always shuffles" in loss.message


def test_overrides_reach_into_mappings_and_lists() -> None:
    root = read_yaml(decode(b"a: {b: 1}\nc: [1, 2]\n", "x"), PyYamlDialect)[0]
    five = Node(value=5, span=root.span)
    apply_overrides(root, {("a", "b"): five, ("c", 1): five, ("new", "d"): five})
    assert root.plain() == {"a": {"b": 5}, "c": [1, 5], "new": {"d": 5}}
    with pytest.raises(KeyError, match="c\\[7\\]"):
        apply_overrides(root, {("c", 7): five})


def test_a_value_that_a_row_cannot_use_is_told_and_a_fault_is_not() -> None:
    def refuses(reader: Reader) -> None:
        reader.node("optim", "lr")
        raise WrongValueError("is not a number")

    def fails(reader: Reader) -> None:
        reader.node("optim", "lr")
        raise TypeError("a fault")

    fields = tuple(f for f in all_fields() if "=" not in f)
    for get, expected, message in (
        (refuses, UnreadableError, "optim.lr: 'x' is not a number"),
        (fails, TypeError, "a fault"),
    ):
        row = Via(fields=fields, read_keys=("optim.lr",), get=get, put=lambda writer: None)
        with pytest.raises(expected, match=message):
            read("optim: {lr: x}", Table("toy", [row]))
