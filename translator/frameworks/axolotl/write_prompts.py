"""Writing what rows become: the prompt type of one data set."""

from __future__ import annotations

from dataclasses import dataclass

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl import templates
from translator.frameworks.axolotl.prompts import name_of_prompt
from translator.frameworks.axolotl.write_templates import is_transform, spelled
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
from translator.tree import Address
from translator.writing import Writer

_OWN = "axolotl:"
_SHAREGPT = {("gpt", "assistant"), ("human", "user")}


@dataclass(frozen=True, slots=True)
class Entry:
    """One data set that is being written, and the fields it tells."""

    writer: Writer
    place: Address
    field: str

    def put(self, name: str, value: object, *fields: str) -> None:
        """Writes a key of the data set; dots lead into mappings."""
        own = tuple(f"{self.field}.{field}" for field in fields)
        self.writer.put((*self.place, *name.split(".")), value, *own)

    def written(self, field: str) -> bool:
        return self.writer.document.origins.get(f"{self.field}.{field}") is not None

    def lose(self, code: Code, field: str, why: str, severity: Severity) -> None:
        self.writer.lose(code, f"{self.field}.{field}", why, severity)

    def tell(self, field: str, how: str) -> None:
        """Notes the same meaning in other words."""
        place = f"{self.field}.{field}"
        self.writer.lose(Code.TOLD_OTHERWISE, place, how, Severity.NOTE, verbose=True)


def told(entry: Entry, source: Source) -> None:
    """Writes ``type`` and what belongs to it."""
    rows, form = source.rows, source.format
    if not _fits(entry.writer, rows):
        why = "its rows are not what this objective learns from"
        entry.writer.lose(Code.LOST_SOURCE, entry.field, why)
        return
    _pictures(entry, rows)
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
        _pairs(entry, rows, source)
    elif isinstance(rows, LabelledRows):
        _labels(entry, rows, source)
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
    own = dict(entry.writer.value("model.special_tokens") or ()).get("eos_token")
    end = own or templates.eos_token(entry.writer.value("model.id")) or known.end_of_turn
    if templates.unwrapped(tuple(texts), end) is None:
        entry.tell("rows", how)
    if system is not None and known.system != "turn":
        how = "the system text stands inside the user's turn, where this format has it"
        entry.tell("rows", how)
    _user_defined(entry, rows, *texts)


def _messages(entry: Entry, rows: MessageRows, source: Source) -> None:
    form, mask = source.format, source.supervision
    if not isinstance(form, ChatFormat):
        why = "Axolotl renders turns with a chat template only"
        entry.lose(Code.LOST_TEMPLATE, "format", why, Severity.ERROR)
        entry.tell("supervision", "the mask goes with the chat template")
        form = ChatFormat(template="tokenizer")
    entry.put("type", "chat_template", "rows")
    _own_template(entry, form)
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
    if mask.roles != ("assistant",) or entry.written("supervision.roles"):
        entry.put("roles_to_train", list(mask.roles), "supervision.roles")
    if mask.turn_ends != "answers":
        entry.put("train_on_eos", mask.turn_ends, "supervision.turn_ends")
    if mask.turn_headers:
        why = "Axolotl does not train the markers that open a turn"
        entry.lose(Code.LOST_MASK, "supervision.turn_headers", why, Severity.WARNING)
    if mask.turns == "last":
        why = "Axolotl trains every answer of a conversation, not the last one only"
        entry.lose(Code.LOST_MASK, "supervision.turns", why, Severity.ERROR)


def _own_template(entry: Entry, form: ChatFormat) -> None:
    """A template of its own, where the data set's differs from the file's."""
    name, text = spelled(entry.writer, form, f"{entry.field}.format.template")
    file_name = entry.writer.entries.get(("chat_template",))
    file_text = entry.writer.entries.get(("chat_template_jinja",))
    same_text = (file_text.value if file_text is not None else None) == text
    of_file = templates.DEFAULT if file_name is None else file_name.value
    if of_file != name or not same_text:
        entry.put("chat_template", name, "format.template")
        if text is not None:
            entry.put("chat_template_jinja", text, "format.jinja")


_BY_PROMPT = {"prompt": "prompt_pairs", "input": "icr", "question": "intel"}
_LABELS_BY_PROMPT = {"prompt": "prompt_pairs", "question": "intel", "instruction": "argilla"}


