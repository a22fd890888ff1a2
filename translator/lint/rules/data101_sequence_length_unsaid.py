"""The longest sequence is left to a default.

What it does
Looks for a file that does not say how long a sequence may be. Axolotl then takes 512 tokens,
Unsloth 2048, TRL 1024, and torchtune has no limit at all. A script says so too where it gives
`max_length` to the tokenizer.

Why it matters
Axolotl drops longer rows without counting them loudly; the others cut them, answers first.
Without a limit the longest row of the data decides whether the memory suffices.

When it is fine
When no row is as long as the default. transformers' own `Trainer` cuts no rows.

References
axolotl/utils/schemas/config.py (512); unsloth/models/loader.py (2048); trl/trainer/sft_config.py
(1024).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.ir import OnlineObjective, TokenRows
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA101",
    name="sequence-length-unsaid",
    severity=Severity.WARNING,
    formats=("axolotl", "unsloth"),
    bad={"axolotl": "sequence_len: null\n"},
    good={"axolotl": "sequence_len: 2048\n"},
)

_CUTTING = frozenset((
    "SFTTrainer", "UnslothTrainer", "DPOTrainer", "ORPOTrainer", "KTOTrainer", "CPOTrainer",
    "RewardTrainer",
))  # fmt: skip
"""Trainers that cut rows themselves (trl/trainer, 1.9.0)."""
_LIMIT = re.compile(r"\bmax_length['\"]?\s*[:=]\s*(\w+)")
"""The keyword in the source of a function, or in what was understood of it."""


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the top of the file."""
    data = file.recipe.data
    if file.written("data.max_length") or isinstance(file.recipe.objective, OnlineObjective):
        return
    if file.recipe.model.modality != "text" or file.open_ended:
        return
    if data.max_length is None or all(isinstance(s.rows, TokenRows) for s in data.sources):
        return
    if file.format == "unsloth" and not _cuts(file, data.max_length):
        return
    what = {"drop": "dropped", "truncate": "cut", "split": "split", "error": "an error"}
    yield RULE.at(
        file,
        file.at(),
        f"the longest sequence is not said: {data.max_length} tokens by default, and longer rows "
        f"are {what[data.overlong]}",
    )


def _cuts(file: File, length: int) -> bool:
    """Whether a script's trainer cuts rows at a length that nothing has cut them to before."""
    trainer = str(file.value("trainer.base") or file.value("trainer.class") or "")
    if trainer.rpartition(".")[2] not in _CUTTING:
        return False
    limits = _LIMIT.findall(str(file.value("data.train")))
    return all(limit.isdigit() and int(limit) > length for limit in limits)
