"""What a script's data preparation means: sources, rows, formats and masks.

The steps between ``load_dataset`` and the trainer are followed with a table of the columns that
exist after each: a column that a function has made is described by what it is made of, in terms
of the columns of the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.unsloth.chat_reading import chat_rows, template_of
from translator.frameworks.unsloth.text_reading import text_rows
from translator.reading import Reader
from translator.tree import Node, Unresolved

Plain = dict[str, Any]

_FORMATS = ("json", "csv", "parquet", "arrow", "text", "xml", "webdataset")
_HARMLESS = frozenset(
    [
        "with_format",
        "set_format",
        "cast",
        "cast_column",
        "flatten",
        "flatten_indices",
        "to_iterable_dataset",
        "with_transform",
        "class_encode_column",
        "to_pandas",
        "from_pandas",
        "remove_columns",
        "select_columns",
        "add_column",
        "batch",
        "sort",
        "reset_index",
    ]
)
_STANDARD = ("standardize_sharegpt", "standardize_data_formats")


@dataclass
class Prepared:
    """One data set on its way to the trainer."""

    source: Plain
    columns: dict[str, Plain] = field(default_factory=dict)
    """Columns that the script made, by what they are made of."""
    standardized: bool = False
    """Whether turns have been brought to roles and contents by Unsloth."""
    tokens: Plain | None = None
    """The function that made token ids, when one did."""
    tokenized: bool = False
    """Whether the file's own rows are token ids already."""
    drops: bool = False
    chunks: bool = False
    held_out: float | None = None
    unknown: str | None = None
    """Code that is not understood and stands between the file and the trainer."""


def read_sources(reader: Reader) -> None:
    """Sets ``data.sources`` and ``data.validation``."""
    reader.used |= {("data",), ("responses",), ("template",)}
    train = reader.tree.get(("data", "train"))
    prepared = [] if train is None else _data_sets(reader, train, ("data", "train"))
    if not prepared:
        reader.say(Code.MISSING_KEY, Severity.ERROR, "the trainer gets no data set", train)
        prepared = [Prepared({"path": "?"}, unknown="no data set")]
    sources = tuple(_source(reader, p) for p in prepared)
    origin = _origin(train)
    reader.set("data.sources", sources, origin)
    if any(p.drops for p in prepared):
        reader.set("data.overlong", "drop", origin)
    elif any(p.chunks for p in prepared):
        reader.set("data.overlong", "split", origin)
    _read_validation(reader, prepared)


def _origin(node: Node | None) -> Origin:
    if node is None:
        return Origin(written=False)
    return Origin(written=True, span=node.span, key="train_dataset")


def _read_validation(reader: Reader, train: list[Prepared]) -> None:
    node = reader.tree.get(("data", "eval"))
    held = next((p.held_out for p in train if p.held_out is not None), None)
    if held is not None:
        origin = _origin(reader.tree.get(("data", "train")))
        reader.set("data.validation", ir.HeldOutRows(size=held), origin)
        return
    if node is None:
        reader.set("data.validation", None, reader.default("no eval_dataset"))
        return
    sources = tuple(_source(reader, p) for p in _data_sets(reader, node, ("data", "eval")))
    validation = ir.SeparateRows(sources=sources) if sources else None
    reader.set(
        "data.validation", validation, Origin(written=True, span=node.span, key="eval_dataset")
    )


# --- following the steps -------------------------------------------------------------------------


def _data_sets(reader: Reader, node: Node, address: tuple[str | int, ...]) -> list[Prepared]:
    """The data sets that a description joins; one when nothing is joined."""
    found: list[Prepared] = []
    for key in ("concatenate", "interleave"):
        parts = node.get((key,))
        if parts is not None and parts.is_sequence:
            for place, part in enumerate(parts.value):
                found += _data_sets(reader, part, (*address, key, place))
            if key == "interleave":
                message = "data sets are interleaved; elsewhere they follow one another, shuffled"
                reader.say(Code.ASSUMED, Severity.WARNING, message, parts)
    if not found:
        found = [_loaded(reader, node)]
    steps = node.get(("steps",))
    for step in steps.value if steps is not None and steps.is_sequence else []:
        for prepared in found:
            _follow(reader, prepared, step)
    return found


