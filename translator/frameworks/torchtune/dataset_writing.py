"""How one data set is told to torchtune: by one of its builders, or by one of the side file's.

torchtune's tokenizers decide how turns look. A builder of torchtune's is used where the tokenizer
of the model does just what is wanted, with or without a ``prompt_template``; else the side file's
``turn_tokenizer`` words the turns (see :mod:`.wording_writing`).
"""

from __future__ import annotations

from typing import Any

from translator.catalog.models import facts
from translator.catalog.row_kinds import SEGMENTS
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.mask_writing import check_mask
from translator.frameworks.torchtune.own_code import own_code
from translator.frameworks.torchtune.prompts import ALPACA
from translator.frameworks.torchtune.wording_writing import (
    Task,
    Told,
    chat_wording,
    plain_wording,
    text_wording,
)
from translator.ir import (
    ChatFormat,
    CustomRows,
    InstructionRows,
    LabelledRows,
    MessageRows,
    PlainFormat,
    PreferenceRows,
    PromptRows,
    Source,
    TextRows,
    TokenRows,
)
from translator.record import Record, field
from translator.writing import Writer

_BUILDERS = "torchtune.datasets"
_SHAREGPT = {("human", "user"), ("gpt", "assistant")}


class Rows(Record):
    """A data set as a component."""

    component: str
    """Dotted path, or a name in the side file."""
    side: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)
    told: Told | None = None
    """What its rows ask of the tokenizer; None for nothing."""
    usual: tuple[str, ...] = ()
    """Sources that need not be written."""
    masks: bool = True
    """Whether it takes ``train_on_input``."""
    packs: bool = True
    """Whether it takes ``packed``."""


_NAMES: dict[type, str] = {
    PromptRows: "prompts without answers",
    LabelledRows: "answers with a label",
    TokenRows: "rows that are tokenized already",
}


def tell(
    writer: Writer, source: Source, field: str, tokenizer: str, *, apart: bool = False
) -> Rows:
    """The component for a data set, with losses about what it cannot do.

    ``apart``: its prompts are worded by itself, not by the tokenizer that it shares with others.
    """
    task = Task(writer, source, field, tokenizer, apart)
    rows = source.rows
    if getattr(rows, "images", None) is not None:
        why = "ftx writes torchtune configs for text only; the pictures are not read"
        task.lose(Code.LOST_SOURCE, "rows.images", why)
        why = "without its pictures the row is another one"
        task.lose(Code.TOLD_OTHERWISE, "rows", why, Severity.NOTE, verbose=True)
    if isinstance(rows, TextRows):
        return _text(task, rows)
    if isinstance(rows, InstructionRows):
        return _instructions(task, rows)
    if isinstance(rows, MessageRows):
        return _messages(task, rows)
    if isinstance(rows, PreferenceRows):
        return _preference(task, rows)
    if isinstance(rows, CustomRows) and rows.reference.startswith("torchtune."):
        why = "a component that ftx cannot look into"
        task.lose(Code.LOST_SOURCE, "rows", why, Severity.WARNING)
        return Rows(component=rows.reference, told=_any_wording(task), masks=False, packs=False)
    why = f"torchtune has no data set for {_NAMES.get(type(rows), 'such rows')}"
    if isinstance(rows, CustomRows):
        found = _own_texts(task, rows)
        if isinstance(found, Rows):
            return found
        why = found
    task.lose(Code.LOST_SOURCE, "rows", why)
    why = "goes with the rows, for which torchtune has no data set"
    for part in ("format", "supervision"):
        writer.lose(Code.LOST_SOURCE, f"{field}.{part}", why, Severity.NOTE, verbose=True)
    return Rows(
        component=f"{_BUILDERS}.text_completion_dataset", told=_any_wording(task), masks=False
    )


def _text(task: Task, rows: TextRows) -> Rows:
    layout = task.source.format
    arguments: dict[str, Any] = {} if rows.column == "text" else {"column": rows.column}
    arguments["add_eos"] = not isinstance(layout, PlainFormat) or layout.end == "eos"
    if layout != PlainFormat(joined="whole", end="eos" if arguments["add_eos"] else "none"):
        plain = isinstance(layout, PlainFormat)
        part = "format.joined" if plain else "format"
        why = "a column of text is tokenized as a whole, without turns"
        task.lose(Code.TOLD_OTHERWISE, part, why, Severity.NOTE, verbose=plain)
    check_mask(task, None)
    return Rows(
        component=f"{_BUILDERS}.text_completion_dataset",
        arguments=arguments,
        told=_any_wording(task) or (text_wording(task) if arguments["add_eos"] else None),
        masks=False,
    )


