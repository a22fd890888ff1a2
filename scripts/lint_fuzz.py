"""Throws damaged files at lint and looks for anything but findings.

    python scripts/lint_fuzz.py DIR… [--count N] [--seed S] [--workers N] [--keep DIR]

An input is a configuration or script from below the folders with lines, bytes and values dropped,
doubled, swapped and replaced. It is written to a file, which is then linted as the command does it:
by name or by its folder, for several cards and targets, told in every format, every second time
with all fixes tried (``--diff``). What counts as a fault: a traceback, more than SLOW seconds of
processor time, no end within HANGS seconds, a worker that dies, a file that is changed or appears,
and a message without words. The same seed makes the same inputs; ``--keep`` saves those that led to
a fault, one for each place.
"""

from __future__ import annotations

import argparse
import mmap
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import fuzz

from translator.commands_lint import FORMATS, Request, run_lint
from translator.console import Console
from translator.lint.sniffing import may_be_ours
from translator.syntax import python
from translator.syntax.newer_python import string_places

SLOW = 5.0
HANGS = 60.0
"""Of wall clock, on a machine that may be busy otherwise."""
PROGRESS = 60.0
"""Seconds between lines that say how far it is."""
STACK = 500_000_000
MEMORY = 4_000_000_000
LARGEST = 100_000
OPTIONS: tuple[tuple[tuple[str, object], ...], ...] = (
    (),
    (("gpu", "rtx4090"), ("gpus", 2)),
    (("portable_to", "torchtune"),),
    (("gpu", "t4"), ("portable_to", "unsloth"), ("extend_select", ("ALL",))),
    (("portable_to", "axolotl"),),
)
BITS = [
    "null", "[", "]", "{", "}", ": ", "- ", "\t", "'", '"', "*a", "&a ", "!!python/object:x ",
    "1e999", "-1", "0", "true", "\x00", "é", "𝄞", "# ftx: ignore[", "# ftx: disable[ALL]", "~",
    ".nan", "${a}", "\r", "\\", "<<: *a\n", "?", "|\n", "lambda: ", "*", "**", "\xff",
]  # fmt: skip

Sample = tuple[str, bytes]
"""How a file's name ends, and its content."""


def samples(folders: list[Path]) -> list[Sample]:
    """Every file that can be taken for one of ours."""
    found = [
        (path.suffix, path.read_bytes())
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".yaml", ".yml", ".py", ".ipynb") and path.stat().st_size < LARGEST
    ]
    return [(suffix, data) for suffix, data in found if may_be_ours(f"x{suffix}", data)]


def made(number: int, seed: int, files: list[Sample], texts: list[str]) -> Sample:
    """The input of a number."""
    dice = random.Random(f"{seed}/{number}")
    suffix, data = dice.choice(files)
    if dice.random() < 0.5:
        return suffix, damaged(data, dice)
    text = fuzz.mutated(data.decode("utf-8", "replace"), texts, dice)
    return suffix, text.encode("utf-8", "surrogatepass")


def damaged(data: bytes, dice: random.Random) -> bytes:
    """The content with one to four changes to its lines and bytes."""
    for _ in range(dice.randint(1, 4)):
        lines = data.split(b"\n")
        at = dice.randrange(len(lines))
        kind = dice.randrange(6)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(at, dice.choice(lines))
        elif kind == 2:
            other = dice.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        else:
            line = lines[at]
            place = dice.randrange(len(line) + 1)
            end = place if kind == 3 else min(len(line), place + dice.randrange(8))
            bit = b"" if kind == 4 else dice.choice(BITS).encode("latin-1", "replace")
            lines[at] = line[:place] + bit + line[end:]
        data = b"\n".join(lines) or b"\n"
    return data


def fault_of(number: int, sample: Sample, folder: Path) -> str | None:
    """What went wrong with an input, None when nothing did; ``folder`` is empty before and after."""
    suffix, data = sample
    path = folder / f"run{suffix}"
    path.write_bytes(data)
    before = path.stat()
    request = Request(
        paths=(str(folder if number % 5 == 0 else path),),
        style=FORMATS[number % len(FORMATS)],
        isolated=True,
        cache=False,
        diff=number % 2 == 0,
        unsafe=number % 4 == 0,
        verbose=True,
        options=OPTIONS[number % len(OPTIONS)],
    )
    console = Console(as_json=False, verbose=True, quiet=False)
    started = time.process_time()
    try:
        code = run_lint(console, request)
    except Exception as error:
        return _where(error)
    finally:
        names = os.listdir(folder)
        after = path.stat() if path.exists() else None
        unchanged = path.read_bytes() == data if after else False
        shutil.rmtree(folder)
        folder.mkdir()
    if names != [path.name] or not unchanged or after is None:
        return "a file was changed"
    if (after.st_mtime_ns, after.st_ino) != (before.st_mtime_ns, before.st_ino):
        return "a file was written anew"
    if code not in (0, 1, 2):
        return f"exit code {code}"
    if time.process_time() - started > SLOW:
        return "slow"
    return None