def _loaded(reader: Reader, node: Node) -> Prepared:
    load = node.get(("load",))
    if load is not None and load.is_mapping:
        values = dict(load.plain())
        for key, value in values.items():
            if isinstance(value, Unresolved) and key in ("path", "name", "data_files", "split"):
                child = load.get((key,))
                assert child is not None
                reader.unresolved(child, key, "data.sources")
                values[key] = value.expression
        return Prepared(values)
    custom = node.get(("custom",))
    if custom is not None:
        text = custom.plain()
        text = text.expression if isinstance(text, Unresolved) else str(text)
        message = f"the rows come from code of the script: {text}"
        reader.say(Code.UNRESOLVED, Severity.ERROR, message, custom, field="data.sources")
        return Prepared({"path": text}, unknown=text)
    message = "the rows stand in the script itself"
    reader.say(Code.UNRESOLVED, Severity.ERROR, message, node, field="data.sources")
    return Prepared({"path": "script"}, unknown="rows of the script")


def _follow(reader: Reader, prepared: Prepared, step: Node) -> None:
    """Applies one step."""
    plain: Plain = step.plain()
    name = str(plain.get("op", ""))
    if name in ("map", "list") or "function" in plain:
        _follow_function(reader, prepared, step, plain)
    elif name in _STANDARD or name == "to_sharegpt":
        prepared.standardized = True
        if name == "to_sharegpt":
            prepared.unknown = "to_sharegpt"
    elif name == "select_columns" and "input_ids" in (plain.get("column_names") or ()):
        prepared.tokenized = True
    elif name == "rename_column":
        _rename(prepared, {plain.get("original_column_name"): plain.get("new_column_name")})
    elif name == "rename_columns":
        mapping = plain.get("column_mapping")
        _rename(prepared, mapping if isinstance(mapping, dict) else {})
    elif name == "split":
        _split(reader, prepared, plain)
    elif name in ("select", "take", "slice", "skip"):
        _select(reader, prepared, step, plain)
    elif name == "train_test_split":
        _hold_out(reader, prepared, step, plain)
    elif name in ("apply_chat_template", "maybe_apply_chat_template"):
        if "messages" in prepared.columns or not prepared.columns:
            source = prepared.columns.get("messages", {"messages": {"column": "messages"}})
            chat = {"chat": source.get("messages", {"column": "messages"})}
            prepared.columns["text"] = {"parts": [chat]}
    elif name == "shuffle":
        reader.say(Code.NO_EFFECT, Severity.NOTE, "rows are shuffled once more while training",
                   step, verbose=True)  # fmt: skip
    elif name in ("shard", "unique", "repeat"):
        _lose(reader, step, f"{name}() chooses rows that other frameworks would not choose")
    elif name not in _HARMLESS:
        text = plain.get("text") or plain.get("unknown") or name
        prepared.unknown = str(text.expression if isinstance(text, Unresolved) else text)
        _lose(reader, step, f"{prepared.unknown} is not understood")


def _lose(reader: Reader, step: Node, why: str, severity: Severity = Severity.WARNING) -> None:
    reader.say(Code.ASSUMED, severity, why, step, field="data.sources")


