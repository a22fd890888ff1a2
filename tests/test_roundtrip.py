"""There and back again: what a conversion does not report as lost is not lost."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from corpus_run import TARGETS
from hypothesis import HealthCheck, given, settings
from strategies import recipes
from test_corpus_sample import SAMPLE, TRAININGS

from translator import Conversion, Diagnostic, Document, Recipe, convert, load
from translator.api import loads
from translator.codes import Code
from translator.equivalence import canonical
from translator.fields import flatten

SUFFIXES = {"axolotl": ".yaml", "torchtune": ".yaml", "unsloth": ".py"}
PAIRS = [(name, target) for name in TRAININGS for target in TARGETS if not name.startswith(target)]


def changed(before: Recipe, after: Recipe, losses: Iterable[Diagnostic]) -> dict[str, object]:
    """The fields that differ though no loss names them or a part around or below them.

    Equal meanings in other words (a share of a known number of steps, the name of the template
    that the tokenizer ships) are no difference, as for ``diff``.
    """
    lost = {bare(loss.field) for loss in losses if loss.field and not in_a_module(loss)}
    if "parallelism.gpus" in lost:
        lost.add("batching.normalization")  # with the devices goes the number of means in a step
    if "model.id" in lost:  # an adapter names it; which template its tokenizer ships goes with it
        after = replace(after, model=replace(after.model, id=before.model.id))
    old, new = flatten(canonical(before)), flatten(canonical(after))
    return {
        field: (old.get(field), new.get(field))
        for field in old.keys() | new.keys()
        if old.get(field) != new.get(field) and not any(related(bare(field), part) for part in lost)
    }


def in_a_module(loss: Diagnostic) -> bool:
    """Whether a loss only says that rows are told in a file beside the configuration."""
    return loss.code == Code.SIDE_FILE.code and str(loss.field).endswith(".rows")


def bare(field: str) -> str:
    """A field without case markers; positions stay."""
    return re.sub(r"=\w+", "", field)


def related(field: str, part: str) -> bool:
    """Whether a field is a part, lies in it, or holds it."""
    return (
        field == part
        or field.startswith((f"{part}.", f"{part}["))
        or part.startswith((f"{field}.", f"{field}["))
    )


def read_back(result: Conversion) -> Document:
    """What was written, read again with its side files beside it."""
    with tempfile.TemporaryDirectory() as folder:
        main = Path(folder) / f"run{SUFFIXES[result.target]}"
        for path, text in {main: result.text, **result.files}.items():
            (Path(folder) / path).parent.mkdir(exist_ok=True)
            (Path(folder) / path).write_text(text, encoding="utf-8")
        return load(main, format=result.target)


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
