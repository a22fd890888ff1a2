"""Chat templates: Axolotl's names for the catalogue's formats."""

from __future__ import annotations

from translator.catalog.formats import ChatFormat, format_named, formats, name_in
from translator.catalog.models import facts

DEFAULT = "tokenizer_default"
"""The template that the tokenizer ships (axolotl/utils/chat_templates/base.py:16)."""
FALLBACK = "tokenizer_default_fallback_"


def catalogue_id(name: str) -> str | None:
    """The catalogue's id of a template that Axolotl has under a name."""
    known = format_named("axolotl", name)
    return None if known is None else known.id


def axolotl_name(identifier: str) -> str | None:
    """Axolotl's usual name of a catalogue format, None if it has no such template."""
    known = formats().get(identifier)
    return None if known is None else name_in("axolotl", known)


def format_of(identifier: str, model: str) -> ChatFormat | None:
    """What the catalogue says about a format; the tokenizer's own is looked up by model."""
    if identifier == "tokenizer":
        known = facts(model)
        identifier = (known.chat_format or "") if known is not None else ""
    return formats().get(identifier)


def end_of_turn(identifier: str, model: str) -> str | None:
    """The token that ends an answer, None where that is the end-of-sequence token or not known."""
    known = format_of(identifier, model)
    token = None if known is None else known.end_of_turn
    return None if token in (None, "", "{eos}") else token


def eos_token(model: str) -> str | None:
    """The tokenizer's end-of-sequence token, if the model is known."""
    known = facts(model)
    return None if known is None else known.eos_token
