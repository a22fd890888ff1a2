"""Rows that are not understood, with the script's own functions for whoever can call them.

Reading says what rows become wherever it can. Where a step between file and trainer is none that
it knows, the functions themselves still say it: they are put together to one that makes a row's
text, if all they need can be brought along.
"""

from __future__ import annotations

import ast
from typing import Any

from translator import ir
from translator.frameworks.unsloth.chat_reading import template_of
from translator.frameworks.unsloth.marked_text import marks_of
from translator.frameworks.unsloth.script_code import standing_alone
from translator.frameworks.unsloth.script_tree import RowFunction
from translator.reading import Reader
from translator.record import replace
from translator.syntax.python import Module
from translator.tree import Address, Node, Unresolved

_PASSED = frozenset(
    ("shuffle", "select", "slice", "take", "skip", "head", "sample", "split", "train_test_split",
     "remove_columns", "select_columns", "with_format", "set_format", "flatten_indices",
     "sort", "collect", "dropna", "drop_duplicates", "unique", "shard")
)  # fmt: skip
"""Steps that choose and order rows, or leave out columns: each row stays what it is."""
_ONE = """\
def one(rows):
    if any(len(values) != 1 for values in rows.values()):
        raise ValueError("a function makes several rows of one, or none")
    return {name: values[0] for name, values in rows.items()}"""
_SEVERAL = "{name: [value] for name, value in row.items()}"


def bring_code(reader: Reader, functions: tuple[RowFunction, ...], module: Module) -> None:
    """Adds the code of rows that are not understood to ``data.sources`` and ``data.validation``."""
    sources = reader.values["data.sources"]
    assert isinstance(sources, tuple)
    found = _brought(reader, sources, ("data", "train"), functions, module)
    if found is None:
        return
    reader.values["data.sources"] = (found,)
    reader.facts["brought"] = _filters(reader)
    validation = reader.values["data.validation"]
    if isinstance(validation, ir.SeparateRows):
        held = _brought(reader, validation.sources, ("data", "eval"), functions, module)
        if held is not None:
            reader.values["data.validation"] = ir.SeparateRows(sources=(held,))


def _filters(reader: Reader) -> str:
    """The filters that the code has in it, as the keys that are kept aside for them."""
    steps = reader.tree.get(("data", "train", "steps"))
    made = steps.plain() if steps is not None and steps.is_sequence else []
    found = (step for step in made if step["op"] == "filter" and "number" in step)
    return " ".join(f"data.filter:{step['line']}" for step in found)


def _brought(
    reader: Reader,
    sources: tuple[ir.Source, ...],
    place: Address,
    functions: tuple[RowFunction, ...],
    module: Module,
) -> ir.Source | None:
    """The one data set at a place with the code of its rows."""
    node = reader.tree.get(place)
    if len(sources) != 1 or not isinstance(sources[0].rows, ir.CustomRows) or node is None:
        return None
    load = node.get(("load",))
    supervised = isinstance(reader.values.get("objective"), ir.SupervisedObjective)
    if load is None or not load.is_mapping or not supervised:
        return None
    if reader.values.get("model.modality", "text") != "text":
        return None
    code = _text_of(reader, node, functions, module)
    masked = reader.tree.get(("responses",)) is not None
    form: ir.Format = ir.PlainFormat(joined="whole", end="none")
    if code is not None and "apply_chat_template" in code:
        form = template_of(reader)
    marks = marks_of(reader, form) if masked else ()
    if code is None or marks is None:
        return None
    rows = replace(sources[0].rows, code=code, marks=marks)
    mask = ir.Supervision(prompt=not masked)
    return replace(sources[0], rows=rows, format=form, supervision=mask)


def _text_of(
    reader: Reader, node: Node, functions: tuple[RowFunction, ...], module: Module
) -> str | None:
    """Source of ``text_of(row, tokenizer)``."""
    steps = node.get(("steps",))
    made: list[Any] = steps.plain() if steps is not None and steps.is_sequence else []
    body: list[ast.stmt] = []
    tokenized = False
    for step in made:
        if step["op"] in _PASSED:
            continue
        lines = _step(step, functions, module)
        if lines is None:
            return None
        if step["op"] != "filter":  # one may count tokens of rows that stay texts
            tokenized |= any("input_ids" in ast.unparse(line) for line in lines)
        body += lines
    last = reader.tree.get(("trainer", "formatting_func"))
    if last is not None:
        plain = last.plain()
        number = plain.get("number") if isinstance(plain, dict) else None
        lines = None if number is None else _called(functions[number], number, module, "text")
        if lines is None:
            return None
        body += [*lines, *_parsed("return text")]
    else:
        column = _column(reader)
        if column is None or not any(repr(column) in ast.unparse(line) for line in body):
            return None
        body += _parsed(f"return row[{column!r}]")
    function = _defined("text_of", body, "row, tokenizer")
    text = ast.unparse(function)
    if tokenized or len(body) < 2:
        return None
    if "one(" in text:
        function.body[:0] = _parsed(_ONE)
    return f"{ast.unparse(function)}\n"