def _pairs(entry: Entry, rows: PreferenceRows, source: Source) -> None:
    form = source.format
    if rows.text != "{prompt}":
        why = "Axolotl takes the prompt of a pair from one column, without text around it"
        entry.lose(Code.LOST_TEMPLATE, "rows.text", why, Severity.ERROR)
    if source.supervision.turn_headers:
        why = "Axolotl does not count the markers that open an answer"
        entry.lose(Code.LOST_MASK, "supervision.turn_headers", why, Severity.WARNING)
    if rows.prompt is None and not rows.messages:
        why = "Axolotl wants the prompt in a column of its own"
        entry.lose(Code.LOST_SOURCE, "rows.prompt", why, Severity.ERROR)
    if isinstance(form, PlainFormat):
        _plain_pairs(entry, rows, form)
    usual = (rows.chosen, rows.rejected) == ("chosen", "rejected")
    if rows.messages and isinstance(form, ChatFormat):
        if rows.system is not None and not is_transform(source):
            why = "Axolotl takes the system text from the turns, not from a column of its own"
            entry.lose(Code.LOST_SOURCE, "rows.system", why, Severity.ERROR)
        if is_transform(source) and usual:
            entry.put("type", f"{form.template}.ultra", "rows")
            return
        kind = "chat_template.default" if rows.prompt is not None else "chat_template.argilla_chat"
        if entry.writer.value("objective.method") == "orpo":
            kind = "chat_template.argilla"
        entry.put("type", kind, "rows")
        _own_template(entry, form)
        if rows.prompt not in (None, "messages"):
            entry.put("field_messages", rows.prompt, "rows.prompt")
        for name, column in (("chosen", rows.chosen), ("rejected", rows.rejected)):
            if column != name:
                entry.put(f"field_{name}", column, f"rows.{name}")
        return
    if isinstance(form, ChatFormat) and form.template in ("chatml", "llama3") and usual:
        variant = _BY_PROMPT.get(rows.prompt or "")
        if variant is not None and rows.system == "system":
            entry.put("type", f"{form.template}.{variant}", "rows")
            return
    if not isinstance(form, ChatFormat) and rows == PreferenceRows(prompt="prompt"):
        return
    entry.put("type.field_prompt", rows.prompt or "prompt", "rows.prompt", "rows")
    entry.put("type.field_chosen", rows.chosen, "rows.chosen")
    entry.put("type.field_rejected", rows.rejected, "rows.rejected")
    if rows.system is not None:
        entry.put("type.field_system", rows.system, "rows.system")
    _put_wrapping(entry, form, ("chosen", "rejected"), rows.system)


def _plain_pairs(entry: Entry, rows: PreferenceRows, form: PlainFormat) -> None:
    if rows.messages:
        why = "Axolotl renders turns with a chat template only"
        entry.writer.lose(Code.LOST_TEMPLATE, entry.field, why)
    else:
        _plain_answer(entry, form)


def _plain_answer(entry: Entry, form: PlainFormat) -> None:
    if form.joined == "whole":
        why = "prompt and answer are tokenized apart; a token across the border is split"
        entry.lose(Code.LOST_TEMPLATE, "format.joined", why, Severity.NOTE)
    if form.end == "none":
        why = "the trainer puts the end-of-sequence token behind every answer"
        entry.lose(Code.LOST_TEMPLATE, "format.end", why, Severity.WARNING)


def _labels(entry: Entry, rows: LabelledRows, source: Source) -> None:
    form = source.format
    if isinstance(form, PlainFormat):
        _plain_answer(entry, form)
    usual = (rows.completion, rows.label) == ("completion", "label")
    if isinstance(form, ChatFormat) and form.template in ("chatml", "llama3") and usual:
        variant = _LABELS_BY_PROMPT.get(rows.prompt)
        if variant is not None:
            entry.put("type", f"{form.template}.{variant}", "rows")
            return
    if not isinstance(form, ChatFormat) and rows == LabelledRows():
        return
    entry.put("type.field_prompt", rows.prompt, "rows.prompt", "rows")
    entry.put("type.field_completion", rows.completion, "rows.completion")
    entry.put("type.field_label", rows.label, "rows.label")
    _put_wrapping(entry, form, ("completion",), None)


def _put_wrapping(entry: Entry, form: object, answers: tuple[str, ...], system: str | None) -> None:
    """The text around prompts and answers, for templates that no transform writes."""
    if not isinstance(form, ChatFormat):
        return
    known = templates.format_of(form.template, entry.writer.value("model.id"))
    if known is None or not known.turns:
        why = "how this template wraps prompt and answer is not known here"
        entry.lose(Code.LOST_TEMPLATE, "format", why, Severity.ERROR)
        return
    if form.template not in ("chatml", "llama3"):
        entry.tell("format", f"the turns of {known.id} are written out around the columns")
    wording = form.system_prompt if system is None else "{system}"
    entry.put("type.prompt_format", templates.turns(known, "{prompt}", wording), "format.template")
    end = templates.end_of_turn(form.template, entry.writer.value("model.id")) or ""
    for answer in answers:
        entry.put(f"type.{answer}_format", f"{{{answer}}}{end}")
