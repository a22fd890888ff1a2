"""How instruction styles word their prompts, and what torchtune's dataset builders assume."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from translator.catalog.data import table
from translator.catalog.formats import Affixes
from translator.record import Record

Framework = Literal["axolotl", "torchtune"]


class InstructionStyle(Record):
    """Columns of a row and the text they become; the response follows the prompt."""

    id: str
    instruction_column: str
    input_column: str | None
    """Column behind ``{input}``; None when the style knows no input."""
    output_column: str | None
    system_column: str | None
    with_input: str | None
    """Prompt of a row whose input is not empty, in ``{instruction}`` and ``{input}``; None for
    an opaque style."""
    without_input: str | None
    """Prompt of a row whose input is empty or missing."""
    system: str | None
    """Text in front of the prompt of rows that have a system text, in ``{system}``."""
    response_prefix: str
    """Text that the framework puts before the response, trained with it."""
    eos_count: int
    """How many end-of-sequence tokens follow the response."""
    opaque: str | None
    """Why the style cannot be said in columns and texts; None when it can."""
    names: tuple[tuple[str, tuple[str, ...]], ...]
    """Framework and its names: Axolotl's dataset types, torchtune's dataset builders."""
    source: str

    def prompt(self, row: Mapping[str, Any]) -> str:
        """The prompt of one row.

        Raises:
            ValueError: for an opaque style.
        """
        given = row.get(self.input_column) if self.input_column else None
        text = self.with_input if given else self.without_input
        if text is None:
            raise ValueError(f"the style {self.id} is no plain text: {self.opaque}")
        values = {"instruction": row[self.instruction_column], "input": given or ""}
        system = row.get(self.system_column) if self.system_column else None
        before = self.system if self.system and system else ""
        return fill(before, {"system": system or ""}) + fill(text, values)

    def response(self, row: Mapping[str, Any]) -> str:
        """The trained text of one row, end tokens not included."""
        return self.response_prefix + (row[self.output_column] if self.output_column else "")


class TorchtuneDataset(Record):
    """What a dataset builder of torchtune does when its arguments are left out."""

    path: str
    kind: Literal["instruct", "chat", "completion", "preference", "multimodal"]
    source: str | None
    """Default data set; None when ``source`` must be given."""
    subset: str | None
    split: str
    columns: tuple[tuple[str, str], ...]
    """Key of ``column_map`` and the default column."""
    train_on_input: bool | None
    """Default of ``train_on_input``; None when there is no such argument."""
    packed: bool | None
    """Default of ``packed``; None when there is no such argument."""
    new_system_prompt: bool
    """Whether it takes ``new_system_prompt``."""
    style: str | None
    """Instruction style that it applies; None when it adds no text."""
    required: tuple[str, ...]
    """Arguments without a default, besides the tokenizer."""
    extra: tuple[tuple[str, Any], ...]
    """Further arguments and their defaults."""
    versions: tuple[str, ...]
    defined_in: str


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace ``{name}`` fields in one pass, so that braces in the values stay."""
    out = ""
    while True:
        at, name = min(
            ((text.find(f"{{{name}}}"), name) for name in values if f"{{{name}}}" in text),
            default=(-1, ""),
        )
        if at < 0:
            return out + text
        out += text[:at] + values[name]
        text = text[at + len(name) + 2 :]


@cache
def styles() -> dict[str, InstructionStyle]:
    """Every style by its id."""
    return {row["id"]: _style(row) for row in table("instructions")["styles"]}


def _style(row: Mapping[str, Any]) -> InstructionStyle:
    columns = row["columns"]
    return InstructionStyle(
        id=row["id"],
        instruction_column=columns["instruction"],
        input_column=columns["input"],
        output_column=columns["output"],
        system_column=columns.get("system"),
        with_input=row.get("with_input"),
        without_input=row.get("without_input"),
        system=row.get("system"),
        response_prefix=row.get("response_prefix", ""),
        eos_count=row.get("eos_count", 1),
        opaque=row.get("opaque"),
        names=tuple((framework, tuple(names)) for framework, names in row["names"].items()),
        source=row["source"],
    )


@cache
def _by_name() -> dict[tuple[str, str], InstructionStyle]:
    return {
        (framework, name): item
        for item in styles().values()
        for framework, names in item.names
        for name in names
    }


def instruction_style(framework: Framework, name: str) -> InstructionStyle | None:
    """The style behind a dataset ``type`` of Axolotl or a dataset builder of torchtune."""
    return _by_name().get((framework, name))


def style_name_in(framework: Framework, item: InstructionStyle) -> str | None:
    """The framework's usual name for a style; None when it has none."""
    names = dict(item.names).get(framework, ())
    return names[0] if names else None


def recognise(
    with_input: str | None,
    without_input: str | None = None,
    *,
    system: str | None = None,
) -> InstructionStyle | None:
    """The style of a prompt written in ``{instruction}``, ``{input}`` and ``{system}`` fields.

    Without ``with_input``, rows have no input: the first style of that wording is given. Without
    ``without_input`` every row has one, and styles that differ only in rows without it cannot be
    told apart: None. A text for rows without input may hold ``{input}``, which is then empty.
    Columns take no part.
    """
    if with_input is None and without_input is None:
        return None
    if without_input is not None:
        without_input = without_input.replace("{input}", "")
    found = [
        item
        for item in styles().values()
        if not (item.opaque or item.response_prefix or item.eos_count != 1)
        and item.system == system
        and with_input in (None, item.with_input)
        and without_input in (None, item.without_input)
    ]
    if without_input is None and len({item.without_input for item in found}) > 1:
        return None
    return found[0] if found else None


@cache
def torchtune_datasets() -> dict[str, TorchtuneDataset]:
    """torchtune's dataset builders by their dotted paths."""
    return {
        path: TorchtuneDataset(
            path=path,
            kind=row["kind"],
            source=row["source"],
            subset=row["subset"],
            split=row["split"],
            columns=tuple(row["columns"].items()),
            train_on_input=row["train_on_input"],
            packed=row["packed"],
            new_system_prompt=row["new_system_prompt"],
            style=row["style"],
            required=tuple(row["required"]),
            extra=tuple(row["extra"].items()),
            versions=tuple(row["versions"]),
            defined_in=row["defined_in"],
        )
        for path, row in table("instructions")["torchtune_datasets"].items()
    }


def torchtune_template(path: str) -> dict[str, Affixes] | None:
    """A prompt template that torchtune ships: role -> (before, after).

    ``Llama2ChatTemplate`` puts its system text inside every user turn and ``MistralChatTemplate``
    refuses one (:mod:`translator.catalog.formats` describes both with their tokenizers).
    """
    row = table("instructions")["torchtune_prompt_templates"]["templates"].get(path)
    return {role: (parts[0], parts[1]) for role, parts in row.items()} if row else None
