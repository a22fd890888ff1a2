"""There and back again: converts every training below DIR, and looks for what nobody told.

    python scripts/round_trips.py DIR…

Each file goes to every other framework and is read again, then comes back and is read once more.
A field that differs though no loss names it is printed. A conversion with an error, which is not
written without --allow, only goes there. Exit code 1 if anything was silent.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from corpus_run import TARGETS, files_in

from translator import Conversion, Diagnostic, Document, Recipe, Severity, convert, load
from translator.codes import Code
from translator.equivalence import canonical
from translator.errors import FtxError
from translator.fields import flatten

Pair = tuple[object, object]
SUFFIXES = {"axolotl": ".yaml", "torchtune": ".yaml", "unsloth": ".py"}


def changed(before: Recipe, after: Recipe, losses: Iterable[Diagnostic]) -> dict[str, Pair]:
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


def silent(document: Document) -> Iterator[tuple[str, dict[str, Pair]]]:
    """What each way there, and there and back, changes without a word."""
    for target in TARGETS:
        if target == document.format:
            continue
        out = convert(document, target, strict=False, stem="run")
        model = [loss for loss in out.losses if str(loss.field).startswith("model")]
        if any(loss.severity is Severity.ERROR for loss in model):
            continue  # a model that the target does not have
        middle = read_back(out)
        yield f"to {target}", changed(document.recipe, middle.recipe, out.losses)
        if any(loss.severity is Severity.ERROR for loss in out.losses):
            continue
        back = convert(middle, document.format, strict=False, stem="run")
        end = read_back(back)
        losses = (*out.losses, *back.losses)
        yield f"to {target} and back", changed(document.recipe, end.recipe, losses)


def main() -> int:
    ways = faults = 0
    for path in files_in([Path(name) for name in sys.argv[1:]]):
        try:
            document = load(path)
        except FtxError:
            continue
        try:
            for way, differences in silent(document):
                ways += 1
                faults += bool(differences)
                for field, (old, new) in sorted(differences.items()):
                    print(f"{path} {way}: {field}: {old!r} became {new!r}")
        except FtxError as error:
            faults += 1
            print(f"{path}: what was written is not read: {error}")
    print(f"{ways} ways, {faults} of them changed something without a word")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
