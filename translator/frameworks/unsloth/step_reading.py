"""The steps between loading a data set and the trainer, followed with a table of the columns that
exist after each: a column that a function has made is described by what it is made of, in terms
of the columns of the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.literal_reading import literal
from translator.frameworks.unsloth.merged_reading import filled, merged
from translator.frameworks.unsloth.prepared import Prepared
from translator.frameworks.unsloth.row_choices import (
    SELECTS,
    choice,
    chooses,
    chosen,
    hold_out,
    select,
    split_named,
)
from translator.frameworks.unsloth.step_arguments import CHOOSING, spelled
from translator.frameworks.unsloth.value_changes import CHANGES, note_change
from translator.reading import Reader
from translator.tree import Node, Unresolved, steps

Plain = dict[str, Any]

_HARMLESS = frozenset(
    [
        "with_format",
        "set_format",
        "flatten",
        "flatten_indices",
        "to_iterable_dataset",
        "collect",
        "to_pandas",
        "from_pandas",
        "remove_columns",
        "select_columns",
        "drop",
        "save_to_disk",
        "push_to_hub",
    ]
)
_STANDARD = ("standardize_sharegpt", "standardize_data_formats")
_BLANK_LINE = re.compile(r"\w+(\.[lr]?strip\(\))?")
"""A test that only an empty line fails: what it leaves out is no row."""


def data_sets(reader: Reader, node: Node, address: tuple[str | int, ...]) -> list[Prepared]:
    """The data sets that a description joins; one when nothing is joined."""
    found: list[Prepared] = []
    for key in ("concatenate", "interleave"):
        parts = node.get((key,))
        if parts is not None and parts.is_sequence:
            for place, inner in enumerate(parts.value):
                found += data_sets(reader, inner, (*address, key, place))
            _tell_joint(reader, key, parts, node.get(("options",)))
    if not found:
        found = [_loaded(reader, node)]
    steps = node.get(("steps",))
    for step in steps.value if steps is not None and steps.is_sequence else []:
        if len(found) > 1 and chooses(step.plain()):
            why = "the script chooses among the rows of several data sets together"
            chosen(reader, step, why, choice(step.plain()))
            continue
        for prepared in found:
            _follow(reader, prepared, step, node)
    return found


def _tell_joint(reader: Reader, key: str, parts: Node, options: Node | None) -> None:
    """Says where data sets are joined another way than one after the other."""
    given: Plain = {} if options is None else options.plain()
    beside = given.get("axis", 0) not in (0, None)
    call = spelled({"op": key, **given})
    if key == "interleave":
        message = f"data sets are interleaved, by {call}" if given else "data sets are interleaved"
        message += "; elsewhere they follow one another, shuffled"
        reader.say(Code.ASSUMED, Severity.WARNING, message, parts)
    elif beside:
        message = f"{call} joins the columns of data sets, not their rows"
        reader.say(Code.ASSUMED, Severity.ERROR, message, options, field="data.sources")
    elif given:
        message = f"{call} joins rows as they are"
        reader.say(Code.NO_EFFECT, Severity.NOTE, message, options, verbose=True)


# --- the start -----------------------------------------------------------------------------------


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
    return literal(reader, node)


# --- the steps -----------------------------------------------------------------------------------


def _follow(reader: Reader, prepared: Prepared, step: Node, whole: Node) -> None:
    """Applies one step."""
    plain: Plain = step.plain()
    name = str(plain.get("op", ""))
    if name in ("map", "list") or "function" in plain:
        _follow_function(reader, prepared, step, plain)
    elif name in _STANDARD:
        prepared.standardized = True
    elif name == "to_sharegpt":
        _merge(reader, prepared, step, plain)
    elif name == "select_columns" and "input_ids" in (plain.get("column_names") or ()):
        prepared.tokenized = True
    elif name == "remove_columns":
        gone = plain.get("column_names")
        for column in gone if isinstance(gone, list) else [gone]:
            prepared.columns.pop(str(column), None)
    elif name == "rename_column":
        _rename(prepared, {plain.get("original_column_name"): plain.get("new_column_name")})
    elif name in ("rename_columns", "rename"):
        mapping = plain.get("column_mapping") or plain.get("columns")
        _rename(prepared, mapping if isinstance(mapping, dict) else {})
    elif name == "split":
        split_named(reader, prepared, step, plain)
    elif name in SELECTS:
        select(reader, prepared, step, plain)
    elif name == "train_test_split":
        hold_out(reader, prepared, step, plain)
    elif name == "apply_chat_template" and "chat_template" in plain:
        conversations = prepared.columns.get("conversations", {}).get("messages")
        system = plain.get("default_system_message")
        parts = filled(plain["chat_template"], system, conversations)
        if parts is None:
            prepared.unknown = f"apply_chat_template with {plain['chat_template']!r}"
        prepared.columns = {} if parts is None else {"text": {"parts": parts}}
    elif name in ("apply_chat_template", "maybe_apply_chat_template"):
        if "messages" in prepared.columns or not prepared.columns:
            source = prepared.columns.get("messages", {"messages": {"column": "messages"}})
            chat = {"chat": source.get("messages", {"column": "messages"})}
            prepared.columns["text"] = {"parts": [chat]}
    elif name in CHANGES:
        note_change(prepared, step, plain)
    elif name in ("sort", "sort_values"):
        prepared.ordered = spelled(plain)
    elif name == "shuffle":
        prepared.shuffled, prepared.ordered = True, None
        message = f"seed ({plain.get('seed')}): rows are shuffled once more while training"
        reader.say(Code.NO_EFFECT, Severity.NOTE, message, step, verbose=True)
    elif name == "reset_index":
        if not plain.get("drop"):
            message = "reset_index() keeps the former numbers of the rows in a column 'index'"
            reader.say(Code.ASSUMED, Severity.NOTE, message, step, verbose=True)
    elif name in CHOOSING:
        code = spelled(plain)
        little = name in ("drop_duplicates", "dropna") or None
        why = f"{name}() chooses rows; elsewhere all are trained"
        chosen(reader, step, why, name if code == f"{name}()" else code, little=little)
    elif name == "repeat":
        times = plain.get("num_times")
        why = "each row comes as often as that in a pass; elsewhere once"
        chosen(reader, step, why, f"repeat({'' if times is None else times})")
    elif name not in _HARMLESS:
        text = plain.get("text") or plain.get("unknown") or name
        prepared.unknown = str(text.expression if isinstance(text, Unresolved) else text)
        message = f"{prepared.unknown} is not understood"
        reader.say(Code.ASSUMED, Severity.WARNING, message, step, field="data.sources")


def _merge(reader: Reader, prepared: Prepared, step: Node, plain: Plain) -> None:
    """``to_sharegpt``: columns become one exchange."""
    messages = merged(plain)
    if messages is None:
        prepared.unknown = f"to_sharegpt with {plain.get('merged_prompt')!r}"
        return
    prepared.columns = {"conversations": {"messages": messages}}
    count = plain.get("conversation_extension", 1)
    if count != 1:
        why = f"{count} rows drawn at random are joined to each conversation"
        node = step.get(("conversation_extension",)) or step
        reader.leave(("data.to_sharegpt", "conversation_extension"), node, why, Severity.ERROR)


def _follow_function(reader: Reader, prepared: Prepared, step: Node, plain: Plain) -> None:
    function = plain.get("function")
    if plain.get("op") == "filter":
        code = str(function.get("code", "")) if isinstance(function, dict) else ""
        limit = re.search(r"<=?\s*(\w+)", code)
        if re.search(r"len\(", code) and limit is not None and "input_ids" in code:
            prepared.drops = True
            _tell_limit(reader, step, code, limit[1])
        elif not _BLANK_LINE.fullmatch(code):
            why = "a filter of the script chooses rows; elsewhere all are trained"
            chosen(reader, step, why, code)
        return
    if not isinstance(function, dict):
        prepared.unknown = prepared.unknown or "map"
        return
    kind = function.get("kind")
    ids = (function.get("columns") or {}).get("input_ids")
    parts = ids.get("parts") if isinstance(ids, dict) else None
    if kind == "tokens" and parts and all(p.get("column") == "input_ids" for p in parts):
        prepared.tokenized = True  # the file's own, with labels or a mask beside them
        return
    if kind == "tokens" and "pattern" in function:
        prepared.tokens = function
        return
    if kind == "tokens" and isinstance(function.get("text"), dict):
        _tell_settings(reader, step)
        prepared.text = substituted(function["text"], dict(prepared.columns))
        return
    if kind == "tokens" and prepared.text is not None and _labels_are_ids(function):
        return
    reads = function.get("reads") or []
    if kind == "tokens" and len(reads) == 1 and not prepared.columns:
        prepared.columns["text"] = {"parts": [{"column": reads[0]}]}
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
        text = "parts" in function or "with_input" in function
        keys = ("parts", "with_input", "without_input", "input") if text else ("messages",)
        made = {function["output"]: {k: function[k] for k in keys if k in function}}
    before = dict(prepared.columns)
    for column, description in made.items():
        whole = description
        if column == function.get("output") and "with_input" in function:
            whole = {k: function[k] for k in ("with_input", "without_input", "input")}
        prepared.columns[column] = substituted(whole, before)
    gone = plain.get("remove_columns")
    for column in gone if isinstance(gone, list) else [gone]:
        if column not in made:
            prepared.columns.pop(str(column), None)


_LENGTHS = ("load.max_seq_length", "args.max_length", "args.max_seq_length",
            "trainer.max_seq_length", "trainer.max_length")  # fmt: skip


def _tell_limit(reader: Reader, step: Node, code: str, limit: str) -> None:
    """Keeps aside a filter that leaves out rows of another length than those that are too long."""
    length = reader.values.get("data.max_length")
    if limit.isdecimal() and int(limit) != length:
        why = f"the script leaves out rows of more than {limit} tokens; elsewhere {length} is the limit"
        chosen(reader, step, why, code)


def _tell_settings(reader: Reader, step: Node) -> None:
    """Keeps aside what a tokenizer was told that shows in the tokens."""
    settings = step.get(("function", "settings"))
    given = {} if settings is None else settings.value
    length, cut = given.get("max_length"), given.get("truncation")
    if cut is None or cut.plain() in (None, False, "do_not_truncate"):
        why = "the script's tokenizer cuts no rows, however long; elsewhere they are cut"
        node = cut or Node(value=False, span=step.span)
        reader.leave(("data.map", "truncation"), node, why, Severity.WARNING)
    elif length is not None:
        limits = [node.plain() for name in _LENGTHS if (node := reader.tree.get(steps(name)))]
        if length.plain() not in limits:
            why = (
                "rows are cut to as many tokens while they are prepared; elsewhere one limit holds"
            )
            reader.leave(("data.map", "max_length"), length, why, Severity.WARNING)
    padding = given.get("padding")
    labelled = step.get(("function", "labelled")) is not None
    if padding is not None and padding.plain() == "max_length" and labelled:
        why = "the tokens that fill a row up have labels and are trained; elsewhere they are not"
        reader.leave(("data.map", "padding"), padding, why, Severity.WARNING)
    special = given.get("add_special_tokens")
    if special is not None and special.plain() is not True:
        why = "rows are without the tokens that the tokenizer puts around a text; elsewhere it does"
        reader.leave(("data.map", "add_special_tokens"), special, why, Severity.WARNING)


def _labels_are_ids(function: Plain) -> bool:
    """Whether a function does nothing but copy token ids to labels."""
    columns = function.get("columns") or {}
    parts = columns.get("labels", {}).get("parts") or []
    copied = re.compile(r"\w+\[['\"]input_ids['\"]\](\.copy\(\)|\[:\])?")
    return (
        set(columns) == {"labels"}
        and len(parts) == 1
        and (
            parts[0].get("column") == "input_ids"
            or bool(copied.fullmatch(parts[0].get("code", "")))
        )
    )


def substituted(value: Any, columns: Mapping[str, Plain]) -> Any:
    """A description in terms of the columns before the step that made it."""
    if isinstance(value, list):
        result: list[Any] = []
        for item in value:
            inner = columns.get(item["column"]) if is_column(item) else None
            if inner is not None and "parts" in inner:
                result += inner["parts"]
            else:
                result.append(substituted(item, columns))
        return result
    if isinstance(value, dict):
        if is_column(value) and (inner := columns.get(value["column"])) is not None:
            return inner.get("messages", value)
        return {key: substituted(item, columns) for key, item in value.items()}
    return value


def is_column(value: object) -> bool:
    """Whether a description is one column of the row."""
    return isinstance(value, dict) and isinstance(value.get("column"), str)


def _rename(prepared: Prepared, mapping: Mapping[Any, Any]) -> None:
    for old, new in mapping.items():
        if isinstance(old, str) and isinstance(new, str):
            made = prepared.columns.pop(old, None)
            if made is None and prepared.unknown is not None:
                continue  # what has this name may have been made by code that is not understood
            prepared.columns[new] = made or {
                "parts": [{"column": old}],
                "messages": {"column": old},
                "renamed": True,
            }
