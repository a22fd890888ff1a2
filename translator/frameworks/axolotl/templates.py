"""Chat templates: Axolotl's names for the catalogue's formats."""

from __future__ import annotations

from functools import cache

from translator.catalog.formats import ChatFormat, format_named, formats, name_in, render
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


def certain_eos(model: str) -> str | None:
    """The tokenizer's end-of-sequence token, where the name leaves no doubt. Who tunes a model of
    others for chats often gives it another one, of which the family's name says nothing."""
    known = facts(model)
    tuned_elsewhere = known is not None and known.assumed and known.base is not True
    return None if tuned_elsewhere else eos_token(model)


_MARK = "\u241e"
_SYSTEM_MARK = "\u241d"


def turns(known: ChatFormat, prompt: str, system: str | None) -> str:
    """A prompt's turns up to the answer as a format string: braces that are no fields are doubled.

    ``prompt`` is itself a format string; so is ``system`` when it is ``{system}``.

    Raises:
        ValueError: the format has no system turn.
    """
    messages = [{"role": "user", "content": _MARK}]
    if system is not None:
        messages.insert(0, {"role": "system", "content": _SYSTEM_MARK})
    text = render(known, messages, bos="", eos="", ask=True)
    text = text.replace("{", "{{").replace("}", "}}")
    wording = "" if system is None else system
    if wording != "{system}":
        wording = wording.replace("{", "{{").replace("}", "}}")
    return text.replace(_SYSTEM_MARK, wording).replace(_MARK, prompt)


@cache
def _wrappings() -> tuple[tuple[ChatFormat, str, str], ...]:
    """What stands around a lone prompt in each format with markers, the longest first."""
    found = []
    for known in formats().values():
        if known.turns and not known.opaque and known.end_of_turn:
            before, _, after = turns(known, _MARK, None).partition(_MARK)
            if before.strip() and after.strip():
                found.append((known, before, after))
    return tuple(sorted(found, key=lambda one: -len(one[1])))


def unwrapped(texts: tuple[str, ...], end: str | None) -> tuple[ChatFormat, tuple[str, ...]] | None:
    """The format whose user turn all ``texts`` are, given the token that ends a row, and the
    prompts inside it."""
    for known, before, after in _wrappings():
        # formats that end with the tokenizer's own token are left to torchtune, which has no other
        # way to wrap a prompt; elsewhere such words are a plain prompt like any other
        ends = known.end_of_turn == end or (
            known.end_of_turn == "{eos}" and name_in("torchtune", known) is not None
        )
        if ends and all(text.startswith(before) and text.endswith(after) for text in texts):
            return known, tuple(text[len(before) : len(text) - len(after)] for text in texts)
    return None
