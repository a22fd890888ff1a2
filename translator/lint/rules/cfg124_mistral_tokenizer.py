"""Changes to a tokenizer that cannot be changed.

What it does
With `tokenizer_use_mistral_common` (the default for models named Magistral), looks for special
tokens, new tokens and chat templates.

Why it matters
`axolotl train` ends with an error: the tokenizer of mistral-common has its own template and
tokens.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_mistral_common_incompatible_options` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG124",
    name="mistral-tokenizer",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("mistral_common", "agistral"),
    bad={"axolotl": "tokenizer_use_mistral_common: true\nchat_template: chatml  # <-\n"},
    good={"axolotl": "tokenizer_use_mistral_common: true\n"},
)
FIXED = (
    "added_tokens_overrides", "special_tokens", "tokens", "chat_template", "processor_kwargs",
)  # fmt: skip


def own_tokenizer(file: File) -> bool:
    """Whether mistral-common reads the text."""
    said = file.value("tokenizer_use_mistral_common")
    if said is not None:
        return bool(said)
    names = (
        file.value(key) or "" for key in ("base_model", "base_model_config", "tokenizer_config")
    )
    return any("magistral" in str(name).lower() for name in names)


CHECKS = (
    Refusal(
        lambda f: own_tokenizer(f) and f.on(*FIXED),
        FIXED,
        "mistral-common's tokenizer cannot be changed: it takes none of " + ", ".join(FIXED),
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
