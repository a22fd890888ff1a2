"""Reading ``dataset`` and ``dataset_val``: which rows, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.components import is_foreign
from translator.frameworks.torchtune.ends import other_end
from translator.frameworks.torchtune.lookup import (
    Found,
    assume,
    called,
    find,
    refuse,
    surprise,
)
from translator.frameworks.torchtune.parts import part_named
from translator.frameworks.torchtune.prompts import ALPACA, OLD_CHAT_FORMATS, OLD_PROMPTS, prompt
from translator.frameworks.torchtune.tokenizing import Wording, escaped
from translator.frameworks.torchtune.values import FILE_FORMATS, flag, mapping, text, texts
from translator.ir import (
    ChatFormat,
    CustomRows,
    Format,
    InstructionRows,
    MessageRows,
    PlainFormat,
    PreferenceRows,
    PromptRows,
    Rows,
    Source,
    Supervision,
    TextRows,
)
from translator.reading import Reader
from translator.record import Record
from translator.tree import Address

T = TypeVar("T")
D = TypeVar("D")

SHAREGPT = (("gpt", "assistant"), ("human", "user"))
"""torchtune/data/_messages.py: ShareGPTToMessages knows these names and ``system``."""


class Builder(Record):
    """What a data set component makes of rows."""

    kind: str
    """``alpaca``, ``pairs``, ``chat``, ``text``, ``preference``, ``answers``, ``online``."""
    columns: tuple[tuple[str, str], ...] = ()
    """Expected name -> the data's own name, without a ``column_map``."""
    source: str | None = None
    subset: str | None = None
    train_on_input: bool = False


_PAIR = (("input", "input"), ("output", "output"))
_CHOICE = (("chosen", "chosen"), ("rejected", "rejected"))
BUILDERS = {
    "torchtune.datasets.alpaca_dataset": Builder(
        kind="alpaca", source="tatsu-lab/alpaca", train_on_input=True
    ),
    "torchtune.datasets.alpaca_cleaned_dataset": Builder(
        kind="alpaca", source="yahma/alpaca-cleaned", train_on_input=True
    ),
    "torchtune.datasets.instruct_dataset": Builder(kind="pairs", columns=_PAIR),
    "torchtune.datasets.grammar_dataset": Builder(
        kind="pairs", columns=_PAIR, source="liweili/c4_200m"
    ),
    "torchtune.datasets.samsum_dataset": Builder(
        kind="pairs",
        columns=(("input", "dialogue"), ("output", "summary")),
        source="Samsung/samsum",
    ),
    "torchtune.datasets.chat_dataset": Builder(kind="chat"),
    "torchtune.datasets.slimorca_dataset": Builder(kind="chat", source="Open-Orca/SlimOrca-Dedup"),
    "torchtune.datasets.text_completion_dataset": Builder(kind="text"),
    "torchtune.datasets.cnn_dailymail_articles_dataset": Builder(
        kind="text", columns=(("text", "article"),), source="ccdv/cnn_dailymail", subset="3.0.0"
    ),
    "torchtune.datasets.wikitext_dataset": Builder(
        kind="text",
        columns=(("text", "page"),),
        source="EleutherAI/wikitext_document_level",
        subset="wikitext-103-v1",
    ),
    "torchtune.datasets.preference_dataset": Builder(kind="preference", columns=_CHOICE),
    "torchtune.datasets.hh_rlhf_helpful_dataset": Builder(
        kind="preference", columns=_CHOICE, source="RLHFlow/HH-RLHF-Helpful-standard"
    ),
    "torchtune.datasets.stack_exchange_paired_dataset": Builder(
        kind="answers",
        columns=(("prompt", "question"), ("chosen", "response_j"), ("rejected", "response_k")),
        source="lvwerra/stack-exchange-paired",
    ),
}
_PARTS = {
    "prompts": Builder(kind="own prompts"),
    "turns": Builder(kind="own turns"),
    "answer_pairs": Builder(kind="own pairs"),
}
"""What ftx itself puts beside a config (see :mod:`.parts.datasets`)."""
_ONLINE = ("gsm8k_dataset",)


@dataclass(frozen=True, slots=True)
class Dataset:
    """One data set of the config, and the field that its origins are noted under."""

    reader: Reader
    place: Address
    field: str
    builder: Builder
    wording: Wording

    def get(
        self,
        name: str | Address,
        convert: Callable[[object], T],
        default: D,
        *,
        field: str | None = None,
    ) -> Found[T | D]:
        """An argument of this data set."""
        address = (*self.place, *((name,) if isinstance(name, str) else name))
        full = None if field is None else f"{self.field}.{field}"
        found = find(self.reader, address, convert, default, field=full)
        if full is not None and found.written:
            self.reader.origins[full] = found.origin
        return found

    def column(self, expected: str, default: str | None = None) -> str:
        """The data's own name for an expected column."""
        usual = default or dict(self.builder.columns).get(expected, expected)
        return self.get(("column_map", expected), text, usual).value


