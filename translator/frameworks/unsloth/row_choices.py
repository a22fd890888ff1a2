"""Which rows of a data set are trained on: parts of it, choices, and what is held out."""

from __future__ import annotations

import math
import re
from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.prepared import Prepared
from translator.frameworks.unsloth.slice_reading import part, sliced
from translator.frameworks.unsloth.step_arguments import all_steps, spelled
from translator.reading import Reader
from translator.tree import Node, Unresolved

Plain = dict[str, Any]

SELECTS = ("select", "take", "slice", "skip", "head", "sample")
_LENGTH = re.compile(
    r"\blen\(|is not None|!=\s*(None|\"\"|'')|\.strip\(\)|isinstance\(|not_?(na|null)\b|bool\("
)


def chosen(reader: Reader, step: Node, why: str, code: str, *, little: bool | None = None) -> None:
    """Keeps aside a choice of rows that no other framework makes. A limit on the length, or
    leaving out what is empty, changes the data little; another choice makes it another set."""
    if little is None:
        little = bool(_LENGTH.search(code)) or "max_seq_length" in code
    little = little or code in ("drop_duplicates", "dropna")
    severity = Severity.WARNING if little else Severity.ERROR
    line = step.get(("line",))
    place = f"data.{step.plain().get('op')}:{'' if line is None else line.value}"
    reader.leave((place,), Node(value=" ".join(code.split()), span=step.span), why, severity)


def split_named(reader: Reader, prepared: Prepared, step: Node, plain: Plain) -> None:
    """``dataset["train"]``: the split of a data set that was loaded whole."""
    name = plain.get("name")
    if isinstance(name, Unresolved):
        child = step.get(("name",))
        assert child is not None
        reader.unresolved(child, "split", "data.sources")
        prepared.source["split"] = name.expression
    elif isinstance(name, str) and prepared.held_out is None:
        prepared.source["split"] = name


def select(reader: Reader, prepared: Prepared, step: Node, plain: Plain) -> None:
    """``select(range(n))`` and its like as a slice of the split."""
    wanted = _part(plain)
    if plain.get("op") == "sample":
        if plain.get("frac") == 1:
            prepared.shuffled = True
            return
        prepared.shuffled = True
    split = str(prepared.source.get("split") or "train")
    seed = plain.get("random_state", plain.get("seed"))
    drawn = "" if seed is None else f", drawn with seed {seed}"
    found = None if wanted is None else sliced(split, wanted)
    if found is None:
        code = choice(plain)
        why = f"the script chooses rows in a way that no slice of a split says{drawn}"
        chosen(reader, step, why, code, little="where(" in code)
        return
    if prepared.ordered is not None and found != split:
        why = f"the script chooses among rows that {prepared.ordered} has put in order"
        chosen(reader, step, why, choice(plain), little=False)
        return
    if prepared.shuffled and found != split:
        message = f"the rows are chosen at random{drawn}; elsewhere as many come from the front"
        reader.say(Code.ASSUMED, Severity.WARNING, message, step, field="data.sources")
    prepared.source["split"] = found


def chooses(plain: Plain) -> bool:
    """Whether a step takes a part of the rows by their number."""
    everything = plain.get("op") == "sample" and plain.get("frac") == 1
    return plain.get("op") in SELECTS and not everything and _part(plain) != "[:]"


def choice(plain: Plain) -> str:
    """What a step chooses, as the script writes it."""
    names = ("indices", "n", "frac", "range")
    given = next((plain[name] for name in names if plain.get(name) is not None), None)
    return given.expression if isinstance(given, Unresolved) else str(given)


def _part(plain: Plain) -> str | None:
    """What a step chooses, as a slice."""
    bounds = plain.get("range")
    if bounds is None:
        bounds = plain.get("indices", plain.get("n"))
    if isinstance(bounds, str):
        return bounds
    if plain.get("op") == "head" and bounds is None:
        bounds = 5
    if isinstance(bounds, int) and not isinstance(bounds, bool):
        return part(bounds, None) if plain.get("op") == "skip" else part(None, bounds)
    if isinstance(bounds, dict) and "range" in bounds:
        bounds = bounds["range"]
        if len(bounds) == 1:
            return part(None, bounds[0])
        return part(bounds[0], bounds[1]) if len(bounds) == 2 or bounds[2] == 1 else None
    if isinstance(bounds, dict) and "stop" in bounds:
        return part(bounds.get("start"), bounds["stop"])
    if not isinstance(bounds, list) or not bounds:
        return None
    first = bounds[0]
    in_order = all(isinstance(b, int) and b == first + n for n, b in enumerate(bounds))
    return part(first or None, bounds[-1] + 1) if in_order else None


_DRAWN = ("seed", "shuffle", "random_state", "stratify", "stratify_by_column")


def _leaves_rest(test: object, train: object) -> bool:
    """Whether the shares for training and for the rest make up all rows; numbers of rows may not."""
    shares = isinstance(test, float) and isinstance(train, float)
    return shares and math.isclose(test + train, 1.0)  # type: ignore[operator]


def hold_out(reader: Reader, prepared: Prepared, step: Node, plain: Plain) -> None:
    """``train_test_split``: the share that is kept from training."""
    size = plain.get("test_size")
    rest = plain.get("train_size")
    if size is None and isinstance(rest, float) and rest < 1:
        size = round(1 - rest, 9)
    for name in ("test_size", "train_size"):
        child = step.get((name,))
        if child is not None and isinstance(child.value, Unresolved):
            reader.unresolved(child, name, "data.validation")
            return
    # datasets/arrow_dataset.py: a quarter unless told otherwise
    share = float(size) if isinstance(size, int | float) else 0.25
    if plain.get("part") == "test":
        prepared.rest = step
        return
    if rest is not None and not _leaves_rest(size, rest):
        why = "train_test_split keeps but a part of the rows; elsewhere all others are trained"
        chosen(reader, step, why, f"train_size={rest}", little=False)
    if plain.get("part") not in (None, "train"):
        message = f"train_test_split makes no part {plain['part']!r}"
        reader.say(Code.BAD_VALUE, Severity.ERROR, message, step, field="data.sources")
    if prepared.held_out is not None:
        why = "rows are held out twice; only the second part is kept for evaluation"
        size_node = Node(value=share, span=step.span)
        reader.leave((f"data.train_test_split:{plain.get('line', '')}",), size_node, why,
                     Severity.WARNING)  # fmt: skip
    drawn = {name: plain[name] for name in _DRAWN if name in plain}
    if drawn:
        message = f"the rows that are held out are drawn anew ({drawn})"
        reader.say(
            Code.ASSUMED, Severity.NOTE, message, step, field="data.validation", verbose=True
        )
    prepared.held_out = share


def tell_fewer_rows(reader: Reader, train: Node | None, rest: Node | None) -> None:
    """Says which of the rows that training leaves are evaluated, where it is not all of them.
    Without ``train`` the other steps of these rows have been followed already."""
    shared = [_bare(step) for step in all_steps(train)]
    for step in all_steps(rest):
        bare = _bare(step)
        divides = bare["op"] == "train_test_split"
        if bare in shared or not (divides or (train and (chooses(bare) or bare["op"] == "filter"))):
            continue
        what = spelled(bare) if "function" not in bare else str(bare["function"].get("code"))
        message = f"evaluation takes a part of the rows, by {what}; elsewhere it takes all of them"
        reader.say(Code.ASSUMED, Severity.WARNING, message, step, field="data.validation")


def _bare(step: Node) -> Plain:
    """A step without its place and the part that is taken of what it makes."""
    return {k: v for k, v in step.plain().items() if k not in ("line", "number", "part")}
