"""The token that ends a turn does not count in the loss.

What it does
Compares the token with which the chat template ends a turn with the tokenizer's end-of-sequence token,
`special_tokens.eos_token` and `eot_tokens`.

Why it matters
Axolotl trains the ends of turns that are the end-of-sequence token or stand in `eot_tokens`. Any other
is masked: the loss looks healthy, and the model never stops (axolotl-ai-cloud/axolotl#3754). It is
usual with ChatML on a base model.

When it is fine
When the model has learnt before to end its turns like that.

References
axolotl/prompt_strategies/chat_template.py:475-540 (0.19, run).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Fix, Severity
from translator.frameworks.axolotl import templates
from translator.ir import ChatFormat
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA113",
    name="turn-end-untrained",
    severity=Severity.WARNING,
    formats=("axolotl",),
    words=("chat_template",),
    bad={
        "axolotl": "base_model: Qwen/Qwen2.5-7B\nchat_template: chatml\ndatasets:\n  - path: acme/chats\n    type: chat_template  # <-\n"
    },
    good={
        "axolotl": "base_model: Qwen/Qwen2.5-7B\nchat_template: chatml\neot_tokens: ['<|im_end|>']\ndatasets:\n  - path: acme/chats\n    type: chat_template\n"
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each such data set."""
    model = str(file.value("base_model") or "")
    own = file.value("special_tokens.eos_token")
    usual = own if isinstance(own, str) else templates.certain_eos(model)
    listed = file.value("eot_tokens")
    trained = [*(listed if isinstance(listed, list) else [listed]), usual]
    for number, source in enumerate(file.recipe.data.sources):
        place = ("datasets", number)
        if file.value((*place, "type")) != "chat_template" or usual is None:
            continue
        if not isinstance(source.format, ChatFormat) or _masked_on_purpose(file, place):
            continue
        end = templates.end_of_turn(source.format.template, model)
        if end is None or end in trained:
            continue
        yield RULE.at(
            file,
            file.at((*place, "type")),
            f"{end} ends the turns but is not the tokenizer's end-of-sequence token ({usual}), so "
            "it is not trained and the model does not learn to stop",
            help=f"eot_tokens: [{end!r}]",
            fix=_listed(file, end) if listed is None else None,
        )


def _masked_on_purpose(file: File, place: tuple[str | int, ...]) -> bool:
    return "none" in (file.value((*place, "train_on_eos")), file.value((*place, "train_on_eot")))


def _listed(file: File, end: str) -> Fix | None:
    line = f"eot_tokens: [{json.dumps(end)}]"
    return file.add(line, after="chat_template", safe=False) or file.add(
        line, after="base_model", safe=False
    )
