"""Writing chat templates, and the tokens that end turns."""

from __future__ import annotations

import re

from translator.catalog.chat_jinja import jinja
from translator.catalog.formats import ChatFormat as Known
from translator.catalog.models import facts
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl import templates
from translator.frameworks.axolotl.entry import Entry
from translator.frameworks.axolotl.write_modules import by_module, template_of
from translator.ir import (
    ChatFormat,
    InstructionRows,
    MessageRows,
    PreferenceRows,
    SeparateRows,
    Source,
)
from translator.record import replace
from translator.writing import Writer


def templated(writer: Writer, source: Source) -> bool:
    """Whether Axolotl renders a data set's rows with ``chat_template``."""
    if not isinstance(source.format, ChatFormat):
        return False
    if by_module(writer, source):
        return True
    if isinstance(source.rows, PreferenceRows):
        return source.rows.messages and not is_transform(source)
    return isinstance(source.rows, MessageRows)


def is_transform(source: Source) -> bool:
    """Whether a named transform of pairs writes the turns itself."""
    form, rows = source.format, source.rows
    return (
        isinstance(rows, PreferenceRows)
        and isinstance(form, ChatFormat)
        and form.template in ("chatml", "llama3")
        and rows.messages
        and rows.system == "system"
        and rows.prompt == "prompt"
    )


def put_templates(writer: Writer) -> None:
    """``chat_template`` of the file, from the first data set that is rendered with one."""
    data = writer.document.recipe.data
    places = [(f"data.sources[{i}]", source) for i, source in enumerate(data.sources)]
    if isinstance(data.validation, SeparateRows):
        held = enumerate(data.validation.sources)
        places += [(f"data.validation.sources[{i}]", source) for i, source in held]
    for place, source in places:
        form = source.format
        if not isinstance(form, ChatFormat):
            continue
        field = f"{place}.format.template"
        rendered = templated(writer, source)
        if rendered and not writer.has("chat_template"):
            name, text = spelled(writer, template_of(writer, source, form), field)
            if name != templates.DEFAULT or field in writer.document.origins:
                writer.put("chat_template", name, field)
            # else it is what Axolotl does by itself; mistral-common refuses to be told
            if text is not None:
                writer.put("chat_template_jinja", text)
        if form.end_is_eos or isinstance(source.rows, MessageRows | InstructionRows):
            field = field.replace("template", "end_is_eos")
            _put_end(writer, form, field, rendered=rendered)
    _list_ends(writer, places)
    _tell_ends(writer, places)


def _list_ends(writer: Writer, places: list[tuple[str, Source]]) -> None:
    """An end of turn counts in the loss only if it is the end-of-sequence token, which one data
    set's template may have set for all, or listed."""
    model = writer.value("model.id")
    told = writer.entries.get(("special_tokens", "eos_token"))
    own = dict(writer.value("model.special_tokens") or ()).get("eos_token")
    usual = told.value if told is not None else own or templates.eos_token(model)
    ends = [
        templates.end_of_turn(source.format.template, model)
        for _, source in places
        if isinstance(source.format, ChatFormat)
        and isinstance(source.rows, MessageRows | InstructionRows)
        and templated(writer, source)
        and source.supervision.turn_ends != "none"
    ]
    further = [end for end in dict.fromkeys(ends) if end not in (None, usual)]
    if further and usual is not None:
        writer.put("eot_tokens", further)


def _tell_ends(writer: Writer, places: list[tuple[str, Source]]) -> None:
    """The end-of-sequence token is the whole run's: what one data set needs holds for all."""
    told = writer.entries.get(("special_tokens", "eos_token"))
    if told is None or dict(writer.value("model.special_tokens") or ()).get("eos_token"):
        return
    for place, source in places:
        form = source.format
        if not isinstance(form, ChatFormat) or form.end_is_eos:
            continue
        if templates.end_of_turn(form.template, writer.value("model.id")) == told.value:
            why = (
                f"{told.value} is made the end-of-sequence token, which Axolotl puts behind answers"
            )
            writer.lose(Code.TOLD_OTHERWISE, f"{place}.format.end_is_eos", why, Severity.NOTE)


