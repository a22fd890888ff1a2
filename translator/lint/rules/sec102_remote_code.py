"""Code that comes with a model is run, whatever it will be tomorrow.

What it does
Looks for `trust_remote_code` without a revision that pins the code.

Why it matters
The repository's owner, or who has taken it over, runs code on the machine with the user's rights
and tokens.

When it is fine
With code that was read, pinned by a commit; or with a local model. Of models that are known to bring
no code (Llama, Mistral, Qwen 2 and 3, Gemma by their makers) it is told with `-v` only.

References
transformers, `trust_remote_code` and `revision`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.record import replace

RULE = Rule(
    code="SEC102",
    name="remote-code",
    severity=Severity.NOTE,
    words=("trust_remote_code",),
    bad={
        "axolotl": "base_model: microsoft/Phi-3-mini-4k-instruct\ntrust_remote_code: true  # <-\n"
    },
    good={
        "axolotl": "trust_remote_code: true\nrevision_of_model: 8f0e2a7b5c3d4e6f8091a2b3c4d5e6f708192a3b\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the switch."""
    model = file.recipe.model
    pinned = model.revision is not None and len(model.revision) >= 7
    local = model.id.startswith((".", "/", "~"))
    if model.trust_remote_code and not pinned and not local and "/" in model.id:
        known = file.model
        native = known is not None and not known.assumed and known.family in NATIVE
        found = RULE.at(
            file,
            file.where("model.trust_remote_code"),
            f"whatever code {model.id} brings is run, in the version that the Hub has at the time",
            help="pin a revision that was read",
        )
        yield replace(found, verbose=True) if native else found


NATIVE = frozenset((
    "llama", "mistral", "mixtral", "qwen2", "qwen2_moe", "qwen2_vl", "qwen2_5_vl", "qwen3",
    "qwen3_moe", "gemma", "gemma2", "gemma3", "gemma3_text", "granite", "cohere", "gpt_oss",
))  # fmt: skip
"""Families that transformers had before their makers published them: such repositories bring no
code of their own, and the switch does nothing today."""
