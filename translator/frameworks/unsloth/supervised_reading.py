"""What becomes of a row in supervised training: which columns make the text, and what is masked."""

from __future__ import annotations

import re
from typing import Any

from translator import ir
from translator.catalog.formats import ChatFormat, formats
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.chat_reading import chat_rows, leave_aside, template_of
from translator.frameworks.unsloth.loop_reading import looped_chat
from translator.frameworks.unsloth.marked_text import marked
from translator.frameworks.unsloth.masking import catalogue_format, empty_thought
from translator.frameworks.unsloth.preference_reading import labelled, preference, prompts
from translator.frameworks.unsloth.prepared import Prepared
from translator.frameworks.unsloth.row_reading import (
    WHOLE,
    Meaning,
    answer_of,
    code_in,
    code_of,
    custom,
    moved,
)
from translator.frameworks.unsloth.span_reading import supervision_of
from translator.frameworks.unsloth.step_reading import substituted
from translator.frameworks.unsloth.text_reading import BOS, bare, end_token, obstacle, text_rows
from translator.reading import Reader
from translator.record import replace
from translator.tree import shown

Plain = dict[str, Any]


def meaning(reader: Reader, prepared: Prepared) -> Meaning:
    objective = reader.values.get("objective")
    if isinstance(objective, ir.PreferenceObjective):
        return preference(reader, prepared)
    if isinstance(objective, ir.LabelObjective):
        return labelled(reader, prepared)
    if isinstance(objective, ir.OnlineObjective):
        return prompts(reader, prepared)
    rows, form, mask = _supervised(reader, prepared)
    if isinstance(rows, ir.TextRows) and isinstance(form, ir.PlainFormat) and not mask.prompt:
        with_marks = marked(reader, rows, form)
        if with_marks is None:
            return custom(reader, prepared, f"what is masked in column {rows.column}")
        return with_marks, ir.PlainFormat(joined="whole", end="none"), mask
    return rows, form, mask


def _supervised(reader: Reader, prepared: Prepared) -> Meaning:
    masked = reader.peek("responses") is not None or _collator_masks(reader)
    formatting = reader.tree.get(("trainer", "formatting_func"))
    columns = prepared.columns
    if formatting is not None and formatting.is_mapping:
        reader.used.add(("trainer", "formatting_func"))
        plain = substituted(formatting.plain(), columns)
        if plain.get("kind") in ("text", "chat"):
            return _from_text(reader, prepared, plain, masked)
        return custom(reader, prepared, str(plain.get("name", "formatting_func")))
    if prepared.text is not None and prepared.unknown is None:
        return _from_text(reader, prepared, prepared.text, masked)
    if {"prompt", "completion"} <= columns.keys():
        return _pair(reader, prepared)
    if prepared.tokenized:
        return ir.TokenRows(), ir.PlainFormat(), ir.Supervision(prompt=False)
    name = _text_field(reader)
    if name in columns and ("messages" not in columns[name] or "renamed" in columns[name]):
        return _from_text(reader, prepared, columns[name], masked)
    texts = [c for c in columns.values() if "parts" in c or "with_input" in c]
    if _names_text(reader) and name not in columns and texts and prepared.unknown is None:
        return _as_it_is(reader, prepared, name, masked)
    for column in (name, "messages", "conversations"):
        if column in columns and "messages" in columns[column]:
            return _from_chat(reader, prepared, columns[column]["messages"], masked)
    if prepared.unknown is not None:
        return custom(reader, prepared, prepared.unknown)
    if len(texts) == 1 and not _names_text(reader):
        return _from_text(reader, prepared, texts[0], masked)
    if _names_text(reader) and not prepared.standardized:
        return _as_it_is(reader, prepared, name, masked)
    if prepared.standardized:
        return _from_chat(reader, prepared, {"column": "conversations"}, masked)
    if reader.facts.get("modality", "text") == "vision":
        message = "the rows are taken to have columns of messages and images, as TRL reads them"
        reader.say(Code.ASSUMED, Severity.NOTE, message, field="data.sources")
        return _from_chat(reader, prepared, {"column": "messages"}, masked)
    if reader.facts.get("modality", "text") != "text":
        return custom(reader, prepared, "sound")
    return _as_it_is(reader, prepared, name, masked)


def _as_it_is(reader: Reader, prepared: Prepared, name: str, masked: bool) -> Meaning:
    """A column of the file itself; plain TRL would add an end token, Unsloth does not
    (unsloth_zoo/dataset_utils.py:2661, 2026.10.9)."""
    if not _names_text(reader):
        message = f"the rows are taken to have a column {name!r} of text"
        reader.say(Code.ASSUMED, Severity.NOTE, message, field="data.sources")
    form = ir.PlainFormat(joined="whole", end="none")
    return ir.TextRows(column=name), form, ir.Supervision(prompt=not masked)


