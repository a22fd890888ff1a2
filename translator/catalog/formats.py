"""How chat formats wrap turns, and what each framework calls them.

Two names belong to one format only when they render the same training text: for every name that
was checked by rendering conversations with the framework's own template or tokenizer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

from translator.catalog.data import table
from translator.record import Record

Framework = Literal["axolotl", "unsloth", "torchtune"]
Affixes = tuple[str, str]


class Thinking(Record):
    """What a format does with the thinking part that an answer's content may hold."""

    opens: str
    closes: str
    kept: Literal["never", "last"]
    """Dropped from every answer, or kept in those that follow the last user turn."""
    empty: bool
    """Whether the last answer is given an empty one when it has none."""


class ChatFormat(Record):
    """A chat format as text around turns; ``{bos}`` and ``{eos}`` stand for the tokenizer's own.

    The structure describes conversations of plain text turns. Tool calls and thinking parts are
    beyond it; where they change the plain case too, ``opaque`` says how.
    """

    id: str
    turns: tuple[tuple[str, Affixes], ...]
    """Role and the text before and after its content; empty for a wholly opaque format."""
    lead: str
    """Text before everything, the beginning-of-sequence token included."""
    bos: Literal["none", "once", "each"]
    """That token: never, at the start, or at the start of every exchange."""
    system: Literal["turn", "first-user", "every-user", "final-user", "refused"]
    """A system turn of its own; its text in front of the first, every, or (only when the
    conversation ends with it) final user turn, inside its prefix; or an error."""
    default_system: str | None
    """System text of conversations that have none; None writes no system turn."""
    strip: tuple[str, ...] | None
    """Roles whose contents lose white space at both ends; None when it depends on the turn."""
    between: str
    """Text between turns."""
    end: str
    """Text after a conversation that is complete."""
    generation: str
    """What asks for an answer."""
    end_of_turn: str | None
    """Token that ends an answer; None when nothing does."""
    date_header: bool
    """Whether the system turn holds a date."""
    opaque: str | None
    """Why the structure does not tell the whole of it; None when it does."""
    thinking: Thinking | None
    """The thinking parts of answers, where that is all that :attr:`opaque` is about."""
    names: tuple[tuple[str, tuple[str, ...]], ...]
    """Framework and its names for this format; torchtune's are tokenizer components."""
    source: str

    def affixes(self, role: str) -> Affixes | None:
        """Text before and after a turn of ``role``; None when the role has no turns."""
        return dict(self.turns).get(role)


class TorchtuneTokenizer(Record):
    """What a tokenizer of torchtune does with messages."""

    component: str
    format: str
    """Catalogue id of the format it writes as configured by default."""
    trims: Literal["both", "right-spaces", "none"]
    """White space removed from contents."""
    header_supervised: bool
    """Whether the text before an answer counts in the loss with it."""
    after: str | None
    """Token after the whole conversation."""
    after_supervised: bool
    without_last: str | None
    """End of the format that the last answer is written without."""
    prompt_template: str | None
    """Its default ``prompt_template``."""
    format_without_template: str
    """Format with ``prompt_template: null``."""
    pieces_get_space: bool
    """Whether the text before, in and after a turn is encoded piece by piece, each with a space in
    front that nobody wrote (SentencePiece's dummy prefix)."""
    source: str


@cache
def formats() -> dict[str, ChatFormat]:
    """Every format by its id."""
    return {row["id"]: _format(row) for row in table("formats")["formats"]}


def _format(row: Mapping[str, Any]) -> ChatFormat:
    turns = {role: (parts[0], parts[1]) for role, parts in row["turns"].items()}
    strip = row.get("strip", [])
    return ChatFormat(
        id=row["id"],
        turns=tuple(turns.items()),
        lead=row.get("lead", ""),
        bos=row["bos"],
        system=row["system"],
        default_system=row.get("default_system"),
        strip=None if strip is None else tuple(strip),
        between=row.get("between", ""),
        end=row.get("end", ""),
        generation=row.get("generation", turns.get("assistant", ("", ""))[0]),
        end_of_turn=row.get("end_of_turn"),
        date_header=row.get("date_header", False),
        opaque=row.get("opaque"),
        thinking=_thinking(row.get("thinking")),
        names=tuple((framework, tuple(names)) for framework, names in row["names"].items()),
        source=row["source"],
    )


def _thinking(row: Mapping[str, Any] | None) -> Thinking | None:
    return None if row is None else Thinking(**{"empty": False, **row})


@cache
def _by_name() -> dict[tuple[str, str], ChatFormat]:
    return {
        (framework, name): item
        for item in formats().values()
        for framework, names in item.names
        for name in names
    }


def format_named(framework: Framework, name: str) -> ChatFormat | None:
    """The format that a framework calls ``name``.

    None for Axolotl's ``tokenizer_default`` and ``jinja``, which are no formats, and for names
    the framework does not have.
    """
    return _by_name().get((framework, name))


def name_in(framework: Framework, item: ChatFormat) -> str | None:
    """The framework's usual name for a format; None when it has none."""
    names = dict(item.names).get(framework, ())
    return names[0] if names else None


def torchtune_tokenizer(component: str) -> TorchtuneTokenizer | None:
    """What is known of a torchtune tokenizer component."""
    row = table("formats")["torchtune_tokenizers"].get(component)
    return TorchtuneTokenizer(component=component, **row) if row else None


