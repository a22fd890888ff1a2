"""Where a trainer's rows come from: the data set, followed back from the trainer to its loading."""

from __future__ import annotations

import ast
from typing import Any

from translator.frameworks.unsloth.script_choices import decided
from translator.frameworks.unsloth.script_steps import (
    LOADERS,
    ROWS,
    Step,
    StepReader,
    is_data,
    line_of,
)
from translator.frameworks.unsloth.script_tree import RowFunction, TreeBuilder
from translator.record import replace
from translator.syntax.evaluate_tables import is_external, is_table, listed
from translator.syntax.evaluate_values import (
    Absent,
    Argument,
    Arguments,
    Attribute,
    Choice,
    Each,
    FileRows,
    Foreign,
    Function,
    Item,
    Known,
    Loaded,
    Made,
    Many,
    Mapping,
    Operation,
    Sequence,
    Unknown,
    Value,
    same,
)
from translator.tree import Node, Unresolved

_MAX_STEPS = 60
_MAX_DEPTH = 6
_MAX_ROWS = 500
_JOINS = ("concatenate_datasets", "interleave_datasets", "concat")


class DataReader(StepReader):
    """Describes data sets as ``{load: …, steps: […]}``, ``{rows: …}`` or ``{custom: …}``."""

    def __init__(self, builder: TreeBuilder) -> None:
        super().__init__(builder)
        self.path: list[int] = []
        """What is being described: a split that a script puts back into its dictionary was made of
        the one that was there before."""
        self.series: str | None = None
        """The name of the column that mere strings become."""

    def dataset(self, value: Value, depth: int = 0) -> Node:
        """A data set: how it is loaded, and what is done to it, in order."""
        if depth > _MAX_DEPTH:
            return self._custom(value)
        start = len(self.path)
        described = self._described(value, depth)
        del self.path[start:]
        return described

    def _described(self, value: Value, depth: int) -> Node:
        steps: list[Any] = []
        split: Known | None = None
        for _ in range(_MAX_STEPS):
            self.path.append(id(value))
            before = self._before(value, steps, split)
            if before is None:
                break
            value, split = before
        part = self._stored(value, split)
        if part is not None and split is not None:
            content, split = self._inside(part, steps, depth), None
        elif isinstance(value, Choice):
            content = self._either(value, steps, depth)
        else:
            content = self._start(value, steps, depth)
        load = content.get("load")
        if split is not None and isinstance(load, Node) and "split" not in load.value:
            load.value["split"] = self.builder.node(split)
        elif split is not None:
            steps.insert(0, {"op": "split", "name": self.builder.node(split)})
        content["steps"] = steps
        return self.builder.plain(content, value.at)

    def _before(
        self, value: Value, steps: list[Any], split: Known | None
    ) -> tuple[Value, Known | None] | None:
        """What a data set was before its last step, which is put first in ``steps``; with the
        split that is taken from it."""
        if isinstance(value, Foreign) and value.entries and is_table(value):
            columns = {str(k): v for k, v in value.entries.items() if isinstance(v, Value)}
            function = self.rows.assigned(columns, value)
            made = {"op": "map", "line": line_of(value), "function": function}
            steps.insert(0, self.builder.plain(made, value.at))
        if isinstance(value, Choice):
            side = decided(value)
            return None if side is None else (side, split)
        if isinstance(value, Item):
            return self._before_item(value, steps, split)
        if not isinstance(value, Made):
            return None
        if self._stored(value, split) is not None:
            return None
        if value.name == "train_test_split" and (split is not None or value.receiver is None):
            return self._before_split(value, steps, split)
        if value.name == "get" and value.receiver is not None:
            key = value.arguments.value("key", 0)
            if isinstance(key, Known) and split is None:
                return value.receiver, key
        inner, step = self.step(value)
        if inner is None:
            return None
        if step is not None:
            steps.insert(0, self.builder.plain(step, value.at))
        return inner, split

    def _before_item(
        self, item: Item, steps: list[Any], split: Known | None
    ) -> tuple[Value, Known | None] | None:
        key, base = item.key, item.base
        if isinstance(base, Attribute) and base.name in ("loc", "iloc"):
            base = base.base
        elif is_external(base, "train_test_split") and isinstance(key, Known):
            return base, Known("test" if key.value else "train", at=key.at)
        elif isinstance(key, Known) and isinstance(key.value, str) and key.value[:1] != "[":
            if is_table(base):
                return None
            return (base, key) if split is None else None
        elif isinstance(key, Unknown) and not is_table(base):
            steps.insert(0, {"op": "split", "name": self.builder.node(key, key.at)})
            return base, split
        steps.insert(0, self.builder.plain(self.item_step(item), item.at))
        return base, split

    def _before_split(
        self, made: Made, steps: list[Any], split: Known | None
    ) -> tuple[Value, Known | None] | None:
        source = made.receiver or next((a.value for a in made.arguments.positional), None)
        if source is None:
            return None
        order = ("test_size", "train_size") if made.receiver is not None else ("arrays",)
        step: Step = {"op": "train_test_split", "line": line_of(made)}
        step.update(self.builder.keywords(made, ("arrays",), order))
        step.pop("arrays", None)
        if split is not None:
            step["part"] = self.builder.node(split)
        steps.insert(0, self.builder.plain(step, made.at))
        return source, None

    def _stored(self, value: Value, split: Known | None) -> Value | None:
        """The data set that a script put into a dictionary of data sets."""
        found = None if split is None else _stored_part(value, split)
        return None if found is None or id(found) in self.path else found

    def _inside(self, value: Value, steps: list[Any], depth: int) -> dict[str, Any]:
        """A data set that another one is made of; its steps come first."""
        inner = self.dataset(value, depth + 1)
        content = dict(inner.value) if isinstance(inner.value, dict) else {}
        before = content.pop("steps", None)
        if isinstance(before, Node):
            steps[:0] = before.value
        return content

    def _either(self, value: Choice, steps: list[Any], depth: int) -> dict[str, Any]:
        sides = [self.dataset(side, depth + 2) for side in (value.then, value.otherwise)]
        if depth < 3 and sides[0].plain() == sides[1].plain():
            return self._inside(value.then, steps, depth)
        return {"custom": self._unknown(value)}

    def _unknown(self, value: Value) -> Node:
        return self.builder.leaf(self.builder.unresolved(value, value.at, ()), value.at)

    def _custom(self, value: Value) -> Node:
        return self.builder.plain({"custom": self._unknown(value)}, value.at)

    # -- the start --------------------------------------------------------------------------------

    def _start(self, value: Value, steps: list[Any], depth: int) -> dict[str, Any]:
        """How rows come into being, before all steps."""
        if isinstance(value, FileRows | Loaded):
            return self._file(value)
        if isinstance(value, Made) and value.name in LOADERS:
            keywords: dict[str, Any] = self.builder.keywords(value, (), LOADERS[value.name])
            if value.name != "load_dataset":
                keywords["loader"] = self.builder.leaf(value.name, value.at)
            return {"load": self.builder.plain(keywords, value.at)}
        if isinstance(value, Made) and value.name in ROWS:
            return self._made_rows(value, steps, depth)
        if isinstance(value, Made) and value.name in _JOINS:
            parts = value.arguments.value("dsets", 0) or value.arguments.value("datasets", 0)
            if isinstance(parts, Sequence) and parts.each is None:
                return self._several(value, list(parts.items), depth)
        many = listed(value)
        if many is not None:
            return self._listed(many, value, steps, depth)
        if isinstance(value, Operation) and value.operator == "+":
            return self._several(value, _summands(value), depth)
        if isinstance(value, Sequence | Mapping):
            if isinstance(value, Sequence) and value.slots.get("parts"):
                return self._several(value, list(value.slots["parts"]), depth)
            return self._literal_rows(value, "list")
        if isinstance(value, Known):
            return {"custom": self.builder.node(value)}
        if isinstance(value, Unknown) and value.names:
            return {"load": self.builder.plain({"path": self._unknown(value)}, value.at)}
        return {"custom": self._unknown(value)}

    def _file(self, value: FileRows | Loaded) -> dict[str, Any]:
        kind = value.format if isinstance(value, FileRows) else "json"
        load = {
            "path": self.builder.leaf(kind, value.at),
            "data_files": self.builder.node(value.path),
            "split": self.builder.leaf("train", value.at),
            "loader": self.builder.leaf("open", value.at),
        }
        return {"load": self.builder.plain(load, value.at)}

    def _listed(self, many: Many, value: Value, steps: list[Any], depth: int) -> dict[str, Any]:
        """Rows made one for one of another data set's."""
        if not is_data(many.source):
            return {"custom": self._unknown(value)}
        own: list[Any] = []
        content = self._inside(many.source, own, depth)
        if many.test is not None:
            test = many.test.at or many.at
            own.append({"op": "filter", "function": self.filter(test), "line": line_of(many)})
        if not (isinstance(many.element, Each) and not many.element.entries):
            function = self.rows.listed(many, _name_of(value) or self.series)
            step = {"op": "list", "function": function, "line": line_of(many)}
            if many.maker is not None and isinstance(many.element, Mapping):
                step["number"] = len(self.builder.functions)
                self.builder.functions.append(RowFunction(many.maker, False))
            own.append(step)
        steps[:0] = own
        return content

    def _made_rows(self, made: Made, steps: list[Any], depth: int) -> dict[str, Any]:
        given = next((a.value for a in made.arguments.all()), None)
        if made.name == "from_generator" and isinstance(given, Function):
            given = self._generated(made, given)
        given = _columns_as_rows(given)
        if given is None or isinstance(given, Known):
            return {"custom": self._unknown(made)}
        written = isinstance(given, Sequence | Mapping) and not given.slots.get("parts")
        if isinstance(given, Sequence | Mapping) and written and listed(given) is None:
            return self._literal_rows(given, made.name)
        content = self._inside(given, steps, depth)
        if isinstance(content.get("custom"), Node) and "kind" not in content:
            return {"kind": self.builder.leaf(made.name, made.at), "custom": self._unknown(made)}
        return content

    def _generated(self, made: Made, function: Function) -> Value:
        given = made.arguments.value("gen_kwargs")
        passed = {}
        if isinstance(given, Mapping):
            passed = {str(k): Argument(v, v.at) for k, v in given.entries.items()}
        return self.builder.program.apply(function, keywords=Arguments((), passed))

    def _literal_rows(self, value: Sequence | Mapping, kind: str) -> dict[str, Any]:
        if isinstance(value, Sequence) and len(value.items) > 1 and len(set(value.items)) == 1:
            once = Sequence(value.kind, {"items": value.items[:1]}, at=value.at)
            content = self._literal_rows(once, kind)
            return {**content, "repeated": self.builder.leaf(len(value.items), value.at)}
        if isinstance(value, Sequence) and len(value.items) > _MAX_ROWS:
            return {"custom": self._unknown(value)}
        node = self.builder.node(value)
        unknown = any(isinstance(leaf.value, Unresolved) for _, leaf in node.leaves())
        if unknown or (isinstance(value, Sequence) and not value.items):
            return {"kind": self.builder.leaf(kind, value.at), "custom": self._unknown(value)}
        return {"kind": self.builder.leaf(kind, value.at), "rows": node}

    def _several(self, value: Value, parts: list[Value], depth: int) -> dict[str, Any]:
        """Data sets that follow one another, or are interleaved."""
        outer, self.series = self.series, _name_of(value) or self.series
        inner = [self.dataset(item, depth + 1) for item in parts if not isinstance(item, Absent)]
        self.series = outer
        if not isinstance(value, Made):
            return {"concatenate": inner}
        keywords = self.builder.keywords(value, ("dsets", "datasets"), ("datasets",))
        keywords.pop("datasets", None)
        found: dict[str, Any] = {
            "interleave" if value.name == "interleave_datasets" else "concatenate": inner
        }
        if keywords:
            found["options"] = self.builder.plain(dict(keywords), value.at)
        return found


