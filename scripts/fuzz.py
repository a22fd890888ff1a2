"""Mutates configurations and looks for anything but a result or one clean refusal.

    python scripts/fuzz.py [FOLDER ...] [--count N] [--seed N] [--keep DIR]

Each mutation is read, converted to every format, read back, compared and linted in this process.
What counts as a fault: an exception that is no FtxError, more than SECONDS, more than MEMORY.
Every fault is printed once by where it happened; ``--keep`` saves the text that led there. The
same seed makes the same mutations.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

from translator import FtxError, convert, diff, loads
from translator.frameworks import FORMATS
from translator.lint.checking import check_document
from translator.lint.settings import Settings
from translator.render.differences import differences_data
from translator.render.json import conversion_data, dumps

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "fixtures"
SUFFIXES = {".yaml", ".yml", ".py", ".ipynb", ".json"}
LARGEST = 200_000
SECONDS = 20
MEMORY = 4_000_000_000

VALUES = [
    "", "~", "null", "true", "no", "0", "-1", "1e999", ".nan", ".inf", "1" * 400, "0x1f", "1_0",
    "2e-5", "'", '"', "[]", "{}", "[[]]", "[{}]", "{a: {b: [c]}}", "[1, 'x', null]", "&a x", "*a",
    "<<: *a", "!!int x", "!!python/name:os.system", "${lr}", "${a.b}", "{{ x }}", "\t", "\u2028",
    "\ufeff", "é", "\x1b[2J", "x" * 5000, "2026-01-01", "12:30:00", "- x", ": ", "? x", "|", ">-",
    "None", "()", "lambda: 0", "f'{x!r:>10}'", "[*x]", "{**x}", "x if y else z", "os.environ['A']",
    "await x", "(yield)", "x := 1", "[x for x in x]", "b'x'", "1j", "...", "not", "'%s' % ()",
]  # fmt: skip


class Slow(BaseException):
    """A mutation took longer than SECONDS; no ``except Exception`` swallows it."""


def mutated(text: str, others: list[str], random_: random.Random) -> str:
    """The text after one to three changes."""
    for _ in range(random_.choice([1, 1, 1, 2, 3])):
        text = random_.choice(MUTATIONS)(text, others, random_)
    return text


def _cut(text: str, _: list[str], random_: random.Random) -> str:
    start = random_.randrange(len(text) + 1)
    return text[:start] + text[start + random_.randint(1, 40) :]


def _truncate(text: str, _: list[str], random_: random.Random) -> str:
    return text[: random_.randrange(len(text) + 1)]


def _insert(text: str, _: list[str], random_: random.Random) -> str:
    start = random_.randrange(len(text) + 1)
    return text[:start] + random_.choice(VALUES) + text[start:]


def _flip(text: str, _: list[str], random_: random.Random) -> str:
    if not text:
        return text
    start = random_.randrange(len(text))
    return (
        text[:start]
        + chr(random_.choice([9, 10, 32, 34, 39, 58, 91, 123, 0x2028]))
        + text[start + 1 :]
    )


def _lines(text: str, others: list[str], random_: random.Random) -> str:
    """Drops, doubles, moves, indents or borrows a line."""
    lines = text.split("\n")
    place = random_.randrange(len(lines))
    line = lines[place]
    match random_.randrange(5):
        case 0:
            del lines[place]
        case 1:
            lines.insert(random_.randrange(len(lines) + 1), line)
        case 2:
            lines[place] = f"{' ' * random_.randint(1, 8)}{line}"
        case 3:
            lines[place] = line.strip()
        case _:
            lines.insert(place, random_.choice(random_.choice(others).split("\n")))
    return "\n".join(lines)


def _value(text: str, _: list[str], random_: random.Random) -> str:
    """Gives a key or an argument another value."""
    lines = text.split("\n")
    signs = [i for i, line in enumerate(lines) if ":" in line or "=" in line]
    if not signs:
        return text
    place = random_.choice(signs)
    line = lines[place]
    sign = ":" if ":" in line and ("=" not in line or random_.random() < 0.5) else "="
    end = "," if line.rstrip().endswith(",") else ""
    lines[place] = f"{line.partition(sign)[0]}{sign} {random_.choice(VALUES)}{end}"
    return "\n".join(lines)


def _splice(text: str, others: list[str], random_: random.Random) -> str:
    other = random_.choice(others)
    return text[: random_.randrange(len(text) + 1)] + other[random_.randrange(len(other) + 1) :]


MUTATIONS: list[Callable[[str, list[str], random.Random], str]] = [
    _cut, _truncate, _insert, _flip, _lines, _lines, _splice, *[_value] * 8,
]  # fmt: skip


def tried(text: str, name: str, format: str | None) -> str:
    """How far a text comes: ``refused``, ``read``, or where a row tripped over a value.

    Raises:
        BaseException: a fault.
    """
    try:
        document = loads(text, name=name, format=format)
    except FtxError as error:
        if not all(d.message for d in error.diagnostics):
            raise AssertionError("an error without a message") from error
        if error.__cause__ is not None:  # a row tripped; worth a message of its own
            return f"tripped at {_where(error.__cause__)}"
        return "refused"
    check_document(document, Settings(root=Path(), portable_to="torchtune"))
    for target in FORMATS:
        conversion = convert(document, target, strict=False, rewrite=True)
        dumps(conversion_data(conversion, ()))
        try:
            again = loads(conversion.text, name=f"again.{target}", format=target)
        except FtxError as error:
            if any(d.code == "SYN002" for d in error.diagnostics):
                raise AssertionError(f"{target} is written with a syntax error: {error}") from None
            continue
        json.dumps(differences_data(diff(document, again), document, again))
    return "read"


def sources(folders: list[Path]) -> list[tuple[str, str]]:
    """Name and text of every file to start from."""
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in SUFFIXES and path.is_file() and path.stat().st_size <= LARGEST:
                found.append((path.name, path.read_text("utf-8", "replace")))
    return found


def runs(
    files: list[tuple[str, str]], count: int, seed: int
) -> Iterator[tuple[int, str, str, str | None]]:
    """Number, name, mutated text and forced format of each trial."""
    texts = [text for _, text in files]
    for number in range(count):
        random_ = random.Random(f"{seed}/{number}")
        name, text = random_.choice(files)
        forced = random_.choice(FORMATS) if random_.random() < 0.1 else None
        yield number, name, mutated(text, texts, random_), forced


def _slow(_: int, __: FrameType | None) -> NoReturn:
    raise Slow


def _where(error: BaseException) -> str:
    """The innermost line of ours, and the kind of the error."""
    ours = [f for f in traceback.extract_tb(error.__traceback__) if "translator" in f.filename]
    place = f"{ours[-1].filename.partition('translator/')[2]}:{ours[-1].lineno}" if ours else "?"
    return f"{type(error).__name__} at {place}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[SAMPLES])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    files = sources(options.folders)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _slow)
    outcomes: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for number, name, text, forced in runs(files, options.first + options.count, options.seed):
        if number < options.first:
            continue
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            outcomes[tried(text, name, forced)] += 1
        except (Exception, Slow) as error:
            place = _where(error)
            if place not in faults:
                print(f"mutation {number} of {name}: {place}: {str(error)[:200]}", flush=True)
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / f"{number}_{name}").write_text(text, "utf-8", "surrogatepass")
            faults[place] += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    for outcome, count in outcomes.most_common():
        print(f"{count:6}  {outcome}")
    print(f"{options.count} mutations of {len(files)} files, {faults.total()} faults")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