def _own_texts(task: Task, rows: CustomRows) -> Rows | str:
    """Texts by the user's own code, which goes into the side file; or why it cannot."""
    writer, layout = task.writer, task.source.format
    told_by_rows = rows.reference == SEGMENTS
    if not (rows.code or told_by_rows) or writer.value("objective") != "supervised":
        return "torchtune has no data set for rows made by code of the user's own"
    if told_by_rows:
        told = plain_wording(task, PlainFormat(joined="whole", end="none"), None)
        for part in ("format.joined", "format.end"):
            task.lose(Code.TOLD_OTHERWISE, part, "the pieces say it", Severity.NOTE, verbose=True)
        return Rows(component="segments", side=True, told=told)
    code = own_code(rows.code)
    if isinstance(code, str):
        return code
    if rows.marks or not isinstance(layout, PlainFormat):
        return "torchtune has no data set for the user's own code where only answers count"
    opened, end = task.model_tokens()
    known = facts(str(writer.value("model.id")))
    tokens = {"bos_token": known.bos_token if known else None, "eos_token": end}
    unknown = [name for name in code.asks if tokens[name] is None]
    if unknown and not (known is not None and not opened and unknown == ["bos_token"]):
        return f"the code that makes the rows asks for the {unknown[0]}, which ftx does not know"
    writer.facts[f"code:{code.name}"] = code.source
    why = f"the function itself, {code.name}"
    task.lose(Code.TOLD_OTHERWISE, "rows.reference", why, Severity.NOTE, verbose=True)
    for key in writer.document.facts.get("brought", "").split():
        left = writer.leftover(key)
        if left is not None:
            writer.tell(left, "the function leaves the same rows out")
    arguments = {"text_of": code.name, **{name: tokens[name] for name in code.asks}}
    told = plain_wording(task, layout, None)
    return Rows(component="own_texts", side=True, arguments=arguments, told=told, masks=False)


def _any_wording(task: Task) -> Told | None:
    """A tokenizer that knows no turns stands within the side file's, whatever the rows are."""
    return plain_wording(task, PlainFormat(), None) if task.words_nothing else None


# --- instructions --------------------------------------------------------------------------------


def _instructions(task: Task, rows: InstructionRows) -> Rows:
    layout = task.source.format
    around = None if task.apart and _around(rows) != ("", "") else _around(rows)
    system = layout.system_prompt if isinstance(layout, ChatFormat) else None
    if isinstance(layout, PlainFormat):
        told = plain_wording(task, layout, around)
    else:
        told = chat_wording(task, layout)
        system = _system(task, layout, told)
        if any(around or ()) and told.template is None and not told.turns and system is None:
            told = Told(template={"user": around or ("", "")})
        elif any(around or ()):
            around = None
    check_mask(task, told)
    if rows.input is None and rows.with_input != rows.without_input:
        why = "no row has an input"
        task.lose(Code.TOLD_OTHERWISE, "rows.with_input", why, Severity.NOTE, verbose=True)
    if (rows.with_input, rows.without_input) == ALPACA and system is None:
        return _alpaca(task, rows, told)
    if around is None or rows.instruction is None:
        arguments = _columns(rows)
        if system is not None:
            arguments["new_system_prompt"] = system
        return Rows(component="prompts", side=True, arguments=arguments, told=told)
    arguments = {}
    if (rows.instruction, rows.output) != ("input", "output"):
        arguments["column_map"] = {"input": rows.instruction, "output": rows.output}
    if system is not None:
        arguments["new_system_prompt"] = system
    return Rows(component=f"{_BUILDERS}.instruct_dataset", arguments=arguments, told=told)


def _system(task: Task, layout: ChatFormat, told: Told) -> str | None:
    """The system turn that is written: the wanted one, or the one that the format has itself."""
    if layout.system_prompt is None and told.default_system is not None:
        why = f"{layout.template} opens with {told.default_system!r} where no system turn is"
        task.lose(Code.TOLD_OTHERWISE, "format.system_prompt", why, Severity.NOTE, verbose=True)
    return layout.system_prompt or told.default_system


def _alpaca(task: Task, rows: InstructionRows, told: Told) -> Rows:
    names = {"instruction": rows.instruction, "input": rows.input, "output": rows.output}
    arguments: dict[str, Any] = {}
    if any(name != column for name, column in names.items()):
        arguments["column_map"] = {name: column or name for name, column in names.items()}
    cleaned = task.source.path == "yahma/alpaca-cleaned"
    name = "alpaca_cleaned_dataset" if cleaned else "alpaca_dataset"
    usual = ("yahma/alpaca-cleaned",) if cleaned else ("tatsu-lab/alpaca",)
    return Rows(component=f"{_BUILDERS}.{name}", arguments=arguments, told=told, usual=usual)


def _around(rows: InstructionRows) -> tuple[str, str] | None:
    """Text before and after a prompt that is nothing but one column; None otherwise."""
    if rows.fields:
        return None
    if rows.input is not None and rows.with_input != rows.without_input:
        return None
    text = rows.without_input
    if rows.system is not None or text.count("{instruction}") != 1:
        return None
    before, after = text.split("{instruction}")
    bare = (before + after).replace("{{", "").replace("}}", "")
    if "{" in bare or "}" in bare:
        return None
    return _unescaped(before), _unescaped(after)