def read_sources(reader: Reader, name: str, field: str, wording: Wording) -> tuple[Source, ...]:
    """The data set, or every element of a list of them, with origins below ``field``."""
    node = reader.peek(name)
    if node is None:
        return ()
    if node.is_sequence:
        places: list[Address] = [(name, position) for position in range(len(node.value))]
    else:
        places = [(name,)]
    return tuple(
        _source(reader, place, f"{field}[{position}]", wording)
        for position, place in enumerate(places)
    )


def _source(reader: Reader, place: Address, field: str, wording: Wording) -> Source:
    node = reader.peek(*place)
    if node is None or not node.is_mapping:
        refuse(reader, place, "is no data set: a mapping with _component_")
        return _custom("?")
    reader.origins[field] = reader.written(place, node)
    path, _ = called(reader, *place)
    component = node.get(("_component_",)) or node.get(("transform", "_component_"))
    if component is not None:
        reader.origins[f"{field}.rows"] = reader.written((*place, "_component_"), component)
    part = part_named(path)
    builder = BUILDERS.get(path or "") or (_PARTS.get(part) if part else None)
    if builder is None:
        return _own_code(Dataset(reader, place, field, Builder(kind="custom"), wording), path)
    dataset = Dataset(reader, place, field, builder, wording)
    assume(reader, (*place, "_component_"), f"read as {builder.kind} rows", verbose=True)
    rows, layout, mask = _KINDS[builder.kind](dataset)
    return _located(dataset, rows, layout, mask)


def _custom(reference: str) -> Source:
    return Source(
        path="",
        rows=CustomRows(reference=reference),
        format=ChatFormat(template="tokenizer"),
        supervision=Supervision(prompt=False),
    )


def _own_code(dataset: Dataset, path: str | None) -> Source:
    """A component that is none of torchtune's builders: its arguments mean what it likes."""
    reader = dataset.reader
    transform = dataset.get(("transform", "_component_"), text, None).value
    reference = path or transform or "?"
    layout = ChatFormat(template=dataset.wording.format)
    if reference.endswith(_ONLINE):
        rows: Rows = PromptRows(prompt="question")
        usual = "openai/gsm8k"
    else:
        rows, usual = CustomRows(reference=reference), ""
        whose = "code of the user's own" if is_foreign(reference) else "a component of torchtune's"
        reader.say(
            Code.ASSUMED,
            Severity.WARNING,
            f"{_spelled(dataset.place)}._component_ ({reference}): {whose} that ftx cannot look "
            "into; its rows are carried as they are",
            dataset.reader.peek(*dataset.place),
            field=f"{dataset.field}.rows",
        )
    path_given = dataset.get("source", text, usual, field="path").value
    return Source(
        path=path_given,
        subset=dataset.get("subset", text, None, field="subset").value,
        split=dataset.get("split", text, "train", field="split").value,
        rows=rows,
        format=layout,
        supervision=Supervision(prompt=False, turn_headers=dataset.wording.headers),
    )


def _spelled(place: Address) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else step for step in place)


def _located(dataset: Dataset, rows: Rows, layout: Format, mask: Supervision) -> Source:
    """Everything after the columns goes to ``datasets.load_dataset``."""
    builder = dataset.builder
    cleaned = dataset.get("use_clean", flag, None)
    usual = "yahma/alpaca-cleaned" if cleaned.value else (builder.source or "")
    found = dataset.get("source", text, usual, field="path")
    if not found.value:
        dataset.reader.say(
            Code.MISSING_KEY,
            Severity.ERROR,
            f"{_spelled(dataset.place)}.source is missing: no data is named",
            dataset.reader.peek(*dataset.place),
            field=f"{dataset.field}.path",
        )
    files = dataset.get("data_files", _files, (), field="files").value
    subset = dataset.get("name", text, None, field="subset")
    if not subset.written:
        subset = dataset.get("subset", text, builder.subset, field="subset")
    return Source(
        path=found.value,
        subset=subset.value,
        split=dataset.get("split", text, "train", field="split").value,
        files=files,
        file_format=found.value if files and found.value in FILE_FORMATS else None,
        revision=dataset.get("revision", text, None, field="revision").value,
        rows=rows,
        format=layout,
        supervision=mask,
    )


def _files(value: object) -> tuple[str, ...]:
    if isinstance(value, dict):
        if len(value) != 1:
            raise ValueError("maps several splits to files; write one data set for each")
        return _files(next(iter(value.values())))
    return texts(value)