def _follow_function(reader: Reader, prepared: Prepared, step: Node, plain: Plain) -> None:
    function = plain.get("function")
    if plain.get("op") == "filter":
        code = str(function.get("code", "")) if isinstance(function, dict) else ""
        if re.search(r"len\(", code) and re.search(r"<=?\s*\w+", code) and "input_ids" in code:
            prepared.drops = True
        else:
            _lose(reader, step, "a filter of the script chooses rows; elsewhere all are trained")
        return
    if not isinstance(function, dict):
        prepared.unknown = prepared.unknown or "map"
        return
    kind = function.get("kind")
    if kind == "tokens" and prepared.columns.keys() & {"prompt", "text"}:
        prepared.tokens = function
        prepared.chunks = "chunk" in str(function.get("name", ""))
        return
    if kind == "tokens":
        prepared.tokens = function
        prepared.unknown = prepared.unknown or str(function.get("name", "tokens"))
        return
    if kind == "unknown":
        prepared.unknown = str(function.get("name", "map"))
        return
    made = function.get("columns") or {}
    if not made and "output" in function:
        made = {
            function["output"]: {k: function[k] for k in ("parts", "messages") if k in function}
        }
    before = dict(prepared.columns)
    for column, description in made.items():
        whole = description
        if column == function.get("output") and "with_input" in function:
            whole = {k: function[k] for k in ("with_input", "without_input", "input")}
        prepared.columns[column] = substituted(whole, before)


def substituted(value: Any, columns: Mapping[str, Plain]) -> Any:
    """A description in terms of the columns before the step that made it."""
    if isinstance(value, list):
        result: list[Any] = []
        for item in value:
            inner = columns.get(item["column"]) if _is_column(item) else None
            if inner is not None and "parts" in inner:
                result += inner["parts"]
            else:
                result.append(substituted(item, columns))
        return result
    if isinstance(value, dict):
        if _is_column(value) and (inner := columns.get(value["column"])) is not None:
            return inner.get("messages", value)
        return {key: substituted(item, columns) for key, item in value.items()}
    return value


def _is_column(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("column"), str)


def _rename(prepared: Prepared, mapping: Mapping[Any, Any]) -> None:
    for old, new in mapping.items():
        if isinstance(old, str) and isinstance(new, str):
            made = prepared.columns.pop(old, None)
            prepared.columns[new] = made or {
                "parts": [{"column": old}],
                "messages": {"column": old},
            }


def _split(reader: Reader, prepared: Prepared, plain: Plain) -> None:
    name = plain.get("name")
    if isinstance(name, Unresolved):
        prepared.source["split"] = name.expression
    elif isinstance(name, str) and prepared.held_out is None:
        prepared.source["split"] = name


def _select(reader: Reader, prepared: Prepared, step: Node, plain: Plain) -> None:
    """``select(range(n))`` and its like as a slice of the split."""
    bounds = plain.get("range") or plain.get("indices") or plain.get("n")
    start, stop = 0, None
    if isinstance(bounds, int):
        start, stop = (bounds, None) if plain.get("op") == "skip" else (0, bounds)
    elif isinstance(bounds, list) and 1 <= len(bounds) <= 2 and plain.get("op") == "slice":
        start, stop = (0, bounds[0]) if len(bounds) == 1 else (bounds[0] or 0, bounds[1])
    elif isinstance(bounds, dict) and "stop" in bounds:
        start, stop = bounds.get("start") or 0, bounds["stop"]
    elif isinstance(bounds, list) and bounds and bounds == list(range(bounds[0], bounds[-1] + 1)):
        start, stop = bounds[0], bounds[-1] + 1
    split = str(prepared.source.get("split") or "train")
    if not isinstance(start, int) or (stop is None and not start) or "[" in split:
        _lose(reader, step, "the script chooses rows in a way that is not followed")
        return
    prepared.source["split"] = f"{split}[{start or ''}:{'' if stop is None else stop}]"


def _hold_out(reader: Reader, prepared: Prepared, step: Node, plain: Plain) -> None:
    size = plain.get("test_size")
    rest = plain.get("train_size")
    if size is None and isinstance(rest, float) and rest < 1:
        size = round(1 - rest, 9)
    if isinstance(size, Unresolved):
        child = step.get(("test_size",))
        assert child is not None
        reader.unresolved(child, "test_size", "data.validation")
        return
    # datasets/arrow_dataset.py: a quarter unless told otherwise
    share = float(size) if isinstance(size, int | float) else 0.25
    if plain.get("part") != "test":
        prepared.held_out = share


