"""A chat template is saved with a model that was trained on other prompts.

What it does
Looks for a `chat_template` in a file none of whose data sets is rendered with one.

Why it matters
The template goes into the tokenizer that is saved. Servers apply it, and the model has never seen a
prompt of that shape (axolotl-ai-cloud/axolotl#1832).

When it is fine
When the template renders the same text as the prompts of the data sets.

References
axolotl/loaders/tokenizer.py, `tokenizer.chat_template` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.axolotl import templates
from translator.ir import InstructionRows, PlainFormat, SupervisedObjective
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA119",
    name="template-not-trained",
    severity=Severity.NOTE,
    formats=("axolotl",),
    words=("chat_template:",),
    bad={"axolotl": "chat_template: chatml  # <-\n"},
    good={
        "axolotl": "chat_template: chatml\ndatasets:\n  - path: acme/chats\n    type: chat_template\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the template."""
    recipe = file.recipe
    named = file.value("chat_template")
    if not isinstance(named, str) or not isinstance(recipe.objective, SupervisedObjective):
        return
    if templates.catalogue_id(named) is None or not recipe.data.sources:
        return
    if all(
        isinstance(source.rows, InstructionRows) and isinstance(source.format, PlainFormat)
        for source in recipe.data.sources
    ):
        yield RULE.at(
            file,
            file.at("chat_template"),
            f"chat_template: {named} is saved with the tokenizer, but no data set is rendered with it",
            help="type: chat_template trains with it",
        )
