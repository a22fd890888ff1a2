"""Reads, converts and has accepted every file of a corpus, and prints the tables.

    python scripts/corpus.py [NAME=]DIR… [--targets axolotl torchtune unsloth] [--accept] [--main]

Each file is read and converted to the other frameworks. With ``--accept`` the written files go to
the target frameworks themselves (``FTX_AXOLOTL_PYTHON`` and ``FTX_TORCHTUNE_PYTHON`` name their
Pythons). ``--main`` also converts to ``torchtune@main`` what 0.6.1 has no model for. ``--details``
writes one line of JSON a file, ``--page`` the tables as a page of documentation, which tells the
folders by their NAMEs. Exit code 1 if a file crashed the reader or a written file was not
accepted.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path

import corpus_tables as tables
from corpus_accept import accept
from corpus_run import TARGETS, Attempt, Outcome, files_in, run

from translator import __version__
from translator.codes import Code
from translator.versions import SPOKEN


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", metavar="[NAME=]DIR")
    parser.add_argument("--targets", nargs="+", default=TARGETS)
    parser.add_argument("--accept", action="store_true", help="ask the frameworks")
    parser.add_argument("--main", action="store_true", help="try torchtune's main branch as well")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the written files here")
    parser.add_argument("--details", type=Path, metavar="FILE", help="one JSON line a file")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables there")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        outcomes = everything(options, folder)
        if options.accept:
            ask(outcomes)
    if options.details:
        lines = "".join(json.dumps(asdict(o)) + "\n" for o in outcomes)
        options.details.write_text(lines, encoding="utf-8")
    report(outcomes, time.perf_counter() - started)
    if options.page:
        options.page.write_text(page(named(options.folders), outcomes), encoding="utf-8")
    attempts = [a for o in outcomes for a in o.attempts]
    crashed = any(o.status == "crash" for o in outcomes) or any(
        a.status == "crash" for a in attempts
    )
    return int(crashed or any(a.accepted is False and a.status == "written" for a in attempts))


def everything(options: argparse.Namespace, scratch: Path) -> list[Outcome]:
    """Every file's outcome."""
    files = list(files_in([folder for _, folder in named(options.folders)]))
    one = partial(run, targets=tuple(options.targets), scratch=scratch)
    with ProcessPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(one, files, chunksize=8))
        if options.main:
            again = [o for o in outcomes if unknown_to_torchtune(o)]
            on_main = partial(run, targets=("torchtune@main",), scratch=scratch)
            for outcome, second in zip(
                again, pool.map(on_main, [Path(o.path) for o in again]), strict=True
            ):
                outcome.attempts += second.attempts
    return outcomes


def unknown_to_torchtune(outcome: Outcome) -> bool:
    """Whether the released torchtune has no such model."""
    return any(
        a.target == "torchtune" and Code.LOST_MODEL.code in a.codes for a in outcome.attempts
    )


def ask(outcomes: list[Outcome]) -> None:
    """Notes in each attempt what the target framework says."""
    by_target: dict[str, list[Attempt]] = {}
    for outcome in outcomes:
        for attempt in outcome.attempts:
            if attempt.file is not None:
                by_target.setdefault(attempt.target, []).append(attempt)
    for target, attempts in by_target.items():
        verdicts = accept(target, [str(a.file) for a in attempts])
        for attempt, verdict in zip(attempts, verdicts or [], strict=verdicts is not None):
            attempt.accepted = bool(verdict["ok"])
            attempt.verdict = verdict["error"]


def named(folders: list[str]) -> list[tuple[str, Path]]:
    """The folders, each with what to call it."""
    split = [folder.rpartition("=") for folder in folders]
    return [(name or Path(folder).name, Path(folder)) for name, _, folder in split]


def page(folders: list[tuple[str, Path]], outcomes: list[Outcome]) -> str:
    """The tables as a page that stands on its own."""
    spoken = ", ".join(f"{name} {s.current}" for name, s in SPOKEN.items() if name != "ir")
    lines = [
        "# What becomes of other people's files",
        "",
        f"Measured on {date.today()} with ftx {__version__} ({spoken}) by `scripts/corpus.py`. "
        "None of these files is part of this repository:",
        "",
        *(f"- {name}: {len(list(files_in([folder])))} files" for name, folder in folders),
        "",
        *everything_told(outcomes),
    ]
    return "\n".join(lines) + "\n"


def everything_told(outcomes: list[Outcome]) -> list[str]:
    """The tables with their headings."""
    return [
        "## Reading",
        "",
        "A file looks like a training of a framework when a plain text search finds its marks; the",
        "others are data, deployment, inference and evaluation files, which are refused with the",
        "reason.",
        "",
        tables.reading(outcomes),
        "",
        tables.core_values(outcomes),
        "",
        "## Conversions",
        "",
        tables.cross(outcomes),
        "",
        "## Text SFT with LoRA, QLoRA or full weights, on a model the target knows",
        "",
        tables.livable(outcomes),
        "",
        "What keeps the others:",
        "",
        tables.obstacles(outcomes),
    ]


def report(outcomes: list[Outcome], seconds: float) -> None:
    """Prints the tables, and every crash and rejection."""
    print(f"{len(outcomes)} files in {seconds:.0f} s", *everything_told(outcomes), sep="\n")
    for outcome in outcomes:
        if outcome.status == "crash":
            print(f"crash reading {outcome.path}\n{outcome.message}", file=sys.stderr)
        for attempt in outcome.attempts:
            if attempt.status == "crash":
                print(f"crash writing {outcome.path} to {attempt.target}\n{attempt.messages[0]}",
                      file=sys.stderr)  # fmt: skip
            if attempt.accepted is False:
                print(f"not accepted: {outcome.path} as {attempt.target} ({attempt.status}): "
                      f"{str(attempt.verdict)[:400]}", file=sys.stderr)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