def _unescaped(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


def _columns(rows: InstructionRows) -> dict[str, Any]:
    named = {
        "instruction": rows.instruction,
        "input": rows.input,
        "system": rows.system,
        "output": rows.output,
        **dict(rows.fields),
    }
    return {
        "columns": {name: column for name, column in named.items() if column is not None},
        "with_input": rows.with_input,
        "without_input": rows.without_input,
    }


# --- conversations -------------------------------------------------------------------------------


def _messages(task: Task, rows: MessageRows) -> Rows:
    layout = task.source.format
    if not isinstance(layout, ChatFormat):
        task.lose(Code.LOST_TEMPLATE, "format", "torchtune has no turns without a chat format")
        layout = ChatFormat(template=task.layout)
    if rows.tools is not None:
        why = "torchtune does not read tool descriptions"
        task.lose(Code.LOST_TEMPLATE, "rows.tools", why, Severity.WARNING)
    told = chat_wording(task, layout)
    check_mask(task, told)
    keys = (rows.role_key, rows.content_key)
    style = {("from", "value"): "sharegpt", ("role", "content"): "openai"}.get(keys)
    roles = set(rows.roles)
    fits = roles == (_SHAREGPT if style == "sharegpt" else set())
    replaced = layout.system_prompt is not None and rows.drop_system
    kept = layout.system_prompt is None and not rows.drop_system and told.default_system is None
    last = task.source.supervision.turns == "last"
    if style is None or not fits or not (replaced or kept) or last:
        return _own_turns(rows, _system(task, layout, told), told, last=last)
    arguments: dict[str, Any] = {"conversation_column": rows.column, "conversation_style": style}
    if layout.system_prompt is not None:
        arguments["new_system_prompt"] = layout.system_prompt
    return Rows(component=f"{_BUILDERS}.chat_dataset", arguments=arguments, told=told)


def _own_turns(rows: MessageRows, system: str | None, told: Told, *, last: bool) -> Rows:
    arguments: dict[str, Any] = {"column": rows.column}
    if rows.role_key != "role":
        arguments["role_key"] = rows.role_key
    if rows.content_key != "content":
        arguments["content_key"] = rows.content_key
    if rows.roles:
        arguments["roles"] = dict(rows.roles)
    if rows.drop_system:
        arguments["drop_system"] = True
    if system is not None:
        arguments["default_system_prompt"] = system
    if last:
        arguments["last_answer_only"] = True
    return Rows(component="turns", side=True, arguments=arguments, told=told)


# --- preferences ---------------------------------------------------------------------------------


def _preference(task: Task, rows: PreferenceRows) -> Rows:
    layout = task.source.format
    worded = rows.text != "{prompt}" or bool(rows.fields)
    if worded and (rows.messages or rows.prompt is None):
        why = "the prompt is a turn of its own, without text around it"
        for part in ("rows.text", "rows.fields"):
            task.lose(Code.LOST_TEMPLATE, part, why, Severity.NOTE, verbose=part != "rows.text")
        worded = False
    if isinstance(layout, ChatFormat):
        told = chat_wording(task, layout)
        system = _system(task, layout, told)
    else:
        told, system = plain_wording(task, layout, ("", "")), None
    check_mask(task, told)
    arguments: dict[str, Any] = {}
    if system is not None:
        arguments["new_system_prompt"] = system
    if rows.system is not None and rows.prompt is None:
        why = "torchtune reads the system text of a whole conversation from its first turn"
        task.lose(Code.LOST_SOURCE, "rows.system", why)
    if rows.messages and rows.prompt is None:
        if (rows.chosen, rows.rejected) != ("chosen", "rejected"):
            arguments["column_map"] = {"chosen": rows.chosen, "rejected": rows.rejected}
        return Rows(component=f"{_BUILDERS}.preference_dataset", arguments=arguments,
                    told=told, masks=task.source.supervision.prompt, packs=False)  # fmt: skip
    if rows.prompt is None:
        why = "torchtune has no data set for answers without a prompt"
        task.lose(Code.LOST_SOURCE, "rows", why)
    names = {"prompt": rows.prompt or "prompt", "chosen": rows.chosen, "rejected": rows.rejected}
    paired = task.source.path == "lvwerra/stack-exchange-paired" and not rows.messages
    if paired and system is None and not worded and rows.system is None:
        usual = {"prompt": "question", "chosen": "response_j", "rejected": "response_k"}
        return Rows(component=f"{_BUILDERS}.stack_exchange_paired_dataset",
                    arguments={} if names == usual else {"column_map": names}, told=told,
                    usual=(task.source.path,), masks=task.source.supervision.prompt,
                    packs=False)  # fmt: skip
    if rows.messages:
        arguments["turns"] = True
    if worded:
        arguments["text"] = rows.text
    if worded and rows.fields:
        arguments["fields"] = dict(rows.fields)
    if rows.system is not None:
        arguments["system"] = rows.system
    return Rows(component="answer_pairs", side=True, arguments={**names, **arguments}, told=told,
                masks=task.source.supervision.prompt, packs=False)  # fmt: skip
