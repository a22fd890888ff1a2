"""Does lint agree with the frameworks' own checks?

    FTX_AXOLOTL_PYTHON=… python scripts/lint_oracle.py DIR… [--mutations N] [--show N]
    FTX_TORCHTUNE_PYTHON=… python scripts/lint_oracle.py DIR… --framework torchtune

Every configuration below the folders, and N changed ones, go through Axolotl's `validate_config`,
or through torchtune's `validate` and the instantiation of every component. Where the framework
refuses, ftx must have an error that points at one of the keys concerned (torchtune: at the changed
line or a neighbour); where it accepts, ftx must have none. The exit code is 1 below 95 % and 99 %.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lint_mutations import line_mutations, mutations

from translator.detect import detect
from translator.diagnostics import Diagnostic, Severity
from translator.errors import FtxError
from translator.lint.checking import check_source
from translator.lint.settings import Settings
from translator.source import Source, read_source

JUDGES = Path(__file__).parent.parent / "tests" / "oracles"
RUN = re.compile(r"tune run\b[^\n]*?\s(\w+)\s+--config\b")
SETTINGS = Settings(root=Path.cwd())


@dataclass(slots=True)
class Case:
    """One text, what Axolotl says of it (None: accepted), and the errors of ftx."""

    name: str
    text: str
    changed: tuple[str, ...]
    verdict: dict[str, Any] | None
    errors: list[Diagnostic]
    line: int | None = None

    @property
    def on_line(self) -> bool:
        """Whether an error stands at the changed line or beside it, or at a key that the
        framework names, or that was changed."""
        if self.line is not None and any(
            d.span is not None and abs(d.span.line - self.line) <= 1 for d in self.errors
        ):
            return True
        said = f"{self.verdict['error']} {' '.join(self.verdict['places'])}" if self.verdict else ""
        words = {*re.findall(r"\w+", said), *self.changed}
        return any(
            {*re.findall(r"\w+", f"{d.key} {self.written(d)}")} & words
            or {word for word in re.findall(r"\w+", d.message) if len(word) > 6} & words
            for d in self.errors
        )

    def written(self, error: Diagnostic) -> str:
        """The text that an error points at."""
        return self.text[error.span.start : error.span.end] if error.span else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--framework", choices=("axolotl", "torchtune"), default="axolotl")
    parser.add_argument("--mutations", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=15)
    parser.add_argument("--keep", type=Path, help="file of verdicts, used and added to")
    options = parser.parse_args()
    framework = options.framework
    texts = originals(options.folders, framework)
    if framework == "torchtune":
        # many are written for another version; what is wrong from the start teaches nothing
        verdicts = asked_once([text for _, text in texts], options.keep, framework)
        texts = [
            (name, text)
            for (name, text), said in zip(texts, verdicts, strict=True)
            if said is None and not any(d.code == "SYN004" for d in errors_of(text, framework))
        ]
    pool = [text for _, text in texts]
    inputs: list[tuple[str, str, tuple[str, ...], int | None]] = [
        (name, text, (), None) for name, text in texts
    ]
    if framework == "axolotl":
        for text, changed in mutations(pool, options.mutations, options.seed):
            inputs.append((f"mutation {len(inputs)} {changed}", text, changed, None))
    else:
        for text, line in line_mutations(pool, options.mutations, options.seed):
            inputs.append((f"mutation {len(inputs)}, line {line}", text, (), line))
    verdicts = asked_once([text for _, text, _, _ in inputs], options.keep, framework)
    cases = [
        Case(name, text, changed, verdict, errors_of(text, framework), line)
        for (name, text, changed, line), verdict in zip(inputs, verdicts, strict=True)
    ]
    return told(cases, options.show)


def originals(folders: list[Path], framework: str) -> list[tuple[str, str]]:
    """The configurations below folders, each content once. Of torchtune's those whose comment
    says which recipe they belong to: the others cannot be tried out."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.y*ml")):
            try:
                source = read_source(path)
                if detect(source) == framework and (
                    framework != "torchtune" or RUN.search(source.text)
                ):
                    found.setdefault(source.text, str(path))
            except FtxError:
                continue
    return [(name, text) for text, name in found.items()]


def asked_once(texts: list[str], keep: Path | None, framework: str) -> list[dict[str, Any] | None]:
    """The verdicts, those that are known from a file."""
    if keep is None:
        return asked(texts, framework)
    known = json.loads(keep.read_text(encoding="utf-8")) if keep.exists() else {}
    new = list(dict.fromkeys(text for text in texts if text not in known))
    if new:
        known |= dict(zip(new, asked(new, framework), strict=True))
        keep.write_text(json.dumps(known), encoding="utf-8")
    return [known[text] for text in texts]


def asked(texts: list[str], framework: str) -> list[dict[str, Any] | None]:
    """The framework's verdicts."""
    python = os.environ[f"FTX_{framework.upper()}_PYTHON"]
    done = subprocess.run(
        [python, str(JUDGES / f"validate_{framework}.py")],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    verdicts: list[dict[str, Any] | None] = json.loads(done.stdout)
    return verdicts


def errors_of(text: str, framework: str) -> list[Diagnostic]:
    """The errors that lint finds."""
    checked = check_source(Source(path="run.yaml", text=text), SETTINGS, framework)
    return [d for d in checked.findings if d.severity is Severity.ERROR]


def told(cases: list[Case], show: int) -> int:
    """Prints the agreement and the commonest disagreements."""
    refused = [c for c in cases if c.verdict is not None]
    accepted = [c for c in cases if c.verdict is None]
    found = [c for c in refused if c.errors]
    placed = [c for c in found if c.on_line]
    silent = [c for c in accepted if not c.errors]
    print(f"{len(cases)} configurations: refused {len(refused)}, accepted {len(accepted)}")
    print(f"refused and found: {len(found)} ({share(found, refused)}), "
          f"on a key concerned: {len(placed)} ({share(placed, refused)})")  # fmt: skip
    print(f"accepted and without error: {len(silent)} ({share(silent, accepted)})")
    missed = Counter(
        (
            c.verdict["kind"],
            re.sub(r"\d+", "N", c.verdict["error"])[:150],
            first(c.verdict["places"]),
        )
        for c in refused
        if not c.errors and c.verdict
    )
    print("\nnot found:")
    for what, number in missed.most_common(show):
        print(f"  {number:4} {what}")
    wrong = Counter(
        f"{d.code} {d.key}: {re.sub('[0-9]+', 'N', d.message)[:110]}"
        for c in accepted
        for d in c.errors
    )
    print("\nfound without reason:")
    for text, number in wrong.most_common(show):
        print(f"  {number:4} {text}")
    print("\non another key:")
    for case in [c for c in found if not c.on_line][:show]:
        said = case.verdict["error"][:100] if case.verdict else ""
        print(f"  {case.name[:60]}: {said} | {case.errors[0].key} {case.errors[0].message[:60]}")
    enough = len(placed) >= 0.95 * len(refused) and len(silent) >= 0.99 * len(accepted)
    return int(not enough)


def first(places: list[str]) -> str:
    return places[0] if places else ""


def share(part: list[Case], whole: list[Case]) -> str:
    return f"{100 * len(part) / max(1, len(whole)):.1f} %"


if __name__ == "__main__":
    sys.exit(main())
