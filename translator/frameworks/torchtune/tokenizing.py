"""What a configured tokenizer does with messages: the part of the format that no data set states.

torchtune's tokenizers wrap every message, instruction prompts too, in the chat format of their
model; ``prompt_template`` adds text around contents before that.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from translator.catalog import models
from translator.catalog.formats import (
    ChatFormat,
    TorchtuneTokenizer,
    formats,
    torchtune_prompt_template,
    torchtune_tokenizer,
)
from translator.errors import WrongValueError
from translator.frameworks.torchtune.lookup import called, find, refuse
from translator.frameworks.torchtune.parts import part_named
from translator.frameworks.torchtune.values import flag, one_of, text, texts
from translator.ir import InstructionRows
from translator.reading import Reader
from translator.record import Record

Affixes = dict[str, tuple[str, str]]
"""Role -> text before and after its content."""

HUGGING_FACE = "torchtune.modules.transforms.tokenizers.HuggingFaceModelTokenizer"

# torchtune/data/_prompt_templates.py and models/{llama2,mistral}/_prompt_template.py.
TEMPLATES: dict[str, Affixes] = {
    "torchtune.data.ChatMLTemplate": {
        role: (f"<|im_start|>{role}\n", "<|im_end|>\n") for role in ("system", "user", "assistant")
    },
    "torchtune.data.QuestionAnswerTemplate": {"user": ("Question: ", "\n\nAnswer: ")},
    "torchtune.data.GrammarErrorCorrectionTemplate": {
        "user": ("Correct this to standard English: ", "\n---\nCorrected: ")
    },
    "torchtune.data.SummarizeTemplate": {
        "user": ("Summarize this dialogue:\n", "\n---\nSummary:\n")
    },
    "torchtune.models.llama2.Llama2ChatTemplate": {
        "system": ("<<SYS>>\n", "\n<</SYS>>\n\n"),
        "user": ("[INST] ", " [/INST] "),
    },
    "torchtune.models.mistral.MistralChatTemplate": {"user": ("[INST] ", " [/INST] ")},
}


class Wording(Record):
    """How the tokenizer at hand words conversations."""

    format: str
    """Catalogue id of the chat format; ``plain`` for none; ``tokenizer`` for the Hub's own."""
    around: tuple[tuple[str, tuple[str, str]], ...] = ()
    """Further text around contents that is no part of a known format, by role."""
    headers: bool = True
    """Whether the marker that opens an answer counts in the loss."""
    known: bool = True
    """Whether the tokenizer is one of torchtune's."""
    whole: bool = True
    """Whether a row of plain text gets the tokens of one piece, as torchtune's own tokenizers see
    to (torchtune/modules/transforms/tokenizers/_utils.py:56)."""
    ends: bool = True
    """Whether plain text closes with the end-of-sequence token."""
    turn_ends: Literal["answers", "all", "none"] = "answers"
    """Whose ends of turn count in the loss."""

    def wraps(self) -> bool:
        """Whether turns get markers of any kind."""
        return self.format != "plain"

    def surround(self, rows: InstructionRows) -> InstructionRows | None:
        """Instruction rows with the template's text in their prompt; None where it does not fit:
        text around answers."""
        around = dict(self.around)
        before, after = around.get("user", ("", ""))
        opening, ending = around.get("assistant", ("", ""))
        if opening or ending:
            return None
        return InstructionRows(
            instruction=rows.instruction,
            input=rows.input,
            output=rows.output,
            system=rows.system,
            with_input=escaped(before) + rows.with_input + escaped(after),
            without_input=escaped(before) + rows.without_input + escaped(after),
            style=rows.style if not (before or after) else None,
        )


def escaped(text: str) -> str:
    """Plain text as part of a prompt template."""
    return text.replace("{", "{{").replace("}", "}}")


def _key(template: Affixes) -> tuple[tuple[str, tuple[str, str]], ...]:
    return tuple(sorted((role, tags) for role, tags in template.items() if any(tags)))


@cache
def _named(component: str) -> dict[tuple[tuple[str, tuple[str, str]], ...], str]:
    """Formats of the catalogue by the template that makes a tokenizer write them."""
    found: dict[tuple[tuple[str, tuple[str, str]], ...], str] = {}
    for name, item in formats().items():
        template = torchtune_prompt_template(item, component)
        if template is not None:
            found.setdefault(_key(template), name)
    return found


