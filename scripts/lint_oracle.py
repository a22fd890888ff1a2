"""Does lint agree with Axolotl's own validation?

    FTX_AXOLOTL_PYTHON=… python scripts/lint_oracle.py DIR… [--mutations N] [--show N]

Every Axolotl configuration below the folders, and N changed ones, go through `validate_config`.
Where Axolotl refuses, ftx must have an error that points at one of the keys concerned; where it
accepts, ftx must have none. The exit code is 1 below 95 % and 99 %.
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

from lint_mutations import mutations

from translator.detect import detect
from translator.diagnostics import Diagnostic, Severity
from translator.errors import FtxError
from translator.lint.checking import check_source
from translator.lint.settings import Settings
from translator.source import Source, read_source

JUDGE = Path(__file__).parent.parent / "tests" / "oracles" / "validate_axolotl.py"
SETTINGS = Settings(root=Path.cwd())


@dataclass(slots=True)
class Case:
    """One text, what Axolotl says of it (None: accepted), and the errors of ftx."""

    name: str
    text: str
    changed: tuple[str, ...]
    verdict: dict[str, Any] | None
    errors: list[Diagnostic]

    @property
    def on_line(self) -> bool:
        """Whether an error stands at a key that Axolotl names, or that was changed."""
        said = f"{self.verdict['error']} {' '.join(self.verdict['places'])}" if self.verdict else ""
        words = {*re.findall(r"\w+", said), *self.changed}
        return any({*re.findall(r"\w+", f"{d.key} {self.written(d)}")} & words for d in self.errors)

    def written(self, error: Diagnostic) -> str:
        """The text that an error points at."""
        return self.text[error.span.start : error.span.end] if error.span else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--mutations", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=15)
    parser.add_argument("--keep", type=Path, help="file of verdicts, used and added to")
    options = parser.parse_args()
    texts = originals(options.folders)
    pool = [text for _, text in texts]
    inputs = [(name, text, ()) for name, text in texts]
    for number, (text, changed) in enumerate(mutations(pool, options.mutations, options.seed)):
        inputs.append((f"mutation {number} {changed}", text, changed))
    verdicts = asked_once([text for _, text, _ in inputs], options.keep)
    cases = [
        Case(name, text, changed, verdict, errors_of(text))
        for (name, text, changed), verdict in zip(inputs, verdicts, strict=True)
    ]
    return told(cases, options.show)


def originals(folders: list[Path]) -> list[tuple[str, str]]:
    """The Axolotl configurations below folders, each content once."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.y*ml")):
            try:
                source = read_source(path)
                if detect(source) == "axolotl":
                    found.setdefault(source.text, str(path))
            except FtxError:
                continue
    return [(name, text) for text, name in found.items()]


def asked_once(texts: list[str], keep: Path | None) -> list[dict[str, Any] | None]:
    """The verdicts, those that are known from a file."""
    if keep is None:
        return asked(texts)
    known = json.loads(keep.read_text(encoding="utf-8")) if keep.exists() else {}
    new = list(dict.fromkeys(text for text in texts if text not in known))
    if new:
        known |= dict(zip(new, asked(new), strict=True))
        keep.write_text(json.dumps(known), encoding="utf-8")
    return [known[text] for text in texts]


def asked(texts: list[str]) -> list[dict[str, Any] | None]:
    """Axolotl's verdicts."""
    done = subprocess.run(
        [os.environ["FTX_AXOLOTL_PYTHON"], str(JUDGE)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    verdicts: list[dict[str, Any] | None] = json.loads(done.stdout)
    return verdicts


def errors_of(text: str) -> list[Diagnostic]:
    """The errors that lint finds."""
    checked = check_source(Source(path="run.yaml", text=text), SETTINGS, "axolotl")
    return [d for d in checked.findings if d.severity is Severity.ERROR]


def told(cases: list[Case], show: int) -> int:
    """Prints the agreement and the commonest disagreements."""
    refused = [c for c in cases if c.verdict is not None]
    accepted = [c for c in cases if c.verdict is None]
    found = [c for c in refused if c.errors]
    placed = [c for c in found if c.on_line]
    silent = [c for c in accepted if not c.errors]
    print(f"{len(cases)} configurations: Axolotl refuses {len(refused)}, accepts {len(accepted)}")
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