def _supervision(dataset: Dataset, *, headers: bool | None = None) -> Supervision:
    usual = dataset.builder.train_on_input
    whole_row = dataset.get("train_on_input", flag, usual, field="supervision.prompt").value
    strategy = dataset.get("masking_strategy", text, None, field="supervision.turns").value
    if strategy is not None:
        whole_row = strategy == "train_on_all"
    wraps = dataset.wording.wraps() if headers is None else headers
    return Supervision(
        prompt=whole_row,
        turns="last" if strategy == "train_on_last" else "all",
        turn_headers=wraps and dataset.wording.headers,
        turn_ends=dataset.wording.turn_ends,
    )


def _format(dataset: Dataset, system: str | None) -> Format:
    wording = dataset.wording
    if not wording.wraps():
        joined: Literal["separately", "whole"] = "whole" if wording.whole else "separately"
        return PlainFormat(joined=joined, end="eos" if wording.ends else "none")
    return ChatFormat(template=dataset.wording.format, system_prompt=system)


def _system(dataset: Dataset) -> str | None:
    return dataset.get("new_system_prompt", text, None, field="format.system_prompt").value


def _instructions(
    dataset: Dataset, rows: InstructionRows, system: str | None
) -> tuple[Rows, Format, Supervision]:
    """Prompt rows with what the tokenizer's template puts around them."""
    surrounded = dataset.wording.surround(rows)
    if surrounded is None:
        _lost_template(dataset)
        surrounded = rows
    if system is not None and not dataset.wording.wraps():
        lead = escaped(system)
        surrounded = InstructionRows(
            instruction=surrounded.instruction,
            input=surrounded.input,
            output=surrounded.output,
            with_input=lead + surrounded.with_input,
            without_input=lead + surrounded.without_input,
        )
    return surrounded, _format(dataset, system), _supervision(dataset)


def _lost_template(dataset: Dataset) -> None:
    address = ("tokenizer", "prompt_template")
    if dataset.reader.peek("tokenizer", "turns") is not None:
        address = ("tokenizer", "turns")
    node = dataset.reader.node(*address)
    if node is not None and all(left.key != ".".join(address) for left in dataset.reader.leftovers):
        why = "puts text around turns that no known chat format has"
        dataset.reader.leave(address, node, why, Severity.ERROR)


