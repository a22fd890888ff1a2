"""Writing pairs and labelled answers: the transform that makes the same turns."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl import templates
from translator.frameworks.axolotl.entry import Entry
from translator.frameworks.axolotl.write_templates import is_transform, own_template
from translator.ir import (
    ChatFormat,
    LabelledRows,
    PlainFormat,
    PreferenceRows,
    Source,
)

_BY_PROMPT = {"prompt": "prompt_pairs", "input": "icr", "question": "intel"}
_LABELS_BY_PROMPT = {"prompt": "prompt_pairs", "question": "intel", "instruction": "argilla"}


def pairs(entry: Entry, rows: PreferenceRows, source: Source) -> None:
    form = source.format
    if rows.text != "{prompt}":
        why = "Axolotl takes the prompt of a pair from one column, without text around it"
        entry.lose(Code.LOST_TEMPLATE, "rows.text", why, Severity.ERROR)
        if rows.fields:
            entry.lose(Code.LOST_TEMPLATE, "rows.fields", why, Severity.NOTE)
    if source.supervision.turn_headers:
        why = "Axolotl does not count the markers that open an answer"
        entry.lose(Code.LOST_MASK, "supervision.turn_headers", why, Severity.WARNING)
    if rows.prompt is None and not rows.messages:
        why = "Axolotl wants the prompt in a column of its own"
        entry.lose(Code.LOST_SOURCE, "rows.prompt", why, Severity.ERROR)
    if isinstance(form, PlainFormat):
        _plain_pairs(entry, rows, form)
    if entry.writer.value("objective.method") == "orpo":
        _odds(entry, rows, form)
        return
    usual = (rows.chosen, rows.rejected) == ("chosen", "rejected")
    if rows.messages and isinstance(form, ChatFormat):
        if rows.system is not None and not is_transform(source):
            why = "Axolotl takes the system text from the turns, not from a column of its own"
            entry.lose(Code.LOST_SOURCE, "rows.system", why, Severity.ERROR)
        if is_transform(source) and usual:
            entry.put("type", f"{form.template}.ultra", "rows")
            return
        kind = "chat_template.default" if rows.prompt is not None else "chat_template.argilla_chat"
        entry.put("type", kind, "rows")
        own_template(entry, form)
        if rows.prompt not in (None, "messages"):
            entry.put("field_messages", rows.prompt, "rows.prompt")
        for name, column in (("chosen", rows.chosen), ("rejected", rows.rejected)):
            if column != name:
                entry.put(f"field_{name}", column, f"rows.{name}")
        return
    if isinstance(form, ChatFormat) and form.template in ("chatml", "llama3") and usual:
        variant = _BY_PROMPT.get(rows.prompt or "")
        if variant is not None and rows.system == "system":
            entry.put("type", f"{form.template}.{variant}", "rows")
            return
    if not isinstance(form, ChatFormat) and rows == PreferenceRows(prompt="prompt"):
        return
    entry.put("type.field_prompt", rows.prompt or "prompt", "rows.prompt", "rows")
    entry.put("type.field_chosen", rows.chosen, "rows.chosen")
    entry.put("type.field_rejected", rows.rejected, "rows.rejected")
    if rows.system is not None:
        entry.put("type.field_system", rows.system, "rows.system")
    _put_wrapping(entry, form, ("chosen", "rejected"), rows.system)


def _odds(entry: Entry, rows: PreferenceRows, form: object) -> None:
    """The rows of ``rl: orpo``, for which axolotl/prompt_strategies/orpo has one transform: whole
    conversations in the columns chosen and rejected, a system text in system."""
    whole = rows.messages and isinstance(form, ChatFormat)
    if whole:
        entry.put("type", "chat_template.argilla", "rows")
    expected = PreferenceRows(
        prompt=None if whole else "prompt",
        system="system" if whole and rows.system == "system" else None,
        messages=whole,
        text=rows.text,
        fields=rows.fields,
    )
    for name in ("prompt", "chosen", "rejected", "system"):
        wanted = getattr(expected, name)
        if getattr(rows, name) != wanted:
            kept = "the turns of chosen and rejected" if wanted is None else f"a column {wanted}"
            why = f"Axolotl's transform for orpo takes this from {kept} only"
            entry.lose(Code.LOST_SOURCE, f"rows.{name}", why, Severity.ERROR)
    if isinstance(form, ChatFormat) and not rows.messages:
        why = "Axolotl's transform for orpo renders whole conversations only, not single texts"
        entry.lose(Code.LOST_TEMPLATE, "format", why, Severity.ERROR)


def _plain_pairs(entry: Entry, rows: PreferenceRows, form: PlainFormat) -> None:
    if rows.messages:
        why = "Axolotl renders turns with a chat template only"
        entry.writer.lose(Code.LOST_TEMPLATE, entry.field, why)
    else:
        _plain_answer(entry, form)


def _plain_answer(entry: Entry, form: PlainFormat) -> None:
    if form.joined == "whole":
        why = "prompt and answer are tokenized apart; a token across the border is split"
        entry.lose(Code.LOST_TEMPLATE, "format.joined", why, Severity.NOTE)
    if form.end == "none":
        why = "the trainer puts the end-of-sequence token behind every answer"
        entry.lose(Code.LOST_TEMPLATE, "format.end", why, Severity.WARNING)


def labels(entry: Entry, rows: LabelledRows, source: Source) -> None:
    form = source.format
    if isinstance(form, PlainFormat):
        _plain_answer(entry, form)
    usual = (rows.completion, rows.label) == ("completion", "label")
    if isinstance(form, ChatFormat) and form.template in ("chatml", "llama3") and usual:
        variant = _LABELS_BY_PROMPT.get(rows.prompt)
        if variant is not None:
            entry.put("type", f"{form.template}.{variant}", "rows")
            return
    if not isinstance(form, ChatFormat) and rows == LabelledRows():
        return
    entry.put("type.field_prompt", rows.prompt, "rows.prompt", "rows")
    entry.put("type.field_completion", rows.completion, "rows.completion")
    entry.put("type.field_label", rows.label, "rows.label")
    _put_wrapping(entry, form, ("completion",), None)


def _put_wrapping(entry: Entry, form: object, answers: tuple[str, ...], system: str | None) -> None:
    """The text around prompts and answers, for templates that no transform writes."""
    if not isinstance(form, ChatFormat):
        return
    known = templates.format_of(form.template, entry.writer.value("model.id"))
    if known is None or not known.turns:
        why = "how this template wraps prompt and answer is not known here"
        entry.lose(Code.LOST_TEMPLATE, "format", why, Severity.ERROR)
        return
    if form.template not in ("chatml", "llama3"):
        entry.tell("format", f"the turns of {known.id} are written out around the columns")
    wording = form.system_prompt if system is None else "{system}"
    entry.put("type.prompt_format", templates.turns(known, "{prompt}", wording), "format.template")
    end = templates.end_of_turn(form.template, entry.writer.value("model.id")) or ""
    for answer in answers:
        entry.put(f"type.{answer}_format", f"{{{answer}}}{end}")