def wording(reader: Reader) -> Wording:
    """The wording of the tokenizer that the config names."""
    path, _ = called(reader, "tokenizer")
    if path == HUGGING_FACE:
        return Wording(format="tokenizer")
    if part_named(path) == "turn_tokenizer":
        return _reworded(reader)
    facts = None if path is None else torchtune_tokenizer(path)
    if facts is None:
        return Wording(format="tokenizer", known=False)
    if reader.tree.get(("tokenizer", "prompt_template")) is None:
        return Wording(format=facts.format, headers=facts.header_supervised)
    return with_template(facts, _prompt_template(reader))


def with_template(facts: TorchtuneTokenizer, template: Affixes | None) -> Wording:
    """The wording of a tokenizer with a certain ``prompt_template`` (None for none)."""
    bare = facts.format_without_template
    headers = facts.header_supervised
    if not template:
        return Wording(format=bare, headers=headers)
    usual = TEMPLATES.get(facts.prompt_template or "")
    if usual is not None and _key(usual) == _key(template):
        return Wording(format=facts.format, headers=headers)
    if bare == "plain" and (known := _named(facts.component).get(_key(template))) is not None:
        return Wording(format=known, headers=bool(template.get("assistant", ("", ""))[0]))
    return Wording(format=bare, around=_key(template), headers=headers)


def _reworded(reader: Reader) -> Wording:
    """The settings of ftx's own ``turn_tokenizer`` (see :mod:`.parts.turn_tokenizer`)."""

    def get(name: str, convert: Any, default: Any) -> Any:
        return find(reader, ("tokenizer", name), convert, default).value

    turns: Affixes = get("turns", _affixes, {})
    ends = get("train_ends", one_of("answers", "all", "none"), "answers")
    whole = get("joined", one_of("separately", "whole", "in-turns"), "in-turns") == "whole"
    end = get("end", text, None if reader.tree.get(("tokenizer", "end")) else "eos")
    bos, strip = get("bos", _opening, "once"), get("strip", _stripped, None)
    places = ("turn", "first-user", "every-user", "final-user")
    system, between = get("system", one_of(*places), "turn"), get("between", text, "")
    headers = get("train_headers", flag, False)
    if not any(any(tags) for tags in turns.values()):
        return Wording(format="plain", headers=headers, whole=whole, ends=end is not None)
    model = models.facts(reader.facts.get("model", ""))
    bare = model is not None and model.bos_token is None  # nothing to write at the start
    for name, item in formats().items():
        opened = item.bos == bos or (item.bos == "once" and bare)
        closed = (item.end == "{eos}") == (end is not None)
        placed = (item.system if item.system != "refused" else "turn", item.between)
        cut = set(item.strip or ()) == (set(turns) if strip == "all" else set(strip or ()))
        same = opened and closed and cut and placed == (system, between)
        if same and _same_turns(item, turns):
            return Wording(format=name, headers=headers, turn_ends=ends)
    return Wording(
        format="plain", around=_key(turns), headers=headers, whole=whole, ends=end is not None
    )


def _same_turns(item: ChatFormat, turns: Affixes) -> bool:
    if item.opaque or not item.turns or {role for role, _ in item.turns} != set(turns):
        return False
    for role, tags in item.turns:
        for wanted, given in zip(tags, turns[role], strict=True):
            before, end, after = wanted.partition("{eos}")
            fits = given.startswith(before) and given.endswith(after)
            if not fits or (not end and given != wanted):
                return False
    return True


def _opening(value: object) -> str:
    return "each" if value == "each" else "once" if flag(value) else "none"


def _stripped(value: object) -> str | tuple[str, ...] | None:
    if isinstance(value, list):
        return texts(value)
    return "all" if flag(value) else None


def _affixes(value: object) -> Affixes:
    if isinstance(value, dict) and all(isinstance(v, list) and len(v) == 2 for v in value.values()):
        return {str(role): (str(tags[0]), str(tags[1])) for role, tags in value.items()}
    raise WrongValueError("must map each role to the text before and after it")


def _prompt_template(reader: Reader) -> Affixes | None:
    """The written template: None, the path of a class, or affixes by role."""
    address = ("tokenizer", "prompt_template")
    node = reader.node(*address)
    if node is None:
        return None
    value = node.plain()
    if isinstance(value, str):
        if value not in TEMPLATES:
            refuse(reader, address, "is a prompt template that ftx does not know")
        return TEMPLATES.get(value)
    try:
        return _affixes(value)
    except ValueError as error:
        refuse(reader, address, str(error))
        return None
