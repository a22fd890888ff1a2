"""Reading rows that a module beside the YAML makes (see :mod:`.parts`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.conversations import chat_format, message_rows, supervision
from translator.frameworks.axolotl.lookup import find
from translator.frameworks.axolotl.parts import Module, file_of
from translator.frameworks.axolotl.values import flag, text
from translator.ir import (
    CustomRows,
    Format,
    InstructionRows,
    PlainFormat,
    Rows,
    Supervision,
    TextRows,
)
from translator.record import replace
from translator.tree import Node

if TYPE_CHECKING:
    from translator.frameworks.axolotl.sources import Dataset

_OWN_FIELDS = ("instruction", "input", "system", "output")


def made_rows(dataset: Dataset, module: Module) -> tuple[Rows, Format, Supervision]:
    """Rows, format and mask of a data set whose ``type`` names one of ftx's own modules."""
    told = module.rows
    if module.kind == "own":
        return _own(dataset, module)
    _leave_names(dataset, told)
    if module.kind == "texts":
        form = PlainFormat(joined=told["joined"], end=told["end"])
        if "text" in told:
            return TextRows(column=told["text"]), form, Supervision(prompt=True)
        trained = find(dataset.reader, "train_on_inputs", flag, False).value
        return _instruction(told), form, Supervision(prompt=trained)
    layout = chat_format(dataset)
    mask = supervision(dataset, layout)
    if told.get("everything"):
        mask = replace(mask, prompt=True, turn_headers=True)
    if told.get("last_answer_only"):
        mask = replace(mask, turns="last")
    rows = _instruction(told) if "columns" in told else message_rows(dataset)
    return rows, replace(layout, system_prompt=told.get("system")), mask


def _own(dataset: Dataset, module: Module) -> tuple[Rows, Format, Supervision]:
    """Texts that code of the user's own makes."""
    marks = tuple(module.rows.get("marks", ()))
    rows = CustomRows(reference=module.rows["reference"], code=module.code, marks=marks)
    form: Format = PlainFormat(joined="whole", end="none")
    if "apply_chat_template" in (module.code or ""):
        form = chat_format(dataset)
    return rows, form, Supervision(prompt=not marks)


def _instruction(told: dict[str, Any]) -> InstructionRows:
    columns = told["columns"]
    return InstructionRows(
        instruction=columns.get("instruction"),
        input=columns.get("input"),
        output=columns["output"],
        system=columns.get("system"),
        with_input=told["with_input"],
        without_input=told["without_input"],
        fields=tuple((name, column) for name, column in columns.items()
                     if name not in _OWN_FIELDS),
    )  # fmt: skip


def _leave_names(dataset: Dataset, told: dict[str, Any]) -> None:
    """Columns that the module names anew belong to no other framework's configuration."""
    if "names" not in told:
        return
    node = dataset.node.get(("type",))
    file = file_of(dataset.get("type", text, "").value)
    why = f"{file} names the columns of the table anew, in their order"
    if node is not None:
        place = (*dataset.place, "type", "names")
        named = Node(value=", ".join(told["names"]), span=node.span)
        dataset.reader.leave(place, named, why, Severity.ERROR)
        dataset.reader.say(Code.ASSUMED, Severity.NOTE, why, node, verbose=True)