# --- what the trainer gets -----------------------------------------------------------------------


def _source(reader: Reader, prepared: Prepared) -> ir.Source:
    rows, form, mask = _meaning(reader, prepared)
    load = prepared.source
    path = str(load.get("path") or load.get("dataset_path") or load.get("path_or_paths") or "?")
    files = load.get("data_files")
    if isinstance(files, dict):
        wanted = str(load.get("split") or "train").partition("[")[0]
        files = files.get(wanted, next(iter(files.values()), None))
    kind = path if path in _FORMATS and files is not None else None
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


Meaning = tuple[ir.Rows, ir.Format, ir.Supervision]


def _meaning(reader: Reader, prepared: Prepared) -> Meaning:
    objective = reader.values.get("objective")
    if isinstance(objective, ir.PreferenceObjective):
        return _preference(reader, prepared)
    if isinstance(objective, ir.LabelObjective):
        return ir.LabelledRows(), _answer_format(reader, prepared, "completion"), _ANSWERS
    if isinstance(objective, ir.OnlineObjective):
        return _prompts(reader, prepared)
    return _supervised(reader, prepared)


_ANSWERS = ir.Supervision(prompt=False)
_WHOLE = ir.PlainFormat(joined="whole")


def _custom(reader: Reader, prepared: Prepared, code: str) -> Meaning:
    message = f"what becomes of a row is not understood: {code}"
    node = reader.tree.get(("data", "train"))
    reader.say(Code.UNRESOLVED, Severity.WARNING, message, node, field="data.sources")
    mask = ir.Supervision(prompt="responses" not in reader.tree.value)
    return ir.CustomRows(reference=code), _WHOLE, mask


def _supervised(reader: Reader, prepared: Prepared) -> Meaning:
    masked = reader.peek("responses") is not None
    formatting = reader.tree.get(("trainer", "formatting_func"))
    columns = prepared.columns
    if formatting is not None and formatting.is_mapping:
        reader.used.add(("trainer", "formatting_func"))
        plain = substituted(formatting.plain(), columns)
        if plain.get("kind") in ("text", "chat"):
            return _from_text(reader, prepared, plain, masked)
        return _custom(reader, prepared, str(plain.get("name", "formatting_func")))
    if {"prompt", "completion"} <= columns.keys():
        return _pair(reader, prepared)
    if prepared.tokenized:
        return ir.TokenRows(), ir.PlainFormat(), ir.Supervision(prompt=False)
    name = _text_field(reader)
    if name in columns and "messages" not in columns[name]:
        return _from_text(reader, prepared, columns[name], masked)
    for column in ("messages", "conversations", name):
        if column in columns and "messages" in columns[column]:
            return _from_chat(reader, prepared, columns[column]["messages"], masked)
    texts = [c for c in columns.values() if "parts" in c or "with_input" in c]
    if prepared.unknown is not None:
        return _custom(reader, prepared, prepared.unknown)
    if len(texts) == 1 and reader.tree.get(("args", "dataset_text_field")) is None:
        return _from_text(reader, prepared, texts[0], masked)
    if prepared.standardized:
        return _from_chat(reader, prepared, {"column": "conversations"}, masked)
    if reader.facts.get("modality", "text") != "text":
        return _custom(reader, prepared, "pictures or sound")
    return _as_it_is(reader, prepared, name, masked)


