"""Generated source means what it was generated from, whatever the values hold."""

from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.frameworks.unsloth.pycode import Argument, Code, call, docstring, literal, string

TEXT = st.text() | st.text(alphabet="\"'\\{}\n\r\t #ab")


@given(TEXT, st.integers(0, 90), st.integers(0, 12))
def test_string_means_the_text(text: str, room: int, indent: int) -> None:
    assert ast.literal_eval(string(text, indent, room)) == text


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | TEXT,
        lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
        max_leaves=12,
    )
)
def test_literal_means_the_value(value: object) -> None:
    assert ast.literal_eval(literal(value)) == value


@given(TEXT)
def test_a_call_is_one_call(text: str) -> None:
    source = call("f", [Argument("a", text, comment=text), Argument("b", [text])], prefix="x = ")
    (statement,) = ast.parse(source).body
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.value, ast.Call)
    values = {k.arg: ast.literal_eval(k.value) for k in statement.value.keywords}
    assert values == {"a": text, "b": [text]}


@given(TEXT)
def test_a_docstring_is_one_string(text: str) -> None:
    (statement,) = ast.parse(docstring([text, "end"])).body
    assert isinstance(statement, ast.Expr)
    assert isinstance(ast.literal_eval(statement.value), str)


@pytest.mark.parametrize(
    ("value", "source"),
    [(2e-4, "2e-4"), (5e-05, "5e-5"), (0.01, "0.01"), (1e-8, "1e-8"), (0.00015, "1.5e-4")],
)
def test_learning_rates_are_short(value: float, source: str) -> None:
    assert literal(value) == source


def test_infinity_is_an_expression() -> None:
    assert eval(literal(math.inf)) == math.inf


def test_layout_is_that_of_black() -> None:
    assert call("f", [Argument("", Code("x")), Argument("a", 1)]) == "f(x, a=1)"
    long = call("f", [Argument(f"argument_{n}", n) for n in range(5)])
    assert long.splitlines()[0] == "f("
    assert long.splitlines()[-2:] == ["    argument_4=4,", ")"]


def test_a_long_text_stands_line_by_line() -> None:
    text = "### Instruction:\n{instruction}\n\n### Response:\n"
    assert string(text, room=20) == f'"""{text}"""'
    assert string(f"{text} \n", room=20).startswith("(\n    ")
