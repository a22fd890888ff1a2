"""Formats are recognised from content, and other files are not taken for one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from translator import NotAConfigError, convert, load
from translator.detect import detect
from translator.source import Source, read_source

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "fixtures" / "corpus_sample"
FILES = [f for f in sorted(SAMPLE.glob("*/*")) if f.name not in ("config_beside.yaml",)]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_the_sample_is_recognised(file: Path) -> None:
    assert detect(read_source(file)) == file.parent.name


@pytest.mark.parametrize("name", ["unsloth/inference_only.py", "torchtune/generation.yaml"])
def test_what_trains_nothing_is_refused(name: str) -> None:
    with pytest.raises(NotAConfigError):
        load(SAMPLE / name)


def test_an_ir_file_is_recognised() -> None:
    text = convert(load(FILES[0]), "ir", strict=False).text
    assert detect(Source(path="x", text=text)) == "ir"
    compact = json.dumps(json.loads(text), separators=(",", ":"))
    assert detect(Source(path="x", text=compact)) == "ir"


@pytest.mark.parametrize(
    "text",
    [
        "services:\n  web:\n    image: nginx\n",
        "model:\n  base_model: x\n  load_in_4bit: true\ndatasets:\n  test_data: y\n",
        "base_model: x\nmodels:\n  - a\nmerge_method: slerp\n",
        "name: CI\non: push\njobs: {}\n",
        '{"cells": [], "nbformat": 4}',
        '{"recipe": "pancakes"}',
        "import os\nprint('hello')\n",
        "# just words about from_pretrained and a trainer\n",
    ],
)
def test_other_files_are_not_taken_for_one(text: str) -> None:
    with pytest.raises(NotAConfigError, match="looked for"):
        detect(Source(path="x", text=text))


def test_no_file_of_ftx_itself_is_taken_for_one() -> None:
    found = {}
    for file in [*ROOT.glob("translator/*.py"), *ROOT.glob("*.md"), *ROOT.glob("schemas/*.json")]:
        try:
            found[file.name] = detect(read_source(file))
        except NotAConfigError:
            continue
    assert found == {}
