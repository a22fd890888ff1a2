"""Reading turns: where they lie, how they are wrapped and which of them are learned."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl import templates
from translator.frameworks.axolotl.lookup import find, mention
from translator.frameworks.axolotl.values import NOTHING, flag, mapping, one_of, text, texts
from translator.ir import ChatFormat, MessageRows, Supervision
from translator.source import folder_of, is_regular_file
from translator.tree import spell

if TYPE_CHECKING:
    from translator.frameworks.axolotl.sources import Dataset

_SHAREGPT = (("gpt", "assistant"), ("human", "user"))
_BUILT_IN_ROLES = {"human": "user", "user": "user", "assistant": "assistant",
                   "gpt": "assistant", "system": "system", "tool": "tool"}  # fmt: skip


def property_names(dataset: Dataset) -> tuple[str, str]:
    """The keys of a turn's role and content, current and former spelling."""
    found = dataset.get("message_property_mappings", mapping, NOTHING, field="rows.role_key")
    role = dataset.get("message_field_role", text, None)
    content = dataset.get("message_field_content", text, None)
    for former, present in ((role, "role"), (content, "content")):
        if former.node is not None:
            dataset.reader.say(
                Code.OLD_SPELLING,
                Severity.NOTE,
                f"{former.origin.key} ({former.value!r}): now message_property_mappings.{present}",
                former.node,
                key=former.origin.key,
            )
    for name in found.value:
        if name not in ("role", "content"):
            place = (*dataset.place, "message_property_mappings", name)
            node = dataset.reader.node(*place)
            if node is not None and node.value != name:
                why = "a further property of turns, which only Axolotl passes to the template"
                dataset.reader.leave(place, node, why, Severity.WARNING)
    return (
        role.value or str(found.value.get("role", "role")),
        content.value or str(found.value.get("content", "content")),
    )


def role_names(dataset: Dataset, role_key: str) -> tuple[tuple[str, str], ...]:
    """Names of roles in the data that are not the canonical ones.

    Without ``roles`` ShareGPT's names are understood too
    (axolotl/prompt_strategies/chat_template.py:70); they are noted where the data can have them.
    """

    def listed(value: object) -> tuple[tuple[str, str], ...]:
        pairs = []
        for role, names in mapping(value).items():
            pairs += [(name, str(role)) for name in texts(names)]
        return tuple(sorted(pair for pair in pairs if pair[0] != pair[1]))

    found = dataset.get("roles", listed, None, field="rows.roles")
    if found.value is None:
        return _SHAREGPT if role_key == "from" else ()
    return found.value


def message_rows(dataset: Dataset) -> MessageRows:
    """``type: chat_template``; with a processor, pictures come from ``images`` beside the turns."""
    role, content = property_names(dataset)
    column = dataset.get(["field_messages"], text, "messages", field="rows.column").value
    tools = dataset.get("field_tools", text, None, field="rows.tools").value
    drop = dataset.get("drop_system_message", flag, False, field="rows.drop_system").value
    return MessageRows(
        column=column,
        role_key=role,
        content_key=content,
        roles=role_names(dataset, role),
        tools=tools,
        drop_system=drop,
        images="images" if dataset.reader.value("processor_type") else None,
    )