def _stored_part(value: Value, split: Known) -> Value | None:
    if isinstance(value, Mapping):
        return value.entries.get(split.value)
    if not isinstance(value, Made):
        return None
    if split.value in value.entries:
        found: Value = value.entries[split.value]
        return found
    given = next((a.value for a in value.arguments.positional), None)
    if value.name in ("DatasetDict", "IterableDatasetDict"):
        if isinstance(given, Mapping):
            return given.entries.get(split.value)
        return value.arguments.value(str(split.value))
    return None


def _columns_as_rows(value: Value | None) -> Value | None:
    """``{"text": texts, "label": labels}`` of lists with one element a row as rows."""
    if not isinstance(value, Mapping) or not value.entries or value.more:
        return value
    columns = {key: listed(entry) for key, entry in value.entries.items()}
    found = [column for column in columns.values() if column is not None]
    if len(found) != len(columns):
        return value
    first = found[0]
    if any(not same(c.source, first.source) or c.test is not first.test for c in found):
        return value
    entries: dict[Any, Value] = {k: c.element for k, c in columns.items() if c is not None}
    row = Mapping(entries, dict(value.keys), at=value.at)
    maker = _only_column(next(iter(entries)), first.maker) if len(found) == 1 else None
    return Many(first.source, row, first.test, maker, at=value.at)


