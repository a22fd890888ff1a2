"""YAML as the two frameworks read it, and as ftx writes it."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from translator.document import Entry
from translator.errors import UnreadableError
from translator.source import decode
from translator.syntax.omegaconf import OmegaConfDialect
from translator.syntax.yaml import PyYamlDialect, read_yaml
from translator.syntax.yaml_write import replace_values, scalar, write_yaml
from translator.tree import Node


def tree(text: str, dialect: type = PyYamlDialect) -> Node:
    return read_yaml(decode(text.encode(), "x.yaml"), dialect)[0]


@pytest.mark.parametrize(
    ("text", "pyyaml", "omegaconf"),
    [
        ("2e-5", "2e-5", 2e-5),
        ("2.0e-5", 2e-5, 2e-5),
        ("010", 8, 8),
        ("1_000", 1000, 1000),
        ("no", False, False),
        ("on", True, True),
        ("~", None, None),
        ("None", "None", "None"),
        (".inf", math.inf, math.inf),
        ('"no"', "no", "no"),
    ],
)
def test_scalars_are_those_of_the_framework(text: str, pyyaml: object, omegaconf: object) -> None:
    assert tree(f"x: {text}").plain() == {"x": pyyaml}
    assert tree(f"x: {text}", OmegaConfDialect).plain() == {"x": omegaconf}


def test_dates_stay_text_for_omegaconf() -> None:
    assert tree("x: 2024-01-02", OmegaConfDialect).plain() == {"x": "2024-01-02"}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_positions_count_characters(newline: str) -> None:
    source = f"# größe{newline}a:{newline}  b: é # why{newline}  c: [1, two]{newline}"
    found = tree(source)
    node = found.get(("a", "b"))
    assert node is not None
    assert (node.span.line, node.span.column, node.span.end_column) == (3, 6, 7)
    assert source[node.span.start : node.span.end] == "é"
    assert node.comment == "why"
    second = found.get(("a", "c", 1))
    assert second is not None
    assert source[second.span.start : second.span.end] == "two"


def test_the_last_of_two_equal_keys_counts_and_is_reported() -> None:
    found, findings = read_yaml(decode(b"a: 1\nb: 2\na: 3\n", "x.yaml"), PyYamlDialect)
    assert found.plain() == {"a": 3, "b": 2}
    assert [(f.code, f.span.line if f.span else 0) for f in findings] == [("SYN005", 3)]


def test_merge_keys_yield_to_own_keys() -> None:
    text = "base: &b {x: 1, y: 2}\nmine: {<<: *b, y: 3}\n"
    assert tree(text).plain() == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("a: {{ name }}: b\nc: {% if x %}", "Jinja template"),
        ("a: !!python/object/apply:os.system [x]\nb: !x y\n", "safe to load"),
        ("[" * 5000, "nested too deeply|not valid YAML"),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, message: str) -> None:
    with pytest.raises(UnreadableError, match=message):
        tree(text)


def test_aliases_that_multiply_are_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 12):
        bomb += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n"
    with pytest.raises(UnreadableError, match="more values"):
        tree(bomb)


AWKWARD = [
    1e-5, 5e-324, 1e22, 0.0002, -0.1, 1, True, None, "", "no", "2e-5", "1:30", "~", "a: b", "# c",
    "it's", 'say "hi"', " padded ", "two\nlines", "two\nlines\n", "\ttab", "trailing \nspace", "=",
    "{x}", "[y]", "*z", "é", "<|im_start|>user\n{instruction}<|im_end|>\n", "0x1f", "1_000", "off",
]  # fmt: skip


@pytest.mark.parametrize("value", AWKWARD, ids=repr)
def test_what_is_written_is_read_back_by_both_frameworks(value: object) -> None:
    text = write_yaml([Entry(address=("x", "y"), value=[value, {"k": value}])], ["head"])
    for dialect in (PyYamlDialect, OmegaConfDialect):
        assert tree(text, dialect).plain() == {"x": {"y": [value, {"k": value}]}}, text


def test_replacing_a_value_changes_nothing_else() -> None:
    text = "a: 1   # one\r\nb:\r\n  - x: 2e-5 # two\r\n"
    found = tree(text)
    node = found.get(("b", 0, "x"))
    assert node is not None
    assert replace_values(text, {("b", 0, "x"): (node, 1e-5)}) == text.replace("2e-5", "0.00001")


def test_scalars_are_written_in_decimals() -> None:
    assert scalar(2e-5) == "0.00002"
    assert scalar("no") == '"no"'


TEXTS = st.text(max_size=30) | st.text("ab:#-?[]{}&*!|>'\"%@`\\ \t\n.~0x1e_", max_size=12)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.text(max_size=30), st.text(max_size=30))
@example("a" * 2000, "", "")
@example({"k" * 2000: {"a": 1}}, "", "")
@example("\t0\n", "", "")
def test_anything_written_is_read_back(value: object, head: str, comment: str) -> None:
    entries = [Entry(address=("x", "y"), value=value, comment=comment)]
    text = write_yaml([*entries, Entry(address=("z",), value=1)], [head], {"x": "Part"})
    for dialect in (PyYamlDialect, OmegaConfDialect):
        assert tree(text, dialect).plain() == {"x": {"y": value}, "z": 1}, text
