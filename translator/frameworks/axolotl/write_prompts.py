"""Writing what rows become: the prompt type of one data set."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl import templates
from translator.frameworks.axolotl.entry import Entry
from translator.frameworks.axolotl.prompts import name_of_prompt
from translator.frameworks.axolotl.write_modules import by_module, put_module, template_of
from translator.frameworks.axolotl.write_preferences import labels, pairs
from translator.frameworks.axolotl.write_templates import own_template
from translator.ir import (
    ChatFormat,
    CustomRows,
    InstructionRows,
    LabelledRows,
    MessageRows,
    PlainFormat,
    PreferenceRows,
    PromptRows,
    Rows,
    Source,
    TextRows,
    TokenRows,
)
from translator.writing import Writer

_OWN = "axolotl:"
_SHAREGPT = {("gpt", "assistant"), ("human", "user")}


def told(entry: Entry, source: Source) -> None:
    """Writes ``type`` and what belongs to it."""
    rows, form = source.rows, source.format
    if not _fits(entry.writer, rows):
        why = "its rows are not what this objective learns from"
        entry.writer.lose(Code.LOST_SOURCE, entry.field, why)
        return
    _pictures(entry, rows)
    if by_module(entry.writer, source):
        _made(entry, source)
        return
    if isinstance(rows, InstructionRows) and any(
        f"{{{name}}}" in rows.with_input + rows.without_input for name, _ in rows.fields
    ):
        why = "Axolotl's prompts have an instruction, an input and a system text, no further fields"
        entry.lose(Code.LOST_TEMPLATE, "rows.fields", why, Severity.ERROR)
    if isinstance(rows, TextRows):
        _texts(entry, rows, source)
    elif isinstance(rows, InstructionRows):
        if isinstance(form, ChatFormat):
            _wrapped_instructions(entry, rows, form, source)
        else:
            _plain_instructions(entry, rows, form)
    elif isinstance(rows, MessageRows):
        _messages(entry, rows, source)
    elif isinstance(rows, PreferenceRows):
        pairs(entry, rows, source)
    elif isinstance(rows, LabelledRows):
        labels(entry, rows, source)
    elif isinstance(rows, PromptRows):
        _prompts(entry, rows, form)
    elif isinstance(rows, CustomRows):
        if rows.reference.startswith(_OWN) and rows.reference != _OWN:
            entry.put("type", rows.reference.removeprefix(_OWN), "rows")
        else:
            why = "the code that makes the rows has to be brought into an Axolotl prompt strategy"
            entry.writer.lose(Code.LOST_SOURCE, entry.field, why)
    else:
        assert isinstance(rows, TokenRows)


def _made(entry: Entry, source: Source) -> None:
    """Rows that a module beside the YAML makes; turns are rendered as the YAML says."""
    put_module(entry, source)
    if isinstance(source.format, ChatFormat) and not isinstance(source.rows, CustomRows):
        own_template(entry, template_of(entry.writer, source, source.format))
        if isinstance(source.rows, MessageRows):
            _turn_keys(entry, source.rows)
        _turn_mask(entry, source)
        if source.supervision.turn_headers and not source.supervision.prompt:
            _unmarked(entry)


def _fits(writer: Writer, rows: Rows) -> bool:
    """Whether rows are of the kind that the objective learns from."""
    objective = writer.value("objective")
    if isinstance(rows, CustomRows):
        return True
    if writer.value("objective.method") == "cpo":
        return False  # Axolotl has no such objective
    wanted = {
        "preference": PreferenceRows,
        "label": LabelledRows,
        "online": PromptRows,
    }.get(objective)
    if wanted is not None:
        return isinstance(rows, wanted)
    return not isinstance(rows, PreferenceRows | LabelledRows | PromptRows)


def _pictures(entry: Entry, rows: Rows) -> None:
    """axolotl/processing_strategies.py:263 (0.19): ``images`` or ``image`` beside turns is read."""
    if not isinstance(rows, InstructionRows | MessageRows | PromptRows) or rows.images is None:
        return
    if not (isinstance(rows, MessageRows) and rows.images in ("images", "image")):
        why = "Axolotl takes pictures from a column named images beside a column of turns"
        entry.lose(Code.LOST_SOURCE, "rows.images", why, Severity.ERROR)
        entry.tell("rows", "without its pictures the row is another one")
        entry.tell("supervision", "without its pictures the row is another one")


def _prompts(entry: Entry, rows: PromptRows, form: object) -> None:
    """Without a transform of the user's own the column ``prompt`` is taken as it stands
    (axolotl/utils/data/rl.py:361)."""
    made = rows.prompt != "prompt" or rows.text != "{prompt}"
    if made or (isinstance(form, ChatFormat) and form.system_prompt is not None):
        why = (
            "Axolotl takes prompts as they stand in a column named prompt; what is put around "
            "them has to become a transform, named as type: module.function"
        )
        entry.writer.lose(Code.LOST_SOURCE, entry.field, why)
    elif isinstance(form, ChatFormat):
        entry.tell("format", "a prompt of turns is rendered with the tokenizer's template")


def _end(entry: Entry, form: PlainFormat) -> None:
    if form.end == "none":
        why = "Axolotl puts the end-of-sequence token behind every row, and trains it"
        entry.lose(Code.LOST_TEMPLATE, "format.end", why, Severity.WARNING)


def _texts(entry: Entry, rows: TextRows, source: Source) -> None:
    entry.put("type", "completion", "rows")
    if rows.column != "text" or entry.written("rows.column"):
        entry.put("field", rows.column, "rows.column")
    as_text(entry, source)


def as_text(entry: Entry, source: Source) -> None:
    """Reports what Axolotl does not do with a column of plain text."""
    if isinstance(source.format, PlainFormat):
        _end(entry, source.format)
    else:
        why = "Axolotl trains a text column as it stands, without turns around it"
        entry.lose(Code.LOST_TEMPLATE, "format", why, Severity.ERROR)


def _plain_instructions(entry: Entry, rows: InstructionRows, form: PlainFormat) -> None:
    _end(entry, form)
    if form.joined == "whole":
        why = "Axolotl tokenizes prompt and response apart; a token across the border is split"
        entry.lose(Code.LOST_TEMPLATE, "format.joined", why, Severity.NOTE)
    name = name_of_prompt(rows)
    if name is not None:
        entry.put("type", name, "rows")
    else:
        _user_defined(entry, rows, rows.with_input, rows.without_input)


def _user_defined(entry: Entry, rows: InstructionRows, with_input: str, without: str) -> None:
    """axolotl/prompt_strategies/user_defined.py: the whole text goes into the two formats."""
    instruction = rows.instruction or rows.input or rows.output
    entry.put("type.field_instruction", instruction, "rows.instruction", "rows")
    if rows.input is not None:
        entry.put("type.field_input", rows.input, "rows.input")
    entry.put("type.field_output", rows.output, "rows.output")
    if rows.system is not None and "{system}" in with_input + without:
        entry.put("type.field_system", rows.system, "rows.system")
        lead, _, tail = with_input.partition("{system}")
        other, _, rest = without.partition("{system}")
        common = _common_lead(tail, rest)
        if lead != other or "{" in lead.replace("{{", ""):
            why = "Axolotl puts the system text in front of the prompt, in one wording for all rows"
            entry.lose(Code.LOST_TEMPLATE, "rows.system", why, Severity.ERROR)
        entry.put("type.system_format", f"{lead}{{system}}{common}")
        with_input, without = tail[len(common) :], rest[len(common) :]
    else:
        # a column named system would come in front of the prompt, were there one
        entry.put("type.system_format", "")
    without = without.replace("{input}", "")  # Axolotl fills in the instruction alone
    entry.put("type.format", with_input if rows.input is not None else without, "rows.with_input")
    entry.put("type.no_input_format", without, "rows.without_input")


def _common_lead(one: str, other: str) -> str:
    """What two prompts share up to their first field: it follows the system text."""
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b or a == "{":
            break
        length += 1
    return one[:length]


def _wrapped_instructions(
    entry: Entry, rows: InstructionRows, form: ChatFormat, source: Source
) -> None:
    """A prompt inside a user turn: the turn's markers become part of the formats."""
    if source.supervision.turn_ends == "none":
        why = "Axolotl trains the token that ends an answer"
        entry.lose(Code.LOST_MASK, "supervision.turn_ends", why, Severity.WARNING)
    known = templates.format_of(form.template, entry.writer.value("model.id"))
    if known is None or not known.turns:
        why = "how this template wraps a prompt is not known here"
        entry.lose(Code.LOST_TEMPLATE, "format", why, Severity.ERROR)
        entry.tell("supervision", "without its turns there are no markers to train")
        _plain_instructions(entry, rows, PlainFormat())
        return
    system = form.system_prompt
    if rows.system is not None:
        system = "{system}"
    if system is not None and known.system == "refused":
        why = f"{known.id} has no system turn"
        entry.lose(Code.LOST_TEMPLATE, "format.system_prompt", why, Severity.ERROR)
        system = None
    texts = []
    for prompt in (rows.with_input, rows.without_input):
        text = prompt.strip() if known.strip and "user" in known.strip else prompt
        texts.append(templates.turns(known, text, system))
        if text != prompt:
            entry.tell("rows", f"without the white space at its ends, which {known.id} strips")
    if source.supervision.turn_headers and not source.supervision.prompt:
        why = "Axolotl masks the marker that opens the answer with the prompt"
        entry.lose(Code.LOST_MASK, "supervision.turn_headers", why, Severity.WARNING)
    how = f"the turns of {known.id} are written out in the prompt's text"
    entry.tell("format", how)
    if known.opaque:
        why = f"{how}, without what else it adds: {known.opaque}"
        entry.lose(Code.LOST_TEMPLATE, "format.template", why, Severity.WARNING)
    own = dict(entry.writer.value("model.special_tokens") or ()).get("eos_token")
    end = own or templates.eos_token(entry.writer.value("model.id")) or known.end_of_turn
    if templates.unwrapped(tuple(texts), end) is None:
        entry.tell("rows", how)
    if system is not None and known.system != "turn":
        how = "the system text stands inside the user's turn, where this format has it"
        entry.tell("rows", how)
    _user_defined(entry, rows, *texts)


