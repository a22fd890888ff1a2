"""Prepared data is pushed to the Hub without leave to do so.

What it does
Looks for `push_dataset_to_hub` without `hf_use_auth_token: true`.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_push_ds_auth` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG128",
    name="hub-data-token",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("push_dataset_to_hub",),
    bad={"axolotl": "push_dataset_to_hub: me/data  # <-\n"},
    good={"axolotl": "push_dataset_to_hub: me/data\nhf_use_auth_token: true\n"},
)

CHECKS = (
    Refusal(
        lambda f: f.on("push_dataset_to_hub") and f.value("hf_use_auth_token") is not True,
        ("push_dataset_to_hub",),
        "push_dataset_to_hub needs hf_use_auth_token: true",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
