"""Writing data sets: where rows lie, and the prompt type that makes the same tokens."""

from __future__ import annotations

from translator.catalog.locations import FORMATS
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.entry import Entry
from translator.frameworks.axolotl.preference import doubles_start
from translator.frameworks.axolotl.write_prompts import as_text, told
from translator.frameworks.axolotl.write_templates import put_templates
from translator.ir import PreferenceRows, SeparateRows, Source, Steps, TextRows, TokenRows
from translator.record import replace
from translator.writing import Writer


def put_sources(writer: Writer) -> None:
    """``datasets``, or ``pretraining_dataset`` for streamed texts, and what is global to them."""
    data = writer.document.recipe.data
    _put_mask(writer)
    put_templates(writer)
    if data.streaming:
        writer.put("streaming", True, "data.streaming")
        if not isinstance(writer.document.recipe.duration, Steps):
            why = "Axolotl needs max_steps for a stream, as its length is not known"
            writer.lose(Code.LOST_DURATION, "duration", why)
    texts = all(isinstance(source.rows, TextRows) for source in data.sources)
    if data.streaming and texts and writer.value("objective") == "supervised":
        _put_pretraining(writer, data.sources)
    else:
        _put_list(writer, "datasets", data.sources, "data.sources")
        _say_how_pairs_start(writer)
    if isinstance(data.validation, SeparateRows):
        _put_list(writer, "test_datasets", data.validation.sources, "data.validation.sources")


def _say_how_pairs_start(writer: Writer) -> None:
    """axolotl/prompt_strategies/dpo/chat_template.py renders text, which TRL tokenizes anew."""
    model = str(writer.value("model.id"))
    for number, source in enumerate(writer.document.recipe.data.sources):
        kind = writer.entries.get(("datasets", number, "type"))
        templated = kind is not None and str(kind.value).startswith("chat_template.")
        pairs = isinstance(source.rows, PreferenceRows)
        if templated and pairs and doubles_start(model, source.format):
            why = "Axolotl starts both rows of a pair with two beginning-of-sequence tokens"
            field = f"data.sources[{number}].format"
            writer.lose(Code.LOST_TEMPLATE, field, why, Severity.WARNING)


def _put_mask(writer: Writer) -> None:
    """``train_on_inputs`` is one switch for all data sets; texts are always trained whole."""
    if writer.value("objective") not in ("supervised", "other"):
        return
    data = writer.document.recipe.data
    lists = {"data.sources": data.sources}
    if isinstance(data.validation, SeparateRows):
        lists["data.validation.sources"] = data.validation.sources
    prompts = {
        f"{name}[{position}].supervision.prompt": source.supervision.prompt
        for name, sources in lists.items()
        for position, source in enumerate(sources)
        if not isinstance(source.rows, TextRows | TokenRows)
    }
    if not prompts:
        return
    trained = all(prompts.values())
    for field, prompt in prompts.items():
        if prompt != trained:
            why = "Axolotl masks the prompts of all data sets or of none; here it masks them all"
            writer.lose(Code.LOST_MASK, field, why)
            headers = field.replace(".prompt", ".turn_headers")
            writer.lose(Code.LOST_MASK, headers, why, Severity.NOTE, verbose=True)
    writer.put("train_on_inputs", trained, next(iter(prompts)))


def _put_pretraining(writer: Writer, sources: tuple[Source, ...]) -> None:
    for position, source in enumerate(_one_file_each(sources)):
        entry = Entry(writer, ("pretraining_dataset", position), f"data.sources[{position}]")
        assert isinstance(source.rows, TextRows)
        if source.path in FORMATS and source.files:
            entry.put("path", source.path, "path")
            entry.put("data_files", source.files[0], "files")
        else:
            entry.put("path", source.path, "path")
            if source.files:
                entry.put("data_files", source.files[0], "files")
        if source.subset:
            entry.put("name", source.subset, "subset")
        entry.put("split", source.split, "split")
        entry.put("text_column", source.rows.column, "rows.column")
        entry.put("type", "pretrain", "rows")
        as_text(entry, source)
        if source.revision:
            why = "Axolotl takes streamed texts from the default branch"
            entry.lose(Code.LOST_SOURCE, "revision", why, Severity.WARNING)


def _one_file_each(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """``pretraining_dataset`` takes one local file for each entry of the list."""
    single = []
    for source in sources:
        if source.path in FORMATS and len(source.files) > 1:
            single += [replace(source, files=(file,)) for file in source.files]
        else:
            single.append(source)
    return tuple(single)


def _put_list(writer: Writer, name: str, sources: tuple[Source, ...], field: str) -> None:
    for position, source in enumerate(sources):
        entry = Entry(writer, (name, position), f"{field}[{position}]")
        _put_place(entry, source)
        told(entry, source)


def _put_place(entry: Entry, source: Source) -> None:
    """Where the rows lie. Several local files are read through the folder that Axolotl is started
    in, any folder being good for that (axolotl/utils/data/shared.py:239)."""
    if source.path in FORMATS and source.files:
        if len(source.files) == 1 and not set(source.files[0]) & set("*?["):
            entry.put("path", source.files[0], "files", "path")
        else:
            entry.put("path", ".", "path")
            entry.put("data_files", list(source.files), "files")
        entry.put("ds_type", source.file_format or source.path, "file_format")
    else:
        entry.put("path", source.path, "path")
        if source.subset:
            entry.put("name", source.subset, "subset")
        if source.files:
            entry.put("data_files", list(source.files), "files")
        if source.file_format:
            entry.put("ds_type", source.file_format, "file_format")
    if source.split != "train" or entry.written("split"):
        entry.put("split", source.split, "split")
    if source.revision:
        entry.put("revision", source.revision, "revision")
    if not source.path:
        entry.lose(Code.LOST_SOURCE, "path", "it is not known where the rows lie", Severity.ERROR)