def _alpaca(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    with_input, without_input = ALPACA
    rows = InstructionRows(
        instruction=dataset.column("instruction"),
        input=dataset.column("input"),
        output=dataset.column("output"),
        with_input=with_input,
        without_input=without_input,
        style="alpaca",
    )
    return _instructions(dataset, rows, None)


def _pairs(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    """Two columns; before 0.4 a ``template`` of the data set worded the prompt."""
    old = dataset.get("template", text, None, field="rows").value
    worded = None if old is None else OLD_PROMPTS.get(old.rpartition(".")[2])
    if old is not None and worded is None:
        refuse(dataset.reader, (*dataset.place, "template"), "is a template ftx does not know")
    if worded is not None:
        surprise(
            dataset.reader,
            (*dataset.place, "template"),
            "torchtune 0.4 and later take no template here; read as the version of the time",
            Severity.NOTE,
        )
        instruction, further, output, with_input, without_input = worded
        rows = InstructionRows(
            instruction=dataset.column(instruction, instruction),
            input=None if further is None else dataset.column(further, further),
            output=dataset.column(output, output),
            with_input=with_input,
            without_input=without_input,
            style="alpaca" if (with_input, without_input) == ALPACA else None,
        )
        return _instructions(dataset, rows, None)
    rows = InstructionRows(
        instruction=dataset.column("input"),
        input=None,
        output=dataset.column("output"),
        with_input=prompt("instruction"),
        without_input=prompt("instruction"),
    )
    return _instructions(dataset, rows, _system(dataset))


def _chat(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    style = dataset.get("conversation_style", text, "sharegpt", field="rows.role_key").value
    usual = "messages" if style == "openai" else "conversations"
    given = dataset.get("conversation_column", text, None, field="rows.column").value
    column = given or dataset.get(("column_map", "conversations"), text, usual).value
    if style not in ("sharegpt", "openai"):
        refuse(dataset.reader, (*dataset.place, "conversation_style"), "is sharegpt or openai")
    system = _system(dataset)
    names = (
        {"role_key": "role", "content_key": "content"}
        if style == "openai"
        else {"role_key": "from", "content_key": "value", "roles": SHAREGPT}
    )
    rows = MessageRows(column=column, drop_system=system is not None, **names)
    former = dataset.get("chat_format", text, None, field="format.template").value
    template = OLD_CHAT_FORMATS.get((former or "").rpartition(".")[2], dataset.wording.format)
    if dataset.wording.around:
        _lost_template(dataset)
    return rows, ChatFormat(template=template, system_prompt=system), _supervision(dataset)


def _text(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    ends = dataset.get("add_eos", flag, True, field="format.end").value
    column = dataset.get("column", text, dict(dataset.builder.columns).get("text", "text"))
    if ends:
        _say_how_texts_end(dataset)
    return (
        TextRows(column=column.value),
        PlainFormat(joined="whole", end="eos" if ends else "none"),
        Supervision(prompt=True),
    )


def _say_how_texts_end(dataset: Dataset) -> None:
    tokenizer, _ = called(dataset.reader, "tokenizer")
    two = other_end(tokenizer or "", str(dataset.reader.values.get("model.id")))
    if two is not None:
        dataset.reader.say(
            Code.SURPRISE,
            Severity.WARNING,
            f"torchtune ends each text with {two[0]}, which is not the end-of-sequence token of "
            f"the model ({two[1]}); elsewhere it is that one",
            dataset.reader.peek(*dataset.place),
            field=f"{dataset.field}.format.end",
        )


def _preference(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    system = _system(dataset)
    rows = PreferenceRows(
        prompt=None,
        chosen=dataset.column("chosen"),
        rejected=dataset.column("rejected"),
        messages=True,
    )
    if dataset.wording.around:
        _lost_template(dataset)
    return rows, _format(dataset, system), _supervision(dataset)


def _answers(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    rows = PreferenceRows(
        prompt=dataset.column("prompt"),
        chosen=dataset.column("chosen"),
        rejected=dataset.column("rejected"),
    )
    if dataset.wording.around:
        _lost_template(dataset)
    return rows, _format(dataset, None), _supervision(dataset)


_NAMED = ("instruction", "input", "output", "system")


def _own_prompts(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    columns: dict[str, Any] = dataset.get("columns", mapping, {}, field="rows.instruction").value
    with_input = dataset.get("with_input", text, "", field="rows.with_input").value
    without_input = dataset.get("without_input", text, "", field="rows.without_input").value
    rows = InstructionRows(
        instruction=columns.get("instruction"),
        input=columns.get("input"),
        output=str(columns.get("output", "output")),
        system=columns.get("system"),
        fields=tuple((n, str(c)) for n, c in columns.items() if n not in _NAMED),
        with_input=with_input,
        without_input=without_input,
        style="alpaca" if (with_input, without_input) == ALPACA else None,
    )
    return rows, _format(dataset, _system(dataset)), _supervision(dataset)


def _own_turns(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    roles: dict[str, Any] = dataset.get("roles", mapping, {}, field="rows.roles").value
    rows = MessageRows(
        column=dataset.get("column", text, "messages", field="rows.column").value,
        role_key=dataset.get("role_key", text, "role").value,
        content_key=dataset.get("content_key", text, "content").value,
        roles=tuple(sorted((str(name), str(role)) for name, role in roles.items())),
        drop_system=dataset.get("drop_system", flag, False).value,
    )
    system = dataset.get("default_system_prompt", text, None, field="format.system_prompt").value
    layout = ChatFormat(template=dataset.wording.format, system_prompt=system)
    last = dataset.get("last_answer_only", flag, False, field="supervision.turns").value
    mask = _supervision(dataset)
    return rows, layout, replace(mask, turns="last") if last else mask


def _own_pairs(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    rows = PreferenceRows(
        prompt=dataset.get("prompt", text, "prompt").value,
        chosen=dataset.get("chosen", text, "chosen").value,
        rejected=dataset.get("rejected", text, "rejected").value,
        messages=dataset.get("turns", flag, False).value,
    )
    return rows, _format(dataset, _system(dataset)), _supervision(dataset)


_KINDS: dict[str, Callable[[Dataset], tuple[Rows, Format, Supervision]]] = {
    "alpaca": _alpaca,
    "pairs": _pairs,
    "chat": _chat,
    "text": _text,
    "preference": _preference,
    "answers": _answers,
    "own prompts": _own_prompts,
    "own turns": _own_turns,
    "own pairs": _own_pairs,
}


def packing(reader: Reader, name: str) -> tuple[Found[bool], bool]:
    """Whether the data sets are packed, and whether rows may be cut between packs."""
    node = reader.peek(name)
    elements = range(len(node.value)) if node is not None and node.is_sequence else None
    places: list[Address] = [(name,)] if elements is None else [(name, p) for p in elements]
    found = [find(reader, (*place, "packed"), flag, False) for place in places]
    first = next((f for f in found if f.value), found[0]) if found else None
    if first is None:
        return find(reader, (name, "packed"), flag, False), False
    if len({f.value for f in found}) > 1:
        refuse(reader, (name,), "mixes packed and unpacked data sets, which torchtune refuses")
    splits = [find(reader, (*place, "split_across_pack"), flag, True).value for place in places]
    return first, all(splits)
