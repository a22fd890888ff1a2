"""Axolotl takes what ftx writes, and makes of a file what ftx reads in it.

Runs in an environment with Axolotl: ``pytest tests/oracles/test_axolotl.py -m oracle``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from axolotl_conflicts import REFUSED, text_of

from translator.frameworks import axolotl
from translator.frameworks.base import ReadOptions, WriteOptions
from translator.source import read_source

pytest.importorskip("axolotl", reason="needs Axolotl")
checks = pytest.importorskip("axolotl_checks")

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "fixtures" / "axolotl").iterdir())
CURRENT = [file for file in FILES if file.suffix == ".yaml"]

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore"),
]


@pytest.mark.parametrize("file", CURRENT, ids=lambda file: file.name)
def test_effective_values_are_axolotls(file: Path) -> None:
    document = axolotl.read(read_source(file), ReadOptions())
    config = checks.validated(document.text)
    assert list(checks.disagreements(document.recipe, config)) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_written_files_are_accepted(file: Path) -> None:
    document = axolotl.read(read_source(file), ReadOptions())
    written = axolotl.write(document, WriteOptions())
    config = checks.validated(written.text)
    again = axolotl.read(read_source(file), ReadOptions())
    assert list(checks.disagreements(again.recipe, config)) == []


def test_old_files_are_refused_as_ftx_says() -> None:
    (file,) = [file for file in FILES if file.suffix == ".yml"]
    with pytest.raises(Exception, match="sharegpt"):
        checks.validated(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("key", "changes"), REFUSED)
def test_combinations_are_refused_as_ftx_says(key: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        checks.validated(text_of(changes))


def test_the_plain_file_is_taken() -> None:
    checks.validated(text_of({}))


def test_the_list_of_keys_is_up_to_date() -> None:
    script = ROOT / "scripts" / "axolotl_keys.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
