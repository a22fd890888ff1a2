"""There and back again: what a conversion does not report as lost is not lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from corpus_run import TARGETS
from hypothesis import HealthCheck, given, settings
from round_trips import changed, read_back
from strategies import recipes
from test_corpus_sample import SAMPLE, TRAININGS

from translator import Document, Recipe, convert, load
from translator.api import loads

PAIRS = [(name, target) for name in TRAININGS for target in TARGETS if not name.startswith(target)]


SEARCH = os.environ.get("FTX_EXAMPLES")
"""How many recipes to try, drawn anew each time; by default a few, the same in every run."""


@pytest.mark.parametrize("target", TARGETS)
@settings(
    max_examples=int(SEARCH or 80),
    derandomize=SEARCH is None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(recipe=recipes())
def test_what_is_written_reads_back(target: str, recipe: Recipe) -> None:
    document = Document(path="any.ir.json", format="ir", text="", recipe=recipe, origins={})
    result = convert(document, target, strict=False, stem="run")
    again = read_back(result)
    assert changed(recipe, again.recipe, result.losses) == {}


@pytest.mark.parametrize(("name", "target"), PAIRS)
def test_there_and_back(name: str, target: str) -> None:
    start = load(SAMPLE / name)
    out = convert(start, target, strict=False, stem="run")
    middle = read_back(out)
    back = convert(middle, start.format, strict=False, stem="run")
    end = read_back(back)
    assert changed(start.recipe, end.recipe, (*out.losses, *back.losses)) == {}


@pytest.mark.parametrize("name", TRAININGS)
def test_writing_anew_keeps_the_meaning(name: str) -> None:
    start = load(SAMPLE / name)
    result = convert(start, start.format, strict=False, stem="run", rewrite=True)
    again = loads(result.text, name="run", format=start.format)
    assert changed(start.recipe, again.recipe, result.losses) == {}


@pytest.mark.parametrize("name", TRAININGS)
def test_the_same_format_keeps_every_byte(name: str) -> None:
    file = SAMPLE / name
    assert convert(file, load(file).format).text.encode() == file.read_bytes()


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("name", TRAININGS)
def test_line_ends_and_byte_order_marks_stay(name: str, ending: str, mark: str) -> None:
    text = mark + (SAMPLE / name).read_text(encoding="utf-8").replace("\n", ending)
    document = loads(text, name=name, format=name.partition("/")[0])
    assert convert(document, document.format).text == text


SETTINGS = {"axolotl": "learning_rate", "torchtune": "optimizer.lr", "unsloth": "learning_rate"}


@pytest.mark.parametrize("name", TRAININGS)
def test_one_value_changes_one_line(name: str) -> None:
    file = SAMPLE / name
    format = name.partition("/")[0]
    document = load(file, set={SETTINGS[format]: "0.000123"})
    assert document.recipe.optimizer.learning_rate == 0.000123
    before = file.read_text(encoding="utf-8").splitlines()
    after = convert(document, format).text.splitlines()
    assert len(after) == len(before)
    assert sum(a != b for a, b in zip(after, before, strict=True)) == 1
    assert Path(name).suffix == ".ipynb" or "0.000123" in "\n".join(after)