def unsloth_maps_eos(name: str) -> str | None:
    """The token that Unsloth's ``get_chat_template(name)`` renames the end-of-sequence token to.

    None for templates that leave it alone, whatever ``map_eos_token`` says.
    """
    token: str | None = table("formats")["unsloth_maps_eos"]["names"].get(name)
    return token


def same(one: ChatFormat, other: ChatFormat, *, system_turns: bool = True) -> bool:
    """Whether two formats write the same training text for plain conversations.

    Without ``system_turns`` only conversations that have no system turn are compared: formats
    that differ in nothing but how they write one are then the same. An opaque format is the same
    as itself only.
    """
    if one.id == other.id:
        return True
    if one.opaque or other.opaque:
        return False
    probes = [p for p in _PROBES if system_turns or p[0]["role"] != "system"]
    return all(_rendered(one, probe) == _rendered(other, probe) for probe in probes)


_USER = {"role": "user", "content": " a "}
_ANSWER = {"role": "assistant", "content": " b\n"}
_SYSTEM = {"role": "system", "content": " c "}
_PROBES = (
    [_USER, _ANSWER, _USER, _ANSWER],
    [_SYSTEM, _USER, _ANSWER, _USER, _ANSWER],
)


def _rendered(item: ChatFormat, messages: Sequence[Mapping[str, str]]) -> str | None:
    try:
        return render(item, messages)
    except ValueError:
        return None


def render(
    item: ChatFormat,
    messages: Sequence[Mapping[str, str]],
    *,
    bos: str = "{bos}",
    eos: str = "{eos}",
    ask: bool = False,
) -> str:
    """The text of a conversation; with ``ask``, up to where the model is to answer.

    Raises:
        ValueError: when the format refuses a role, or has no structure.
    """
    if not item.turns:
        raise ValueError(f"the format {item.id} has no structure")
    turns = list(messages)
    system: str | None = item.default_system
    if turns and turns[0]["role"] == "system":
        system = turns.pop(0)["content"]
    out: list[str] = []
    fresh = True
    if system is not None:
        if item.system == "refused":
            raise ValueError(f"the format {item.id} has no system turn")
        if item.system == "turn":
            out.append(("{bos}" if item.bos == "each" else "") + _turn(item, "system", system))
            fresh = False
    for index, message in enumerate(turns):
        role = message["role"]
        body = _content(item, role, message["content"])
        if role == "user" and system is not None and _joins(item, index, len(turns)):
            body = _turn(item, "system", system) + body
        affixes = item.affixes(role)
        if affixes is None:
            raise ValueError(f"the format {item.id} has no {role} turn")
        start = "{bos}" if fresh and item.bos == "each" else ""
        out.append(start + affixes[0] + body + affixes[1])
        fresh = role == "assistant"
    text = item.between.join([*out, item.generation] if ask else out)
    text = item.lead + ("{bos}" if item.bos == "once" else "") + text + ("" if ask else item.end)
    return text.replace("{bos}", bos).replace("{eos}", eos)


def _joins(item: ChatFormat, index: int, count: int) -> bool:
    if item.system == "first-user":
        return index == 0
    if item.system == "final-user":
        return index == count - 1
    return item.system == "every-user"


def _content(item: ChatFormat, role: str, content: str) -> str:
    return content.strip() if item.strip and role in item.strip else content


def _turn(item: ChatFormat, role: str, content: str) -> str:
    before, after = item.affixes(role) or ("", "")
    return before + _content(item, role, content) + after


def torchtune_prompt_template(
    item: ChatFormat, component: str, *, one_exchange: bool = False
) -> dict[str, Affixes] | None:
    """The format as a ``prompt_template`` of a torchtune tokenizer: role -> (before, after).

    Only for tokenizers that add nothing but the beginning of each exchange and the end of each
    answer. ``one_exchange`` promises conversations of one question and one answer, where a
    beginning once and at each exchange are the same. None when the format needs more than that.
    """
    known = torchtune_tokenizer(component)
    if known is None or known.format_without_template != "plain" or not item.turns:
        return None
    if item.opaque or item.lead or item.between or item.end or item.strip != ():
        return None
    if item.bos not in (("each", "once") if one_exchange else ("each",)):
        return None
    if item.system not in ("turn", "refused") or item.default_system is not None:
        return None
    template: dict[str, Affixes] = {}
    for role, (before, after) in item.turns:
        if role == "assistant":
            if not after.endswith("{eos}"):
                return None
            after = after.removesuffix("{eos}")
        if "{" in before + after:
            return None
        template[role] = (before, after)
    if known.pieces_get_space:
        return _without_spaces(template)
    # Pieces lose their trailing spaces.
    kept = all(not piece.endswith(" ") for parts in template.values() for piece in parts)
    return template if kept else None


def _without_spaces(template: dict[str, Affixes]) -> dict[str, Affixes] | None:
    """The pieces to write so that the added spaces make the wanted text.

    torchtune/modules/transforms/tokenizers/_utils.py: a piece loses its trailing spaces, and gets
    a leading one unless its message continues an exchange whose text does not end with a space.
    """
    user, assistant = template.get("user"), template.get("assistant")
    if user is None or assistant is None or "system" in template:
        return None
    if not user[0].endswith(" ") and user[0]:
        return None
    if assistant[1] or assistant[0] not in ("", " ") or user[1].endswith(" "):
        return None
    if user[1] and not user[1].startswith(" "):
        return None
    after = user[1].removeprefix(" ")
    if assistant[0]:
        after += " "
        if after == " ":
            return None  # a lone space would be encoded as one more
    return {"user": (user[0].removesuffix(" "), after), "assistant": ("", "")}
