"""Packing or flattening where rows cannot be packed.

What it does
Looks for `sample_packing` or `batch_flattening` with preference objectives, with each other, and
without an attention that keeps rows apart.

Why it matters
`axolotl train` ends with an error.

When it is fine
`batch_flattening: auto` switches itself off.

References
axolotl/utils/schemas/validation.py, `check_sample_packing_w_rl`, `check_kto_config`,
`check_batch_flattening_fa`, `check_streaming_w_multiple_datasets` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.axolotl import keeps_apart
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG109",
    name="packing-conflict",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("packing", "batch_flattening", "kto"),
    bad={"axolotl": "sample_packing: true  # <-\nrl: dpo\n"},
    good={"axolotl": "sample_packing: false\nrl: dpo\n"},
)

CHECKS = (
    Refusal(
        lambda f: f.on("sample_packing") and f.on("rl"),
        ("sample_packing",),
        "sample_packing does not go with rl",
        "sample_packing: false",
    ),
    Refusal(
        lambda f: f.value("rl") == "kto" and f.on("eval_sample_packing"),
        ("eval_sample_packing",),
        "eval_sample_packing does not go with rl: kto",
    ),
    Refusal(
        lambda f: f.value("rl") == "kto" and f.value("remove_unused_columns") is not False,
        ("remove_unused_columns", "rl"),
        "rl: kto needs remove_unused_columns: false, or the labels are dropped",
    ),
    Refusal(
        lambda f: f.value("batch_flattening") is True and not keeps_apart(f),
        ("batch_flattening",),
        "batch_flattening needs an attention that keeps rows apart",
        "attn_implementation: flash_attention_2",
    ),
    Refusal(
        lambda f: f.value("batch_flattening") is True and f.on("sample_packing"),
        ("batch_flattening",),
        "batch_flattening and sample_packing exclude each other",
    ),
    Refusal(
        lambda f: (
            f.on("streaming") and f.on("sample_packing") and len(f.value("datasets") or ()) > 1
        ),
        ("sample_packing",),
        "several streamed data sets cannot be packed",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