def _as_it_is(reader: Reader, prepared: Prepared, name: str, masked: bool) -> Meaning:
    """A column of the file itself; plain TRL would add an end token, Unsloth does not
    (unsloth_zoo/dataset_utils.py:2661, 2026.10.9)."""
    said = any(reader.tree.get((s, "dataset_text_field")) is not None for s in ("args", "trainer"))
    if not said:
        message = f"the rows are taken to have a column {name!r} of text"
        reader.say(Code.ASSUMED, Severity.NOTE, message, field="data.sources")
    form = ir.PlainFormat(joined="whole", end="none")
    return ir.TextRows(column=name), form, ir.Supervision(prompt=not masked)


def _text_field(reader: Reader) -> str:
    for section in ("args", "trainer"):
        node = reader.node(section, "dataset_text_field")
        if node is not None and isinstance(node.value, str):
            return node.value
    return "text"


def _from_text(reader: Reader, prepared: Prepared, described: Plain, masked: bool) -> Meaning:
    parts = described.get("parts") or described.get("with_input") or []
    chat = next((p["chat"] for p in parts if isinstance(p, dict) and "chat" in p), None)
    if chat is not None:
        return _from_chat(reader, prepared, chat, masked)
    found = text_rows(reader, described)
    if found is None:
        return _custom(reader, prepared, _code_of(described))
    rows, form = found
    if isinstance(form, ir.ChatFormat):
        return rows, form, _chat_mask(reader, masked)
    if prepared.chunks:
        return rows, form, ir.Supervision(prompt=True)
    return rows, form, ir.Supervision(prompt=not masked)


def _code_of(described: Plain) -> str:
    for key in ("parts", "with_input"):
        for part in described.get(key) or []:
            if isinstance(part, dict) and "code" in part:
                return str(part["code"])
    return "a text of the script's own"


def _pieces(described: Plain | None) -> int:
    return len((described or {}).get("parts") or [])


def _chat_mask(reader: Reader, masked: bool) -> ir.Supervision:
    if not masked:
        return ir.Supervision(prompt=True, turn_headers=True)
    last = reader.tree.get(("responses", "last_response_only"))
    tokens = reader.tree.get(("responses", "mask_out_tokens"))
    if tokens is not None and tokens.plain():
        message = f"mask_out_tokens ({tokens.plain()!r}) has no counterpart"
        reader.say(Code.ASSUMED, Severity.WARNING, message, tokens)
    return ir.Supervision(prompt=False, turns="last" if last and last.plain() else "all")


def _from_chat(reader: Reader, prepared: Prepared, messages: Plain, masked: bool) -> Meaning:
    form = template_of(reader)
    found = chat_rows(reader, messages, standardized=prepared.standardized)
    if found is None:
        return _custom(reader, prepared, str(messages.get("code", "messages of the script's own")))
    rows, system = found
    if system is not None:
        form = replace(form, system_prompt=system)
    return rows, form, _chat_mask(reader, masked)


def _pair(reader: Reader, prepared: Prepared) -> Meaning:
    prompt, completion = prepared.columns["prompt"], prepared.columns["completion"]
    if "messages" in prompt and "list" in prompt["messages"]:
        joined = {"list": [*prompt["messages"]["list"],
                           *completion.get("messages", {}).get("list", [])]}  # fmt: skip
        return _from_chat(reader, prepared, joined, True)
    answer = completion.get("parts") or []
    before = prompt.get("parts")
    if before is None and "with_input" in prompt:
        both = {key: [*prompt[key], *answer] for key in ("with_input", "without_input")}
        described: Plain = {**both, "input": prompt["input"]}
    else:
        described = {"parts": [*(before or []), *answer]}
    found = text_rows(reader, described)
    if found is None or isinstance(found[1], ir.ChatFormat):
        return _custom(reader, prepared, _code_of(described))
    rows, form = found
    only = reader.value("args", "completion_only_loss")
    if prepared.tokens is None:
        # unsloth_zoo/dataset_utils.py:2909 (2026.10.9): the end token is added
        return rows, _WHOLE, ir.Supervision(prompt=only is False)
    columns = prepared.tokens.get("columns") or {}
    labels = str(columns.get("labels") or {})
    ids = _code_of(columns.get("input_ids") or {})
    joined_how = "separately" if " + " in ids or _pieces(columns.get("input_ids")) > 1 else "whole"
    assert isinstance(form, ir.PlainFormat)
    form = replace(form, joined=joined_how)  # type: ignore[arg-type]
    return rows, form, ir.Supervision(prompt="-100" not in labels)


