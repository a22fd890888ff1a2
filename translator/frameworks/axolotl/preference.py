"""Reading the rows of preference tuning and reinforcement learning.

Named transforms: axolotl/prompt_strategies/{dpo,kto}/{chatml,llama3,zephyr}.py and
axolotl/prompt_strategies/{dpo,orpo}/chat_template.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from translator.catalog.formats import formats
from translator.catalog.models import facts, start_of_text
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl import prompt_types
from translator.frameworks.axolotl.conversations import chat_format, property_names, role_names
from translator.frameworks.axolotl.lookup import find, surprise
from translator.frameworks.axolotl.values import text
from translator.ir import (
    ChatFormat,
    CustomRows,
    Format,
    LabelledRows,
    PlainFormat,
    PreferenceRows,
    PromptRows,
    Rows,
    Supervision,
)
from translator.tree import shown, spell

if TYPE_CHECKING:
    from translator.frameworks.axolotl.sources import Dataset

PAIRS = {
    "": PreferenceRows(prompt="prompt", system="system"),
    "default": PreferenceRows(prompt="prompt", system="system"),
    "prompt_pairs": PreferenceRows(prompt="prompt", system="system"),
    "icr": PreferenceRows(prompt="input", system="system"),
    "intel": PreferenceRows(prompt="question", system="system"),
    "ultra": PreferenceRows(prompt="prompt", system="system", messages=True),
    "argilla_chat": PreferenceRows(prompt=None, messages=True),
}
"""Transform -> columns, the same for ``chatml.`` and ``llama3.``."""
LABELS = {
    "prompt_pairs": LabelledRows(prompt="prompt"),
    "ultra": LabelledRows(prompt="prompt"),
    "intel": LabelledRows(prompt="question"),
    "argilla": LabelledRows(prompt="instruction"),
}
WRAPPERS = ("chatml", "llama3")

_MASK = Supervision(prompt=False)


def rows(dataset: Dataset, method: str) -> tuple[Rows, Format, Supervision]:
    """What the rows of one data set become under an ``rl`` method."""
    node = dataset.reader.peek(*dataset.place, "type")
    if node is not None and node.is_mapping:
        return _user_defined(dataset, method)
    kind = dataset.get("type", text, "").value
    family, _, variant = kind.partition(".")
    if method in ("dpo", "ipo", "simpo", "orpo"):
        if family in WRAPPERS and variant in PAIRS:
            return PAIRS[variant], ChatFormat(template=family), _MASK
        if family == "chat_template" and prompt_types.known(kind, method):
            return _odds(dataset) if method == "orpo" else _templated(dataset, kind)
    if method == "kto" and family in WRAPPERS and variant in LABELS:
        return LABELS[variant], ChatFormat(template=family), _MASK
    if not kind and method in ("dpo", "ipo", "simpo", "orpo"):
        return PreferenceRows(), PlainFormat(joined="separately", end="eos"), _MASK
    if not kind and method == "kto":
        return LabelledRows(), PlainFormat(), _MASK
    if not kind and method in ("grpo", "gdpo"):
        return PromptRows(), PlainFormat(joined="whole"), _MASK
    if kind and method in ("dpo", "ipo", "simpo", "orpo", "kto"):
        prompt_types.check(dataset, kind, method)
    return CustomRows(reference=f"axolotl:{kind}"), PlainFormat(), _MASK


def doubles_start(model: str, layout: Format) -> bool:
    """Whether Axolotl, with a ``chat_template`` type, renders pairs as text that opens with a
    beginning-of-sequence token, which tokenizing then puts in front once more."""
    known = facts(model)
    if known is None or start_of_text(known) is None or not isinstance(layout, ChatFormat):
        return False
    name = known.chat_format if layout.template == "tokenizer" else layout.template
    form = formats().get(name or "")
    return form is not None and form.bos != "none"


def _tell_start(dataset: Dataset, layout: ChatFormat) -> None:
    if doubles_start(str(dataset.reader.values.get("model.id")), layout):
        why = "starts each row with two beginning-of-sequence tokens, elsewhere it is one"
        surprise(dataset.reader, (*dataset.place, "type"), why)


_FIXED = (
    "field_messages", "field_chosen", "field_rejected", "message_property_mappings", "roles",
    "chat_template", "chat_template_jinja",
)  # fmt: skip
"""Keys of a data set that the transform for orpo is not given
(axolotl/prompt_strategies/orpo/chat_template.py:235)."""


def _odds(dataset: Dataset) -> tuple[Rows, Format, Supervision]:
    """Pairs of ``rl: orpo``: whole conversations in the columns chosen and rejected."""
    reader = dataset.reader
    for name in _FIXED:
        node = reader.node(*dataset.place, name)
        if node is not None:
            key = spell((*dataset.place, name))
            message = f"{key} ({shown(node.plain())}): the transform for orpo does not look at it"
            reader.say(Code.NO_EFFECT, Severity.WARNING, message, node, key=key)
    layout = chat_format(dataset, own_counts=False)
    _tell_start(dataset, layout)
    return PreferenceRows(prompt=None, messages=True), layout, _MASK


def _templated(dataset: Dataset, kind: str) -> tuple[Rows, Format, Supervision]:
    layout = chat_format(dataset)
    _tell_start(dataset, layout)
    whole = kind.endswith("argilla_chat")
    role, content = property_names(dataset)
    messages = dataset.get("field_messages", text, "messages", field="rows.prompt").value
    chosen = dataset.get("field_chosen", text, "chosen", field="rows.chosen").value
    rejected = dataset.get("field_rejected", text, "rejected", field="rows.rejected").value
    roles = role_names(dataset, role)
    if (role, content) != ("role", "content") or roles:
        found = dataset.node.get(("message_property_mappings",)) or dataset.node.get(("roles",))
        node = found or dataset.node
        place = (*dataset.place, "message_property_mappings" if found else "roles")
        why = f"turns with the keys {role} and {content}, which other frameworks expect renamed"
        dataset.reader.leave(place, node, why, Severity.ERROR)
    pair = PreferenceRows(
        prompt=None if whole else messages, chosen=chosen, rejected=rejected, messages=True
    )
    return pair, layout, _MASK


def _user_defined(dataset: Dataset, method: str) -> tuple[Rows, Format, Supervision]:
    """axolotl/prompt_strategies/{dpo,kto}/user_defined.py."""
    reader = dataset.reader

    def get(name: str, default: str | None) -> str | None:
        return find(reader, (*dataset.place, "type", name), text, default).value

    prompt = get("field_prompt", "prompt") or "prompt"
    system = get("field_system", None)
    formats = ["prompt_format", "chosen_format", "rejected_format", "completion_format"]
    written = {name: value for name in formats if (value := get(name, None))}
    layout = _wrapper_of(written)
    if layout is None:
        for name in written:
            node = reader.node(*dataset.place, "type", name)
            assert node is not None
            plain = "{" + name.removesuffix("_format") + "}"
            if node.value != plain:
                why = "a text around the column that only Axolotl adds"
                reader.leave((*dataset.place, "type", name), node, why, Severity.ERROR)
    form: Format = PlainFormat() if layout is None else ChatFormat(template=layout)
    if method == "kto":
        completion = get("field_completion", "completion") or "completion"
        label = get("field_label", "label") or "label"
        return LabelledRows(prompt=prompt, completion=completion, label=label), form, _MASK
    chosen = get("field_chosen", "chosen") or "chosen"
    rejected = get("field_rejected", "rejected") or "rejected"
    pair = PreferenceRows(prompt=prompt, chosen=chosen, rejected=rejected, system=system)
    return pair, form, _MASK


TURNS = {
    "chatml": (
        "<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>system\n{system}<|im_end|>\n",
        "<|im_end|>",
    ),
    "llama3": (
        "<|start_header_id|>user<|end_header_id|>\n\n{prompt}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|start_header_id|>system<|end_header_id|>\n\n{system}<|eot_id|>",
        "<|eot_id|>",
    ),
}
"""Prompt turn, system turn before it, end of an answer, as the named transforms write them."""


def _wrapper_of(written: dict[str, str]) -> str | None:
    """The chat format that a set of prompt and answer texts spells out."""
    for name, (turn, system, end) in TURNS.items():
        prompts = {turn, system + turn}
        answers = {
            written[key] == "{" + key.removesuffix("_format") + "}" + end
            for key in written
            if key != "prompt_format"
        }
        if written.get("prompt_format") in prompts and answers == {True}:
            return name
    return None