def chat_format(dataset: Dataset, *, own_counts: bool = True) -> ChatFormat:
    """The template: the data set's own (if it counts), else the file's, else the tokenizer's
    (axolotl/utils/chat_templates/base.py:95)."""
    reader = dataset.reader
    own = dataset.get("chat_template", text, None, field="format.template")
    jinja = dataset.get("chat_template_jinja", text, None, field="format.jinja")
    if own.value is None or not own_counts:
        if jinja.value is None or not own_counts:
            jinja = find(reader, "chat_template_jinja", text, None)
        own = find(reader, "chat_template", text, None, "the tokenizer's own template")
    if own.written:
        reader.origins.setdefault(f"{dataset.field}.format.template", own.origin)
    name = own.value or ("jinja" if jinja.value else templates.DEFAULT)
    model = str(reader.value("base_model") or "")
    if name == "jinja":
        return ChatFormat(template="jinja", jinja=_jinja(reader.path, jinja.value))
    if name == templates.DEFAULT or name.startswith(templates.FALLBACK):
        template = "tokenizer"
        if name != templates.DEFAULT:
            fallback = name.removeprefix(templates.FALLBACK)
            reader.say(
                Code.ASSUMED,
                Severity.NOTE,
                f"chat_template ({name!r}): taken for the tokenizer's own; {fallback} would be "
                "used for a tokenizer without one",
                own.node,
                key="chat_template",
            )
    else:
        known = templates.catalogue_id(name)
        template = known or name
        if known is None:
            reader.say(
                Code.BAD_VALUE,
                Severity.WARNING,
                f"chat_template: {name!r} is no template of Axolotl 0.19",
                own.node,
                key="chat_template",
            )
        elif templates.axolotl_name(known) != name:
            reader.say(
                Code.TOLD_OTHERWISE,
                Severity.NOTE,
                f"chat_template ({name!r}) is the format {known!r}",
                own.node,
                key="chat_template",
                verbose=True,
            )
    end = templates.end_of_turn(template, model)
    ends = end is not None and eos_override(dataset) == end
    return ChatFormat(template=template, end_is_eos=True if ends else None)


def eos_override(dataset: Dataset) -> str | None:
    """``special_tokens.eos_token``."""
    node = dataset.reader.peek("special_tokens", "eos_token")
    return node.value if node is not None and isinstance(node.value, str) else None


def _jinja(config: str, value: str | None) -> str | None:
    """Template text, or the content of the file that the value names beside the config."""
    if value is None or "{" in value:
        return value
    file = os.path.join(folder_of(config), value)
    if not is_regular_file(file):
        return value
    try:
        with open(file, encoding="utf-8") as stream:
            return stream.read()
    except (OSError, UnicodeDecodeError):
        return value


def supervision(dataset: Dataset, layout: ChatFormat) -> Supervision:
    """Content of the roles to train, and the token that ends their turns.

    axolotl/prompt_strategies/chat_template.py:475-540: headers never count, and an end of turn
    that is neither the end-of-sequence token nor listed in ``eot_tokens`` does not count either.
    """
    reader = dataset.reader
    prompt = find(reader, "train_on_inputs", flag, False).value
    roles = dataset.get("roles_to_train", texts, ("assistant",), field="supervision.roles").value
    names = {**_BUILT_IN_ROLES}
    choice = one_of("all", "turn", "last", "none")
    eos = dataset.get("train_on_eos", choice, None, field="supervision.turn_ends")
    eot = dataset.get("train_on_eot", choice, None, field="supervision.turn_ends")
    for name in ("roles_to_train", "train_on_eos", "train_on_eot"):
        mention(reader, (*dataset.place, name), "which words of a conversation are trained")
    ends = {"turn": "answers", "all": "all", "last": "last", "none": "none"}[
        eot.value or eos.value or "turn"
    ]
    if eot.value and eos.value and eot.value != eos.value and eos.node is not None:
        why = "end-of-sequence tokens treated differently from ends of turn"
        reader.leave((*dataset.place, "train_on_eos"), eos.node, why, Severity.WARNING)
    model = str(reader.value("base_model") or "")
    listed = find(reader, "eot_tokens", texts, ())
    end = templates.end_of_turn(layout.template, model)
    usual = eos_override(dataset) or templates.certain_eos(model)
    if end is not None and usual is not None and ends != "none":
        trained = (*listed.value, usual)  # train_on_eos trains the latter in any case
        if end not in trained:
            reader.say(
                Code.SURPRISE,
                Severity.WARNING,
                f"{dataset.place[0]}[{dataset.place[1]}]: {end} ends the turns but is not the "
                f"tokenizer's end-of-sequence token ({usual}), so Axolotl does not train it and "
                "the model does not learn to stop",
                dataset.node.get(("type",)) or dataset.node,
                key=spell((*dataset.place, "type")),
                help=f"add eot_tokens: [{end!r}]",
            )
            ends = "none"
    return Supervision(
        prompt=prompt,
        roles=tuple(sorted({names.get(role, role) for role in roles})),
        turn_ends=ends,  # type: ignore[arg-type]
    )