def spelled(writer: Writer, form: ChatFormat, field: str) -> tuple[str, str | None]:
    """Axolotl's name of a template and, where it has none, the template's text."""
    if form.template == "jinja" and form.system_prompt is None:
        return "jinja", form.jinja or ""
    if form.template == "tokenizer" and form.system_prompt is None:
        return templates.DEFAULT, None
    name = templates.axolotl_name(form.template)
    if name is not None and form.system_prompt is None:
        return name, None
    known = templates.format_of(form.template, writer.value("model.id"))
    if known is None:
        return _unknown(writer, form, field)
    if form.system_prompt is not None:
        known = replace(known, default_system=form.system_prompt)
    return _as_text(writer, known, form, field)


def _unknown(writer: Writer, form: ChatFormat, field: str) -> tuple[str, str | None]:
    if form.system_prompt is not None and form.template in ("tokenizer", "jinja"):
        why = (
            "the text of the template is not known here, so its default system message "
            "cannot be changed"
        )
        field = field.replace(".template", ".system_prompt")
    else:
        why = "Axolotl has no such template, and its text is not known here"
    writer.lose(Code.LOST_TEMPLATE, field, why)
    return templates.DEFAULT, None


def _as_text(writer: Writer, known: Known, form: ChatFormat, field: str) -> tuple[str, str | None]:
    if not known.turns:
        why = "Axolotl has no such template, and its text is not known here"
        writer.lose(Code.LOST_TEMPLATE, field, why)
        return templates.DEFAULT, None
    own = facts(writer.value("model.id"))
    if form.system_prompt is None and own is not None and own.chat_format == known.id:
        why = f"Axolotl has no name for {known.id}; it is what the model's own tokenizer ships"
        writer.lose(Code.TOLD_OTHERWISE, field, why, Severity.NOTE, verbose=True)
        return templates.DEFAULT, None
    if form.system_prompt is not None:
        how = "it is written into the template, for conversations without a system turn"
        place = field.replace(".template", ".system_prompt")
        writer.lose(Code.TOLD_OTHERWISE, place, how, Severity.NOTE, verbose=True)
    why = f"Axolotl has no name for {form.template} like this; the template is written out"
    if known.opaque:
        why = f"{why}, its plain turns alone: {known.opaque}"
        writer.lose(Code.LOST_TEMPLATE, field, why, Severity.WARNING)
    else:
        writer.lose(Code.TOLD_OTHERWISE, field, why, Severity.NOTE)
    how = "the text of that template"
    place = field.replace(".template", ".jinja")
    writer.lose(Code.TOLD_OTHERWISE, place, how, Severity.NOTE, verbose=True)
    return "jinja", _in_lines(jinja(known, approximate=True))


def _in_lines(template: str) -> str:
    """A statement a line: Jinja as transformers sets it up (``trim_blocks``) drops the line end
    behind a statement."""
    return re.sub(r"(\{%[^%]*%\})(?=\{)", r"\1\n", template)


def _put_end(writer: Writer, form: ChatFormat, field: str, *, rendered: bool) -> None:
    """Makes the end of a turn the end-of-sequence token, where it is meant to be or where that is
    what Axolotl puts behind answers."""
    model = writer.value("model.id")
    end = templates.end_of_turn(form.template, model)
    if end is None:
        return
    own = dict(writer.value("model.special_tokens") or ()).get("eos_token")
    usual = own or templates.eos_token(model)
    if form.end_is_eos or (not rendered and usual != end):
        before = writer.entries.get(("special_tokens", "eos_token"))
        if before is not None and before.value != end:
            why = f"answers end in {before.value} in all data sets, here in {end}"
            writer.lose(Code.LOST_TEMPLATE, field.removesuffix(".format.end_is_eos"), why)
            return
        if own is None:
            writer.put("special_tokens.eos_token", end)
            how = f"{end} ends every turn of {form.template}"
            writer.lose(
                Code.TOLD_OTHERWISE, "model.special_tokens", how, Severity.NOTE, verbose=True
            )


def own_template(entry: Entry, form: ChatFormat) -> None:
    """A template of its own, where the data set's differs from the file's."""
    name, text = spelled(entry.writer, form, f"{entry.field}.format.template")
    file_name = entry.writer.entries.get(("chat_template",))
    file_text = entry.writer.entries.get(("chat_template_jinja",))
    same_text = (file_text.value if file_text is not None else None) == text
    of_file = templates.DEFAULT if file_name is None else file_name.value
    if of_file != name or not same_text:
        entry.put("chat_template", name, "format.template")
        if text is not None:
            entry.put("chat_template_jinja", text, "format.jinja")
