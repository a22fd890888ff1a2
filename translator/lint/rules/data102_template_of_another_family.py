"""The chat template belongs to another family of models.

What it does
Compares the chat template with the family of the model. Templates whose markers are plain text
(Alpaca, Vicuna), ChatML, and the tokenizer's own are never told of; nor are markers that the file
adds as tokens.

Why it matters
The markers of another family are no tokens of this tokenizer: `<|start_header_id|>` falls into a
dozen pieces, and the model has never seen it end a turn.

When it is fine
When the markers are added to the vocabulary and trained.

References
The special tokens of each family's tokenizer; chat formats of ftx's catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.catalog.formats import formats
from translator.diagnostics import Diagnostic, Severity
from translator.ir import ChatFormat
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA102",
    name="template-of-another-family",
    severity=Severity.WARNING,
    words=("chat_template", "get_chat_template"),
    bad={
        "axolotl": "base_model: Qwen/Qwen2.5-7B-Instruct\nchat_template: llama3  # <-\ndatasets:\n  - path: a/b\n    type: chat_template\n"
    },
    good={
        "axolotl": "base_model: meta-llama/Llama-3.1-8B-Instruct\nchat_template: llama3\ndatasets:\n  - path: a/b\n    type: chat_template\n"
    },
)

FAMILIES = {
    "llama3": ("llama-3", "llama3"),
    "llama-3": ("llama-3", "llama3"),
    "gemma": ("gemma",),
    "mistral": ("mistral", "mixtral", "ministral", "magistral", "codestral", "devstral", "pixtral"),
    "phi": ("phi",),
    "qwen": ("qwen", "qwq", "qvq"),
    "deepseek": ("deepseek",),
    "cohere": ("cohere", "command", "aya", "c4ai"),
    "llama4": ("llama-4", "llama4"),
    "jamba": ("jamba",),
    "exaone": ("exaone",),
}
"""Beginning of a template's id -> parts of the names of models that it belongs to. The longest
beginning counts."""


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each template."""
    model = file.recipe.model
    known = file.model
    if known is None or known.line is None:
        return
    added = {*model.new_tokens, *(text for _, text in model.special_tokens)}
    told = set()
    for number, source in enumerate(file.recipe.data.sources):
        template = source.format.template if isinstance(source.format, ChatFormat) else None
        family = _family(template or "")
        if template is None or family is None or template in told:
            continue
        names = f"{known.id} {known.line} {known.family}".lower()
        shipped = formats().get(template)
        marker = shipped.end_of_turn if shipped else None
        if any(part in names for part in FAMILIES[family]) or marker in added:
            continue
        if known.chat_format is not None and _family(known.chat_format) == family:
            continue
        if family == "qwen" and (marker or "<|im_end|>") == "<|im_end|>":
            continue  # ChatML's markers, which many families know or are taught
        told.add(template)
        yield RULE.at(
            file,
            file.where(f"data.sources[{number}].format.template", f"data.sources[{number}].format"),
            f"the template {template} is of another family than {known.id}",
            help=f"its own is {known.chat_format}" if known.chat_format else None,
        )


def _family(template: str) -> str | None:
    return max((f for f in FAMILIES if template.startswith(f)), key=len, default=None)
