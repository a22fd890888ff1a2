"""What of a data set's description has no effect on its rows, or does not fit the objective."""

from __future__ import annotations

from collections.abc import Iterator

from translator import ir
from translator.catalog.formats import ChatFormat as CatalogueFormat
from translator.catalog.row_kinds import SEGMENTS
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.masking import Mask, ends_beside, opening
from translator.writing import Writer

Finding = tuple[str, str, Code, Severity]
"""A part of a source, why it is lost, the code and the severity."""

_ALWAYS = (ir.CustomRows,)
_FITTING: tuple[tuple[type, tuple[type, ...]], ...] = (
    (ir.SupervisedObjective, (ir.TextRows, ir.InstructionRows, ir.MessageRows, ir.TokenRows)),
    (ir.PreferenceObjective, (ir.PreferenceRows,)),
    (ir.LabelObjective, (ir.LabelledRows,)),
    (ir.OnlineObjective, (ir.PromptRows,)),
)


def report(writer: Writer, source: ir.Source, place: str) -> None:
    """Records what of a source cannot be told, or has nothing to tell."""
    data = writer.document.recipe.data
    held_out = data.validation.sources if isinstance(data.validation, ir.SeparateRows) else ()
    turns = any(isinstance(other.format, ir.ChatFormat) for other in (*data.sources, *held_out))
    columns = isinstance(source.rows, ir.PreferenceRows | ir.LabelledRows | ir.PromptRows)
    if columns and isinstance(source.format, ir.PlainFormat) and turns:
        why = "another data set has a chat template, which TRL applies to columns of turns"
        for part in ("format", "rows"):
            writer.lose(Code.TOLD_OTHERWISE, f"{place}.{part}", why, Severity.NOTE, verbose=True)
    objective = writer.document.recipe.objective
    for part, why, code, severity in _findings(source, objective):
        field = f"{place}.{part}" if part else place
        writer.lose(code, field, why, severity, verbose=severity is Severity.NOTE)


def report_mask(
    writer: Writer, wanted: ir.Supervision, mask: Mask, form: CatalogueFormat | None, field: str
) -> None:
    """Records what of a mask cannot be told where everything counts, or changes nothing;
    ``field`` is the place of the mask in the recipe."""
    for part, why in _idle_parts(wanted, mask, form):
        writer.lose(Code.TOLD_OTHERWISE, f"{field}.{part}", why, Severity.NOTE, verbose=True)
    if mask.kind != "everything":
        return
    if wanted.turn_ends in ("none", "last"):
        why = "the ends of all turns count as well"
        writer.lose(Code.LOST_MASK, f"{field}.turn_ends", why, Severity.WARNING)
    after = form.affixes("assistant") if form is not None else None
    native = writer.document.format == "torchtune"  # which writes nothing behind the last turn
    if native and after and after[1] != after[1].rstrip():
        why = "the line break behind the last turn counts as well: one token a row"
        writer.lose(Code.LOST_MASK, f"{field}.turn_ends", why, Severity.NOTE)


def _idle_parts(
    wanted: ir.Supervision, mask: Mask, form: CatalogueFormat | None
) -> Iterator[tuple[str, str]]:
    """Parts of a mask that go without saying, and why."""
    if mask.kind == "everything":
        usual = ir.Supervision(prompt=True, turn_headers=True)
        for part in ("turns", "roles", "turn_headers", "turn_ends"):
            if getattr(wanted, part) != getattr(usual, part):
                yield part, "everything counts"
        return
    if wanted.turn_ends == "all" and wanted.prompt and mask.kind == "spans":
        yield "turn_ends", "every turn counts"
    if form is None or not form.turns:
        return
    if wanted.turn_ends == "all" and not wanted.prompt and not ends_beside(wanted, form):
        yield "turn_ends", "in this chat template answers alone end in a token"
    if wanted.turn_headers and not opening(form, "assistant"):
        yield "turn_headers", "this chat template puts no marker in front of answers"


