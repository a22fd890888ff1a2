"""What a script does to a data set, one step at a time: methods of data sets and data frames."""

from __future__ import annotations

from typing import Any

from translator.frameworks.unsloth.script_rows import RowReader
from translator.frameworks.unsloth.script_tree import RowFunction, TreeBuilder
from translator.syntax.evaluate_tables import is_external
from translator.syntax.evaluate_values import (
    Attribute,
    External,
    Function,
    Item,
    Known,
    Made,
    Mapping,
    Operation,
    Sequence,
    Unknown,
    Value,
)
from translator.tree import Node

Step = dict[str, Any]

LOADERS = {
    "load_dataset": ("path", "name", "data_dir", "data_files", "split"),
    "load_from_disk": ("dataset_path",),
    "from_json": ("path_or_paths",),
    "from_csv": ("path_or_paths",),
    "from_parquet": ("path_or_paths",),
    "from_text": ("path_or_paths",),
    "read_csv": ("path",),
    "read_json": ("path",),
    "read_parquet": ("path",),
    "read_excel": ("path",),
}
ROWS = frozenset(("from_list", "from_dict", "from_pandas", "from_generator", "DataFrame"))
_ORDER = {
    "map": ("function", "with_indices", "with_rank", "input_columns", "batched"),
    "filter": ("function",),
    "select": ("indices",),
    "shuffle": ("seed",),
    "train_test_split": ("test_size", "train_size"),
    "rename_column": ("original_column_name", "new_column_name"),
    "rename_columns": ("column_mapping",),
    "remove_columns": ("column_names",),
    "select_columns": ("column_names",),
    "cast_column": ("column", "feature"),
    "add_column": ("name", "column"),
    "sort": ("column_names",),
    "take": ("n",),
    "skip": ("n",),
    "shard": ("num_shards", "index"),
    "with_format": ("type",),
    "set_format": ("type",),
    "with_transform": ("transform",),
    "set_transform": ("transform",),
    "to_iterable_dataset": (),
    "flatten": (),
    "flatten_indices": (),
    "repeat": ("num_times",),
    "unique": ("column",),
    "class_encode_column": ("column",),
    "cast": ("features",),
    "to_pandas": (),
    "batch": ("batch_size",),
    # data frames
    "head": ("n",),
    "sample": ("n", "frac"),
    "rename": ("mapper",),
    "drop": ("labels",),
    "drop_duplicates": ("subset",),
    "dropna": (),
    "fillna": ("value",),
    "astype": ("dtype",),
    "reset_index": (),
    "query": ("expr",),
    "sort_values": ("by",),
}
FUNCTIONS = {
    "standardize_sharegpt": ("dataset",),
    "standardize_data_formats": ("dataset",),
    "to_sharegpt": ("dataset", "merged_prompt"),
    "apply_chat_template": ("dataset", "tokenizer", "chat_template"),
    "maybe_apply_chat_template": ("dataset", "tokenizer"),
    "maybe_unpair_preference_dataset": ("dataset",),
    "unpair_preference_dataset": ("dataset",),
    "extract_prompt": ("dataset",),
}
_SAME = frozenset(("copy", "tolist", "to_list", "to_dict", "__iter__", "to_numpy", "get"))
_WRAPPERS = frozenset(("list", "tqdm", "deepcopy", "Series", "iter"))


