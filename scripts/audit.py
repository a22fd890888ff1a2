"""Nothing silent: changes every value of every file, one at a time, and looks for what changes.

    python scripts/audit.py DIR… [--every N] [--scripts]

A leaf of a YAML file (with ``--scripts``: a literal that a script's reader has found) becomes
another legal value; the file is converted to the other frameworks, and for each of them the text
written or the diagnostics (code, message and help, the verbose ones too; not their line) must
differ from before. A value for which nothing does is an exception. Exceptions that were looked at
and truly have no effect are listed with their reason in ``fixtures/audit_exceptions.json``; any
other makes the exit code 1.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from audit_values import other
from corpus_run import TARGETS, files_in

from translator.api import convert, load_source
from translator.document import Document
from translator.errors import FtxError
from translator.source import Source, read_source
from translator.syntax.yaml_write import scalar
from translator.tree import Address, Node, Unresolved, spell

EXCEPTIONS = Path(__file__).parent.parent / "fixtures" / "audit_exceptions.json"
Signature = dict[str, object]


@dataclass(frozen=True, slots=True)
class Silent:
    """A value that can change without anything being said."""

    file: str
    line: int
    format: str
    key: str
    target: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Result:
    """What one file gave: how many values were changed, and which of them silently."""

    changed: int
    silent: tuple[Silent, ...]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth value")
    parser.add_argument("--scripts", action="store_true", help="scripts and notebooks as well")
    parser.add_argument("--examples", type=int, default=2, help="examples shown for each key")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    started = time.perf_counter()
    files = [f for f in files_in(options.folders) if options.scripts or is_yaml(f)]
    with ProcessPoolExecutor(options.jobs) as pool:
        results = list(pool.map(partial(audit, every=options.every), files, chunksize=2))
    changed = sum(r.changed for r in results)
    silent = [s for r in results for s in r.silent]
    excused = reviewed()
    open_ = [s for s in silent if (s.format, s.key, s.target) not in excused
             and (s.format, s.key, "*") not in excused]  # fmt: skip
    report(open_, options.examples)
    print(f"{changed} values changed in {len(files)} files, {time.perf_counter() - started:.0f} s: "
          f"{len(silent)} silent, {len(silent) - len(open_)} of them reviewed")  # fmt: skip
    return int(bool(open_))


def is_yaml(file: Path) -> bool:
    return file.suffix.lower() in (".yml", ".yaml")


def reviewed() -> set[tuple[str, str, str]]:
    """(format, key, target or ``*``) of the values that were found to have no effect."""
    rows = json.loads(EXCEPTIONS.read_text(encoding="utf-8"))
    return {(row["format"], row["key"], row["target"]) for row in rows}


def audit(path: Path, every: int = 1) -> Result:
    """Changes the values of one file. A file that is refused as it is has nothing to lose."""
    try:
        source = read_source(path)
        document = load_source(source)
    except FtxError:
        return Result(0, ())
    before = {target: signature(document, target) for target in others(document)}
    changed = 0
    silent: list[Silent] = []
    for position, (address, node) in enumerate(values(document)):
        if position % every:
            continue
        key = general(address)
        new = other(key, node.value)
        text = replaced(source.text, node, new, is_yaml(path))
        if text is None:
            continue
        changed += 1
        after = signatures(replace(source, text=text), document.format, before)
        silent += [
            Silent(str(path), node.span.line, document.format, key, target,
                   repr(node.value)[:60], repr(new)[:60])
            for target in before
            if after[target] == before[target]
        ]  # fmt: skip
    return Result(changed, tuple(silent))


def others(document: Document) -> tuple[str, ...]:
    """The formats a document is not in."""
    return tuple(t for t in TARGETS if t != document.format)


def values(document: Document) -> Iterator[tuple[Address, Node]]:
    """Every value with a place of its own in the text."""
    seen: set[int] = set()
    if document.tree is None or document.code is not None:
        return  # a notebook's spans count in its code, not in the text of the file
    for address, node in document.tree.leaves():
        span = node.span
        if isinstance(node.value, Unresolved) or span.end <= span.start or span.start in seen:
            continue
        if document.text[span.start : span.end].strip() != node.raw.strip() and node.raw:
            continue
        seen.add(span.start)
        yield address, node


def general(address: Address) -> str:
    """``datasets[0].path`` as ``datasets[].path``."""
    text = spell(tuple("[]" if isinstance(step, int) else step for step in address))
    return text.replace(".[]", "[]").removeprefix("[].")


def replaced(text: str, node: Node, new: object, yaml: bool) -> str | None:
    """The text with another value at a node, None where no literal stands."""
    start, end = node.span.start, node.span.end
    old = text[start:end]
    if yaml:
        written = json.dumps(new, ensure_ascii=False) if not isinstance(new, float) else scalar(new)
        tail = old[len(old.rstrip()) :]
        return f"{text[:start]}{written}{tail}{text[end:]}"
    try:
        ast.literal_eval(old)
    except (ValueError, SyntaxError):
        return None
    return f"{text[:start]}{new!r}{text[end:]}"


def signatures(source: Source, format: str, targets: Signature) -> Signature:
    """What each target and its diagnostics say about a text."""
    try:
        document = load_source(source, format=format)
    except FtxError as error:
        said = tuple((d.code, d.message) for d in error.diagnostics)
        return dict.fromkeys(targets, said)
    return {target: signature(document, target) for target in targets}


def signature(document: Document, target: str) -> object:
    """All that a user gets to see of a conversion, without line numbers."""
    result = convert(document, target, strict=False, stem="run")
    said = sorted((d.code, d.message, d.help or "") for d in result.diagnostics)
    return result.text, tuple(sorted(result.files.items())), tuple(said)


def report(silent: list[Silent], examples: int) -> None:
    """The exceptions by key, most frequent first."""
    groups: dict[tuple[str, str, str], list[Silent]] = defaultdict(list)
    for one in silent:
        groups[one.format, one.key, one.target].append(one)
    for (format, key, target), members in sorted(groups.items(), key=lambda g: -len(g[1])):
        print(f"{len(members):5}  {format} {key} → {target}")
        for one in members[:examples]:
            print(f"       {one.file}:{one.line}  {one.old} → {one.new}")


if __name__ == "__main__":
    sys.exit(main())