def _findings(source: ir.Source, objective: ir.Objective) -> Iterator[Finding]:
    rows, form, mask = source.rows, source.format, source.supervision
    kinds = next((found for kind, found in _FITTING if isinstance(objective, kind)), None)
    if kinds is None or not isinstance(rows, (*kinds, *_ALWAYS)):
        yield "", "its rows are not what this objective learns from", Code.LOST_TEMPLATE, _ERROR
        return
    plain = isinstance(form, ir.PlainFormat)
    if getattr(rows, "images", None) is not None:
        yield "rows", "ftx writes scripts for text only", Code.LOST_SOURCE, _ERROR
    if isinstance(rows, ir.MessageRows) and plain:
        yield "", "its turns have no chat template", Code.LOST_TEMPLATE, _ERROR
        return
    if isinstance(rows, ir.InstructionRows):
        yield from _idle_columns(rows, form)
    yield from _idle_fields(rows)
    bare = ir.Supervision(prompt=mask.prompt)
    if rows == ir.CustomRows(reference=SEGMENTS):
        yield "", "Python in the script makes these rows", Code.TOLD_OTHERWISE, _NOTE
    elif isinstance(rows, ir.CustomRows) and rows.code is not None:
        yield "rows", "their code is in the script", Code.TOLD_OTHERWISE, _NOTE
        yield "format", "their code is in the script", Code.TOLD_OTHERWISE, _NOTE
        if not rows.marks:
            yield "supervision", "all of a text counts", Code.TOLD_OTHERWISE, _NOTE
    elif isinstance(rows, ir.CustomRows):
        yield "format", "the user's code makes the rows", Code.TOLD_OTHERWISE, _NOTE
        yield "supervision", "the user's code makes the rows", Code.TOLD_OTHERWISE, _NOTE
    elif isinstance(rows, ir.TokenRows):
        yield "format", "the rows are token ids already", Code.TOLD_OTHERWISE, _NOTE
        yield "supervision", "the rows' labels say what counts", Code.TOLD_OTHERWISE, _NOTE
    elif isinstance(rows, ir.TextRows):
        if not plain:
            yield "format", "a column of text has no turns", Code.LOST_TEMPLATE, _ERROR
        elif isinstance(form, ir.PlainFormat) and form.joined != "whole":
            yield "format.joined", "there is no prompt", Code.TOLD_OTHERWISE, _NOTE
        if mask != ir.Supervision(prompt=True):
            yield "supervision", "all of a text is trained", Code.TOLD_OTHERWISE, _NOTE
    elif isinstance(objective, ir.SupervisedObjective):
        if plain and mask != bare:
            yield "supervision", "there are no turns", Code.TOLD_OTHERWISE, _NOTE
    else:
        if mask != ir.Supervision(prompt=False):
            yield "supervision", "the objective says what counts", Code.TOLD_OTHERWISE, _NOTE
        if isinstance(rows, ir.PreferenceRows) and plain and rows.system and not rows.messages:
            why = "text without turns has no place for it"
            yield "rows.system", why, Code.LOST_TEMPLATE, _ERROR
        if isinstance(rows, ir.PreferenceRows) and rows.messages and rows.system:
            why = "columns are taken as text, as one turn or as several"
            for part in ("rows", "format", "supervision"):
                yield part, why, Code.TOLD_OTHERWISE, _NOTE
        if (
            isinstance(rows, ir.PreferenceRows)
            and rows.messages
            and rows.prompt is not None
            and rows.text != "{prompt}"
        ):
            why = "turns are handed on as they are, without text around them"
            yield "rows.text", why, Code.LOST_TEMPLATE, _ERROR
        own = isinstance(form, ir.ChatFormat) and form.template == "tokenizer"
        if isinstance(rows, ir.PreferenceRows) and rows.messages and rows.prompt is None and own:
            why = "TRL sees for itself whether columns hold turns"
            yield "rows.messages", why, Code.TOLD_OTHERWISE, _NOTE
            yield "format", why, Code.TOLD_OTHERWISE, _NOTE
        if isinstance(rows, ir.PreferenceRows) and rows.prompt is None:
            yield "rows.prompt", "TRL finds it in both answers", Code.TOLD_OTHERWISE, _NOTE
        if plain and form != ir.PlainFormat(joined="whole"):
            yield "format", "TRL joins prompt and answer as text", Code.TOLD_OTHERWISE, _NOTE


def _idle_fields(rows: ir.Rows) -> Iterator[Finding]:
    if isinstance(rows, ir.InstructionRows):
        used = rows.without_input + (rows.with_input if rows.input is not None else "")
    elif isinstance(rows, ir.PromptRows | ir.PreferenceRows):
        used = rows.text
        if isinstance(rows, ir.PreferenceRows) and rows.prompt is None and used != "{prompt}":
            yield "rows.text", "both answers hold their prompt", Code.TOLD_OTHERWISE, _NOTE
    else:
        return
    if any(f"{{{name}}}" not in used for name, _ in rows.fields):
        yield "rows.fields", "the text has no place for some", Code.TOLD_OTHERWISE, _NOTE


def _idle_columns(rows: ir.InstructionRows, form: ir.Format) -> Iterator[Finding]:
    columns = [c for c in (rows.instruction, rows.input, rows.system, rows.output) if c]
    if len(set(columns)) < len(columns):
        yield "rows", "one column has two places", Code.TOLD_OTHERWISE, _NOTE
    if rows.input is None and rows.with_input != rows.without_input:
        yield "rows.with_input", "no column fills it", Code.TOLD_OTHERWISE, _NOTE
    used = rows.with_input + rows.without_input
    if isinstance(form, ir.PlainFormat) and rows.system and "{system}" not in used:
        yield "rows.system", "the prompt has no place for it", Code.TOLD_OTHERWISE, _NOTE
    if rows.instruction and "{instruction}" not in used:
        yield "rows.instruction", "the prompt has no place for it", Code.TOLD_OTHERWISE, _NOTE


_ERROR, _NOTE = Severity.ERROR, Severity.NOTE
