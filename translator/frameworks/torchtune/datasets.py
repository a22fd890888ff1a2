"""Reading ``dataset`` and ``dataset_val``: which rows, and what becomes of them."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.errors import WrongValueError
from translator.frameworks.torchtune.components import is_foreign
from translator.frameworks.torchtune.dataset_builders import (
    BUILDERS,
    ONLINE,
    PARTS,
    Builder,
    Dataset,
)
from translator.frameworks.torchtune.dataset_rows import KINDS
from translator.frameworks.torchtune.lookup import (
    Found,
    assume,
    called,
    find,
    refuse,
)
from translator.frameworks.torchtune.parts import part_named
from translator.frameworks.torchtune.tokenizing import Wording
from translator.frameworks.torchtune.values import FILE_FORMATS, flag, text, texts
from translator.ir import (
    ChatFormat,
    CustomRows,
    Format,
    PromptRows,
    Rows,
    Source,
    Supervision,
)
from translator.reading import Reader
from translator.tree import Address


def read_sources(reader: Reader, name: str, field: str, wording: Wording) -> tuple[Source, ...]:
    """The data set, or every element of a list of them, with origins below ``field``."""
    node = reader.peek(name)
    if node is None:
        return ()
    if node.is_sequence:
        places: list[Address] = [(name, position) for position in range(len(node.value))]
    else:
        places = [(name,)]
    return tuple(
        _source(reader, place, f"{field}[{position}]", wording)
        for position, place in enumerate(places)
    )


def _source(reader: Reader, place: Address, field: str, wording: Wording) -> Source:
    node = reader.peek(*place)
    if node is None or not node.is_mapping:
        refuse(reader, place, "is no data set: a mapping with _component_")
        return _custom("?")
    reader.origins[field] = reader.written(place, node)
    path, _ = called(reader, *place)
    component = node.get(("_component_",)) or node.get(("transform", "_component_"))
    if component is not None:
        reader.origins[f"{field}.rows"] = reader.written((*place, "_component_"), component)
    part = part_named(path)
    builder = BUILDERS.get(path or "") or (PARTS.get(part) if part else None)
    if builder is None:
        return _own_code(Dataset(reader, place, field, Builder(kind="custom"), wording), path)
    dataset = Dataset(reader, place, field, builder, wording)
    assume(reader, (*place, "_component_"), f"read as {builder.kind} rows", verbose=True)
    rows, layout, mask = KINDS[builder.kind](dataset)
    return _located(dataset, rows, layout, mask)


def _custom(reference: str) -> Source:
    return Source(
        path="",
        rows=CustomRows(reference=reference),
        format=ChatFormat(template="tokenizer"),
        supervision=Supervision(prompt=False),
    )


def _own_code(dataset: Dataset, path: str | None) -> Source:
    """A component that is none of torchtune's builders: its arguments mean what it likes."""
    reader = dataset.reader
    transform = dataset.get(("transform", "_component_"), text, None).value
    reference = path or transform or "?"
    layout = ChatFormat(template=dataset.wording.format)
    if reference.endswith(ONLINE):
        rows: Rows = PromptRows(prompt="question")
        usual = "openai/gsm8k"
    else:
        rows, usual = CustomRows(reference=reference), ""
        whose = "code of the user's own" if is_foreign(reference) else "a component of torchtune's"
        reader.say(
            Code.ASSUMED,
            Severity.WARNING,
            f"{_spelled(dataset.place)}._component_ ({reference}): {whose} that ftx cannot look "
            "into; its rows are carried as they are",
            dataset.reader.peek(*dataset.place),
            field=f"{dataset.field}.rows",
        )
    path_given = dataset.get("source", text, usual, field="path").value
    return Source(
        path=path_given,
        subset=dataset.get("subset", text, None, field="subset").value,
        split=dataset.get("split", text, "train", field="split").value,
        rows=rows,
        format=layout,
        supervision=Supervision(prompt=False, turn_headers=dataset.wording.headers),
    )


def _spelled(place: Address) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else step for step in place)


def _located(dataset: Dataset, rows: Rows, layout: Format, mask: Supervision) -> Source:
    """Everything after the columns goes to ``datasets.load_dataset``."""
    builder = dataset.builder
    cleaned = dataset.get("use_clean", flag, None)
    usual = "yahma/alpaca-cleaned" if cleaned.value else (builder.source or "")
    found = dataset.get("source", text, usual, field="path")
    if not found.value:
        dataset.reader.say(
            Code.STOPS_LATER,
            Severity.ERROR,
            f"{_spelled(dataset.place)}.source is missing: no data is named",
            dataset.reader.peek(*dataset.place),
            field=f"{dataset.field}.path",
        )
    files = dataset.get("data_files", _files, (), field="files").value
    subset = dataset.get("name", text, None, field="subset")
    if not subset.written:
        subset = dataset.get("subset", text, builder.subset, field="subset")
    return Source(
        path=found.value,
        subset=subset.value,
        split=dataset.get("split", text, "train", field="split").value,
        files=files,
        file_format=found.value if files and found.value in FILE_FORMATS else None,
        revision=dataset.get("revision", text, None, field="revision").value,
        rows=rows,
        format=layout,
        supervision=mask,
    )


def _files(value: object) -> tuple[str, ...]:
    if isinstance(value, dict):
        if len(value) != 1:
            raise WrongValueError("maps several splits to files; write one data set for each")
        return _files(next(iter(value.values())))
    return texts(value)


def packing(reader: Reader, name: str) -> tuple[Found[bool], bool]:
    """Whether the data sets are packed, and whether rows may be cut between packs."""
    node = reader.peek(name)
    elements = range(len(node.value)) if node is not None and node.is_sequence else None
    places: list[Address] = [(name,)] if elements is None else [(name, p) for p in elements]
    found = [find(reader, (*place, "packed"), flag, False) for place in places]
    first = next((f for f in found if f.value), found[0]) if found else None
    if first is None:
        return find(reader, (name, "packed"), flag, False), False
    if len({f.value for f in found}) > 1:
        refuse(reader, (name,), "mixes packed and unpacked data sets, which torchtune refuses")
    splits = [find(reader, (*place, "split_across_pack"), flag, True).value for place in places]
    return first, all(splits)
