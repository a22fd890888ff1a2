"""What a script's data preparation means: its sources, and what is kept for evaluation."""

from __future__ import annotations

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.unsloth.load_reading import leave_rest
from translator.frameworks.unsloth.prepared import Prepared
from translator.frameworks.unsloth.row_choices import chosen, tell_fewer_rows
from translator.frameworks.unsloth.rows import find
from translator.frameworks.unsloth.step_arguments import spelled, tell_arguments
from translator.frameworks.unsloth.step_reading import data_sets
from translator.frameworks.unsloth.substitutes import tell_substitutes
from translator.frameworks.unsloth.supervised_reading import meaning, tell_marking, tell_parts
from translator.frameworks.unsloth.value_changes import tell_changes
from translator.reading import Reader
from translator.tree import Node

_MAX_TOLD = 20_000
_FORMATS = ("json", "csv", "parquet", "arrow", "text", "xml", "webdataset")
_BY_LOADER = {"read_csv": "csv", "read_json": "json", "read_parquet": "parquet",
              "from_csv": "csv", "from_json": "json", "from_parquet": "parquet",
              "from_text": "text"}  # fmt: skip


def read_sources(reader: Reader) -> None:
    """Sets ``data.sources`` and ``data.validation``."""
    reader.used |= {("data",), ("responses",), ("template",), ("args", "completion_only_loss")}
    reader.used |= {(section, "dataset_text_field") for section in ("args", "trainer")}
    train = reader.tree.get(("data", "train"))
    prepared = [] if train is None else data_sets(reader, train, ("data", "train"))
    for one in prepared:
        if one.rest is not None:
            code = spelled(one.rest.plain())
            why = "the rows are the part that train_test_split holds out; elsewhere all are trained"
            chosen(reader, one.rest, why, code, little=False)
    if not prepared:
        reader.say(Code.MISSING_KEY, Severity.ERROR, "the trainer gets no data set", train)
        prepared = [Prepared({"path": "?"}, unknown="no data set")]
    sources = tuple(_source(reader, p, train) for p in prepared)
    _tell(reader, train, sources)
    tell_parts(reader, sources[0].format)
    tell_marking(reader)
    _tell_unused(reader, prepared, sources)
    leave_rest(reader, train, ("data", "train"))
    origin = _origin(train)
    reader.set("data.sources", sources, origin)
    if any(p.drops for p in prepared):
        reader.set("data.overlong", "drop", origin)
    elif any(p.chunks for p in prepared):
        reader.set("data.overlong", "split", origin)
    _read_validation(reader, prepared)


def _tell_unused(reader: Reader, prepared: list[Prepared], sources: tuple[ir.Source, ...]) -> None:
    """Says which settings of text and turns the rows do not ask for."""
    node = reader.tree.get(("template",))
    if node is not None and not any(isinstance(s.format, ir.ChatFormat) for s in sources):
        message = f"this chat template renders no rows that are understood: {node.plain()!r}"
        reader.say(Code.ASSUMED, Severity.NOTE, message[:_MAX_TOLD], node,
                   field="data.sources", verbose=True)  # fmt: skip
    found = find(reader, "trainer.dataset_text_field", "args.dataset_text_field")
    if found is None:
        return
    name = f"dataset_text_field ({found[1].plain()!r})"
    if all(p.text is not None or p.tokenized for p in prepared):
        message = f"{name}: the rows are token ids already"
        reader.say(Code.NO_EFFECT, Severity.NOTE, message, found[1], verbose=True)
    elif reader.tree.get(("trainer", "formatting_func")) is not None:
        # unsloth_zoo/dataset_utils.py:2756 (2026.10.9): the function counts without that column
        message = f"{name}: the rows are taken to have no such column, so that formatting_func "
        message += "makes their text"
        reader.say(Code.ASSUMED, Severity.NOTE, message, found[1], verbose=True)


def _is_rest(node: Node) -> bool:
    """Whether a data set is what ``train_test_split`` holds out."""
    steps = node.get(("steps",))
    made = [s.plain() for s in steps.value] if steps is not None and steps.is_sequence else []
    parts = [s.get("part") for s in made if isinstance(s, dict) and s["op"] == "train_test_split"]
    return bool(parts) and parts[-1] == "test"