# --- preferences and prompts ---------------------------------------------------------------------


def _answer_format(reader: Reader, prepared: Prepared, column: str) -> ir.Format:
    made = prepared.columns.get(column) or {}
    if "messages" in made or any(
        "chat" in p for p in made.get("parts") or [] if isinstance(p, dict)
    ):
        return template_of(reader)
    return ir.PlainFormat(joined="whole")


def _single(described: Plain | None, role: str) -> tuple[str | None, bool]:
    """The one column behind an answer or a prompt, and whether it is wrapped in turns."""
    if described is None:
        return None, False
    messages = described.get("messages")
    if isinstance(messages, dict) and "list" in messages:
        turns = [m for m in messages["list"] if m.get("role") == [{"literal": role}]]
        content = turns[-1].get("content") if turns else None
        if isinstance(content, list) and len(content) == 1 and _is_column(content[0]):
            return str(content[0]["column"]), True
        return None, True
    parts = [p for p in described.get("parts") or [] if p.get("token") != "eos"]
    if len(parts) == 1 and _is_column(parts[0]) and "path" not in parts[0]:
        return str(parts[0]["column"]), False
    return None, False


def _preference(reader: Reader, prepared: Prepared) -> Meaning:
    columns = prepared.columns
    if not {"chosen", "rejected"} & columns.keys():
        if prepared.unknown is not None:
            return _custom(reader, prepared, prepared.unknown)
        if reader.tree.get(("template",)) is not None:
            # a chat template is for turns, which TRL renders itself
            return ir.PreferenceRows(messages=True), template_of(reader), _ANSWERS
        return ir.PreferenceRows(), _answer_format(reader, prepared, "chosen"), _ANSWERS
    found: dict[str, str] = {}
    chat = False
    for key, role in (("prompt", "user"), ("chosen", "assistant"), ("rejected", "assistant")):
        name, wrapped = _single(columns.get(key), role) if key in columns else (key, False)
        if name is None:
            return _custom(reader, prepared, f"the column {key!r}")
        found[key], chat = name, chat or wrapped
    system, _ = _single(columns.get("prompt"), "system")
    # Columns as they are beside a chat template hold turns, which TRL renders itself.
    turns = not chat and reader.tree.get(("template",)) is not None
    form = template_of(reader) if chat or turns else ir.PlainFormat(joined="whole")
    rows = ir.PreferenceRows(
        messages=turns,
        prompt=found["prompt"],
        chosen=found["chosen"],
        rejected=found["rejected"],
        system=system if chat else None,
    )
    return rows, form, _ANSWERS


def _prompts(reader: Reader, prepared: Prepared) -> Meaning:
    made = prepared.columns.get("prompt")
    if made is None:
        if prepared.unknown is not None:
            return _custom(reader, prepared, prepared.unknown)
        return ir.PromptRows(), _answer_format(reader, prepared, "prompt"), _ANSWERS
    name, chat = _single(made, "user")
    if name is None:
        return _custom(reader, prepared, "the column 'prompt'")
    if not chat:
        return ir.PromptRows(prompt=name), ir.PlainFormat(joined="whole"), _ANSWERS
    form = template_of(reader)
    for turn in made["messages"]["list"]:
        if turn.get("role") == [{"literal": "system"}]:
            text = "".join(str(p.get("literal", "")) for p in turn.get("content", []))
            form = replace(form, system_prompt=text)
    return ir.PromptRows(prompt=name), form, _ANSWERS
