"""Where a trainer's rows come from: the data set, followed back from the trainer to its loading."""

from __future__ import annotations

from typing import Any

from translator.frameworks.unsloth.script_rows import RowReader
from translator.frameworks.unsloth.script_tree import TreeBuilder
from translator.syntax.evaluate_values import (
    Attribute,
    Choice,
    External,
    Function,
    Item,
    Known,
    Made,
    Many,
    Mapping,
    Sequence,
    Unknown,
    Value,
)
from translator.tree import Node, Unresolved

_LOAD_ORDER = ("path", "name", "data_dir", "data_files", "split")
_LOADERS = {
    "load_dataset": _LOAD_ORDER,
    "load_from_disk": ("dataset_path",),
    "from_json": ("path_or_paths",),
    "from_csv": ("path_or_paths",),
    "from_parquet": ("path_or_paths",),
    "from_text": ("path_or_paths",),
    "read_csv": ("path",),
    "read_json": ("path",),
    "read_parquet": ("path",),
}
_ROWS = frozenset(("from_list", "from_dict", "from_pandas", "from_generator"))
_METHOD_ORDER = {
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
}
_FUNCTION_ORDER = {
    "standardize_sharegpt": ("dataset",),
    "standardize_data_formats": ("dataset",),
    "to_sharegpt": ("dataset", "merged_prompt"),
    "apply_chat_template": ("dataset", "tokenizer", "chat_template"),
    "maybe_apply_chat_template": ("dataset", "tokenizer"),
    "maybe_unpair_preference_dataset": ("dataset",),
    "unpair_preference_dataset": ("dataset",),
    "extract_prompt": ("dataset",),
}
_MAX_STEPS = 60
_MAX_ROWS = 500


