"""How one data set is told to torchtune: by one of its builders, or by one of the side file's.

torchtune's tokenizers decide how turns look. A builder of torchtune's is used where the tokenizer
of the model does just what is wanted, with or without a ``prompt_template``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from translator.catalog.formats import ChatFormat as Layout
from translator.catalog.formats import (
    TorchtuneTokenizer,
    formats,
    same,
    torchtune_prompt_template,
    torchtune_tokenizer,
)
from translator.catalog.models import facts
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.prompts import ALPACA
from translator.frameworks.torchtune.tokenizing import Affixes
from translator.ir import (
    ChatFormat,
    CustomRows,
    InstructionRows,
    MessageRows,
    PlainFormat,
    PreferenceRows,
    Source,
    TextRows,
)
from translator.writing import Writer

Template = Affixes | Literal["none", "usual"] | None
"""What ``prompt_template`` must be: affixes, null, the tokenizer's default, or anything."""
_DATASETS = "torchtune.datasets"
_SHAREGPT = {("human", "user"), ("gpt", "assistant")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A data set as a component."""

    component: str
    """Dotted path, or a name in the side file."""
    side: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)
    template: Template = None
    usual: tuple[str, ...] = ()
    """Sources that need not be written."""
    masks: bool = True
    """Whether it takes ``train_on_input``."""
    packs: bool = True
    """Whether it takes ``packed``."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One data set on its way to a certain tokenizer."""

    writer: Writer
    source: Source
    field: str
    tokenizer: TorchtuneTokenizer | None

    @property
    def layout(self) -> str:
        """The format that the tokenizer writes by itself."""
        return "llama3" if self.tokenizer is None else self.tokenizer.format

    @property
    def plain(self) -> bool:
        """Whether the tokenizer adds no markers without a template."""
        return self.tokenizer is not None and self.tokenizer.format_without_template == "plain"

    def lose(self, code: Code, part: str, why: str, severity: Severity = Severity.ERROR) -> None:
        """Reports a loss of this data set."""
        self.writer.lose(code, f"{self.field}.{part}" if part else self.field, why, severity)


def tell(writer: Writer, source: Source, field: str, component: str) -> Told:
    """The component for a data set, with losses about what it cannot do."""
    task = _Task(writer, source, field, torchtune_tokenizer(component))
    rows = source.rows
    if isinstance(rows, TextRows):
        return _text(task, rows)
    if isinstance(rows, InstructionRows):
        return _instructions(task, rows)
    if isinstance(rows, MessageRows):
        return _messages(task, rows)
    if isinstance(rows, PreferenceRows):
        return _preference(task, rows)
    if isinstance(rows, CustomRows) and rows.reference.startswith("torchtune."):
        task.lose(
            Code.LOST_SOURCE, "rows", "a component that ftx cannot look into", Severity.WARNING
        )
        return Told(component=rows.reference, masks=False, packs=False)
    what = "rows made by code of the user's own" if isinstance(rows, CustomRows) else "such rows"
    task.lose(Code.LOST_SOURCE, "rows", f"torchtune has no data set for {what}")
    return Told(component=f"{_DATASETS}.text_completion_dataset", masks=False)


def _text(task: _Task, rows: TextRows) -> Told:
    arguments: dict[str, Any] = {}
    if rows.column != "text":
        arguments["column"] = rows.column
    ends = not isinstance(task.source.format, PlainFormat) or task.source.format.end == "eos"
    arguments["add_eos"] = ends
    return Told(component=f"{_DATASETS}.text_completion_dataset", arguments=arguments, masks=False)


# --- instructions --------------------------------------------------------------------------------


def _instructions(task: _Task, rows: InstructionRows) -> Told:
    layout = task.source.format
    if isinstance(layout, PlainFormat):
        if task.plain and layout == PlainFormat():
            found = _by_builder(task, rows, None)
            if found is not None:
                return found
        return _plain_prompts(task, rows, layout)
    own = _own_layout(task, layout)
    if own is None:
        found = _by_builder(task, rows, layout)
        if found is not None:
            _check_mask(task)
            return found
        return _side(task, "worded_prompts", _columns(rows) | _system(layout))
    return _in_chat(task, "chat_prompts", _columns(rows) | _system(layout), own)


def _by_builder(task: _Task, rows: InstructionRows, layout: ChatFormat | None) -> Told | None:
    """One of torchtune's builders, where it words the prompt so; None where none does."""
    template: Template = "none" if layout is None else "usual"
    if not task.plain or (layout is not None and task.layout == "plain"):
        template = None
    system = None if layout is None else layout.system_prompt
    if (rows.with_input, rows.without_input) == ALPACA and system is None:
        return _alpaca(task, rows, template)
    around = _around(rows)
    if around is None or rows.instruction is None:
        return None
    arguments: dict[str, Any] = {}
    if (rows.instruction, rows.output) != ("input", "output"):
        arguments["column_map"] = {"input": rows.instruction, "output": rows.output}
    if system is not None:
        arguments["new_system_prompt"] = system
    if any(around):
        if template == "usual" or system is not None:
            return None
        template = {"user": around}
    return Told(component=f"{_DATASETS}.instruct_dataset", arguments=arguments, template=template)


def _alpaca(task: _Task, rows: InstructionRows, template: Template) -> Told:
    names = {"instruction": rows.instruction, "input": rows.input, "output": rows.output}
    arguments: dict[str, Any] = {}
    if any(name != column for name, column in names.items()):
        arguments["column_map"] = {name: column or name for name, column in names.items()}
    cleaned = task.source.path == "yahma/alpaca-cleaned"
    name = "alpaca_cleaned_dataset" if cleaned else "alpaca_dataset"
    usual = ("yahma/alpaca-cleaned",) if cleaned else ("tatsu-lab/alpaca",)
    return Told(
        component=f"{_DATASETS}.{name}", arguments=arguments, template=template, usual=usual
    )


def _around(rows: InstructionRows) -> tuple[str, str] | None:
    """Text before and after a prompt that is nothing but one column; None otherwise."""
    if rows.input is not None and rows.with_input != rows.without_input:
        return None
    text = rows.without_input
    if rows.system is not None or text.count("{instruction}") != 1:
        return None
    before, after = text.split("{instruction}")
    bare = (before + after).replace("{{", "").replace("}}", "")
    if "{" in bare or "}" in bare:
        return None
    before, after = (part.replace("{{", "{").replace("}}", "}") for part in (before, after))
    return before, after


def _plain_prompts(task: _Task, rows: InstructionRows, layout: PlainFormat) -> Told:
    known = facts(str(task.writer.value("model.id")))
    arguments = _columns(rows)
    if known is not None and known.bos_token is None:
        arguments["add_bos"] = False
    if layout.end == "eos":
        arguments["end_token"] = _end_token(task)
    if layout.joined == "whole":
        arguments["joined"] = True
    return _side(task, "plain_prompts", arguments)


def _end_token(task: _Task) -> str:
    chosen = dict(task.writer.value("model.special_tokens") or ()).get("eos_token")
    known = facts(str(task.writer.value("model.id")))
    return str(chosen or (known.eos_token if known else None) or "")


def _columns(rows: InstructionRows) -> dict[str, Any]:
    named = {
        "instruction": rows.instruction,
        "input": rows.input,
        "system": rows.system,
        "output": rows.output,
    }
    return {
        "columns": {name: column for name, column in named.items() if column is not None},
        "with_input": rows.with_input,
        "without_input": rows.without_input,
    }


def _system(layout: ChatFormat) -> dict[str, Any]:
    return {} if layout.system_prompt is None else {"system_prompt": layout.system_prompt}


# --- conversations -------------------------------------------------------------------------------


def _messages(task: _Task, rows: MessageRows) -> Told:
    layout = task.source.format
    if not isinstance(layout, ChatFormat):
        task.lose(Code.LOST_TEMPLATE, "format", "torchtune has no turns without a chat format")
        layout = ChatFormat(template=task.layout)
    if rows.tools is not None:
        why = "torchtune does not read tool descriptions"
        task.lose(Code.LOST_TEMPLATE, "rows.tools", why, Severity.WARNING)
    own = _own_layout(task, layout)
    if own is not None:
        template = torchtune_prompt_template(own) if task.plain else None
        if template is not None:
            _check_mask(task, headers=bool(template.get("assistant", ("", ""))[0]))
            return _chat_dataset(task, rows, layout, template)
        return _in_chat(task, "chat_turns", _lists(rows) | _system(layout), own)
    _check_mask(task)
    return _chat_dataset(task, rows, layout, "usual" if task.plain else None)


def _chat_dataset(task: _Task, rows: MessageRows, layout: ChatFormat, template: Template) -> Told:
    """``chat_dataset``, for the two shapes of turns that it reads."""
    keys = (rows.role_key, rows.content_key)
    style = {("from", "value"): "sharegpt", ("role", "content"): "openai"}.get(keys)
    roles = set(rows.roles)
    fits = roles <= _SHAREGPT if style == "sharegpt" else not roles - {("tool", "tool")}
    replaced = layout.system_prompt is not None and rows.drop_system
    if style is None or not fits or (rows.drop_system and not replaced):
        return _side(task, "turns", _lists(rows) | _system(layout), template)
    if layout.system_prompt is not None and not rows.drop_system:
        return _side(task, "turns", _lists(rows) | _system(layout), template)
    arguments: dict[str, Any] = {"conversation_column": rows.column, "conversation_style": style}
    if layout.system_prompt is not None:
        arguments["new_system_prompt"] = layout.system_prompt
    return Told(component=f"{_DATASETS}.chat_dataset", arguments=arguments, template=template)


def _lists(rows: MessageRows) -> dict[str, Any]:
    arguments: dict[str, Any] = {"column": rows.column}
    if rows.role_key != "role":
        arguments["role_key"] = rows.role_key
    if rows.content_key != "content":
        arguments["content_key"] = rows.content_key
    if rows.roles:
        arguments["roles"] = dict(rows.roles)
    if rows.drop_system:
        arguments["drop_system"] = True
    return arguments


def _own_layout(task: _Task, layout: ChatFormat) -> Layout | None:
    """The wanted format where the tokenizer's is another; None where that will do."""
    wanted, name = formats(), layout.template
    target = wanted[task.layout]
    if name == "tokenizer":
        known = facts(str(task.writer.value("model.id")))
        name = (known.chat_format if known else None) or "tokenizer"
        if name == "tokenizer":
            if task.writer.document.format != "torchtune":
                why = f"torchtune writes turns as {task.layout}, taken for the tokenizer's own"
                task.lose(Code.LOST_TEMPLATE, "format.template", why, Severity.WARNING)
            return None
    if name == task.layout:
        return None
    if name not in wanted:
        why = f"torchtune writes turns as {task.layout}; it runs no Jinja templates"
        task.lose(Code.LOST_TEMPLATE, "format.template", why)
        return None
    item = wanted[name]
    if same(item, target):
        return None
    if same(item, target, system_turns=False) or _alike(item, target):
        why = f"torchtune's {task.layout} writes the system turn another way than {name}"
        task.lose(Code.LOST_TEMPLATE, "format.template", why, Severity.WARNING)
        return None
    if item.opaque or not item.turns:
        why = f"torchtune writes turns as {task.layout}, not as {name} ({item.opaque})"
        task.lose(Code.LOST_TEMPLATE, "format.template", why)
        return None
    return item


def _alike(one: Layout, other: Layout) -> bool:
    """Whether user and assistant turns have the same markers, whatever else differs."""
    return bool(one.turns) and all(
        one.affixes(role) == other.affixes(role) for role in ("user", "assistant")
    )


def _in_chat(task: _Task, name: str, arguments: dict[str, Any], item: Layout) -> Told:
    """A data set of the side file that writes turns in a format of the catalogue."""
    end = _end_token(task)
    affixes = {role: [tag.replace("{eos}", end) for tag in tags] for role, tags in item.turns}
    unsayable = item.bos == "each" or item.between or item.system not in ("turn", "refused")
    spelled_out = any("{" in tag for tags in affixes.values() for tag in tags)
    if unsayable or spelled_out or (task.plain and end and _names(affixes, end)):
        why = f"torchtune writes turns as {task.layout}, and ftx cannot tell it {item.id}"
        task.lose(Code.LOST_TEMPLATE, "format.template", why)
    arguments = {**arguments, "affixes": affixes}
    if item.bos == "once":
        arguments["add_bos"] = True
    for key, value in (("lead", item.lead), ("end", item.end), ("strip", list(item.strip or ()))):
        if value:
            arguments[key] = value
    if item.default_system is not None:
        arguments["default_system"] = item.default_system
    if task.source.supervision.turn_headers:
        arguments["train_headers"] = True
    return _side(task, name, arguments)


def _names(affixes: dict[str, list[str]], token: str) -> bool:
    return any(token in tag for tags in affixes.values() for tag in tags)


def _side(task: _Task, name: str, arguments: dict[str, Any], template: Template = None) -> Told:
    return Told(component=name, side=True, arguments=arguments, template=template)


def _check_mask(task: _Task, headers: bool | None = None) -> None:
    """What the tokenizer counts in the loss beside the answers."""
    mask = task.source.supervision
    counted = task.tokenizer is not None and task.tokenizer.header_supervised
    counted = counted if headers is None else headers
    if counted and not mask.turn_headers and not mask.prompt:
        why = "torchtune counts the marker that opens an answer in the loss as well"
        task.lose(Code.LOST_MASK, "supervision.turn_headers", why, Severity.WARNING)
    elif mask.turn_headers and not counted and not mask.prompt:
        why = "torchtune leaves the marker that opens an answer out of the loss"
        task.lose(Code.LOST_MASK, "supervision.turn_headers", why, Severity.WARNING)
    if mask.turn_ends != "answers":
        why = "torchtune counts the end of answers in the loss, and of no other turn"
        task.lose(Code.LOST_MASK, "supervision.turn_ends", why, Severity.WARNING)
    if isinstance(task.source.rows, MessageRows):
        if mask.roles != ("assistant",) and not mask.prompt:
            why = "torchtune counts what the assistant says in the loss, and no other role"
            task.lose(Code.LOST_MASK, "supervision.roles", why)
        if mask.turns == "last":
            why = "torchtune counts every answer of a conversation in the loss"
            task.lose(Code.LOST_MASK, "supervision.turns", why)


# --- preferences ---------------------------------------------------------------------------------


def _preference(task: _Task, rows: PreferenceRows) -> Told:
    template: Template = "usual" if task.plain else None
    system = None
    if isinstance(task.source.format, ChatFormat):
        own = _own_layout(task, task.source.format)
        if own is not None:
            why = f"torchtune writes turns as {task.layout}, not as {own.id}"
            task.lose(Code.LOST_TEMPLATE, "format.template", why)
        system = task.source.format.system_prompt
    elif task.plain:
        template = "none"
    else:
        why = f"torchtune's tokenizer wraps prompt and answers as {task.layout}"
        task.lose(Code.LOST_TEMPLATE, "format", why)
    _check_mask(task)
    arguments: dict[str, Any] = {}
    if rows.messages and rows.prompt is None:
        if (rows.chosen, rows.rejected) != ("chosen", "rejected"):
            arguments["column_map"] = {"chosen": rows.chosen, "rejected": rows.rejected}
        if system is not None:
            arguments["new_system_prompt"] = system
        return Told(component=f"{_DATASETS}.preference_dataset", arguments=arguments,
                    template=template, packs=False)  # fmt: skip
    if rows.messages or rows.prompt is None or rows.system is not None:
        shape = "a prompt and answers as turns" if rows.messages else "answers with their prompts"
        task.lose(Code.LOST_SOURCE, "rows", f"torchtune has no data set for {shape} in columns")
    names = {"prompt": rows.prompt or "prompt", "chosen": rows.chosen, "rejected": rows.rejected}
    if task.source.path == "lvwerra/stack-exchange-paired":
        usual = {"prompt": "question", "chosen": "response_j", "rejected": "response_k"}
        return Told(component=f"{_DATASETS}.stack_exchange_paired_dataset",
                    arguments={} if names == usual else {"column_map": names},
                    template=template, usual=(task.source.path,), packs=False)  # fmt: skip
    return Told(component="answer_pairs", side=True, arguments={"column_map": names},
                template=template, packs=False)  # fmt: skip