def _names_text(reader: Reader) -> bool:
    """Whether the script says which column is the text."""
    nodes = (reader.tree.get((s, "dataset_text_field")) for s in ("args", "trainer"))
    return any(node is not None and bool(node.value) for node in nodes)


def _text_field(reader: Reader) -> str:
    """The column of text; the trainer's before that of its arguments (unsloth/trainer.py:1796,
    2026.10.9)."""
    for section in ("trainer", "args"):
        node = reader.node(section, "dataset_text_field")
        if node is not None and isinstance(node.value, str):
            return node.value
    return "text"


def _from_text(reader: Reader, prepared: Prepared, described: Plain, masked: bool) -> Meaning:
    parts = described.get("parts") or described.get("with_input") or []
    chat = next((p["chat"] for p in parts if isinstance(p, dict) and "chat" in p), None)
    if chat is not None:
        _tell_options(reader, next(p for p in parts if isinstance(p, dict) and "chat" in p))
        return _from_chat(reader, prepared, chat, masked)
    found = text_rows(reader, described) or looped_chat(reader, parts, end_token(reader))
    if found is None:
        return custom(reader, prepared, obstacle(described))
    rows, form = found
    if isinstance(form, ir.ChatFormat):
        return rows, form, _mask(reader, prepared, form, masked)
    if prepared.chunks:
        return rows, form, ir.Supervision(prompt=True)
    return rows, form, ir.Supervision(prompt=not masked)


def _pieces(described: Plain | None) -> int:
    return len((described or {}).get("parts") or [])


def _chat_mask(reader: Reader, known: ChatFormat | None, masked: bool) -> ir.Supervision:
    if not masked:
        return ir.Supervision(prompt=True, turn_headers=True)
    last = reader.tree.get(("responses", "last_response_only"))
    tokens = reader.tree.get(("responses", "mask_out_tokens"))
    given = tokens.plain() if tokens is not None else None
    empty = empty_thought(known)
    if given and given != [empty]:
        message = f"mask_out_tokens ({given!r}) has no counterpart"
        reader.say(Code.ASSUMED, Severity.WARNING, message, tokens)
    elif empty and not given and reader.tree.get(("responses",)) is not None:
        message = (
            f"{empty!r}, which the template puts in front of answers without a thinking part, "
        )
        message += "counts here, and is masked elsewhere"
        reader.say(Code.ASSUMED, Severity.NOTE, message, reader.tree.get(("responses",)))
    return ir.Supervision(prompt=False, turns="last" if last and last.plain() else "all")


def _collator_masks(reader: Reader) -> bool:
    """``UnslothVisionDataCollator(train_on_responses_only=True)``: unsloth_zoo/vision_utils.py."""
    node = reader.tree.get(("trainer", "data_collator", "train_on_responses_only"))
    return node is not None and node.plain() is True


def tell_parts(reader: Reader, form: ir.Format) -> None:
    """Says by which words the answers are found, and where these are not the format's."""
    model = str(reader.values.get("model.tokenizer") or reader.values.get("model.id") or "")
    known = catalogue_format(form, model) if isinstance(form, ir.ChatFormat) else None
    for key, role in (("instruction_part", "user"), ("response_part", "assistant")):
        node = reader.tree.get(("responses", key)) or reader.tree.get(
            ("trainer", "data_collator", key)
        )
        if node is None or not isinstance(node.value, str):
            continue
        message = f"train_on_responses_only looks for {key} {node.value!r}"
        reader.say(Code.ASSUMED, Severity.NOTE, message, node, key=key, verbose=True)
        affix = None if known is None else known.affixes(role)
        if affix is not None and bare(affix[0]).strip() and node.value.strip() not in affix[0]:
            message = f"{key} {node.value!r} does not open a turn of {role}: that is {affix[0]!r}"
            reader.say(Code.SURPRISE, Severity.WARNING, message, node, key=key)


_MARKING = ("instruction_part", "response_part", "last_response_only", "mask_out_tokens")


def tell_marking(reader: Reader) -> None:
    """Says what ``train_on_responses_only`` is told besides what is trained."""
    node = reader.tree.get(("responses",))
    for name, part in node.value.items() if node is not None and node.is_mapping else ():
        if name not in _MARKING and part.value is not None:
            message = f"responses.{name} ({shown(part.plain())}): how the answers are looked for"
            reader.say(Code.NO_EFFECT, Severity.NOTE, message, part, verbose=True)


