"""Makes ``docs/equivalence.md`` from what the tests require and from the record of the GPU run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
EQUIVALENCE = ROOT / "tests" / "oracles" / "equivalence"
RECORD = ROOT / "tests" / "gpu" / "recorded" / "h200.json"

HEAD = """\
# It trains the same

Each file of `fixtures/equivalence` is converted to the two other formats, and all three are trained
for ten steps by the frameworks themselves: Axolotl, torchtune, and TRL with Unsloth's way of
preparing rows (on a GPU, Unsloth itself). Compared are token ids and masks of the first rows, the
number of supervised tokens and the learning rate of every step, the number of trainable parameters
and the losses. Adapters are given a common start and rows come in the order of the file; the
runners in `tests/oracles/equivalence` name everything else that they change.

`make oracles` runs it on the CPU, on random models of the Llama and Qwen families in float32.
"equal" means: ids, masks and counts the same, rates within {rates:g}, the loss of step 1 within
{first:g} (of about 7) and the losses after it within {later:g}. What is not equal is named together
with the field of the diagnostic in which `ftx convert` says so; the test fails when it does not.

"""

REASONS = """\

What the frameworks do not share, each time it is met:

- **Axolotl** takes the mean of its micro batches' means, the others the mean over the tokens of a
  step: with accumulation, rows with short answers weigh more (`batching.normalization`). A script
  for Unsloth is written so that it does the same; torchtune cannot, nor Axolotl the other way.
- **torchtune**'s recipes let norms decay as well (`optimizer.decays_norms`), which is carried to
  scripts and not to Axolotl; they leave the last,
  incomplete step of a pass out, which moves the learning rates of a run of few steps
  (`batching.drop_last`); and they count the marker in front of an answer. That marker is carried
  to Unsloth and back; Axolotl cannot train it (`supervision.turn_headers`).
- torchtune's tokenizer of **Qwen** leaves the end of the last answer out of the loss whenever
  `tokenizer.max_seq_len` is set, and ends plain text with a token of its own. Towards torchtune ftx
  writes a tokenizer that does not; from there it says so (`supervision.turn_ends`, `format.end`).
- Axolotl turns one warm-up step into two (`schedule.warmup`).
- Axolotl starts both rows of a **preference pair** with two beginning-of-sequence tokens when it
  applies a chat template that has one, and draws pairs in random order (`format`, `data.shuffle`).
- A pair's markers in front of its answers count in torchtune and not elsewhere, which cancels.

"""

GPU = """\
## On a GPU, with the real Unsloth

Recorded on {date}: {versions}. The same files in their own number formats (bfloat16, 4 and 8 bits
where they ask for it), so losses agree as far as bfloat16 goes, and the 4-bit quantisers of
bitsandbytes and torchao. `tests/gpu/record.py` makes the record, `tests/gpu/test_gpu_record.py` holds
it to what ftx says.

| file | trained by | supervised tokens, steps 1 to 3 | rate of step 3 | loss at step 1 | 2 | 5 | 10 |
|---|---|---|---|---|---|---|---|
"""

TAIL = """
Imported, Unsloth has the defaults that ftx reads scripts with, and the signatures that written
scripts are checked against{wider}. It gives a model whose padding token is its end token a padding
token of its own, which adds a row to the embeddings of such a model.
"""


def page() -> str:
    """The page."""
    sys.path.append(str(EQUIVALENCE))
    from cases import CASES, NO_EFFECT, Case
    from comparing import FIRST_LOSS, LATER_LOSSES, RATES

    def cell(case: Case, target: str) -> str:
        if target == case.source:
            return "the file"
        by_field: dict[str, list[str]] = {}
        for aspect, field in case.differs.get(target, {}).items():
            by_field.setdefault(field, []).append(aspect)
        told = [
            f"{', '.join(aspects)} "
            + ("(without effect on the loss)" if field == NO_EFFECT else f"(`{field}`)")
            for field, aspects in by_field.items()
        ]
        return "; ".join(told) or "equal"

    lines = ["| file | Axolotl | torchtune | Unsloth |", "|---|---|---|---|"]
    for case in sorted(CASES, key=lambda case: case.name):
        cells = [cell(case, target) for target in ("axolotl", "torchtune", "unsloth")]
        lines.append(f"| `{case.name}` | {' | '.join(cells)} |")
    head = HEAD.format(rates=RATES, first=FIRST_LOSS, later=LATER_LOSSES)
    return head + "\n".join(lines) + "\n" + REASONS + gpu(json.loads(RECORD.read_text("utf-8")))


def gpu(record: dict[str, Any]) -> str:
    """The part about the record."""
    versions = dict(record["versions"])
    named = [f"{versions.pop('gpu')}", *(f"{name} {v}" for name, v in versions.items())]
    lines = []
    for name, runs in sorted(record["runs"].items()):
        source = name.partition("_")[0]
        for format, run in sorted(runs.items(), key=lambda item: (item[0] != source, item[0])):
            losses = " | ".join(f"{run['losses'][step - 1]:.4f}" for step in (1, 2, 5, 10))
            targets = ", ".join(str(count) for count in run["targets"][:3])
            shown = f"`{name}`" if format == source else ""
            lines.append(f"| {shown} | {format} | {targets} | {run['rates'][2]:.3g} | {losses} |")
    wider = record["signatures"]["wrapped or wider"]
    told = f" ({', '.join(f'`{name}`' for name in wider)} pass theirs on through a wrapper)"
    head = GPU.format(date=record["date"], versions=", ".join(named))
    return head + "\n".join(lines) + "\n" + TAIL.format(wider=told if wider else "")
