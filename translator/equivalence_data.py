"""One form for data that becomes the same tokens with the same mask."""

from __future__ import annotations

import re

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
from translator.record import replace

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
    rows = _by_columns(replace(rows, style=None, fields=used))
    return replace(source, rows=rows, supervision=mask)


def _by_columns(rows: InstructionRows) -> InstructionRows:
    """A prompt with the names of the columns in its places; that of an input stays an input where
    rows without one have another text."""
    without = rows.without_input
    if rows.with_input.replace("{input}", "") == without:
        without = rows.with_input  # an empty input gives the same
    places = {"instruction": rows.instruction, "system": rows.system}
    if rows.with_input == without:
        places["input"] = rows.input
    columns = {name: column for name, column in (*places.items(), *rows.fields) if column}

    def named(match: re.Match[str]) -> str:
        column = columns.get(match[1])
        return match[0] if column is None else f"{{={column}}}"

    texts = [re.sub(r"(?<!\{)\{(\w+)\}(?!\})", named, text) for text in (rows.with_input, without)]
    used = {column for column in columns.values() if f"{{={column}}}" in "".join(texts)}
    return replace(
        rows,
        instruction=None,
        input=rows.input if "{input}" in texts[0] else None,
        system=None if rows.system in used else rows.system,
        fields=tuple(sorted((f"={column}", column) for column in used)),
        with_input=texts[0],
        without_input=texts[1],
    )


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