def _tell(reader: Reader, node: Node | None, sources: tuple[ir.Source, ...]) -> None:
    """Says at length what was understood, and where that is not all, what the script does."""
    for source in sources:
        told = [*_told(source.rows), *_told(source.format), *_told(source.supervision)]
        place = {"subset": source.subset, "split": source.split, "files": list(source.files)}
        where = ", ".join(f"{name} {value!r}" for name, value in place.items() if value)
        message = f"the rows of {source.path} ({where}) are read as {type(source.rows).__name__}: "
        reader.say(Code.ASSUMED, Severity.NOTE, message + "; ".join(told), node,
                   field="data.sources", verbose=True)  # fmt: skip
    online = isinstance(reader.values.get("objective"), ir.OnlineObjective)
    seen = online or reader.values.get("model.modality") != "text"
    if node is not None and (seen or any(isinstance(s.rows, ir.CustomRows) for s in sources)):
        name = [reader.tree.get((s, "dataset_text_field")) for s in ("args", "trainer")]
        column = ", ".join(f"in the column {n.plain()!r}" for n in name if n is not None)
        plain = node.plain()
        last = reader.tree.get(("trainer", "formatting_func"))
        if last is not None:
            plain = {**plain, "formatting_func": last.plain()}
        message = f"the script prepares its rows {column} in these steps: {plain!r}"
        reader.say(Code.ASSUMED, Severity.NOTE, message[:_MAX_TOLD], node,
                   field="data.sources", verbose=True)  # fmt: skip
    else:
        tell_arguments(reader, node)


def _told(part: object) -> list[str]:
    """The values of a part that are not the usual ones."""
    from dataclasses import fields

    return [
        f"{f.name} {getattr(part, f.name)!r}"
        for f in fields(part)  # type: ignore[arg-type]
        if getattr(part, f.name) != f.default
    ]


def _origin(node: Node | None) -> Origin:
    if node is None:
        return Origin(written=False)
    return Origin(written=True, span=node.span, key="train_dataset")


def _read_validation(reader: Reader, train: list[Prepared]) -> None:
    node = reader.tree.get(("data", "eval"))
    held = next((p.held_out for p in train if p.held_out is not None), None)
    if held is not None and (node is None or _is_rest(node)):
        of_train = reader.tree.get(("data", "train"))
        _tell_other_rows(reader, of_train, node)
        tell_fewer_rows(reader, of_train, node)
        tell_arguments(reader, node)
        reader.set("data.validation", ir.HeldOutRows(size=held), _origin(of_train))
        return
    if node is None:
        reader.set("data.validation", None, reader.default("no eval_dataset"))
        return
    prepared = data_sets(reader, node, ("data", "eval"))
    sources = tuple(_source(reader, p, node) for p in prepared)
    _tell(reader, node, sources)
    leave_rest(reader, node, ("data", "eval"))
    if any(p.rest is not None or p.held_out is not None for p in prepared):
        tell_fewer_rows(reader, None, node)
    validation = ir.SeparateRows(sources=sources) if sources else None
    reader.set(
        "data.validation", validation, Origin(written=True, span=node.span, key="eval_dataset")
    )


def _tell_other_rows(reader: Reader, train: Node | None, rest: Node | None) -> None:
    """Says where rows that are held out are made by other functions than those of training."""
    if train is None or rest is None:
        return
    ours, theirs = _functions(train), _functions(rest)
    if ours != theirs:
        message = (
            "the rows that are held out are made by other steps than those of training, which "
            f"are taken for both: {theirs!r}"
        )
        reader.say(Code.ASSUMED, Severity.WARNING, message[:_MAX_TOLD], rest,
                   field="data.validation")  # fmt: skip


def _functions(node: Node) -> list[object]:
    """The functions that rows pass through, as they are described."""
    steps = node.get(("steps",))
    made = steps.plain() if steps is not None and steps.is_sequence else []
    found = (step["function"] for step in made if isinstance(step, dict) and "function" in step)
    return [_placeless(function) for function in found]


def _placeless(described: object) -> object:
    """A description without where its code stands and what it is called."""
    if isinstance(described, list):
        return [_placeless(part) for part in described]
    if not isinstance(described, dict):
        return described
    return {k: _placeless(part) for k, part in described.items() if k not in ("line", "name")}


def _source(reader: Reader, prepared: Prepared, node: Node | None) -> ir.Source:
    rows, form, mask = meaning(reader, prepared)
    tell_substitutes(reader, prepared, rows, node)
    tell_changes(reader, prepared, rows)
    load = prepared.source
    named = (load.get(key) for key in ("path", "dataset_path", "path_or_paths"))
    path = str(next((value for value in named if value is not None), "?"))
    files = load.get("data_files")
    if isinstance(files, dict):
        wanted = str(load.get("split") or "train").partition("[")[0]
        files = files.get(wanted, next(iter(files.values()), None))
    kind = path if path in _FORMATS and files is not None else None
    kind = kind or _BY_LOADER.get(str(load.get("loader", "")))
    split = load.get("split")
    if split is None or not isinstance(split, str):
        split = "train"
    return ir.Source(
        path=path,
        subset=load.get("name") if isinstance(load.get("name"), str) else None,
        split=split,
        files=_names(files),
        file_format=kind,
        revision=load.get("revision") if isinstance(load.get("revision"), str) else None,
        rows=rows,
        format=form,
        supervision=mask,
    )


def _names(files: object) -> tuple[str, ...]:
    if isinstance(files, list):
        return tuple(str(f) for f in files)
    return () if files is None else (str(files),)
