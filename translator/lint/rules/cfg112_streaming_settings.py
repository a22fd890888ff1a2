"""Settings that a stream of rows cannot have.

What it does
Looks at `streaming` and `pretraining_dataset` with `max_steps`, `val_set_size`, exact
deduplication and token counting.

Why it matters
`axolotl train` ends with an error: the length of a stream is not known before it ends.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_pretraining_w_max_steps` and those after it;
config.py, `check_deduplication_with_streaming` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG112",
    name="streaming-settings",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("streaming", "pretraining_dataset", "dataset_exact_deduplication"),
    bad={"axolotl": "streaming: true  # <-\n"},
    good={"axolotl": "streaming: true\nmax_steps: 1000\n"},
)

CHECKS = (
    Refusal(
        lambda f: f.on("pretraining_dataset", "streaming") and not f.on("max_steps"),
        ("streaming", "pretraining_dataset"),
        "a stream needs max_steps: nobody knows how long it is",
    ),
    Refusal(
        lambda f: f.on("pretraining_dataset", "streaming") and f.on("val_set_size"),
        ("val_set_size",),
        "rows cannot be held out of a stream",
        "name test_datasets",
    ),
    Refusal(
        lambda f: f.on("pretraining_dataset") and f.on("include_tokens_per_second"),
        ("include_tokens_per_second",),
        "the tokens of a stream cannot be counted",
    ),
    Refusal(
        lambda f: f.on("dataset_exact_deduplication") and f.on("streaming", "pretraining_dataset"),
        ("dataset_exact_deduplication",),
        "a stream cannot be freed of duplicates",
    ),
    Refusal(
        lambda f: f.on("dataset_exact_deduplication") and f.on("skip_prepare_dataset"),
        ("dataset_exact_deduplication",),
        "duplicates are found while data sets are prepared, which skip_prepare_dataset leaves out",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
