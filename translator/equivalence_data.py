"""One form for data that becomes the same tokens with the same mask."""

from __future__ import annotations

import re
from dataclasses import replace

from translator.ir import (
    ChatFormat,
    Data,
    InstructionRows,
    LabelledRows,
    MessageRows,
    PlainFormat,
    PreferenceRows,
    PromptRows,
    Recipe,
    SeparateRows,
    Source,
    Supervision,
    TextRows,
    TokenRows,
)

_SHAREGPT = (("gpt", "assistant"), ("human", "user"))


def data_at_rest(recipe: Recipe, evaluates: bool) -> Data:
    """The data in the words of :func:`translator.equivalence.canonical`; ``evaluates`` says
    whether held-out rows are ever looked at."""
    data, model = recipe.data, recipe.model.id
    validation = data.validation
    if isinstance(validation, SeparateRows):
        separate = SeparateRows(sources=tuple(_source(s, model) for s in validation.sources))
        validation = separate if evaluates else None
    sources = tuple(_source(source, model) for source in data.sources)
    return replace(data, sources=sources, validation=validation)


def _source(source: Source, model: str) -> Source:
    """Local files by format and name; a mask without the parts that its rows do not have."""
    from translator.catalog.locations import as_files

    path, files, kind = as_files(source.path, source.files, source.file_format)
    source = replace(source, path=path, files=files, file_format=kind)
    rows = source.rows
    if isinstance(rows, TextRows):
        return _texts(source)
    if isinstance(rows, TokenRows):
        # ids and labels are there already
        return replace(source, format=PlainFormat(), supervision=Supervision(prompt=False))
    if isinstance(rows, PreferenceRows | PromptRows):
        used = tuple(pair for pair in rows.fields if f"{{{pair[0]}}}" in rows.text)
        source = replace(source, rows=replace(rows, fields=used))
    if isinstance(rows, PromptRows) and isinstance(source.format, PlainFormat):
        source = replace(source, format=PlainFormat(joined="whole"))  # no answer follows
    if isinstance(rows, PreferenceRows | LabelledRows | PromptRows):
        headers = isinstance(rows, PreferenceRows) and source.supervision.turn_headers
        source = replace(source, supervision=Supervision(prompt=False, turn_headers=headers))
    if isinstance(rows, PromptRows) and isinstance(source.format, PlainFormat):
        source = replace(source, format=PlainFormat())  # rows without an answer to join or to end
    if isinstance(rows, MessageRows) and rows.role_key == "from" and not rows.roles:
        # names that go with that key are understood whether they are listed or not
        source = replace(source, rows=replace(rows, roles=_SHAREGPT))
    if isinstance(rows, InstructionRows):
        source = _instructions(source, rows)
    return _named_template(source, model)


def _texts(source: Source) -> Source:
    """There is no prompt: one text is tokenized whole and trained whole."""
    source = replace(source, supervision=Supervision(prompt=True))
    if isinstance(source.format, PlainFormat):
        return replace(source, format=replace(source.format, joined="whole"))
    return source


def _instructions(source: Source, rows: InstructionRows) -> Source:
    """One answer in each row; the texts tell the style, and which further fields they use."""
    if rows.input is None:
        rows = replace(rows, with_input=rows.without_input)
    if rows.with_input == rows.without_input:
        rows = _by_columns(rows)
    texts = rows.with_input + rows.without_input
    used = tuple(pair for pair in rows.fields if f"{{{pair[0]}}}" in texts)
    mask = replace(source.supervision, turns="all")
    if mask.turn_ends in ("all", "last"):
        mask = replace(mask, turn_ends="answers")
    if isinstance(source.format, PlainFormat):
        mask = replace(mask, turn_headers=False, turn_ends="answers")
    if mask.prompt:
        # what opens an answer is part of the prompt, which is trained
        mask = replace(mask, turn_headers=False)
    return replace(source, rows=replace(rows, style=None, fields=used), supervision=mask)


def _by_columns(rows: InstructionRows) -> InstructionRows:
    """A prompt that is the same for all rows, with the names of the columns in its places."""
    places = {"instruction": rows.instruction, "input": rows.input, "system": rows.system}
    columns = {name: column for name, column in (*places.items(), *rows.fields) if column}

    def named(match: re.Match[str]) -> str:
        column = columns.get(match[1])
        return match[0] if column is None else f"{{={column}}}"

    text = re.sub(r"(?<!\{)\{(\w+)\}(?!\})", named, rows.with_input)
    used = tuple(sorted((f"={c}", c) for c in set(columns.values()) if f"{{={c}}}" in text))
    system = None if "{system}" in rows.with_input else rows.system
    return replace(rows, instruction=None, input=None, system=system, fields=used,
                   with_input=text, without_input=text)  # fmt: skip


def _named_template(source: Source, model: str) -> Source:
    """The template that a model's tokenizer ships by its name, where the catalogue has it; an end
    of turn that is the model's end-of-sequence token already need not be made it."""
    form = source.format
    if not isinstance(form, ChatFormat) or (form.template != "tokenizer" and not form.end_is_eos):
        return source
    from translator.catalog.formats import formats
    from translator.catalog.models import facts

    known = facts(model)
    if known is None:
        return source
    if form.template == "tokenizer" and known.chat_format is not None and known.base is False:
        form = replace(form, template=known.chat_format)
    item = formats().get(form.template)
    if form.end_is_eos and item is not None and item.end_of_turn == known.eos_token:
        form = replace(form, end_is_eos=None)
    return replace(source, format=form)
