"""Version 1 of FSDP, which is about to go.

What it does
Looks for `fsdp_config` without `fsdp_version: 2`.

Why it matters
transformers removes FSDP1 in 5.20, and Axolotl says so at every start. Version 2 shards each
parameter by itself, which is what makes mixed formats and cheap LoRA possible.

When it is fine
For a run that is to stay comparable with older ones.

References
axolotl/utils/schemas/validation.py, `check_fsdp_version`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.axolotl import fsdp_version
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DIST103",
    name="fsdp-first-version",
    severity=Severity.NOTE,
    words=("fsdp",),
    formats=("axolotl",),
    bad={"axolotl": "fsdp_config:  # <-\n  offload_params: false\n"},
    good={"axolotl": "fsdp_version: 2\nfsdp_config:\n  offload_params: false\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the block."""
    if file.on("fsdp_config") and fsdp_version(file) != "2":
        yield RULE.at(
            file,
            file.at("fsdp_config"),
            "FSDP1, which transformers 5.20 removes",
            help="fsdp_version: 2",
        )
