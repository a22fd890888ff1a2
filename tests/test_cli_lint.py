"""What is understood without click means what click makes of it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from ftx_process import ROOT

from translator import commands_lint
from translator.cli import cli, lint
from translator.cli_lint import FLAGS, STYLES, plain_lint
from translator.commands_lint import FORMATS, Request
from translator.console import Console

PLAIN = [
    ["lint"],
    ["lint", "a.yaml", "b c"],
    *(["lint", "a.yaml", flag] for flag in FLAGS),
    *(["lint", "--format", style, "."] for style in STYLES),
    ["lint", "--format", "json", "-v", ".", "--format", "full", "--no-cache", "x", "-q"],
]
OTHERS = [
    [],
    ["convert", "a.yaml"],
    ["lint", "-"],
    ["lint", "--", "a.yaml"],
    ["lint", "--help"],
    ["lint", "-qv"],
    ["lint", "--format"],
    ["lint", "--format", "jsno"],
    ["lint", "--format=json"],
    ["lint", "--gpu", "t4", "a.yaml"],
    ["lint", ""],
]


@pytest.mark.parametrize("arguments", PLAIN, ids=" ".join)
def test_both_make_the_same_request(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Request, Any]] = []

    def run_lint(console: Console, request: Request) -> int:
        asked.append((request, vars(console)))
        return 3

    monkeypatch.setattr(commands_lint, "run_lint", run_lint)
    command = plain_lint(arguments)
    assert command is not None
    assert command() == 3
    assert cli.main(arguments, prog_name="ftx", standalone_mode=False) == 3
    assert asked[0] == asked[1]


@pytest.mark.parametrize("arguments", OTHERS, ids=" ".join)
def test_click_looks_at_everything_else(arguments: list[str]) -> None:
    assert plain_lint(arguments) is None


def test_every_option_without_a_value_is_known() -> None:
    options = {opt for param in lint.params for opt in param.opts if getattr(param, "is_flag", 0)}
    assert options == set(FLAGS)
    assert STYLES == FORMATS


def test_what_takes_long_to_load_is_not_loaded() -> None:
    code = (
        "import sys\n"
        "from translator.cli_lint import plain_lint\n"
        "plain_lint(['lint', '--isolated', '--no-cache', 'fixtures/recipes/alpaca_qlora/axolotl.yaml'])()\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    loaded = set(done.stderr.split())
    assert "translator.lint.checking" in loaded
    assert not loaded & {"click", "dataclasses", "inspect", "ast", "pathlib"}
