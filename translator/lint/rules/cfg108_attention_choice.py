"""The attention implementation is unknown, an alias, or given twice.

What it does
Compares `attn_implementation` with the names that Axolotl takes, and looks for the former
switches (`flash_attention: true`) beside it.

Why it matters
`axolotl train` ends with an error.

When it is fine
A path of the kernels hub (with a slash) is taken as it is.

References
axolotl/utils/schemas/config.py, `validate_attn_implementation` and
`normalize_attn_implementation` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.axolotl.attention_flags import ATTENTION_FLAGS
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.nearest import nearest

RULE = Rule(
    code="CFG108",
    name="attention-choice",
    severity=Severity.ERROR,
    words=("attention", "attn_"),
    formats=("axolotl",),
    bad={"axolotl": "attn_implementation: flash  # <-\n"},
    good={"axolotl": "attn_implementation: flash_attention_2\n"},
)

KNOWN = (
    "eager", "sdpa", "flash_attention_2", "flash_attention_3", "flash_attention_4",
    "flash_attention_torch", "flex_attention", "xformers", "sage", "fp8",
)  # fmt: skip
ALIASES = {"flash": "flash_attention_2", "flex": "flex_attention", "sdp": "sdpa"}


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for the name, and one for switches beside it."""
    name = file.value("attn_implementation")
    switch = file.on(*ATTENTION_FLAGS)
    if name and switch:
        yield RULE.at(
            file,
            file.at(switch),
            f"{switch} and attn_implementation exclude each other",
            help="keep attn_implementation",
            fix=file.remove(switch, safe=False),
        )
    if isinstance(name, str) and name not in KNOWN and "/" not in name:
        close = nearest(name, KNOWN, 0.4)
        meant = ALIASES.get(name) or close
        yield RULE.at(
            file,
            file.at("attn_implementation"),
            f"attn_implementation: {name!r} is none of {', '.join(KNOWN)}",
            help=f"did you mean {meant}?" if meant else None,
            fix=file.replace("attn_implementation", meant, safe=False) if meant else None,
        )
    if file.on("gemma4_hybrid_attn_impl") and name and name != "flash_attention_2":
        yield RULE.at(
            file,
            file.at("attn_implementation"),
            "gemma4_hybrid_attn_impl needs attn_implementation: flash_attention_2",
        )
    flex = name == "flex_attention" or (not name and switch == "flex_attention")
    if file.on("scaling_softmax") and not flex:
        yield RULE.at(
            file,
            file.at("scaling_softmax"),
            "scaling_softmax needs attn_implementation: flex_attention",
        )
