"""The names that ``type:`` of a data set may have, whether ftx reads their rows or not.

Axolotl 0.19 looks for a module below axolotl/prompt_strategies, then for a handler
(axolotl/utils/data/wrappers.py:415), and stops at any other name; a dotted name may be a module of
the user's own (axolotl/prompt_strategies/__init__.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from translator.codes import Code
from translator.diagnostics import Severity
from translator.nearest import nearest
from translator.tree import spell

if TYPE_CHECKING:
    from translator.frameworks.axolotl.sources import Dataset

_SUPERVISED = (
    "alpaca", "explainchoice", "concisechoice", "summarizetldr", "jeopardy", "oasst", "gpteacher",
    "reflection", "alpaca_chat", "alpaca_instruct", "alpaca_w_system", "orcamini", "completion",
    "input_output", "chat_template", "context_qa", "creative_acr", "llama2_chat", "metharme",
    "pygmalion", "pretrain", "stepwise_supervised", "user_defined", "messages", "bradley_terry",
    "_synthetic",
)  # fmt: skip
_TRANSFORMS = {
    "chatml": "default argilla_chat icr intel prompt_pairs ultra",
    "llama3": "default argilla_chat icr intel prompt_pairs ultra",
    "zephyr": "nectar",
    "chat_template": "default argilla_chat",
    "passthrough": "default",
    "user_defined": "default",
}
_LABELLED = {
    "chatml": "argilla argilla_chat intel prompt_pairs ultra",
    "llama3": "argilla argilla_chat intel prompt_pairs ultra",
    "user_defined": "default",
}
_ODDS = {"chat_template": "default load argilla"}
_FILES = ("json", "jsonl", "csv", "parquet", "arrow", "text", "txt")
_COMMON = ("alpaca", "chat_template", "completion", "input_output")


def known(name: str, method: str | None) -> bool:
    """Whether Axolotl may find something under a name, ``method`` being the file's ``rl``."""
    if method in (None, ""):
        base = name.partition(":")[0].partition(".")[0]
        return base in _SUPERVISED or "." in name
    if method == "ebft":
        return True
    names = {"kto": _LABELLED, "orpo": _ODDS}.get(method or "", _TRANSFORMS)
    family, _, variant = name.partition(".")
    if family in names:
        return (variant or "default") in names[family].split()
    return "." in name


def advice(name: str, method: str | None) -> str:
    """What was probably meant by a name that is none."""
    if name.lower() in _FILES and not method:
        return (
            f"the file's format is ds_type: {name}; type says what a row holds: "
            f"{', '.join(_COMMON)}"
        )
    if not method:
        pool = [*_SUPERVISED, "alpaca_chat.load_qa", "chat_template.default"]
        close = nearest(name, pool, 0.7)
        return f"did you mean {close}?" if close else f"usual ones are {', '.join(_COMMON)}"
    names = {"kto": _LABELLED, "orpo": _ODDS}.get(method, _TRANSFORMS)
    pool = [f"{family}.{one}" for family, variants in names.items() for one in variants.split()]
    close = nearest(name, pool, 0.6)
    return f"did you mean {close}?" if close else f"there are {', '.join(names)}, with a variant"


def check(dataset: Dataset, name: str, method: str | None) -> None:
    """Reports a name of ``type`` that Axolotl does not find and stops at."""
    node = dataset.node.get(("type",))
    if node is None or known(name, method):
        return
    key = spell((*dataset.place, "type"))
    what = f"no transform for rl: {method}" if method else "no prompt type"
    dataset.reader.say(
        Code.STOPS_LATER,
        Severity.WARNING,
        f"{key}: {name!r} is {what} of Axolotl 0.19, which stops there",
        node,
        key=key,
        help=advice(name, method),
    )
