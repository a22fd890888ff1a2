"""The arguments of steps in words: what else a script says to them, and what makes no other rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.reading import Reader
from translator.tree import Node, Unresolved, shown

Plain = dict[str, Any]

_STRUCTURE = frozenset(("op", "line", "number", "function", "part", "text", "unknown"))
"""What describes a step itself."""
_FOLLOWED = {
    "map": ("input_columns", "fn_kwargs"),
    "select": ("indices",),
    "take": ("n",),
    "skip": ("n",),
    "head": ("n",),
    "slice": ("range",),
    "sample": ("n", "frac", "seed", "random_state"),
    "split": ("name",),
    "shuffle": ("seed",),
    "repeat": ("num_times",),
    "train_test_split": ("test_size", "train_size", "seed", "random_state", "shuffle",
                         "stratify", "stratify_by_column"),
    "rename_column": ("original_column_name", "new_column_name"),
    "rename_columns": ("column_mapping",),
    "rename": ("columns", "mapper"),
    "to_sharegpt": ("merged_prompt", "output_column_name", "conversation_extension"),
    "apply_chat_template": ("chat_template", "default_system_message"),
}  # fmt: skip
"""The arguments that are read, or told where they are looked at."""
CHOOSING = ("shard", "unique", "drop_duplicates", "dropna", "query")
"""Steps that are told as a whole, as a choice of rows."""


def spelled(plain: Plain, without: Collection[str] = ()) -> str:
    """A step as a call: ``shard(num_shards=4, index=0)``; only with arguments that are known."""
    given = [
        f"{name}={_worded(value)}"
        for name, value in plain.items()
        if name not in _STRUCTURE and name not in without and not isinstance(value, Unresolved)
    ]
    return f"{plain.get('op')}({', '.join(given)})"


def _worded(value: object) -> str:
    """A value, or the call that makes it: ``Value('string')``."""
    if not isinstance(value, dict) or not isinstance(value.get("class"), str):
        return shown(value)
    inner = ((name, _worded(part)) for name, part in value.items() if name != "class")
    given = (text if name.startswith("argument_") else f"{name}={text}" for name, text in inner)
    return f"{value['class']}({', '.join(given)})"


def tell_arguments(reader: Reader, node: Node | None) -> None:
    """Says at length, once for a data set, with what its steps are called besides: how many
    processes map it, say, which columns are left out, or how its rows are tokenized."""
    calls: list[str] = []
    for step in all_steps(node):
        plain: Plain = step.plain()
        name = str(plain.get("op"))
        call = spelled(plain, plain if name in CHOOSING else _FOLLOWED.get(name, ()))
        function = plain.get("function")
        settings = function.get("settings") if isinstance(function, dict) else None
        calls += [] if call.endswith("()") else [call]
        if settings:
            calls.append(spelled({"op": "tokenizer", **settings}))
    if calls:
        message = f"these arguments make no other rows than told: {', '.join(calls)}"
        reader.say(Code.NO_EFFECT, Severity.NOTE, message, node, field="data.sources", verbose=True)


def all_steps(node: Node | None) -> Iterator[Node]:
    """The steps of a data set, after those of the data sets that it joins."""
    if node is None or not node.is_mapping:
        return
    for key in ("concatenate", "interleave"):
        parts = node.get((key,))
        for part in parts.value if parts is not None and parts.is_sequence else ():
            yield from all_steps(part)
    steps = node.get(("steps",))
    yield from steps.value if steps is not None and steps.is_sequence else ()
