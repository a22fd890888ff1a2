"""Notebooks as code: magics blanked, every position kept."""

from __future__ import annotations

import ast
import json
import sys

import pytest

from translator.errors import UnreadableError
from translator.source import decode
from translator.syntax.notebook import blank_magics, is_notebook, parse_notebook
from translator.syntax.python import parse_script

CELLS = {
    "shell": "!pip install unsloth\nx = 1",
    "continued": "!pip install \\\n    unsloth\nx = 1",
    "in a block": "if True:\n    !pip install x\nx = 1",
    "line magic": "%cd /content\nx = 1",
    "cell magic": "%%capture\nx = 1",
    "assigned": "files = !ls\nx = 1",
    "help": "model?\nx = 1",
    "get_ipython": "get_ipython().system('ls')\nx = 1",
}


@pytest.mark.parametrize("name", CELLS)
def test_magics_are_blanked_and_the_rest_stays(name: str) -> None:
    code = CELLS[name]
    blanked = blank_magics(code)
    assert [len(line) for line in blanked.split("\n")] == [len(line) for line in code.split("\n")]
    last = ast.parse(blanked).body[-1]
    assert ast.unparse(last) == "x = 1"
    assert last.lineno == code.count("\n") + 1


def test_percent_signs_of_python_stay() -> None:
    code = 'text = """\n%d of\n!important\n""" % 3\ny = 7 \\\n    % 2'
    assert blank_magics(code).startswith('text = """\n%d of\n!important\n""" % 3')


def test_other_languages_are_no_code() -> None:
    assert blank_magics("%%bash\nls -l | wc").strip() == ""


@pytest.mark.parametrize(
    "code",
    [
        "steps = dict(\n    batch=16, #8?\n    rank=8, # or 16 ?\n)",
        'ask = (\n    "what?"\n)',
        "rest = 7 \\\n% 2",
        "shell = (1\n  % 3)",
    ],
)
def test_what_is_python_as_it_is_stays(code: str) -> None:
    assert blank_magics(code) == code


def test_a_question_in_a_comment_is_no_help_beside_a_command() -> None:
    code = "!ls\nsteps = dict(\n    batch=16, #8?\n)"
    assert blank_magics(code).split("\n")[1:] == code.split("\n")[1:]


def test_a_cell_may_begin_indented_as_ipython_has_it() -> None:
    cell = '\n  y = f(\n     1)\n  if y:\n      w = 2\nz = """\n  a"""'
    module = parse_notebook(decode(notebook("x = 1", cell), "n.ipynb"))
    call, branch, text = module.tree.body[1:]
    assert ast.unparse(call) == "y = f(1)"
    assert ast.unparse(branch) == "if y:\n    w = 2"
    assert ast.literal_eval(text.value) == "\n  a"  # type: ignore[attr-defined]
    assert (module.span(call).line, module.span(call).column) == (3, 3)


def notebook(*cells: str) -> bytes:
    content = [{"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"cells": content, "nbformat": 4}).encode()


def test_a_syntax_error_is_said_by_cell() -> None:
    with pytest.raises(UnreadableError, match="cell 2, line 2"):
        parse_notebook(decode(notebook("x = 1", "trainer = SFTTrainer(\n  = 3)"), "n.ipynb"))


def test_a_cell_that_is_no_python_does_not_keep_the_others_from_being_read() -> None:
    module = parse_notebook(decode(notebook("x = 1", "y = 2\nz = = 3", "w = 4"), "n.ipynb"))
    assert ast.unparse(module.tree) == "x = 1\nw = 4"
    assert [module.locate(span.line) for span in module.passed_over] == ["cell 2, line 2"]


@pytest.mark.parametrize("line", ["pip uninstall torch -y", "ls out", "mkdir -p out", "pwd"])
def test_commands_that_ipython_takes_without_a_sign_are_blanked(line: str) -> None:
    module = parse_notebook(decode(notebook(f"{line}\nx = 1", "y = 2"), "n.ipynb"))
    assert ast.unparse(module.tree.body[-2]) == "x = 1"
    assert module.passed_over == ()


@pytest.mark.parametrize("data", [b"{}", b"[1]", b'{"cells": 3}', b"{", b'{"cells": [' * 5000])
def test_what_is_no_notebook_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        parse_notebook(decode(data, "n.ipynb"))


def test_a_script_is_no_notebook() -> None:
    assert not is_notebook(decode(b'{"cells_of": 1}', "x.py"))


def test_expressions_of_newer_python_keep_their_place() -> None:
    text = 'a = f"é {d["k"]} end"; b = 2\nc = f"{1}"\n'
    module = parse_script(decode(text.encode(), "new.py"))
    first, second, _ = module.tree.body
    assert isinstance(first, ast.Assign)
    assert module.segment(second) == "b = 2"
    assert module.is_opaque(first.value) == (sys.version_info < (3, 12))  # later Pythons parse it
    assert module.segment(first.value) == 'f"é {d["k"]} end"'


@pytest.mark.parametrize(
    "newer",
    [
        "f'{d['k']}'",
        'f"{", ".join(x)}"',
        'f"{x.replace(chr(10), "\\n")}"',
        'f"{f"{x}"} and {f"{f"{1}"}"}"',
        'f"{\n    x\n}"',
        "f'''{x  # why\n}'''",
        'f"{"}"}"',
        'f"{"$"}"',
        'f"{"5x"}"',
        'f"""\n{"""?"""}"""',
        'rf"{d["k"]}" f"{1}"',
        'print(1, f"{d["k"]:>{w["x"]}}")',
    ],
)
def test_every_kind_of_newer_f_string_is_looked_closer_at(newer: str) -> None:
    module = parse_script(decode(f"a = 1\nb = {newer}\nc = 2\n".encode(), "new.py"))
    assert module.segment(module.tree.body[2]) == "c = 2"
