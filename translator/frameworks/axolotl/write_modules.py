"""Rows that the YAML has no words for: a module beside it makes them (see :mod:`.parts`)."""

from __future__ import annotations

from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Leftover
from translator.frameworks.axolotl import templates
from translator.frameworks.axolotl.entry import Entry
from translator.frameworks.axolotl.parts import (
    Module,
    file_of,
    is_text_of,
    prompt_type,
    side_file,
)
from translator.ir import (
    ChatFormat,
    CustomRows,
    InstructionRows,
    MessageRows,
    PlainFormat,
    Source,
    TextRows,
)
from translator.writing import Writer

_NAMES, _SKIPPED = "data.load.column_names", "data.load.skiprows"


def by_module(writer: Writer, source: Source) -> bool:
    """Whether a data set is fully known, and yet beyond what its YAML can say."""
    rows, form = source.rows, source.format
    if writer.value("objective") != "supervised" or writer.value("data.streaming"):
        return False
    if isinstance(rows, CustomRows):
        return rows.code is not None and is_text_of(rows.code)
    if isinstance(rows, InstructionRows) and rows.images is None:
        return _named(writer, source) is not None or _beyond_formats(writer, rows, form)
    if isinstance(rows, MessageRows) and rows.images is None and isinstance(form, ChatFormat):
        unknown = _beyond_text(writer, form) and form.template in ("tokenizer", "jinja")
        return source.supervision.turns == "last" or (form.system_prompt is not None and unknown)
    plain = isinstance(rows, TextRows) and isinstance(form, PlainFormat)
    return plain and _named(writer, source) is not None


def template_of(writer: Writer, source: Source, form: ChatFormat) -> ChatFormat:
    """The template that the YAML names: a module adds the system turn itself."""
    if form.system_prompt is None or not by_module(writer, source):
        return form
    return ChatFormat(template=form.template, jinja=form.jinja, end_is_eos=form.end_is_eos)


def _beyond_formats(writer: Writer, rows: InstructionRows, form: ChatFormat | PlainFormat) -> bool:
    """Whether ``type`` with its formats of prompts cannot word these."""
    if any(f"{{{name}}}" in rows.with_input + rows.without_input for name, _ in rows.fields):
        return True
    if isinstance(form, ChatFormat):
        return _beyond_text(writer, form)
    lead, system, _ = rows.with_input.partition("{system}")
    other = rows.without_input.partition("{system}")[0]
    return bool(system) and rows.system is not None and (
        lead != other or "{" in lead.replace("{{", "")
    )  # fmt: skip


def _beyond_text(writer: Writer, form: ChatFormat) -> bool:
    """Whether a template is known by name alone, or does more than put text around turns."""
    known = templates.format_of(form.template, writer.value("model.id"))
    if known is None or not known.turns:
        return form.template in ("tokenizer", "jinja")
    # Axolotl has mistral-common render Mistral's, which wants a tokenizer of its own
    return bool(known.opaque) and not known.id.startswith("mistral")


def _named(writer: Writer, source: Source) -> list[str] | None:
    """Names that the source gives the columns of a table, when these are the columns below the
    table's own heading."""
    names, skipped = writer.leftover(_NAMES), writer.leftover(_SKIPPED)
    only = len(writer.document.recipe.data.sources) == 1
    if names is None or skipped is None or skipped.value != 1 or not only:
        return None
    listed = names.value if isinstance(names.value, list) else []
    fits = bool(listed) and all(isinstance(name, str) for name in listed)
    return listed if fits and source.file_format == "csv" else None


def put_module(entry: Entry, source: Source) -> None:
    """Writes the module and the ``type`` that names it."""
    writer, form = entry.writer, source.format
    rows = source.rows
    if isinstance(rows, CustomRows):
        settings: dict[str, Any] = {"reference": rows.reference}
        if rows.marks:
            settings["marks"] = list(rows.marks)
        if "return None" in (rows.code or ""):
            settings["filters"] = True
        for key in writer.document.facts.get("brought", "").split():
            left = writer.leftover(key)
            if left is not None:
                writer.tell(left, "the module leaves the same rows out")
        module = Module(kind="own", rows=settings, code=rows.code)
    else:
        kind = "turns" if isinstance(form, ChatFormat) else "texts"
        module = Module(kind=kind, rows=_settings(entry, source))
    name = prompt_type(writer.stem, module)
    entry.put("type", name, "rows")
    file = file_of(name)
    if file not in writer.files:
        why = f"Axolotl's YAML cannot say it; {file} does, which must lie beside it"
        if isinstance(rows, CustomRows):
            why = f"the code that makes the rows is brought along in {file}, as it stands"
        writer.lose(Code.SIDE_FILE, f"{entry.field}.rows", why, Severity.NOTE)
    writer.files[file] = side_file(module, f"{writer.stem}.yaml")
    writer.facts["environment"] = "PYTHONPATH=. "


def _settings(entry: Entry, source: Source) -> dict[str, Any]:
    """``ROWS`` of the module."""
    writer, rows, form, mask = entry.writer, source.rows, source.format, source.supervision
    found: dict[str, Any] = {}
    names = _named(writer, source)
    if names is not None:
        found["names"] = names
        for left in (writer.leftover(_NAMES), writer.leftover(_SKIPPED)):
            _tell_names(writer, left)
    if isinstance(rows, TextRows):
        found["text"] = rows.column
    if isinstance(rows, InstructionRows):
        columns = {
            "instruction": rows.instruction,
            "input": rows.input,
            "system": rows.system,
            **dict(rows.fields),
            "output": rows.output,
        }
        found["columns"] = {name: column for name, column in columns.items() if column is not None}
        found["with_input"] = rows.with_input
        found["without_input"] = rows.without_input
        if rows.input is None:
            found["without_input"] = rows.without_input.replace("{input}", "")
    if isinstance(form, PlainFormat):
        found["joined"], found["end"] = form.joined, form.end
    elif form.system_prompt is not None:
        found["system"] = form.system_prompt
    if mask.turns == "last" and isinstance(rows, MessageRows):
        found["last_answer_only"] = True
    if isinstance(form, ChatFormat) and mask.prompt and mask.turn_headers:
        found["everything"] = True
    return found


def _tell_names(writer: Writer, left: Leftover | None) -> None:
    if left is not None:
        writer.tell(left, "the columns are taken in their order, below the table's own heading")
