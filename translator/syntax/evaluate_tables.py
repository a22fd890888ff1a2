"""Tables of rows that libraries hold: data sets, data frames and files that are read line by line.

Of a table only its making is known. Whatever a script makes of it row by row, in a loop, a
comprehension, a column operation or a generator, has one normal form: a :class:`Many` over the
table, whose element is written in terms of :class:`Each` row.
"""

from __future__ import annotations

from translator.syntax.evaluate_operators import joined
from translator.syntax.evaluate_values import (
    Attribute,
    Batch,
    Each,
    External,
    FileRows,
    Item,
    Known,
    Loaded,
    Made,
    Many,
    OpenFile,
    Operation,
    Sequence,
    Text,
    Value,
    sequence,
)

FRAMES = frozenset(
    ("read_csv", "read_json", "read_parquet", "read_excel", "DataFrame", "to_pandas")
)
_MAKERS = FRAMES | frozenset(
    (
        "from_list", "from_dict", "from_pandas", "from_generator", "from_json", "from_csv",
        "from_parquet", "from_text", "concatenate_datasets", "interleave_datasets",
        "standardize_sharegpt", "standardize_data_formats", "to_sharegpt",
    )
)  # fmt: skip
_SPLITS = frozenset(("load_dataset", "load_from_disk", "train_test_split", "DatasetDict"))
_KEEP = frozenset(
    (
        "map", "filter", "select", "shuffle", "sort", "take", "skip", "shard", "rename_column",
        "rename_columns", "remove_columns", "select_columns", "cast", "cast_column", "add_column",
        "flatten", "flatten_indices", "with_format", "class_encode_column", "repeat",
        "copy", "dropna", "drop_duplicates", "reset_index", "sample", "head", "tail", "fillna",
        "astype", "rename", "drop", "query", "to_pandas", "assign", "sort_values", "iloc", "loc",
    )
)  # fmt: skip
ROW_METHODS = frozenset(
    ("map", "filter", "select", "shuffle", "train_test_split", "rename_column", "rename_columns",
     "remove_columns", "select_columns", "take", "skip", "iterrows")
)  # fmt: skip
"""Methods that only data sets and frames have, so that what has them is one."""
_SAME_COLUMN = frozenset(
    ("tolist", "to_list", "copy", "astype", "fillna", "reset_index", "to_numpy", "dropna")
)
_LIST_MAKERS = frozenset(("list", "Series", "array", "tqdm", "tuple"))
_NO_COLUMNS = frozenset(
    ("column_names", "features", "columns", "shape", "num_rows", "values", "loc", "iloc", "index",
     "dtypes", "empty", "size", "T")
)  # fmt: skip
_MAX_CHAIN = 60


def is_table(value: Value) -> bool:
    """Whether a value is surely a table of rows, not a dictionary of tables or one row."""
    for _ in range(_MAX_CHAIN):
        if isinstance(value, FileRows):
            return True
        if isinstance(value, Item):
            base = value.base
            if isinstance(base, Attribute) and base.name in ("loc", "iloc"):
                value = base.base
                continue
            if isinstance(base, Made) and base.name in _SPLITS:
                return isinstance(value.key, Known) and isinstance(value.key.value, str | int)
            is_part = isinstance(value.key, Known) and _is_slice(value.key.value)
            if is_part or not isinstance(value.key, Known):
                value = base
                continue
            return False
        if not isinstance(value, Made):
            return False
        if value.name == "load_dataset":
            return value.arguments.value("split", 5) is not None
        if value.name in _MAKERS and not (value.name == "to_pandas" and value.receiver is None):
            return True
        if value.name in _KEEP and value.receiver is not None:
            value = value.receiver
            continue
        return False
    return False


def is_frame(value: Value) -> bool:
    """Whether a value is surely a data frame, whose columns are attributes too."""
    for _ in range(_MAX_CHAIN):
        if isinstance(value, Made) and value.name in FRAMES:
            return True
        if isinstance(value, Made) and value.receiver is not None:
            value = value.receiver
        elif isinstance(value, Item | Attribute):
            value = value.base
        else:
            return False
    return False


