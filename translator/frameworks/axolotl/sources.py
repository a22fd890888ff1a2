"""Reading ``datasets``, ``test_datasets`` and ``pretraining_dataset``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from translator.catalog.identity import is_local
from translator.catalog.instructions import styles
from translator.catalog.locations import FORMATS, as_files, format_of
from translator.codes import Code
from translator.diagnostics import Severity
from translator.errors import WrongValueError
from translator.frameworks.axolotl import preference, prompt_types, templates
from translator.frameworks.axolotl.conversations import (
    chat_format,
    eos_override,
    message_rows,
    supervision,
)
from translator.frameworks.axolotl.lookup import Found, find, refuse
from translator.frameworks.axolotl.prompts import named_prompt
from translator.frameworks.axolotl.values import flag, text, texts
from translator.ir import (
    ChatFormat,
    CustomRows,
    Format,
    InstructionRows,
    MessageRows,
    PlainFormat,
    Rows,
    Source,
    Supervision,
    TextRows,
    TokenRows,
)
from translator.reading import Reader
from translator.record import Record, replace
from translator.tree import Address, Node, spell

T = TypeVar("T")
D = TypeVar("D")
Told = tuple[Rows, Format, Supervision]
"""What rows become."""

_OWN = "axolotl:"
"""Marks a reference to one of Axolotl's own row readers in :class:`CustomRows`."""


class Dataset(Record, kw_only=False):
    """One element of a list of data sets, and the field that its origins are noted under."""

    reader: Reader
    place: Address
    field: str
    node: Node

    def get(
        self,
        names: str | list[str],
        convert: Callable[[object], T],
        default: D,
        *,
        field: str | None = None,
    ) -> Found[T | D]:
        """A key of this data set; further names are former spellings."""
        spelled = names if isinstance(names, list) else [names]
        found: Found[T | D] = Found(default, self.reader.default(""), None)
        keys = self.node.value if self.node.is_mapping else ()
        for position, name in enumerate(spelled):
            if name not in keys:  # as most are
                continue
            looked = find(self.reader, (*self.place, name), convert, default)
            if not found.written:
                found = looked
            if position and looked.node is not None:
                self.reader.say(
                    Code.OLD_SPELLING,
                    Severity.NOTE,
                    f"{looked.origin.key} ({looked.node.plain()!r}): former spelling",
                    looked.node,
                    key=looked.origin.key,
                )
        if field is not None and found.written:
            self.reader.origins[f"{self.field}.{field}"] = found.origin
        return found


def read_sources(reader: Reader, name: str, field: str) -> tuple[Source, ...]:
    """Every element of a list of data sets, with origins below ``field``."""
    node = reader.node(name)
    if node is None:
        return ()
    if not node.is_sequence:
        refuse(reader, (name,), node, "is no list of data sets")
        return ()
    reader.used.discard((name,))
    sources = []
    for position, element in enumerate(node.value):
        dataset = Dataset(reader, (name, position), f"{field}[{position}]", element)
        reader.origins[dataset.field] = reader.written(dataset.place, element)
        if element.is_mapping:
            sources.append(_source(dataset, pretraining=name == "pretraining_dataset"))
        else:
            refuse(reader, dataset.place, element, "is no data set: a mapping with path and type")
    return tuple(sources)


def _source(dataset: Dataset, *, pretraining: bool) -> Source:
    path = dataset.get("path", text, "", field="path")
    if not (path.value or path.open):
        dataset.reader.say(
            Code.STOPS_LATER,
            Severity.ERROR,
            f"{dataset.place[0]}[{dataset.place[1]}] has no path",
            dataset.node,
            field=f"{dataset.field}.path",
        )
    files = dataset.get("data_files", texts, (), field="files").value
    kind = dataset.get("ds_type", text, None, field="file_format").value
    where, files, kind = _location(dataset, path.value, files, kind)
    rows, layout, mask = _pretraining(dataset) if pretraining else _told(dataset)
    return Source(
        path=where,
        subset=dataset.get("name", _subset, None, field="subset").value,
        split=dataset.get("split", text, "train", field="split").value,
        files=files,
        file_format=kind,
        revision=dataset.get("revision", text, None, field="revision").value,
        rows=rows,
        format=layout,
        supervision=mask,
    )


