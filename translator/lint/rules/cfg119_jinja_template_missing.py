"""chat_template: jinja without the template itself.

What it does
Looks for `chat_template: jinja`, at the top or at a data set, without `chat_template_jinja`.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_chat_template_config`; datasets.py (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG119",
    name="jinja-template-missing",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("jinja",),
    bad={"axolotl": "chat_template: jinja  # <-\n"},
    good={"axolotl": "chat_template: chatml\n"},
)

CHECKS = (
    Refusal(
        lambda f: f.value("chat_template") == "jinja" and not f.on("chat_template_jinja"),
        ("chat_template",),
        "chat_template: jinja needs chat_template_jinja",
    ),
    Refusal(
        lambda f: any(
            f.value((*address, "chat_template")) == "jinja"
            and not f.value((*address, "chat_template_jinja"))
            for address, _ in f.elements("datasets")
        ),
        ("datasets",),
        "a data set's chat_template: jinja needs its chat_template_jinja",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