def _messages(entry: Entry, rows: MessageRows, source: Source) -> None:
    form = source.format
    if not isinstance(form, ChatFormat):
        why = "Axolotl renders turns with a chat template only"
        entry.lose(Code.LOST_TEMPLATE, "format", why, Severity.ERROR)
        entry.tell("supervision", "the mask goes with the chat template")
        form = ChatFormat(template="tokenizer")
    entry.put("type", "chat_template", "rows")
    own_template(entry, form)
    _turn_keys(entry, rows)
    _turn_mask(entry, source)
    if source.supervision.turn_headers:
        _unmarked(entry)
    if source.supervision.turns == "last":
        why = "Axolotl trains every answer of a conversation, not the last one only"
        entry.lose(Code.LOST_MASK, "supervision.turns", why, Severity.ERROR)


def _unmarked(entry: Entry) -> None:
    why = "Axolotl does not train the markers that open a turn"
    entry.lose(Code.LOST_MASK, "supervision.turn_headers", why, Severity.WARNING)


def _turn_keys(entry: Entry, rows: MessageRows) -> None:
    """Where turns lie, and what their keys and roles are called."""
    if rows.column != "messages" or entry.written("rows.column"):
        entry.put("field_messages", rows.column, "rows.column")
    if (rows.role_key, rows.content_key) != ("role", "content"):
        entry.put("message_property_mappings.role", rows.role_key, "rows.role_key")
        entry.put("message_property_mappings.content", rows.content_key, "rows.content_key")
    if set(rows.roles) - _SHAREGPT:
        names: dict[str, list[str]] = {}
        for role in ("system", "user", "assistant", "tool"):
            names[role] = [role]
        for name, role in rows.roles:
            names.setdefault(role, []).append(name)
        entry.put("roles", names, "rows.roles")
    elif rows.roles and rows.role_key != "from":
        entry.tell("rows.roles", "Axolotl knows these names by itself")
    if rows.tools is not None:
        entry.put("field_tools", rows.tools, "rows.tools")
    if rows.drop_system:
        entry.put("drop_system_message", True, "rows.drop_system")


def _turn_mask(entry: Entry, source: Source) -> None:
    """Which turns, and which of their ends, count in the loss."""
    mask = source.supervision
    if mask.roles != ("assistant",) or entry.written("supervision.roles"):
        entry.put("roles_to_train", list(mask.roles), "supervision.roles")
    if mask.turn_ends != "answers":
        entry.put("train_on_eos", mask.turn_ends, "supervision.turn_ends")