def _mask(reader: Reader, prepared: Prepared, form: ir.ChatFormat, masked: bool) -> ir.Supervision:
    """What counts in conversations: what the script's own tokens say, or Unsloth's function."""
    model = str(reader.values.get("model.tokenizer") or reader.values.get("model.id") or "")
    known = catalogue_format(form, model)
    if prepared.tokens is None:
        return _chat_mask(reader, known, masked)
    pattern = prepared.tokens.get("pattern")
    if pattern is None:
        return ir.Supervision(prompt=True, turn_headers=True)
    last = bool(prepared.tokens.get("last"))
    # The markers of a template that is not known here are those that the pattern looks for.
    shapes = [known] if known or form.template != "tokenizer" else list(formats().values())
    told = (supervision_of(str(pattern), shape, last=last) for shape in shapes)
    found = next((mask for mask in told if mask is not None), None)
    if found is None:
        message = f"what {pattern} matches is trained, which is not understood"
        reader.say(Code.UNRESOLVED, Severity.WARNING, message, field="data.sources")
    return found or ir.Supervision(prompt=False)


def _tell_options(reader: Reader, part: Plain) -> None:
    """What a call of ``apply_chat_template`` asks for beside a text of all turns."""
    node = reader.tree.get(("data", "train"))
    if part.get("tokenize") is True:
        message = "apply_chat_template(tokenize=True) gives token ids where a text is wanted"
        reader.say(Code.BAD_VALUE, Severity.ERROR, message, node, field="data.sources")
    if part.get("add_generation_prompt") is True:
        message = "apply_chat_template(add_generation_prompt=True) opens one more answer, which is "
        message += "trained and is not carried"
        reader.say(Code.ASSUMED, Severity.WARNING, message, node, field="data.sources")
    for call in part.get("methods", []):
        given = call.get("arguments") or []
        text = " ".join(str(a.get("literal", a.get("token", "…"))) for a in given)
        start = call["name"] in ("removeprefix", "lstrip", "strip", "rstrip") and (
            text in ("", "bos") or bool(re.fullmatch(BOS, text))
        )
        message = f"the rendered text is changed by {call['name']}({text!r})"
        severity = Severity.NOTE if start else Severity.WARNING
        reader.say(Code.ASSUMED, severity, message, node, field="data.sources", verbose=start)
    others = sorted(part.keys() - {"chat", "tokenize", "add_generation_prompt", "methods",
                                   "truncation", "padding", "max_length", "return_tensors"})  # fmt: skip
    for name in others:
        message = f"apply_chat_template({name}={part[name]!r}) is not carried"
        reader.say(Code.ASSUMED, Severity.WARNING, message, node, field="data.sources")


def _from_chat(reader: Reader, prepared: Prepared, messages: Plain, masked: bool) -> Meaning:
    form = template_of(reader)
    found = chat_rows(reader, messages, standardized=prepared.standardized)
    if found is None:
        leave_aside(reader, ("mapping",), "names of turns in rows that ftx cannot tell")
        return custom(reader, prepared, code_in(messages) or answer_of(messages))
    rows, system = found
    rows = _with_pictures(reader, prepared, rows)
    if system is not None:
        form = replace(form, system_prompt=system)
    return rows, form, _mask(reader, prepared, form, masked)


def _with_pictures(reader: Reader, prepared: Prepared, rows: ir.Rows) -> ir.Rows:
    """Pictures that a script moved to another column, or that lie beside turns of the file."""
    if isinstance(rows, ir.MessageRows) and reader.facts.get("modality") == "vision":
        rows = replace(rows, images="images")
    if isinstance(rows, ir.InstructionRows | ir.MessageRows) and rows.images is not None:
        return replace(rows, images=moved(reader, prepared, rows.images))
    return rows


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
        return custom(reader, prepared, code_of(described))
    rows, form = found
    only = reader.value("args", "completion_only_loss")
    if prepared.tokens is None:
        # unsloth_zoo/dataset_utils.py:2909 (2026.10.9): the end token is added
        return rows, WHOLE, ir.Supervision(prompt=only is False)
    columns = prepared.tokens.get("columns") or {}
    labels = str(columns.get("labels") or columns.get("assistant_masks") or {})
    ids = code_of(columns.get("input_ids") or {})
    at_once = re.search(r"tokenizer\([^()]*\+", ids) is not None
    joined_how = (
        "separately"
        if (" + " in ids and not at_once) or _pieces(columns.get("input_ids")) > 1
        else "whole"
    )
    assert isinstance(form, ir.PlainFormat)
    form = replace(form, joined=joined_how)
    return rows, form, ir.Supervision(prompt="-100" not in labels and "[0]" not in labels)