def _subset(value: object) -> str:
    if isinstance(value, list):
        raise WrongValueError("is a list of configurations; write one data set for each")
    return text(value)


def _location(
    dataset: Dataset, path: str, files: tuple[str, ...], kind: str | None
) -> tuple[str, tuple[str, ...], str | None]:
    """Local files are told as the ``datasets`` library does: format, then files.

    axolotl/utils/data/shared.py:105 takes the format from the ending where ``ds_type`` is absent,
    and json for anything else. Files of a local folder are named from where Axolotl is started
    (:239), so the folder itself says nothing.
    """
    if files and path in FORMATS and dataset.place[0] != "pretraining_dataset":
        _no_builder(dataset, path)
    elif files and (is_local(path) or path == "."):
        path = kind or format_of(files[0]) or "json"
    return as_files(path, files, kind)


def _no_builder(dataset: Dataset, path: str) -> None:
    """Axolotl then looks for a Hub data set called json (axolotl/utils/data/shared.py:371)."""
    node = dataset.node.get(("path",))
    assert node is not None
    why = "is no format here but a data set on the Hub, which is not there; path: . reads the files"
    place = (*dataset.place, "path")
    refuse(dataset.reader, place, node, why, Severity.WARNING, code=Code.STOPS_LATER)


def _pretraining(dataset: Dataset) -> Told:
    """axolotl/utils/schemas/datasets.py: PretrainingDataset."""
    kind = dataset.get("type", text, "pretrain", field="rows")
    column = dataset.get("text_column", text, "text", field="rows.column").value
    if kind.value not in ("pretrain", "completion"):
        return _told(dataset)
    return TextRows(column=column), PlainFormat(joined="whole"), Supervision(prompt=True)


def _told(dataset: Dataset) -> Told:
    reader = dataset.reader
    kind = dataset.reader.peek(*dataset.place, "type")
    method = reader.value("rl")
    if kind is not None:
        reader.origins[f"{dataset.field}.rows"] = reader.written((*dataset.place, "type"), kind)
    if isinstance(method, str) and method:
        return preference.rows(dataset, method)
    if kind is None:
        return TokenRows(), PlainFormat(), Supervision(prompt=_on_inputs(reader))
    if kind.is_mapping:
        return _user_defined(dataset)
    return _by_name(dataset, dataset.get("type", text, "").value)


def _on_inputs(reader: Reader) -> bool:
    return find(reader, "train_on_inputs", flag, False).value


def _by_name(dataset: Dataset, name: str) -> Told:
    reader = dataset.reader
    trained = Supervision(prompt=_on_inputs(reader))
    if name in ("completion", "completion.load"):
        column = dataset.get("field", text, "text", field="rows.column").value
        return TextRows(column=column), PlainFormat(joined="whole"), Supervision(prompt=True)
    if name in ("chat_template", "chat_template.load", "chat_template.default"):
        layout = chat_format(dataset)
        return message_rows(dataset), layout, supervision(dataset, layout)
    if name.startswith("sharegpt"):
        return _sharegpt(dataset, name)
    if name.startswith("alpaca_chat") and dataset.node.get(("conversation",)) is not None:
        style = dataset.get("conversation", text, "chat").value
        name = f"alpaca:{style}"
    if (rows := named_prompt(name)) is not None:
        return rows, PlainFormat(), trained
    if (made := _made(dataset, name)) is not None:
        return made
    prompt_types.check(dataset, name, None)
    return CustomRows(reference=f"{_OWN}{name}"), PlainFormat(), trained


