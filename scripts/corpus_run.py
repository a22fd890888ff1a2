"""Reads and converts one file, and notes what became of it."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from translator import convert, load
from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.document import Document
from translator.errors import FtxError
from translator.ir import CustomRows, Recipe, SupervisedObjective

SUFFIXES = (".yml", ".yaml", ".py", ".ipynb")
TARGETS = ("axolotl", "torchtune", "unsloth")

_TRAINS = {
    "unsloth": (r"\bFast\w*Model\b", r"Trainer\("),
    "torchtune": (
        r"_component_",
        r"(?m)^optimizer:",
        r"(?m)^model:",
        r"(?m)^(?:dataset|tokenizer):",
    ),
    "axolotl": (r"(?m)^base_model:", r"(?m)^(?:datasets|pretraining_dataset):"),
}
"""What a training looks like to a plain search, which knows nothing of the readers: all of a
framework's patterns occur."""

CORE = (
    "model.id",
    "data.max_length",
    "quantization",
    "adapter.rank",
    "adapter.alpha",
    "adapter.dropout",
    "adapter.modules",
    "batching.micro_batch",
    "batching.accumulation",
    "optimizer.name",
    "optimizer.learning_rate",
    "optimizer.weight_decay",
    "schedule.shape",
    "schedule.warmup",
    "duration",
    "data.sources",
)
"""The values of a run that a reader has to know."""


@dataclass(slots=True)
class Attempt:
    """One file to one target: ``written``, ``allow`` (written with ``--allow``), ``refused`` (the
    target has no such model, so that no permission makes it run) or ``crash``; ``codes`` are the
    distinct codes of what stands in the way."""

    target: str
    status: str
    codes: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    file: str | None = None
    accepted: bool | None = None
    verdict: str | None = None

    @property
    def knows_model(self) -> bool:
        return Code.LOST_MODEL.code not in self.codes


@dataclass(slots=True)
class Outcome:
    """What became of one file."""

    path: str
    trains: str | None
    """Which framework's training it looks like to a plain search, None for none."""
    status: str
    """``read``, ``refused`` or ``crash``."""
    seconds: float
    format: str | None = None
    code: str | None = None
    message: str | None = None
    is_plain_sft: bool = False
    """Text SFT with LoRA, QLoRA or full weights."""
    own_rows: bool = False
    """Whether code of the user's own makes the rows."""
    unread_core: tuple[str, ...] = ()
    attempts: list[Attempt] = field(default_factory=list)


def files_in(folders: list[Path]) -> Iterator[Path]:
    """Every file under the folders that may be a configuration or a script."""
    for folder in folders:
        if folder.is_file():
            yield folder
            continue
        yield from sorted(
            p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES
        )


def looks_like(text: str) -> str | None:
    """The framework whose training a text seems to hold."""
    return next(
        (name for name, needed in _TRAINS.items() if all(re.search(p, text) for p in needed)), None
    )


def run(path: Path, targets: tuple[str, ...], scratch: Path | None) -> Outcome:
    """Reads a file, converts it to each target and, under ``scratch``, writes what came out."""
    text = path.read_text(encoding="utf-8", errors="replace")
    started = time.perf_counter()
    outcome = Outcome(path=str(path), trains=looks_like(text), status="read", seconds=0.0)
    try:
        document = load(path)
    except FtxError as error:
        first = error.diagnostics[0]
        outcome.status, outcome.code, outcome.message = "refused", first.code, first.message
        outcome.seconds = time.perf_counter() - started
        return outcome
    except Exception:
        outcome.status, outcome.message = "crash", traceback.format_exc()
        return outcome
    outcome.seconds = time.perf_counter() - started
    outcome.format = document.format
    outcome.is_plain_sft = is_plain_sft(document.recipe) and not trains_quantised(document)
    outcome.own_rows = any(isinstance(s.rows, CustomRows) for s in document.recipe.data.sources)
    outcome.unread_core = unread_core(document)
    for target in targets:
        if target.partition("@")[0] != document.format:
            outcome.attempts.append(attempt(document, target, scratch))
    return outcome


def is_plain_sft(recipe: Recipe) -> bool:
    """Whether a recipe is what most people run."""
    return (
        isinstance(recipe.objective, SupervisedObjective)
        and recipe.model.modality == "text"
        and (recipe.quantization is None or recipe.quantization.kind == "nf4")
    )


def trains_quantised(document: Document) -> bool:
    """Whether training imitates the rounding of a later quantisation (QAT)."""
    keys = {step for left in document.leftovers for step in left.key.split(".")}
    return not keys.isdisjoint({"qat", "qat_scheme", "quantizer"})


def unread_core(document: Document) -> tuple[str, ...]:
    """The core values of a file that its reader could not know."""
    unknown = {
        core
        for d in document.diagnostics
        if d.code == Code.UNRESOLVED.code
        for core in CORE
        if d.field is not None and (d.field == core or d.field.startswith((f"{core}.", f"{core}[")))
    }
    if any(isinstance(s.rows, CustomRows) for s in document.recipe.data.sources):
        unknown.add("data.sources")
    return tuple(sorted(unknown))


def attempt(document: Document, target: str, scratch: Path | None) -> Attempt:
    """Converts a document that has been read."""
    try:
        result = convert(document, target, strict=False, stem="run")
    except FtxError as error:
        return Attempt(
            target=target,
            status="refused",
            codes=codes_of(error.diagnostics),
            messages=tuple(d.message for d in error.diagnostics),
        )
    except Exception:
        return Attempt(target=target, status="crash", messages=(traceback.format_exc(),))
    refused = result.refused
    status = "allow" if refused else "written"
    nothing = not document.recipe.data.sources
    codes = codes_of(refused)
    found = Attempt(
        target=target,
        status="refused" if Code.LOST_MODEL.code in codes or nothing else status,
        codes=codes,
        messages=tuple(d.message for d in refused),
    )
    if scratch is not None and found.status != "refused":
        found.file = save(result.text, dict(result.files), target, Path(document.path), scratch)
    return found


def codes_of(diagnostics: tuple[Diagnostic, ...]) -> tuple[str, ...]:
    """The distinct codes of the errors."""
    return tuple(sorted({d.code for d in diagnostics if d.severity is Severity.ERROR}))


def save(text: str, side: dict[str, str], target: str, source: Path, scratch: Path) -> str:
    """Writes a conversion and its side files into a folder of their own; the main file's path."""
    name = re.sub(r"\W+", "_", f"{source.parent.name}_{source.name}")
    folder = scratch / target.replace("@", "_") / name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / ("run.py" if target == "unsloth" else "run.yaml")
    file.write_text(text, encoding="utf-8")
    for other, content in side.items():
        (folder / other).parent.mkdir(exist_ok=True)
        (folder / other).write_text(content, encoding="utf-8")
    return str(file)
