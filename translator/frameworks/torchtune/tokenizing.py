"""What a configured tokenizer does with messages: the part of the format that no data set states.

torchtune's tokenizers wrap every message, instruction prompts too, in the chat format of their
model; ``prompt_template`` adds text around contents before that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from translator.catalog.formats import (
    TorchtuneTokenizer,
    formats,
    torchtune_prompt_template,
    torchtune_tokenizer,
)
from translator.frameworks.torchtune.lookup import called, refuse
from translator.ir import InstructionRows
from translator.reading import Reader

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How the tokenizer at hand words conversations."""

    format: str
    """Catalogue id of the chat format; ``plain`` for none; ``tokenizer`` for the Hub's own."""
    around: tuple[tuple[str, tuple[str, str]], ...] = ()
    """Further text around contents that is no part of a known format, by role."""
    headers: bool = True
    """Whether the marker that opens an answer counts in the loss."""
    known: bool = True
    """Whether the tokenizer is one of torchtune's."""

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


@cache
def _by_affixes() -> dict[tuple[tuple[str, tuple[str, str]], ...], str]:
    found = {}
    for name, item in formats().items():
        template = torchtune_prompt_template(item)
        if template is not None:
            found.setdefault(_key(template), name)
    return found


def _key(template: Affixes) -> tuple[tuple[str, tuple[str, str]], ...]:
    return tuple(sorted((role, tags) for role, tags in template.items() if any(tags)))


def wording(reader: Reader) -> Wording:
    """The wording of the tokenizer that the config names."""
    path, _ = called(reader, "tokenizer")
    if path == HUGGING_FACE:
        return Wording(format="tokenizer")
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
    if bare == "plain" and (known := _by_affixes().get(_key(template))) is not None:
        return Wording(format=known, headers=bool(template.get("assistant", ("", ""))[0]))
    return Wording(format=bare, around=_key(template), headers=headers)


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
    if isinstance(value, dict) and all(isinstance(v, list) and len(v) == 2 for v in value.values()):
        return {str(role): (str(tags[0]), str(tags[1])) for role, tags in value.items()}
    refuse(reader, address, "must map each role to the text before and after it")
    return None