def _only_column(name: Any, maker: Function | None) -> Function | None:
    """A function that makes a value as one that makes a row with nothing else."""
    if maker is None or isinstance(maker.node, ast.AsyncFunctionDef):
        return None
    made = maker.node
    if isinstance(made, ast.Lambda):
        given, body = made.args, made.body
    else:
        given = ast.arguments(
            posonlyargs=[], args=[ast.arg("row")], kwonlyargs=[], kw_defaults=[], defaults=[]
        )
        body = ast.Call(ast.Name(made.name, ast.Load()), [ast.Name("row", ast.Load())], [])
    row = ast.Dict(keys=[ast.Constant(name)], values=[body])
    node = ast.copy_location(ast.Lambda(args=given, body=row), made)
    return replace(maker, node=ast.fix_missing_locations(node))


def _summands(value: Operation) -> list[Value]:
    found: list[Value] = []
    for operand in value.operands:
        if isinstance(operand, Operation) and operand.operator == "+" and len(found) < _MAX_STEPS:
            found += _summands(operand)
        else:
            found.append(operand)
    return found


def _name_of(value: Value) -> str | None:
    """The name that a script gives to a column that stands alone."""
    name = value.attributes.get("name") if isinstance(value, Foreign) else None
    return str(name.value) if isinstance(name, Known) else None
