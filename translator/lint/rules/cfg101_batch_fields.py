"""batch_size stands alone, or beside gradient_accumulation_steps.

What it does
Axolotl's `batch_size` is the number of rows of a whole step. It needs `micro_batch_size` beside it
and excludes `gradient_accumulation_steps`, which says the same.

Why it matters
`axolotl train` ends with an error before it loads anything.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_batch_size_fields` and `check_gas_bsz` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG101",
    name="batch-fields",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("batch_size",),
    bad={"axolotl": "batch_size: 8  # <-\nmicro_batch_size: 2\ngradient_accumulation_steps: 4\n"},
    good={"axolotl": "micro_batch_size: 2\ngradient_accumulation_steps: 4\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at ``batch_size``."""
    if not file.on("batch_size"):
        return
    place = file.at("batch_size")
    if file.on("gradient_accumulation_steps"):
        yield RULE.at(
            file,
            place,
            "batch_size and gradient_accumulation_steps exclude each other",
            help="drop batch_size: it is micro_batch_size times gradient_accumulation_steps",
            fix=file.remove("batch_size", safe=False),
        )
    elif not file.on("micro_batch_size"):
        yield RULE.at(
            file,
            place,
            "batch_size alone: Axolotl cannot tell the rows of a device from the steps they make",
            help="micro_batch_size is what one device takes at a time",
        )