def _f_strings_here(text: str) -> list[tuple[int, int]]:
    """What the reader asks another process for, because libcst may end it."""
    try:
        return string_places(text)
    except Exception:
        return []


def _where(error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{last.filename.rpartition('translator')[2]}:{last.lineno}"
    return f"{type(error).__name__} at {place}"


# -- workers and their watchdog -------------------------------------------------------------------

SLOT = struct.Struct("q")
"""What a worker is at: the number of its input (-1: done). It is zero for a moment while it is
written, so that only a number that stays is believed."""


def work(numbers: range, options: argparse.Namespace, slot: memoryview, log: Path) -> None:
    """Tries inputs one after the other; faults go to the log, one a line."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if options.fast:
        resource.setrlimit(resource.RLIMIT_STACK, (STACK, resource.RLIM_INFINITY))
        python._f_strings = _f_strings_here
    os.environ["FTX_TRACEBACK"] = "1"
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    files = samples(options.folders)
    texts = [data.decode("utf-8", "replace") for _, data in files]
    folder = Path(tempfile.mkdtemp(dir=log.parent))
    with log.open("a", encoding="utf-8") as stream:
        for number in numbers:
            SLOT.pack_into(slot, 0, number)
            fault = fault_of(number, made(number, options.seed, files, texts), folder)
            if fault is not None:
                stream.write(f"{number}\t{fault}\n")
                stream.flush()
    SLOT.pack_into(slot, 0, -1)


def watched(options: argparse.Namespace, folder: Path) -> Iterator[tuple[int, str]]:
    """Runs the workers to their ends; the faults of those that hang or die."""
    shared = memoryview(mmap.mmap(-1, SLOT.size * options.workers))
    slots = [shared[SLOT.size * n : SLOT.size * (n + 1)] for n in range(options.workers)]

    def start(worker: int, first: int) -> int:
        SLOT.pack_into(slots[worker], 0, first)
        process = os.fork()
        if process == 0:
            try:
                numbers = range(first, options.first + options.count, options.workers)
                work(numbers, options, slots[worker], folder / f"{worker}.log")
            finally:
                os._exit(0)
        return process

    running = {start(n, options.first + n): n for n in range(options.workers)}
    told = time.monotonic()
    # the number that each worker is at, and since when
    stays = dict.fromkeys(range(options.workers), (-1, told))
    while running:
        time.sleep(0.2)
        if sys.stderr.isatty() or time.monotonic() - told > PROGRESS:
            told = time.monotonic()
            at = max(SLOT.unpack_from(slot)[0] for slot in slots)
            print(f"input {at}", end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr)
        for process, worker in list(running.items()):
            ended, _ = os.waitpid(process, os.WNOHANG)
            (number,) = SLOT.unpack_from(slots[worker])
            fault = "the process died"
            if not ended:
                if number != stays[worker][0]:
                    stays[worker] = number, time.monotonic()
                if time.monotonic() - stays[worker][1] < HANGS:
                    continue
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
                fault = "no end"
            del running[process]
            if number >= 0:
                yield number, fault
                if number + options.workers < options.first + options.count:
                    running[start(worker, number + options.workers)] = worker


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--fast", action="store_true", help="look for newer f-strings without a process for each"
    )
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    files = samples(options.folders)
    texts = [data.decode("utf-8", "replace") for _, data in files]
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        faults = list(watched(options, folder))
        for log in folder.glob("*.log"):
            for line in log.read_text("utf-8").splitlines():
                number, _, fault = line.partition("\t")
                faults.append((int(number), fault))
    times = Counter(fault for _, fault in faults)
    kinds = Counter(suffix for suffix, _ in files)
    print(
        f"{options.count} inputs from {len(files)} files ({dict(kinds)}), "
        f"{time.monotonic() - started:.0f} s, {len(faults)} faults"
    )
    for fault, count in times.most_common():
        first = min(number for number, each in faults if each == fault)
        print(f"{count:6}  {fault} (first: input {first})")
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            suffix, data = made(first, options.seed, files, texts)
            (options.keep / f"{first}{suffix}").write_bytes(data)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
