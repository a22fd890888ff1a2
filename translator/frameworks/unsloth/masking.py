"""Which tokens of a conversation are trained, told with Unsloth's function or with a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from translator import ir
from translator.catalog.formats import ChatFormat, formats
from translator.catalog.models import facts
from translator.frameworks.unsloth.pycode import Code as Expression
from translator.frameworks.unsloth.pycode import pattern_text, quoted
from translator.record import Record

_AT_THE_END = r"\Z"
EOS = Expression("re.escape(tokenizer.eos_token)")


class Mask(Record, kw_only=False):
    """What is trained in the conversations of one data set.

    ``everything``: no token is masked. ``answers``: what ``train_on_responses_only`` leaves, with
    the keywords ``responses``. ``spans``: what ``pattern`` matches in the text of a conversation
    (Python source of a regular expression), of several matches all or the ``last``. Every mask of
    answers has a pattern too where the format is known.
    """

    kind: Literal["everything", "answers", "spans"]
    responses: tuple[tuple[str, object], ...] = ()
    pattern: str | None = None
    last: bool = False


def mask_of(mask: ir.Supervision, form: ChatFormat | None) -> Mask:
    """How a mask is told for a chat format; ``form`` is None when its markers are not known."""
    headers = form is None or bool(opening(form, "assistant"))
    if mask.prompt and (mask.turn_headers or not headers):
        return Mask("everything")
    pattern = None if form is None or not form.turns else _pattern(mask, form)
    last = mask.turns == "last"
    usual = not mask.prompt and mask.roles == ("assistant",) and mask.turn_ends == "answers"
    marked = mask.turn_headers and headers
    kind: Literal["answers", "spans"] = "answers" if usual and not marked else "spans"
    return Mask(kind, _responses(form, last=last), pattern, last)


def catalogue_format(form: ir.ChatFormat, model: str) -> ChatFormat | None:
    """A chat format as the catalogue has it; ``tokenizer`` is the one that the model ships."""
    if form.template == "tokenizer":
        known = facts(model)
        return formats().get(known.chat_format) if known and known.chat_format else None
    return formats().get(form.template)


def opening(form: ChatFormat, role: str) -> str:
    """The marker in front of a role's contents, empty when nothing but white space stands there."""
    before = (form.affixes(role) or ("", ""))[0]
    return before if before.strip() else ""


def _responses(form: ChatFormat | None, *, last: bool) -> tuple[tuple[str, object], ...]:
    """Keywords of ``train_on_responses_only``.

    Without markers it finds them in the tokenizer's template: unsloth_zoo/dataset_utils.py:815
    (2026.10.9).
    """
    given: list[tuple[str, object]] = []
    user = form.affixes("user") if form else None
    assistant = form.affixes("assistant") if form else None
    if user and assistant and user[0].strip() and assistant[0].strip():
        given.append(("instruction_part", user[0].replace("{bos}", "").replace("{eos}", "")))
        given.append(("response_part", assistant[0]))
    if last:
        given.append(("last_response_only", True))
    empty = empty_thought(form)
    if empty:
        given.append(("mask_out_tokens", [empty]))
    return tuple(given)


def empty_thought(form: ChatFormat | None) -> str:
    """The thinking part that a template adds by itself, which is no part of the answer."""
    if form is None or form.thinking is None or not form.thinking.empty:
        return ""
    return f"{form.thinking.opens}\n\n{form.thinking.closes}\n\n"


# --- the pattern ---------------------------------------------------------------------------------


