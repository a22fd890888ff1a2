"""Applies what ``ftx estimate --suggest`` offers, and estimates again.

    python scripts/check_suggestions.py FOLDER [--gpu rtx4090]

Every configuration below FOLDER that does not fit the device gets its suggestions; each is applied
with the values ``--set`` would give and the file is read and estimated anew. What does not fit then,
or takes another amount than was said, is told. Scripts, whose arguments may be anywhere, are tried
on the estimate alone.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from translator import FtxError, load
from translator.estimate.catalog import gpu as gpu_by_name
from translator.estimate.report import estimate
from translator.estimate.suggest import suggest


def main() -> int:
    """Counts; exit code 1 when a suggestion does not hold."""
    device = sys.argv[sys.argv.index("--gpu") + 1] if "--gpu" in sys.argv else "rtx4090"
    counted: Counter[str] = Counter()
    wrong = 0
    for file in sorted(Path(sys.argv[1]).rglob("*")):
        if file.suffix not in (".yaml", ".yml", ".py"):
            continue
        try:
            document = load(file)
            found = estimate(document, gpu=device)
        except FtxError:
            counted["not read, or of unknown dimensions"] += 1
            continue
        verdict = found.judgements[0].verdict
        counted[verdict] += 1
        if verdict == "fits":
            continue
        offers = suggest(found.work, gpu_by_name(device), found.framework)
        counted["with suggestions" if offers else "without"] += 1
        for offer in offers:
            counted["suggestions"] += 1
            if document.format == "unsloth":
                continue
            try:
                changed = load(file, set=dict(offer.keys))
                again = estimate(changed, gpu=device)
            except FtxError as problem:
                counted["not applied"] += 1
                print(f"{file.name}: {dict(offer.keys)}: {problem}")
                continue
            holds = again.judgements[0].verdict == "fits"
            counted["hold" if holds else "do not hold"] += 1
            if not holds:
                wrong += 1
                print(f"{file.name}: {dict(offer.keys)}: {again.allocated / 2**30:.1f} GiB, said "
                      f"{offer.allocated / 2**30:.1f}")  # fmt: skip
    for name, number in counted.items():
        print(f"{number:5} {name}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