def _made(dataset: Dataset, name: str) -> Told | None:
    """What the rows become of a module of ftx's own beside the file; None where there is none."""
    from translator.frameworks.axolotl.module_reading import made_rows  # few files have one
    from translator.frameworks.axolotl.parts import read_module

    module = read_module(dataset.reader.path, name)
    return None if module is None else made_rows(dataset, module)


def _sharegpt(dataset: Dataset, name: str) -> Told:
    """Refused by 0.19 (axolotl/utils/schemas/validation.py:41), but its meaning is known: turns
    with ``from`` and ``value`` in ``conversations``."""
    reader = dataset.reader
    node = reader.node(*dataset.place, "type")
    assert node is not None
    refuse(
        reader,
        (*dataset.place, "type"),
        node,
        "is refused by Axolotl 0.19; type: chat_template with field_messages: conversations "
        "says the same",
        Severity.WARNING,
    )
    role, content = ("role", "value") if name.endswith("load_role") else ("from", "value")
    column = dataset.get("field_messages", text, "conversations", field="rows.column").value
    conversation = dataset.get("conversation", text, None, field="format.template").value
    wanted = conversation or find(reader, "chat_template", text, None).value
    template = _fastchat(wanted)
    if template is None:
        reader.say(
            Code.ASSUMED,
            Severity.WARNING,
            f"{dataset.place[0]}[{dataset.place[1]}]: the turns' wording "
            f"({wanted or 'vicuna_v1.1, the default of the time'}) is taken for the tokenizer's "
            "own chat template",
            node,
        )
    rows = MessageRows(
        column=column,
        role_key=role,
        content_key=content,
        roles=(("gpt", "assistant"), ("human", "user")),
    )
    end = templates.end_of_turn(template or "tokenizer", str(reader.value("base_model") or ""))
    ends = end is not None and eos_override(dataset) == end
    layout = ChatFormat(template=template or "tokenizer", end_is_eos=True if ends else None)
    return rows, layout, Supervision(prompt=_on_inputs(reader))


def _fastchat(name: str | None) -> str | None:
    """A conversation template of FastChat as a catalogue id."""
    if name is None:
        return None
    plain = name.lower().replace("-", "").replace("_", "")
    same = {"llama3": "llama3", "chatml": "chatml", "mistral": "mistral-v1", "gemma": "gemma",
            "vicunav1.1": "vicuna", "vicuna": "vicuna", "zephyr": "zephyr"}  # fmt: skip
    return same.get(plain) or templates.catalogue_id(name)


def _template(dataset: Dataset, name: str, template: str) -> str:
    """A text that Axolotl fills in with ``str.format``; empty when that ends with an error.

    axolotl/prompt_strategies/alpaca_w_system.py:54: there is an instruction, and an input where
    the row has one.
    """
    from string import Formatter  # few files have a template of their own

    address = (*dataset.place, "type", name)
    node = dataset.reader.node(*address)
    try:
        fields = {field for _, field, _, _ in Formatter().parse(template) if field is not None}
    except ValueError as error:
        assert node is not None
        why = f"is no text with fields to fill in: {error}"
        refuse(dataset.reader, address, node, why, code=Code.STOPS_LATER)
        return ""
    further = sorted(fields - {"instruction", "input"})
    if further and node is not None:
        named = ", ".join(f"{{{field}}}" for field in further)
        why = f"has {named}, where Axolotl fills in {{instruction}} and {{input}}; the run stops"
        refuse(dataset.reader, address, node, why, code=Code.STOPS_LATER)
        return ""
    if name == "no_input_format" and "input" in fields and node is not None:
        dataset.reader.say(
            Code.SURPRISE,
            Severity.WARNING,
            f"{spell(address)} is for rows without an input and has {{input}}: "
            "at the first such row the run stops",
            node,
            key=spell(address),
        )
    return template