def _parsed(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def _defined(name: str, body: list[ast.stmt], arguments: str = "") -> ast.FunctionDef:
    (function,) = _parsed(f"def {name}({arguments}): pass")
    assert isinstance(function, ast.FunctionDef)
    function.body = body
    return function


def _column(reader: Reader) -> str | None:
    for section in ("trainer", "args"):
        node = reader.tree.get((section, "dataset_text_field"))
        if node is not None and node.value is not None:
            return node.value if isinstance(node.value, str) else None
    return "text"


def _step(
    step: dict[str, Any], functions: tuple[RowFunction, ...], module: Module
) -> list[ast.stmt] | None:
    """A step as statements about ``row``."""
    if (
        step["op"] in ("map", "list")
        and "number" in step
        and not step.keys() & {"with_indices", "with_rank", "input_columns"}
    ):
        return _called(functions[step["number"]], step["number"], module, "row")
    if step["op"] == "filter":
        return _kept(step, functions, module)
    if step["op"] == "fillna":
        return _filled(step.get("value"))
    if step["op"] == "map" and "number" not in step:
        function = step.get("function")
        return _columns(function) if isinstance(function, dict) else None
    names = None
    if step["op"] == "rename_column":
        names = {step.get("original_column_name"): step.get("new_column_name")}
    elif step["op"] == "rename_columns":
        names = step.get("column_mapping")
    if not isinstance(names, dict) or any(
        isinstance(name, Unresolved) or not isinstance(name, str)
        for pair in names.items() for name in pair
    ):  # fmt: skip
        return None
    return _parsed(f"row = {{{names!r}.get(name, name): value for name, value in row.items()}}")


def _filled(value: Any) -> list[ast.stmt] | None:
    """What stands in empty cells of a data frame, which are None in a row."""
    if isinstance(value, Unresolved) or not isinstance(value, str | int | float):
        return None
    each = f"{{name: {value!r} if value is None else value for name, value in row.items()}}"
    return _parsed(f"row = {each}")


def _columns(function: dict[str, Any]) -> list[ast.stmt] | None:
    """Columns of a data frame that are put together of others."""
    made = []
    for name, column in (function.get("columns") or {}).items():
        parts = column.get("parts") if isinstance(column, dict) else None
        texts = [_part(part) for part in parts or [None]]
        if function.get("name") != "columns" or None in texts:
            return None
        only = texts[0] if len(texts) == 1 else f"''.join(({', '.join(map(str, texts))}))"
        made.append(f"{name!r}: {only}")
    return _parsed(f"row = {{**row, {', '.join(made)}}}") if made else None


def _part(part: Any) -> str | None:
    """A part of a text that is a literal or another column's text."""
    if isinstance(part, dict) and len(part) == 1:
        ((kind, value),) = part.items()
        if isinstance(value, str) and kind in ("literal", "column"):
            return repr(value) if kind == "literal" else f"row[{value!r}]"
    return None


def _kept(
    step: dict[str, Any], functions: tuple[RowFunction, ...], module: Module
) -> list[ast.stmt] | None:
    """A filter: there is no text of a row that it leaves out. One that is no function chooses by
    what lies beside the rows, and is told apart from them."""
    if "number" not in step:
        return []
    used = functions[step["number"]]
    if used.batched or step.keys() & {"with_indices", "with_rank", "input_columns"}:
        return None
    lines = _called(used, step["number"], module, "kept")
    return None if lines is None else [*lines, *_parsed("if not kept: return None")]


def _called(used: RowFunction, number: int, module: Module, result: str) -> list[ast.stmt] | None:
    """A function with all it needs, and its call: its columns join the row's, or it makes a text."""
    node = used.function.at
    if node is None or not module.is_clear(node):
        return None
    body = standing_alone(used.function, module.tree, used.more)
    if body is None:
        return None
    name = f"step_{number}"
    call = f"{name}()({_SEVERAL if used.batched else 'row'})"
    if result != "row":
        call = f"({result},) = {call}" if used.batched else f"{result} = {call}"
    elif used.batched:
        call = f"row = {{**row, **one({call})}}"
    else:
        call = f"row = {{**row, **({call} or {{}})}}"
    return [_defined(name, body), *_parsed(call)]
