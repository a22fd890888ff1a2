"""Throws damaged files at lint and looks for anything but findings.

    python scripts/lint_fuzz.py DIR… [--count N] [--seed S]

Lines and bytes of configurations and scripts below the folders are dropped, doubled, swapped and
replaced. A traceback, a run of more than five seconds, or a fix that leaves a file unreadable makes
the exit code 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from translator.errors import FtxError
from translator.lint.checking import check_source
from translator.lint.fixing import applied
from translator.lint.settings import Settings
from translator.lint.sniffing import may_be_ours
from translator.source import decode

SLOW = 5.0
SETTINGS = Settings(root=Path.cwd(), gpu="rtx4090", gpus=2)
_BITS = ["null", "[", "]", "{", "}", ": ", "- ", "\t", "'", '"', "*a", "&a ", "!!python/object:x ",
         "1e999", "-1", "0", "true", "\x00", "é", "𝄞", "# ftx: ignore[", "~", ".nan", "${a}"]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    files = [
        (path.suffix, path.read_bytes())
        for folder in options.folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".yaml", ".yml", ".py") and path.stat().st_size < 100_000
    ]
    files = [entry for entry in files if may_be_ours(f"x{entry[0]}", entry[1])]
    faults: Counter[str] = Counter()
    started = time.monotonic()
    done = 0
    while done < options.count and time.monotonic() - started < options.seconds:
        suffix, data = dice.choice(files)
        tried = damaged(data, dice)
        fault = look(f"run{suffix}", tried)
        if fault is not None:
            faults[fault] += 1
            if faults[fault] == 1:
                Path(f"lint_fuzz_{len(faults)}{suffix}").write_bytes(tried)
        done += 1
    print(f"{done} inputs, {time.monotonic() - started:.0f} s, {sum(faults.values())} faults")
    for fault, number in faults.most_common():
        print(f"{number:5} {fault}")
    return int(bool(faults))


def damaged(data: bytes, dice: random.Random) -> bytes:
    """The content with one to four changes."""
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
            bit = b"" if kind == 4 else dice.choice(_BITS).encode()
            lines[at] = line[:place] + bit + line[end:]
        data = b"\n".join(lines) or b"\n"
    return data


def look(name: str, data: bytes) -> str | None:
    """What went wrong, None when nothing did."""
    started = time.monotonic()
    try:
        try:
            source = decode(data, name)
        except FtxError:
            return None
        format = None if name.endswith(".py") else "axolotl"
        if b"_component_" in data:
            format = "torchtune"
        checked = check_source(source, SETTINGS, format, known=False)
        for finding in checked.findings:
            if finding.fix is not None:
                applied(source.text, finding.fix.edits)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return (
            f"{type(error).__name__} at {last.filename.rpartition('translator')[2]}:{last.lineno}"
        )
    if time.monotonic() - started > SLOW:
        return f"slow: {name}"
    return None


if __name__ == "__main__":
    sys.exit(main())
