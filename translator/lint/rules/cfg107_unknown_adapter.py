"""The adapter is none that Axolotl knows.

What it does
Compares `adapter` with `lora`, `qlora` and `llama-adapter`. With `plugins:` another one may be
registered, which cannot be told from the file.

Why it matters
The schema takes any text. Without a plugin of that name the validator ends with an error.

When it is fine
With a plugin that brings the adapter; then nothing is said.

References
axolotl/utils/schemas/peft.py, `validate_adapter` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.nearest import nearest

RULE = Rule(
    code="CFG107",
    name="unknown-adapter",
    severity=Severity.ERROR,
    words=("adapter",),
    formats=("axolotl",),
    bad={"axolotl": "adapter: lorra  # <-\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"},
    good={"axolotl": "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"},
)

KNOWN = ("lora", "qlora", "llama-adapter")


def check(file: File) -> Iterator[Diagnostic]:
    """One finding, with the nearest name as an unsafe fix."""
    adapter = file.value("adapter")
    if not adapter or adapter in KNOWN or file.on("plugins"):
        return
    close = nearest(str(adapter).lower(), KNOWN, 0.5)
    yield RULE.at(
        file,
        file.at("adapter"),
        f"adapter: {adapter!r} is none of {', '.join(KNOWN)}",
        help=f"did you mean {close}?" if close else None,
        fix=file.replace("adapter", close, safe=False) if close else None,
    )