def _user_defined(dataset: Dataset) -> Told:
    """axolotl/prompt_strategies/user_defined.py:18-30."""

    def get(name: str, default: str | None) -> str | None:
        return find(dataset.reader, (*dataset.place, "type", name), text, default).value

    instruction = get("field_instruction", "instruction")
    further = get("field_input", "input")
    output = get("field_output", "output") or "output"
    with_input = _template(dataset, "format", get("format", "{instruction} {input} ") or "")
    without_input = get("no_input_format", "{instruction} ") or ""
    without_input = _template(dataset, "no_input_format", without_input)
    _tell_unused_format(dataset, further)
    prompt = get("system_prompt", "") or ""
    layout = get("system_format", "{system}") or ""
    column = get("field_system", None)
    if column is None and "system" in (instruction, further, output):
        column = "system"  # its name unless told, and the rows are known to have it
    lead = ""
    if column:
        lead = layout
        if prompt:
            dataset.reader.say(
                Code.ASSUMED,
                Severity.WARNING,
                f"system_prompt ({prompt!r}) counts only where a row has no column {column!r}; "
                "rows are taken to have one",
                dataset.node.get(("type", "system_prompt")),
                key=spell((*dataset.place, "type", "system_prompt")),
                help=f"without such a column in the data, leave field_system ({column}) out",
            )
    elif prompt:
        lead = layout.replace("{system}", prompt.replace("{", "{{").replace("}", "}}"))
    if with_input == without_input and "{input}" not in with_input:
        further = None  # the same prompt whether the column is there or not
    rows = InstructionRows(
        instruction=instruction,
        input=further,
        output=output,
        system=column,
        with_input=lead + with_input,
        without_input=lead + without_input,
    )
    trained = _on_inputs(dataset.reader)
    end = eos_override(dataset) or templates.eos_token(
        str(dataset.reader.value("base_model") or "")
    )
    inner = templates.unwrapped((rows.with_input, rows.without_input), end)
    if inner is None:
        return _styled(rows, strip=False), PlainFormat(), Supervision(prompt=trained)
    known, (with_input, without_input) = inner
    rows = replace(rows, with_input=with_input, without_input=without_input)
    strips = known.strip is not None and "user" in known.strip
    usual = templates.eos_token(str(dataset.reader.value("base_model") or ""))
    chat = ChatFormat(template=known.id, end_is_eos=None if end == usual else True)
    opening = known.affixes("assistant")
    headers = trained and opening is not None and bool(opening[0].strip())
    return _styled(rows, strip=strips), chat, Supervision(prompt=trained, turn_headers=headers)


def _tell_unused_format(dataset: Dataset, further: str | None) -> None:
    """``format`` is for rows with an input; the others have a default of their own."""
    node = dataset.node.get(("type", "format"))
    other = dataset.node.get(("type", "no_input_format"))
    if node is None or node.value is None or (other is not None and other.value is not None):
        return
    key = spell((*dataset.place, "type", "format"))
    if any(d.code == Code.SURPRISE.code and d.key and d.key.endswith("].type.format")
           for d in dataset.reader.diagnostics):  # once for a file  # fmt: skip
        return
    dataset.reader.say(
        Code.SURPRISE,
        Severity.NOTE,
        f"{key}: rows whose column {further!r} is empty or missing do not get this prompt but "
        "'{instruction} ', as no_input_format is not given",
        node,
        key=key,
        help="give no_input_format too, the same text for rows without input",
    )


def _styled(rows: InstructionRows, *, strip: bool) -> InstructionRows:
    """Names the prompt when it is a well-known one; a format that strips may have cut its end."""
    seen = (rows.with_input, rows.without_input)
    for style in styles().values():
        words = (style.with_input, style.without_input)
        if None in words or style.opaque or style.response_prefix or style.system:
            continue
        if seen == (tuple(text.strip() for text in words if text) if strip else words):
            name = style.id if style.id.startswith("alpaca") else None
            return replace(
                rows, with_input=words[0] or "", without_input=words[1] or "", style=name
            )
    return rows