class DataReader:
    """Describes data sets as ``{load: …, steps: […]}``, ``{rows: …}`` or ``{custom: …}``."""

    def __init__(self, builder: TreeBuilder) -> None:
        self.builder = builder
        self.rows = RowReader(builder)

    def dataset(self, value: Value, depth: int = 0) -> Node:
        """A data set: how it is loaded, and what is done to it, in order."""
        if depth > 6:
            return self._custom(value)
        if isinstance(value, Choice):
            return self._either(value, depth)
        steps: list[dict[str, Any]] = []
        split: Known | None = None
        for _ in range(_MAX_STEPS):
            if isinstance(value, Item) and isinstance(value.key, Known):
                split = self._part(value.key, value, steps, split)
                value = value.base
                continue
            if isinstance(value, Made):
                inner, step = self._step(value, depth)
                if step is not None:
                    if split is not None and step["op"] == "train_test_split":
                        step["part"] = self.builder.node(split)
                        split = None
                    steps.insert(0, step)
                if inner is not None:
                    value = inner
                    continue
            break
        part = _stored_part(value, split)
        if part is not None:
            inner_node = self.dataset(part, depth + 1)
            content = dict(inner_node.value) if isinstance(inner_node.value, dict) else {}
            split = None
        elif isinstance(value, Choice) and depth < 3:
            found = self._either(value, depth)
            content = dict(found.value) if isinstance(found.value, dict) else {}
        else:
            content = self._start(value, steps, depth)
        load = content.get("load")
        if split is not None and isinstance(load, Node) and "split" not in load.value:
            load.value["split"] = self.builder.node(split)
        elif split is not None:
            steps.insert(0, {"op": "split", "name": self.builder.node(split)})
        earlier = content.pop("steps", None)
        before = list(earlier.value) if isinstance(earlier, Node) else []
        content["steps"] = [*before, *steps]
        return self.builder.plain(content, value.at)

    def _part(
        self, key: Known, value: Item, steps: list[dict[str, Any]], split: Known | None
    ) -> Known | None:
        if isinstance(key.value, str) and not key.value.startswith("[") and split is None:
            return key
        step = {"op": "slice", "range": self.builder.node(key), "line": _line(value)}
        steps.insert(0, step)
        return split

    def _either(self, value: Choice, depth: int) -> Node:
        sides = [side for side in (value.then, value.otherwise) if _is_data(side)]
        if len(sides) == 1:
            return self.dataset(sides[0], depth + 1)
        first, second = (
            (self.dataset(side, depth + 1) for side in sides[:2])
            if sides
            else (
                self._custom(value),
                self._custom(value),
            )
        )
        if first.plain() == second.plain():
            return first
        return self._custom(value)

    def _custom(self, value: Value) -> Node:
        unresolved = self.builder.unresolved(value, value.at, ())
        return self.builder.plain({"custom": self.builder.leaf(unresolved, value.at)}, value.at)

    # -- the start --------------------------------------------------------------------------------

    def _start(self, value: Value, steps: list[dict[str, Any]], depth: int) -> dict[str, Any]:
        if isinstance(value, Made) and value.name in _LOADERS:
            keywords: dict[str, Any] = self.builder.keywords(value, (), _LOADERS[value.name])
            if value.name != "load_dataset":
                keywords["loader"] = self.builder.leaf(value.name, value.at)
            return {"load": self.builder.plain(keywords, value.at)}
        if isinstance(value, Made) and value.name in _ROWS:
            return self._made_rows(value, steps, depth)
        if isinstance(value, Many) or (isinstance(value, Sequence) and value.each is not None):
            many = value if isinstance(value, Many) else value.each
            assert many is not None
            inner = self.dataset(many.source, depth + 1)
            if isinstance(inner.value, dict) and "load" in inner.value:
                steps.insert(0, {"op": "list", "function": self.rows.listed(many)})
                before = inner.value.get("steps")
                if before is not None:
                    steps[:0] = before.value
                return {"load": inner.value["load"]}
        if isinstance(value, Sequence | Mapping):
            return self._literal_rows(value, "list")
        if isinstance(value, Made) and value.name in (
            "concatenate_datasets",
            "interleave_datasets",
        ):
            return self._several(value, depth)
        if isinstance(value, Mapping | Known):
            return {"custom": self.builder.node(value)}
        return {"custom": self.builder.leaf(self._expression(value), value.at)}

    def _expression(self, value: Value) -> Unresolved:
        return self.builder.unresolved(value, value.at, ())

    def _made_rows(self, made: Made, steps: list[dict[str, Any]], depth: int) -> dict[str, Any]:
        given = next((argument.value for argument in made.arguments.all()), None)
        while isinstance(given, Made) and given.name in ("DataFrame", "list", "tolist"):
            inner = given.receiver or next((a.value for a in given.arguments.all()), None)
            if inner is None:
                break
            given = inner
        if isinstance(given, Many) or (isinstance(given, Sequence) and given.each is not None):
            return self._start(given, steps, depth)
        if isinstance(given, Sequence | Mapping):
            return self._literal_rows(given, made.name)
        if isinstance(given, Made) and made.name == "from_pandas":
            inner_node = self.dataset(given, depth + 1)
            if isinstance(inner_node.value, dict) and "load" in inner_node.value:
                before = inner_node.value["steps"].value
                steps[:0] = before
                if not given.entries:
                    return {"load": inner_node.value["load"]}
        return {
            "kind": self.builder.leaf(made.name, made.at),
            "custom": self.builder.leaf(self._expression(made), made.at),
        }

    def _literal_rows(self, value: Sequence | Mapping, kind: str) -> dict[str, Any]:
        if isinstance(value, Sequence) and len(value.items) > 1 and len(set(value.items)) == 1:
            once = Sequence(value.kind, {"items": value.items[:1]}, at=value.at)
            content = self._literal_rows(once, kind)
            return {**content, "repeated": self.builder.leaf(len(value.items), value.at)}
        if isinstance(value, Sequence) and len(value.items) > _MAX_ROWS:
            return {"custom": self.builder.leaf(self._expression(value), value.at)}
        node = self.builder.node(value)
        unknown = any(isinstance(leaf.value, Unresolved) for _, leaf in node.leaves())
        if unknown:
            custom = self.builder.leaf(self._expression(value), value.at)
            return {"kind": self.builder.leaf(kind, value.at), "custom": custom}
        return {"kind": self.builder.leaf(kind, value.at), "rows": node}

    def _several(self, made: Made, depth: int) -> dict[str, Any]:
        parts = made.arguments.value("dsets", 0) or made.arguments.value("datasets", 0)
        if not isinstance(parts, Sequence) or parts.each is not None:
            return {"custom": self.builder.leaf(self._expression(made), made.at)}
        inner = [self.dataset(item, depth + 1) for item in parts.items]
        keywords = self.builder.keywords(made, ("dsets", "datasets"), ("datasets",))
        keywords.pop("datasets", None)
        found: dict[str, Any] = {made.name.partition("_")[0]: inner}
        if keywords:
            found["options"] = self.builder.plain(dict(keywords), made.at)
        return found

    # -- the steps --------------------------------------------------------------------------------

    def _step(self, made: Made, depth: int) -> tuple[Value | None, dict[str, Any] | None]:
        """What a step is applied to, and the step; (None, None) for what starts a chain."""
        if isinstance(made.function, External):
            if made.name in _LOADERS or made.name in _ROWS:
                return None, None
            if made.name in _FUNCTION_ORDER:
                return self._function_step(made)
            if made.name in ("DatasetDict", "Dataset"):
                return None, None
            return None, None
        receiver = made.receiver
        if receiver is None or made.name in _ROWS:
            return None, None
        order = _METHOD_ORDER.get(made.name)
        if order is None:
            if made.name in ("copy", "tolist", "__iter__"):
                return receiver, None
            if _is_data(receiver):
                code = {"op": made.name, "unknown": self.builder.text(made.at)}
                return receiver, {**code, "line": _line(made)}
            return None, None
        arguments: dict[str, Any] = self.builder.keywords(made, ("function",), order)
        step: dict[str, Any] = {"op": made.name, "line": _line(made), **arguments}
        function = made.arguments.value("function", 0)
        if made.name in ("map", "filter") and function is not None:
            step["function"] = self._function(made, function, receiver)
        return receiver, step

    def _function(self, made: Made, function: Value, source: Value) -> Node:
        if made.name == "filter":
            code = {"kind": "filter", "code": self.builder.text(function.at)}
            return self.builder.plain({**code, "line": _line(function)}, function.at)
        batched = made.arguments.value("batched", 4)
        is_batched = isinstance(batched, Known) and bool(batched.value)
        more = made.arguments.value("fn_kwargs")
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
        return self.rows.map_function(function, source, is_batched)

    def _function_step(self, made: Made) -> tuple[Value | None, dict[str, Any]]:
        order = _FUNCTION_ORDER[made.name]
        source = made.arguments.value("dataset", 0)
        keywords = self.builder.keywords(made, ("dataset", "tokenizer"), order)
        return source, {"op": made.name, "line": _line(made), **keywords}


def _stored_part(value: Value, split: Known | None) -> Value | None:
    """The data set that a script put into a dictionary of data sets."""
    if split is None or not isinstance(value, Made):
        return None
    if split.value in value.entries:
        return value.entries[split.value]
    given = next((a.value for a in value.arguments.positional), None)
    if value.name in ("DatasetDict", "IterableDatasetDict") and isinstance(given, Mapping):
        return given.entries.get(split.value)
    return None


def _is_data(value: Value) -> bool:
    """Whether a value may be a data set: neither nothing nor a plain scalar."""
    return not isinstance(value, Known | Unknown | Attribute) or (
        isinstance(value, Unknown) and bool(value.names)
    )


def _line(value: Value) -> int:
    return int(getattr(value.at, "lineno", 0))