def _is_slice(key: object) -> bool:
    return isinstance(key, str) and key.startswith("[")


def of_one_row(value: Value) -> bool:
    """Whether a value belongs to one row, as the turns of a conversation do."""
    for _ in range(_MAX_CHAIN):
        if isinstance(value, Each | Batch):
            return not isinstance(value, Batch)
        if isinstance(value, Item | Attribute):
            value = value.base
        elif isinstance(value, Made):
            inner = value.receiver or next((a.value for a in value.arguments.positional), None)
            if inner is None:
                return False
            value = inner
        else:
            return False
    return False


def listed(value: Value | None, depth: int = 0) -> Many | None:
    """A value as a list with one element a row, None when it is none."""
    if value is None or depth > 12:
        return None
    if isinstance(value, Many):
        return value
    if isinstance(value, Sequence):
        return value.each if not value.items else None
    if isinstance(value, OpenFile):
        return _every(value.rows, value)
    if isinstance(value, FileRows | Loaded):
        return _every(value, value)
    if isinstance(value, Item):
        return _listed_item(value)
    if isinstance(value, Attribute):
        if value.name == "values":
            return listed(value.base, depth + 1)
        if value.name not in _NO_COLUMNS and is_table(value.base) and is_frame(value.base):
            return _column(value.base, Known(value.name, at=value.at), value)
        return None
    if isinstance(value, Made):
        return _listed_call(value, depth)
    if isinstance(value, Text | Operation):
        return _listed_text(value, depth)
    return None


def _every(table: Value, value: Value) -> Many:
    return Many(table, Each(table, at=value.at), at=value.at)


def _column(table: Value, key: Known, value: Value) -> Many:
    return Many(table, Item(Each(table), key, at=value.at), at=value.at)


def _listed_item(value: Item) -> Many | None:
    key = value.key
    if not (isinstance(key, Known) and isinstance(key.value, str) and not _is_slice(key.value)):
        return None
    return _column(value.base, key, value) if is_table(value.base) else None


def _listed_call(value: Made, depth: int) -> Many | None:
    receiver = value.receiver
    if receiver is None:
        if value.name in _LIST_MAKERS and value.arguments.positional:
            given = value.arguments.positional[0].value
            if is_table(given):
                return _every(given, value)
            return listed(given, depth + 1)
        return None
    if value.name in _SAME_COLUMN and not is_table(receiver):
        return listed(receiver, depth + 1)
    if value.name in ("readlines", "splitlines", "to_list", "to_dicts", "iter_rows"):
        return listed(receiver, depth + 1) or (
            _every(receiver, value) if is_table(receiver) else None
        )
    if not is_table(receiver):
        return None
    if value.name in ("to_dict", "to_list", "itertuples", "__iter__"):
        return _every(receiver, value)
    if value.name == "iterrows":
        row = Each(receiver, at=value.at)
        pair = sequence("tuple", (Attribute(row, "name", at=value.at), row), value.at)
        return Many(receiver, pair, at=value.at)
    return None


def _listed_text(value: Text | Operation, depth: int) -> Many | None:
    """``"Question: " + frame["question"]``: an operation on whole columns."""
    if isinstance(value, Operation) and value.operator != "+":
        return None
    parts = value.parts if isinstance(value, Text) else value.operands
    columns = [None if isinstance(part, Known) else listed(part, depth + 1) for part in parts]
    found = [column for column in columns if column is not None]
    if not found or any(column.source is not found[0].source for column in found):
        return None
    if any(not is_table(column.source) for column in found):
        return None
    elements = [
        part if column is None else column.element
        for part, column in zip(parts, columns, strict=True)
    ]
    return Many(found[0].source, joined(elements, value.at), at=value.at)


def is_external(value: Value | None, *names: str) -> bool:
    """Whether a value is the result of a library's function of one of these names."""
    return isinstance(value, Made) and isinstance(value.function, External) and value.name in names
