"""Which tokens count in the loss: what the written data set and tokenizer do, against what is wanted.

The mask of a written data set follows from few choices (``train_on_input``, the tokenizer, the
side file's settings). It is worked out here as a whole and compared with the wanted one, so that
no difference goes unsaid: one that matters for these rows is a loss, one that cannot matter (the
ends of turns of plain text) is noted on demand.
"""

from __future__ import annotations

from typing import Any, Literal

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.wording_writing import Task, Told
from translator.ir import ChatFormat, MessageRows, PreferenceRows, Supervision, TextRows
from translator.record import replace

Shape = Literal["text", "plain", "exchange", "turns"]

_WHY = {
    "prompt": "a column of text is trained as a whole",
    "roles": "torchtune counts what the assistant says in the loss, and no other role",
    "turns": "torchtune counts every answer of a conversation in the loss",
    "turn_headers": "torchtune leaves the marker that opens an answer out of the loss",
    "turn_ends": "torchtune counts the end of answers in the loss, and of no other turn",
}
_IDLE = "without effect on rows of this kind"


def check_mask(task: Task, told: Told | None) -> None:
    """Reports where the written mask differs from the wanted one."""
    wanted = task.source.supervision
    shape = _shape(task)
    written = _written(task, told, shape)
    pairs = isinstance(task.source.rows, PreferenceRows)
    if pairs:  # what opens both answers cancels when they are compared
        written = replace(written, turn_headers=False)
    for part in ("prompt", "roles", "turns", "turn_headers", "turn_ends"):
        if getattr(written, part) == getattr(wanted, part):
            continue
        severity = _severity(part, wanted, written, shape)
        if pairs and part == "turn_headers":
            severity = None
        if part == "turn_headers" and isinstance(task.source.rows, PreferenceRows):
            severity = None  # the same in both answers, so that it cancels
        why = _WHY[part]
        if part == "turn_headers" and written.turn_headers:
            why = "torchtune counts the marker that opens an answer in the loss as well"
        elif part == "turn_ends" and told is not None and told.turns:
            why = "the ends of all answers count in the loss"
        if severity is None:
            field = f"{task.field}.supervision.{part}"
            task.writer.lose(Code.LOST_MASK, field, _IDLE, Severity.NOTE, verbose=True)
        else:
            task.lose(Code.LOST_MASK, f"supervision.{part}", why, severity)


def _shape(task: Task) -> Shape:
    rows, layout = task.source.rows, task.source.format
    if isinstance(rows, TextRows):
        return "text"
    if isinstance(rows, MessageRows):
        return "turns"
    if not isinstance(layout, ChatFormat):
        return "plain"
    return "turns" if isinstance(rows, PreferenceRows) and rows.messages else "exchange"


def _written(task: Task, told: Told | None, shape: Shape) -> Supervision:
    """The mask as the reader of the written file finds it."""
    wanted = task.source.supervision
    plain = Supervision(prompt=wanted.prompt)
    if shape == "text":
        return replace(plain, prompt=True)
    if told is None or shape == "plain":
        return plain
    if shape == "turns" and isinstance(task.source.rows, MessageRows):
        plain = replace(plain, turns=wanted.turns)  # the side file's `turns` does as it is told
    if told.turns:
        settings: dict[str, Any] = dict(told.turns)
        return replace(
            plain,
            turn_headers=bool(settings.get("train_headers", False)),
            turn_ends=settings.get("train_ends", "answers"),
        )
    return replace(plain, turn_headers=_headers(task, told))


def _headers(task: Task, told: Told) -> bool:
    counted = task.tokenizer is not None and task.tokenizer.header_supervised
    if isinstance(told.template, dict):
        return bool(told.template.get("assistant", ("", ""))[0]) or (counted and not task.bare)
    return counted


def _severity(
    part: str, wanted: Supervision, written: Supervision, shape: Shape
) -> Severity | None:
    """What a difference does; None where it can do nothing."""
    if shape in ("text", "plain") or (wanted.prompt and part != "turn_ends"):
        return None
    if part in ("roles", "turns"):
        return Severity.ERROR if shape == "turns" else None
    if part == "turn_ends":
        same = {"answers", "last"} == {wanted.turn_ends, written.turn_ends}
        return None if same and shape == "exchange" else Severity.WARNING
    return Severity.WARNING