class StepReader:
    """Describes steps. A step is ``{op, line, <keywords>}``."""

    def __init__(self, builder: TreeBuilder) -> None:
        self.builder = builder
        self.rows = RowReader(builder)

    def step(self, made: Made) -> tuple[Value | None, Step | None]:
        """What a step is applied to, and the step; (None, None) for what starts a chain."""
        first = next((a.value for a in made.arguments.positional), None)
        if isinstance(made.function, External):
            if made.name in FUNCTIONS:
                return self._function_step(made)
            if made.name == "list" and is_data(first):
                return first, {"op": "collect", "line": line_of(made)}
            if made.name in _WRAPPERS and is_data(first):
                return first, None
            return None, None
        receiver = made.receiver
        if receiver is None or made.name in ROWS or not is_data(receiver):
            return None, None
        order = _ORDER.get(made.name)
        if order is None:
            if made.name in _SAME:
                return receiver, None
            code = {"op": made.name, "unknown": self.builder.text(made.at)}
            return receiver, {**code, "line": line_of(made)}
        arguments: dict[str, Any] = self.builder.keywords(made, ("function",), order)
        step: Step = {"op": made.name, "line": line_of(made), **arguments}
        function = made.arguments.value("function", 0)
        if made.name in ("map", "filter") and function is not None:
            step["function"] = self._function(made, function, receiver)
            step["number"] = len(self.builder.functions) - 1
        if made.name == "select":
            part = part_of(made.arguments.value("indices", 0))
            if part is not None:
                step = {"op": "slice", "line": line_of(made), "range": part}
        return receiver, step

    def _function(self, made: Made, function: Value, source: Value) -> Node:
        batched = made.arguments.value("batched", 4)
        is_batched = isinstance(batched, Known) and bool(batched.value)
        more = made.arguments.value("fn_kwargs")
        if made.name == "filter":
            self.builder.functions.append(RowFunction(function, is_batched, more))
            return self.filter(function.at)
        self.builder.functions.append(RowFunction(function, is_batched, more))
        if isinstance(more, Mapping) and isinstance(function, Function):
            extra = tuple((str(key), value) for key, value in more.entries.items())
            function = Function(
                function.node,
                function.scope,
                function.bound,
                function.owner,
                (*function.defaults, *extra),
                at=function.at,
            )
        columns = made.arguments.value("input_columns", 3)
        return self.rows.map_function(function, source, is_batched, columns)

    def filter(self, at: Any) -> Node:
        """A test that chooses rows, as its text."""
        code = {"kind": "filter", "code": self.builder.text(at)}
        return self.builder.plain({**code, "line": getattr(at, "lineno", 0)}, at)

    def _function_step(self, made: Made) -> tuple[Value | None, Step]:
        source = made.arguments.value("dataset", 0)
        order = FUNCTIONS[made.name]
        keywords = self.builder.keywords(made, ("dataset", "tokenizer"), order)
        return source, {"op": made.name, "line": line_of(made), **keywords}

    def item_step(self, item: Item) -> Step:
        """A subscript that chooses rows or columns."""
        key, line = item.key, line_of(item)
        if isinstance(key, Known):
            return {"op": "slice", "range": self.builder.node(key), "line": line}
        if isinstance(key, Sequence):
            return {"op": "select_columns", "column_names": self.builder.node(key), "line": line}
        share = getattr(item, "part", None)
        if share is not None:
            return {"op": "slice", "range": share, "line": line}
        return {"op": "filter", "function": self.filter(key.at or item.at), "line": line}


# -- parts of a data set --------------------------------------------------------------------------


def part_of(value: Value | None) -> str | None:
    """``range(…)`` as a slice, with shares of the whole in per cent: ``[:1000]``, ``[90%:]``."""
    if is_external(value, "list") and isinstance(value, Made):
        value = value.arguments.value("iterable", 0)
    if isinstance(value, Sequence) and "range" in value.slots:
        bounds = list(value.slots["range"])
        texts = [str(bound) for bound in bounds]
        if len(bounds) == 3 and bounds[2] != 1:
            return None
    elif isinstance(value, Made) and is_external(value, "range"):
        found = [bound_of(argument.value) for argument in value.arguments.positional]
        if len(found) > 2 or None in found:
            return None
        texts = [str(text) for text in found]
    else:
        return None
    start, stop = ("0", texts[0]) if len(texts) == 1 else (texts[0], texts[1])
    return f"[{'' if start == '0' else start}:{stop}]"


def bound_of(value: Value) -> str | None:
    """A bound as a number of rows, as a share of all (``90%``), or empty for the end."""
    if isinstance(value, Known) and isinstance(value.value, int):
        return str(value.value)
    if isinstance(value, Operation) and value.operator == "len":
        return ""
    if isinstance(value, Made) and is_external(value, "int", "round", "floor"):
        return bound_of(value.arguments.positional[0].value) if value.arguments.positional else None
    if isinstance(value, Made) and is_external(value, "min"):
        texts = [bound_of(argument.value) for argument in value.arguments.positional]
        rest = [text for text in texts if text != ""]
        return rest[0] if len(rest) == 1 and len(texts) == 2 else None
    if isinstance(value, Operation) and value.operator in ("*", "/", "//"):
        return _share(value)
    if isinstance(value, Operation) and value.operator == "-":
        whole, part = value.operands
        inner = bound_of(part)
        if bound_of(whole) == "" and inner:
            return f"{100 - int(inner[:-1])}%" if inner.endswith("%") else f"-{inner}"
    return None


def _share(value: Operation) -> str | None:
    numbers = [o.value for o in value.operands if isinstance(o, Known)]
    wholes = [o for o in value.operands if isinstance(o, Operation) and o.operator == "len"]
    if len(numbers) != 1 or len(wholes) != 1 or not isinstance(numbers[0], int | float):
        return None
    if value.operator != "*" and numbers[0] == 0:
        return None
    share = 100 * (numbers[0] if value.operator == "*" else 1 / numbers[0])
    return f"{round(share)}%" if abs(share - round(share)) < 1e-6 and 0 < share < 100 else None


def is_data(value: Value | None) -> bool:
    """Whether a value may be a data set: neither nothing nor a plain scalar."""
    if value is None:
        return False
    return not isinstance(value, Known | Unknown | Attribute) or (
        isinstance(value, Unknown) and (bool(value.names) or hasattr(value, "path"))
    )


def line_of(value: Value) -> int:
    return int(getattr(value.at, "lineno", 0))
