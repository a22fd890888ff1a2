"""Rows begin with two beginning-of-sequence tokens.

What it does
Looks for text that already opens with the beginning-of-sequence token and is then tokenized by
something that puts one in front: Axolotl's `chat_template` types of preference data, a prompt
`format` that begins with the token, and, without Unsloth, a text column rendered by
`apply_chat_template(tokenize=False)`.

Why it matters
The model sees a beginning that no inference server sends. Answers come out of another distribution
than the one that was trained (unslothai/unsloth#2648).

When it is fine
When the server doubles the token as well. Unsloth's own trainer for supervised rows finds the token in
the text and leaves its own out; that is not told of.

References
trl/data_utils.py:401 (1.9.0): text goes through the tokenizer with its special tokens;
axolotl/prompt_strategies/dpo/chat_template.py and axolotl/prompt_tokenizers.py:81 (0.19);
unsloth_zoo/dataset_utils.py:2814 (2026.10.9) removes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.catalog.models import start_of_text
from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.axolotl.preference import doubles_start
from translator.ir import InstructionRows, PlainFormat, PreferenceObjective, SupervisedObjective
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA112",
    name="doubled-start",
    severity=Severity.WARNING,
    formats=("axolotl", "unsloth"),
    words=("chat_template", "format"),
    bad={
        "axolotl": "base_model: meta-llama/Llama-3.1-8B-Instruct\nrl: dpo\nchat_template: llama3\ndatasets:\n  - path: acme/pairs\n    type: chat_template.default  # <-\n"
    },
    good={
        "axolotl": "base_model: Qwen/Qwen2.5-7B-Instruct\nrl: dpo\nchat_template: qwen_25\ndatasets:\n  - path: acme/pairs\n    type: chat_template.default\n"
    },
)


_RENDERED = re.compile(r"\btokenize\s*=\s*False\b")


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each source."""
    if file.format == "unsloth":
        yield from _rendered(file)
        return
    recipe = file.recipe
    for number, source in enumerate(recipe.data.sources):
        place = ("datasets", number, "type")
        kind = file.value(place)
        if isinstance(recipe.objective, PreferenceObjective):
            templated = isinstance(kind, str) and kind.startswith("chat_template")
            if templated and doubles_start(recipe.model.id, source.format):
                yield _told(file, place, "the rendered text")
        elif isinstance(source.rows, InstructionRows) and isinstance(source.format, PlainFormat):
            start = start_of_text(file.model)
            if start is not None and source.rows.with_input.startswith(start):
                inner = (*place, "format")
                yield _told(file, inner if file.node(inner) else place, "the format")


def _rendered(file: File) -> Iterator[Diagnostic]:
    """Scripts that train with TRL alone on text that the chat template has made."""
    if file.document.facts.get("flavour") != "TRL" or not _RENDERED.search(file.document.text):
        return
    if not isinstance(file.recipe.objective, SupervisedObjective) or not file.value("args"):
        return
    if file.value("args.dataset_kwargs.add_special_tokens") is False:
        return
    source = next(iter(file.recipe.data.sources), None)
    if source is None or not doubles_start(file.recipe.model.id, source.format):
        return
    yield RULE.at(
        file,
        file.where("data.sources[0].format", "data.sources[0].rows", "data.sources[0]"),
        "the rendered text begins with the beginning-of-sequence token, and tokenizing puts "
        "another in front",
        help="give the trainer the messages themselves, and it renders them",
    )


def _told(file: File, place: tuple[str | int, ...], what: str) -> Diagnostic:
    return RULE.at(
        file,
        file.at(place),
        f"{what} begins with the beginning-of-sequence token, and tokenizing puts another in front",
    )