def _pattern(mask: ir.Supervision, form: ChatFormat) -> str | None:
    """Python source of an expression that matches each trained stretch of a conversation.

    A stretch begins after the marker of its turn (or with it, where markers count) and ends with
    the end of the turn, or before it.
    """
    roles = [role for role, _ in form.turns if mask.prompt or role in mask.roles]
    if form.system != "turn":
        roles = [role for role in roles if role != "system"]
    if not roles:
        return None
    marked = mask.turn_headers
    starts = [_start(form, role, headers=marked) for role in roles]
    ends = list(dict.fromkeys(_end(form, role, mask.turn_ends, headers=marked) for role in roles))
    if len(ends) == 1:
        chosen = starts[0] if len(starts) == 1 else f"(?:{'|'.join(starts)})"
        text = f"{chosen}.*?{ends[0]}"
    else:
        each = [
            (s, _end(form, role, mask.turn_ends, headers=marked))
            for s, role in zip(starts, roles, strict=True)
        ]
        text = "|".join(f"{start}.*?{end}" for start, end in each)
    if mask.turn_ends == "all":
        text = "|".join([text, *_other_ends(form, roles)])
    return _source(text)


def ends_beside(mask: ir.Supervision, form: ChatFormat) -> bool:
    """Whether turns that are not trained end in a token, which ``turn_ends: all`` trains."""
    return bool(_other_ends(form, () if mask.prompt else mask.roles))


def _other_ends(form: ChatFormat, roles: Sequence[str]) -> list[str]:
    ends = (_closing(form, role) for role, _ in form.turns if role not in roles)
    return [end for end in dict.fromkeys(ends) if end]


def _start(form: ChatFormat, role: str, *, headers: bool) -> str:
    marker = opening(form, role)
    if not marker:
        # What comes before an answer without a marker is the end of the question.
        user = (form.affixes("user") or ("", ""))[1]
        return f"(?<={_escaped(user)})" if user.strip() else r"\A"
    if headers:
        return _escaped(marker)
    empty = empty_thought(form) if role == "assistant" else ""
    start = f"(?<={_escaped(marker)})"
    if empty:
        return f"(?:{start}(?!{_escaped(empty)})|(?<={_escaped(marker + empty)}))"
    return start


def _closing(form: ChatFormat, role: str) -> str:
    """The token that ends a role's turns, escaped; empty when nothing does."""
    after = (form.affixes(role) or ("", ""))[1].rstrip()
    end = form.end_of_turn or ""
    return _escaped(end) if end and after.endswith(end) else ""


def _end(form: ChatFormat, role: str, ends: str, *, headers: bool) -> str:
    closing = _closing(form, role)
    if not closing:
        after = (form.affixes(role) or ("", ""))[1].rstrip()
        following = [opening(form, other) for other, _ in form.turns]
        stops = [after] if after else [text for text in following if text]
        ahead = "|".join([*map(_escaped, stops), _AT_THE_END])
        return f"(?={ahead})"
    if ends == "none":
        return f"(?={closing})"
    if ends == "last":
        return rf"(?:{closing}(?=\s*\Z)|(?={closing}))"
    return closing + _break_behind(form, role) if headers else closing


def _break_behind(form: ChatFormat, role: str) -> str:
    """White space between turns, which counts with the markers; a row's last is no part of it."""
    after = (form.affixes(role) or ("", ""))[1]
    space = after[len(after.rstrip()) :]
    return rf"(?:{_escaped(space)}(?!\Z))?" if space else ""


_SPECIAL = frozenset(r".^$*+?{}[]\|()")


def _escaped(text: str) -> str:
    """Text as a regular expression; the ``{eos}`` of a format stays until :func:`_source`."""
    kept = text.replace("{bos}", "").split("{eos}")
    pieces = ("".join(f"\\{c}" if c in _SPECIAL else c for c in piece) for piece in kept)
    return "{eos}".join(pieces).replace("\n", r"\n")


def _source(text: str) -> str:
    """Python source of the expression, with the tokenizer's own end-of-sequence token in it."""
    pieces = [pattern_text(piece) for piece in text.split("{eos}")]
    joined: list[str] = []
    for place, piece in enumerate(pieces):
        if place:
            joined.append(EOS.text)
        if piece != quoted(""):
            joined.append(piece)
    return " + ".join(joined)
