"""What each kind of data set makes of a row: its columns, the wording and the mask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from translator.catalog.row_kinds import SEGMENTS
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.dataset_builders import SHAREGPT, Dataset
from translator.frameworks.torchtune.ends import other_end
from translator.frameworks.torchtune.lookup import (
    called,
    refuse,
    surprise,
)
from translator.frameworks.torchtune.own_code import read_own_code
from translator.frameworks.torchtune.prompts import ALPACA, OLD_CHAT_FORMATS, OLD_PROMPTS, prompt
from translator.frameworks.torchtune.tokenizing import escaped
from translator.frameworks.torchtune.values import flag, mapping, text
from translator.ir import (
    ChatFormat,
    CustomRows,
    Format,
    InstructionRows,
    MessageRows,
    PlainFormat,
    PreferenceRows,
    Rows,
    Supervision,
    TextRows,
)
from translator.record import replace


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
    if former is not None and former.rpartition(".")[2] not in OLD_CHAT_FORMATS:
        told = f"chat_format ({former!r}): a format that no torchtune has; {template} is told"
        node = dataset.reader.peek(*dataset.place, "chat_format")
        dataset.reader.say(Code.ASSUMED, Severity.WARNING, told, node, key="chat_format")
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


def _of_pairs(dataset: Dataset) -> Supervision:
    """What counts in answers to one prompt. The marker that opens them is the same in both, so
    that it cancels when their likelihoods are compared, whether it counts or not."""
    return _supervision(dataset, headers=False)


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
    return rows, _format(dataset, system), _of_pairs(dataset)


def _answers(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    rows = PreferenceRows(
        prompt=dataset.column("prompt"),
        chosen=dataset.column("chosen"),
        rejected=dataset.column("rejected"),
    )
    if dataset.wording.around:
        _lost_template(dataset)
    return rows, _format(dataset, None), _of_pairs(dataset)


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


def _columns(value: object) -> dict[str, str]:
    return {str(name): text(column) for name, column in mapping(value).items()}


def _own_pairs(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    rows = PreferenceRows(
        prompt=dataset.get("prompt", text, "prompt").value,
        chosen=dataset.get("chosen", text, "chosen").value,
        rejected=dataset.get("rejected", text, "rejected").value,
        messages=dataset.get("turns", flag, False).value,
        text=dataset.get("text", text, "{prompt}", field="rows.text").value,
        fields=tuple(dataset.get("fields", _columns, {}, field="rows.fields").value.items()),
        system=dataset.get("system", text, None, field="rows.system").value,
    )
    return rows, _format(dataset, _system(dataset)), _of_pairs(dataset)


def _own_texts(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    """Texts that code of the user's own makes, in the file beside the config."""
    component, _ = called(dataset.reader, *dataset.place)
    name = dataset.get("text_of", text, "text_of", field="rows.code").value
    code = read_own_code(dataset.reader.path, component or "", name)
    for token in ("bos_token", "eos_token"):  # the model's own; told again where they are needed
        dataset.get(token, text, None)
    reference = f"{(component or '').rpartition('.')[0]}.{name}"
    if code is None:
        dataset.reader.say(
            Code.ASSUMED,
            Severity.WARNING,
            f"{reference} is not beside the config as ftx wrote it; its rows are carried as they are",
            dataset.reader.peek(*dataset.place),
            field=f"{dataset.field}.rows",
        )
    return (
        CustomRows(reference=reference, code=code),
        _format(dataset, None),
        Supervision(prompt=True),
    )


def _segments(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    """Axolotl's ``input_output``: no template, and the rows say what counts."""
    trained = dataset.get("train_on_input", flag, False, field="supervision.prompt").value
    return CustomRows(reference=SEGMENTS), PlainFormat(), Supervision(prompt=trained)


KINDS: dict[str, Callable[[Dataset], tuple[Rows, Format, Supervision]]] = {
    "alpaca": _alpaca,
    "pairs": _pairs,
    "chat": _chat,
    "text": _text,
    "preference": _preference,
    "answers": _answers,
    "own prompts": _own_prompts,
    "own turns": _own_turns,
    "own pairs": _own_pairs,
    "own texts": _own_texts,
    "segments": _segments,
}
"""How each kind is read."""
