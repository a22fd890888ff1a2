"""Python code that turns a recipe's rows into what TRL's trainers take.

Every source becomes one of four kinds of columns:

- ``text``: one string, all of it trained (or masked later by ``train_on_responses_only``);
- ``prompt`` and ``completion``: tokenized as one string, the prompt masked by TRL;
- ``input_ids`` and ``labels``: tokenized here, where nothing else gives the same ids and mask;
- the columns of a preference, label or online objective.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Literal

from translator import ir
from translator.catalog.formats import ChatFormat as CatalogueFormat
from translator.catalog.formats import formats
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.pycode import Argument, call, literal, quoted
from translator.frameworks.unsloth.pycode import Code as Expression
from translator.writing import Writer

Kind = Literal["text", "pair", "tokens", "columns", "raw"]


@dataclass
class DataCode:
    """The data part of a script, and what the rest of it must know."""

    constants: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    imports: dict[str, set[str]] = field(default_factory=dict)
    kind: Kind = "text"
    column: str = "text"
    """Column of the text when ``kind`` is text."""
    responses: dict[str, object] = field(default_factory=dict)
    """Keywords of ``train_on_responses_only``, empty when it is not called."""
    chat: ir.ChatFormat | None = None
    eos: bool = False
    """Whether the constant EOS is needed."""
    evaluates: bool = False

    def use(self, module: str, name: str) -> None:
        """Notes an import."""
        self.imports.setdefault(module, set()).add(name)


@dataclass(frozen=True)
class _Step:
    """How one group of sources is mapped: by these functions, one after the other."""

    functions: tuple[str, ...]
    kind: Kind
    column: str = "text"


def data_code(writer: Writer) -> DataCode:
    """The data preparation of a recipe; what cannot be told is a loss of ``writer``."""
    return _Composer(writer).compose()


class _Composer:
    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.recipe = writer.document.recipe
        self.code = DataCode()
        self.steps: dict[tuple[object, ...], _Step] = {}
        self.names: set[str] = set()
        self.shared: dict[tuple[str, ...], str] = {}

    def compose(self) -> DataCode:
        data = self.recipe.data
        self._choose_template()
        kinds = [self._kind(source, place) for source, place in self._sources()]
        self._responses()
        # Sources of different kinds meet as tokens, the only columns that say everything.
        joint = kinds[0] if len(set(kinds)) == 1 else "tokens"
        if len(set(kinds)) > 1 and not set(kinds) <= {"text", "tokens", "pair"}:
            why = "data sets of different kinds cannot be joined"
            self.writer.lose(Code.LOST_TEMPLATE, "data.sources[0].rows", why)
        self.code.kind = joint
        train = self._load_all(data.sources, "dataset", "data.sources", joint)
        self.code.statements += train
        self._validation(joint)
        return self.code

    def _sources(self) -> list[tuple[ir.Source, str]]:
        found = [(s, f"data.sources[{i}]") for i, s in enumerate(self.recipe.data.sources)]
        validation = self.recipe.data.validation
        if isinstance(validation, ir.SeparateRows):
            stem = "data.validation.sources"
            found += [(s, f"{stem}[{i}]") for i, s in enumerate(validation.sources)]
        return found

    # -- template ---------------------------------------------------------------------------------

    def _choose_template(self) -> None:
        chats = [s.format for s, _ in self._sources() if isinstance(s.format, ir.ChatFormat)]
        if not chats:
            return
        self.code.chat = chats[0]
        if any((c.template, c.jinja) != (chats[0].template, chats[0].jinja) for c in chats):
            why = "a script has one chat template for all data sets"
            self.writer.lose(Code.LOST_TEMPLATE, "data.sources[0].format", why)

    def _catalogue(self, chat: ir.ChatFormat) -> CatalogueFormat | None:
        if chat.template == "tokenizer":
            from translator.catalog.models import facts

            model = facts(self.recipe.model.tokenizer or self.recipe.model.id)
            return formats().get(model.chat_format) if model and model.chat_format else None
        return formats().get(chat.template)

    # -- what is trained --------------------------------------------------------------------------

    def _kind(self, source: ir.Source, place: str) -> Kind:
        rows, form, mask = source.rows, source.format, source.supervision
        if isinstance(rows, ir.PreferenceRows | ir.LabelledRows | ir.PromptRows):
            return "columns"
        if isinstance(rows, ir.TokenRows):
            return "raw"
        if isinstance(rows, ir.CustomRows):
            why = "the user's own code makes these rows; to_text in the script has to be written"
            self.writer.lose(Code.LOST_TEMPLATE, f"{place}.rows", why)
            return "text"
        if isinstance(rows, ir.TextRows) or isinstance(form, ir.ChatFormat):
            split = self.recipe.data.overlong == "split" and isinstance(rows, ir.TextRows)
            return "tokens" if split else "text"
        if isinstance(rows, ir.MessageRows):
            why = "turns without a chat template"
            self.writer.lose(Code.LOST_TEMPLATE, f"{place}.format", why)
            return "text"
        assert isinstance(form, ir.PlainFormat)
        if form.joined == "separately":
            return "tokens"
        if mask.prompt:
            return "text"
        return "pair" if form.end == "eos" else "tokens"

    def _responses(self) -> None:
        """Masking of chats: by markers that the template puts around turns."""
        masked = [
            (source, place)
            for source, place in self._sources()
            if isinstance(source.format, ir.ChatFormat)
            and isinstance(source.rows, ir.MessageRows | ir.InstructionRows)
            and not _everything(source.supervision)
        ]
        if not masked:
            return
        source, place = masked[0]
        self._report_mask(source.supervision, f"{place}.supervision")
        if len(masked) != len(self._sources()) or any(
            other.supervision != source.supervision for other, _ in masked
        ):
            why = "train_on_responses_only masks all data sets alike"
            self.writer.lose(Code.LOST_MASK, f"{place}.supervision.prompt", why)
        assert isinstance(source.format, ir.ChatFormat)
        form = self._catalogue(source.format)
        user = form.affixes("user") if form else None
        assistant = form.affixes("assistant") if form else None
        if user and assistant and user[0].strip() and assistant[0].strip():
            self.code.responses = {
                "instruction_part": user[0].replace("{bos}", "").replace("{eos}", ""),
                "response_part": assistant[0],
            }
        else:
            # unsloth_zoo/dataset_utils.py:815 (2026.10.9) finds the markers in the template
            self.code.responses = {"instruction_part": None, "response_part": None}
        if source.supervision.turns == "last":
            self.code.responses["last_response_only"] = True
        self.code.use("unsloth.chat_templates", "train_on_responses_only")

    def _report_mask(self, mask: ir.Supervision, place: str) -> None:
        if mask.prompt:
            why = "the markers around turns cannot be left out alone; only answers are trained"
            self.writer.lose(Code.LOST_MASK, f"{place}.prompt", why)
        elif mask.roles != ("assistant",):
            why = "only the assistant's turns are trained"
            self.writer.lose(Code.LOST_MASK, f"{place}.roles", why)
        elif mask.turn_headers:
            why = (
                "the markers that open an answer are masked: a few tokens per answer, alike in "
                "every row, drop out of the loss"
            )
            self.writer.lose(Code.LOST_MASK, f"{place}.turn_headers", why, Severity.WARNING)
        if mask.turn_ends in ("none", "last") and not mask.prompt:
            why = "the end of every trained answer is trained as well"
            self.writer.lose(Code.LOST_MASK, f"{place}.turn_ends", why, Severity.WARNING)

    # -- loading ----------------------------------------------------------------------------------

    def _load_all(
        self, sources: Sequence[ir.Source], name: str, stem: str, joint: Kind
    ) -> list[str]:
        if len(sources) == 1:
            return self._load(sources[0], name, f"{stem}[0]", joint)
        lines: list[str] = []
        names = []
        for position, source in enumerate(sources):
            part = f"{name}_{position + 1}"
            names.append(part)
            lines += self._load(source, part, f"{stem}[{position}]", joint)
        self.code.use("datasets", "concatenate_datasets")
        listed = [Expression(part) for part in names]
        lines.append(call("concatenate_datasets", [Argument("", listed)], prefix=f"{name} = "))
        return lines

    def _load(self, source: ir.Source, name: str, place: str, joint: Kind) -> list[str]:
        self.code.use("datasets", "load_dataset")
        lines = [_load_call(source, name, streaming=self.recipe.data.streaming)]
        step = self._step(source, place, joint)
        for function in step.functions:
            arguments = [
                Argument("", Expression(function)),
                Argument("remove_columns", Expression(f"{name}.column_names")),
            ]
            if function.startswith("to_chunks"):
                arguments.insert(1, Argument("batched", True))
            lines.append(call(f"{name}.map", arguments, prefix=f"{name} = "))
        if step.kind == "raw":
            columns = ["input_ids", "labels"]
            lines.append(
                call(f"{name}.select_columns", [Argument("", columns)], prefix=f"{name} = ")
            )
        if self.recipe.data.overlong == "drop" and step.kind in ("text", "pair", "tokens", "raw"):
            lines.append(self._filter(name, step, source))
        elif self.recipe.data.overlong == "drop" and step.kind == "columns":
            why = "rows that are too long are cut instead of left out"
            self.writer.lose(Code.LOST_LENGTH, "data.overlong", why, Severity.WARNING)
        elif self.recipe.data.overlong == "error" and place == "data.sources[0]":
            why = "rows that are too long are cut instead of refused"
            self.writer.lose(Code.LOST_LENGTH, "data.overlong", why, Severity.WARNING)
        elif self.recipe.data.overlong == "split" and step.kind == "text":
            why = "rows that are too long are cut; their rest is not trained"
            self.writer.lose(Code.LOST_LENGTH, "data.overlong", why, Severity.WARNING)
        if step.kind == "text":
            self.code.column = step.column
        return lines

    def _filter(self, name: str, step: _Step, source: ir.Source) -> str:
        """Leaves out rows that are too long, as their token ids will be counted."""
        if step.kind in ("tokens", "raw"):
            test: object = Expression('lambda row: len(row["input_ids"]) <= MAX_LENGTH')
        else:
            text = f"row[{quoted(step.column)}]"
            if step.kind == "pair":
                text = 'row["prompt"] + row["completion"] + EOS'
                self.code.eos = True
            chat = isinstance(source.format, ir.ChatFormat)
            special = ", add_special_tokens=False" if chat else ""
            ids = f'ids = tokenizer({text}{special})["input_ids"]'
            test = Expression(self._once("fits", [ids], "return len(ids) <= MAX_LENGTH"))
        return call(f"{name}.filter", [Argument("", test)], prefix=f"{name} = ")

    def _validation(self, joint: Kind) -> None:
        validation = self.recipe.data.validation
        if validation is None:
            return
        self.code.evaluates = True
        if isinstance(validation, ir.SeparateRows):
            stem = "data.validation.sources"
            self.code.statements += self._load_all(validation.sources, "eval_dataset", stem, joint)
            return
        size = validation.size
        arguments = [
            Argument("test_size", size if size < 1 else int(size)),
            Argument("seed", self.recipe.seed if self.recipe.seed is not None else 3407),
        ]
        self.code.statements += [
            call("dataset.train_test_split", arguments, prefix="split = "),
            'dataset, eval_dataset = split["train"], split["test"]',
        ]

    # -- mapping ----------------------------------------------------------------------------------

    def _step(self, source: ir.Source, place: str, joint: Kind) -> _Step:
        key = (source.rows, source.format, source.supervision)
        if key not in self.steps:
            self.steps[key] = self._make_step(source, place, joint)
        return self.steps[key]

    def _make_step(self, source: ir.Source, place: str, joint: Kind) -> _Step:
        rows, form = source.rows, source.format
        match rows:
            case ir.TextRows():
                return self._text_step(rows, form, joint)
            case ir.InstructionRows():
                return self._instruction_step(rows, form, source.supervision, joint)
            case ir.MessageRows() if isinstance(form, ir.ChatFormat):
                return self._chat_step(self._turns(rows, form), joint, rows.tools)
            case ir.PreferenceRows():
                return self._preference_step(rows, form)
            case ir.LabelledRows():
                return self._labelled_step(rows, form)
            case ir.PromptRows():
                return self._prompt_step(rows, form)
            case ir.TokenRows():
                return _Step((), "raw")
            case ir.CustomRows() | ir.MessageRows():
                name = self._name("to_text")
                reference = rows.reference if isinstance(rows, ir.CustomRows) else rows.column
                self._function(name, [], f"raise NotImplementedError({literal(reference)})")
                return _Step((name,), "text")

    def _text_step(self, rows: ir.TextRows, form: ir.Format, joint: Kind) -> _Step:
        end = isinstance(form, ir.PlainFormat) and form.end == "eos"
        first = _Step((), "text", rows.column)
        if end:
            self.code.eos = True
            name = self._name("to_text")
            self._function(name, [], f'return {{"text": row[{quoted(rows.column)}] + EOS}}')
            first = _Step((name,), "text")
        return self._tokens(first, joint, special=True)

    def _tokens(self, step: _Step, joint: Kind, *, special: bool) -> _Step:
        """A step that makes text, followed by one that makes tokens where sources need them."""
        if joint != "tokens" or step.kind != "text":
            return step
        extra = "" if special else ", add_special_tokens=False"
        if self.recipe.data.overlong == "split":
            body = [
                "chunks = []",
                f"for text in rows[{quoted(step.column)}]:",
                f'    ids = tokenizer(text{extra})["input_ids"]',
                "    for start in range(0, len(ids), MAX_LENGTH):",
                "        chunks.append(ids[start : start + MAX_LENGTH])",
            ]
            note = "Cuts long texts into pieces, so that all of each is trained."
            result = 'return {"input_ids": chunks, "labels": chunks}'
            name = self._once("to_chunks", body, result, argument="rows", note=note)
        else:
            text = f"tokenizer(row[{quoted(step.column)}]{extra})"
            body = [f'ids = {text}["input_ids"]{self._cut}']
            name = self._once("to_tokens", body, 'return {"input_ids": ids, "labels": ids}')
        return _Step((*step.functions, name), "tokens")

    @property
    def _cut(self) -> str:
        return "" if self.recipe.data.overlong == "drop" else "[:MAX_LENGTH]"

    def _instruction_step(
        self, rows: ir.InstructionRows, form: ir.Format, mask: ir.Supervision, joint: Kind
    ) -> _Step:
        body, prompt = self._prompt(rows)
        output = f"row[{quoted(rows.output)}]"
        if isinstance(form, ir.ChatFormat):
            turns = []
            if rows.system and "{system}" not in rows.with_input + rows.without_input:
                system = f"row[{quoted(rows.system)}]"
                turns.append(f'{{"role": "system", "content": {system}}}')
            elif form.system_prompt is not None:
                turns.append(f'{{"role": "system", "content": {self._system(form)}}}')
            turns.append(f'{{"role": "user", "content": {prompt}}}')
            turns.append(f'{{"role": "assistant", "content": {output}}}')
            lines = [*body, "messages = [", *(f"    {turn}," for turn in turns), "]"]
            return self._chat_step(lines, joint, None)
        end = " + EOS" if form.end == "eos" else ""
        whole = form.joined == "whole"
        if whole and mask.prompt:
            self.code.eos |= form.end == "eos"
            name = self._name("to_text")
            self._function(name, body, f'return {{"text": {prompt} + {output}{end}}}')
            return self._tokens(_Step((name,), "text"), joint, special=True)
        # TRL and Unsloth add the end token themselves (unsloth_zoo/dataset_utils.py:2909).
        pair = joint == "pair"
        if not pair:
            self.code.eos |= form.end == "eos"
            output += end
        name = self._name("to_prompt_and_completion")
        self._function(name, body, f'return {{"prompt": {prompt}, "completion": {output}}}')
        if pair:
            return _Step((name,), "pair")
        return _Step((name, self._pair_tokens(whole, mask)), "tokens")

    def _pair_tokens(self, whole: bool, mask: ir.Supervision) -> str:
        """A function that makes tokens of a prompt and a completion."""
        special = ", add_special_tokens=False"
        if whole:
            body = [
                'ids = tokenizer(row["prompt"] + row["completion"])["input_ids"]',
                'length = len(tokenizer(row["prompt"])["input_ids"])',
            ]
            ids, labels = "ids", "[-100] * length + ids[length:]"
            note = "Makes tokens"
        else:
            body = [
                'prompt = tokenizer(row["prompt"])["input_ids"]',
                f'completion = tokenizer(row["completion"]{special})["input_ids"]',
            ]
            ids, labels = "prompt + completion", "[-100] * len(prompt) + completion"
            note = "Prompt and completion become tokens on their own"
        labels = ids if mask.prompt else labels
        note += "." if mask.prompt else "; only the completion is trained."
        result = [
            "return {",
            f'    "input_ids": {_sliced(ids, self._cut)},',
            f'    "labels": {_sliced(labels, self._cut)},',
            "}",
        ]
        return self._once("to_tokens", body, "\n".join(result), note=note)

    def _chat_step(self, body: list[str], joint: Kind, tools: str | None) -> _Step:
        extra = f", tools=row[{quoted(tools)}]" if tools else ""
        variable = "messages"
        if len(body) == 1 and body[0].startswith("messages = row["):
            variable = body[0].removeprefix("messages = ")
            body = []
        text = f"tokenizer.apply_chat_template({variable}, tokenize=False{extra})"
        name = self._name("to_text")
        self._function(name, [*body, f"text = {text}"], 'return {"text": text}')
        return self._tokens(_Step((name,), "text"), joint, special=False)

    def _turns(self, rows: ir.MessageRows, form: ir.ChatFormat) -> list[str]:
        """Statements that leave the turns of a row in ``messages``."""
        column = f"row[{quoted(rows.column)}]"
        plain = rows.role_key == "role" and rows.content_key == "content" and not rows.roles
        if plain:
            body = [f"messages = {column}"]
        else:
            role = f"turn[{quoted(rows.role_key)}]"
            if rows.roles:
                self._constant("ROLES", dict(rows.roles))
                role = f"ROLES.get({role}, {role})"
            content = f"turn[{quoted(rows.content_key)}]"
            body = [
                "messages = [",
                f'    {{"role": {role}, "content": {content}}}',
                f"    for turn in {column}",
                "]",
            ]
        if rows.drop_system:
            body.append('messages = [turn for turn in messages if turn["role"] != "system"]')
        if form.system_prompt is not None:
            system = f'{{"role": "system", "content": {self._system(form)}}}'
            body += ['if messages[0]["role"] != "system":', f"    messages = [{system}, *messages]"]
        return body

    def _system(self, form: ir.ChatFormat) -> str:
        self._constant("SYSTEM_PROMPT", form.system_prompt)
        return "SYSTEM_PROMPT"

    def _prompt(self, rows: ir.InstructionRows) -> tuple[list[str], str]:
        """Statements, and the expression of a row's prompt."""
        columns = {"instruction": rows.instruction, "input": rows.input, "system": rows.system}
        always = rows.with_input == rows.without_input or (
            rows.with_input.replace("{input}", "") == rows.without_input
        )
        if rows.input is None or always:
            template = rows.without_input if rows.input is None else rows.with_input
            return [], self._filled(template, "PROMPT", columns)
        lines = [
            f"if row[{quoted(rows.input)}]:",
            f"    prompt = {self._filled(rows.with_input, 'PROMPT', columns)}",
            "else:",
            f"    prompt = {self._filled(rows.without_input, 'PROMPT_WITHOUT_INPUT', columns)}",
        ]
        return lines, "prompt"

    def _filled(self, template: str, name: str, columns: dict[str, str | None]) -> str:
        fields = [f for _, f, _, _ in Formatter().parse(template) if f]
        column = columns.get(fields[0]) if len(fields) == 1 else None
        if template == "{" + "".join(fields) + "}" and column:
            return f"row[{quoted(column)}]"
        name = self._constant(name, template)
        arguments = [
            f"{field}=row[{quoted(where)}]" if (where := columns.get(field)) else f'{field}=""'
            for field in dict.fromkeys(fields)
        ]
        return f"{name}.format({', '.join(arguments)})"

    # -- preferences ------------------------------------------------------------------------------

    def _preference_step(self, rows: ir.PreferenceRows, form: ir.Format) -> _Step:
        names = {"prompt": rows.prompt, "chosen": rows.chosen, "rejected": rows.rejected}
        if rows.messages or not isinstance(form, ir.ChatFormat):
            same = all(column in (None, key) for key, column in names.items())
            if same and rows.system is None:
                return _Step((), "columns")
            pairs = [f'"{k}": row[{quoted(c)}]' for k, c in names.items() if c is not None]
            return self._columns(pairs)
        prompt = f'{{"role": "user", "content": row[{quoted(rows.prompt or "prompt")}]}}'
        if rows.system is not None:
            system = f'{{"role": "system", "content": row[{quoted(rows.system)}]}}'
            prompt = f"{system}, {prompt}"
        elif form.system_prompt is not None:
            prompt = f'{{"role": "system", "content": {self._system(form)}}}, {prompt}'
        answers = [
            f'"{key}": [{{"role": "assistant", "content": row[{quoted(column)}]}}]'
            for key, column in (("chosen", rows.chosen), ("rejected", rows.rejected))
        ]
        return self._columns([f'"prompt": [{prompt}]', *answers])

    def _labelled_step(self, rows: ir.LabelledRows, form: ir.Format) -> _Step:
        names = {"prompt": rows.prompt, "completion": rows.completion, "label": rows.label}
        if isinstance(form, ir.ChatFormat):
            return self._columns([
                f'"prompt": [{{"role": "user", "content": row[{quoted(rows.prompt)}]}}]',
                f'"completion": [{{"role": "assistant", "content": row[{quoted(rows.completion)}]}}]',
                f'"label": row[{quoted(rows.label)}]',
            ])  # fmt: skip
        if all(key == column for key, column in names.items()):
            return _Step((), "columns")
        return self._columns([f'"{key}": row[{quoted(column)}]' for key, column in names.items()])

    def _prompt_step(self, rows: ir.PromptRows, form: ir.Format) -> _Step:
        if isinstance(form, ir.ChatFormat):
            turn = f'{{"role": "user", "content": row[{quoted(rows.prompt)}]}}'
            name = self._name("to_prompt")
            self._function(name, [], f'return {{**row, "prompt": [{turn}]}}')
            return _Step((name,), "columns")
        if rows.prompt == "prompt":
            return _Step((), "columns")
        return self._columns([f'"prompt": row[{quoted(rows.prompt)}]'])

    def _columns(self, pairs: Sequence[str]) -> _Step:
        name = self._name("to_columns")
        result = "\n".join(["return {", *(f"    {pair}," for pair in pairs), "}"])
        self._function(name, [], result)
        return _Step((name,), "columns")

    # -- text -------------------------------------------------------------------------------------

    def _name(self, stem: str) -> str:
        name = stem
        number = 2
        while name in self.names:
            name, number = f"{stem}_{number}", number + 1
        self.names.add(name)
        return name

    def _constant(self, stem: str, value: object) -> str:
        """A constant of this value: an existing one, or a new one under a free name."""
        name, number = stem, 2
        while True:
            line = f"{name} = {literal(value, 0, 88 - len(name) - 3)}"
            if line in self.code.constants:
                return name
            if name not in self.names:
                self.names.add(name)
                self.code.constants.append(line)
                return name
            name, number = f"{stem}_{number}", number + 1

    def _once(
        self, stem: str, body: Sequence[str], result: str, *, argument: str = "row", note: str = ""
    ) -> str:
        """A function with this body: an existing one, or a new one."""
        key = (stem, *body, result)
        if key not in self.shared:
            self.shared[key] = self._name(stem)
            self._function(self.shared[key], body, result, argument=argument, note=note)
        return self.shared[key]

    def _function(
        self, name: str, body: Sequence[str], result: str, *, argument: str = "row", note: str = ""
    ) -> None:
        lines = [f"def {name}({argument}):"]
        if note:
            lines.append(f'    """{note}"""')
        for statement in [*body, *result.split("\n")]:
            lines.append(f"    {statement}")
        self.code.functions.append("\n".join(_wrapped(line) for line in lines))


def _sliced(expression: str, cut: str) -> str:
    if not cut:
        return expression
    return f"({expression}){cut}" if re.search(r"\s", expression) else f"{expression}{cut}"


def _wrapped(line: str) -> str:
    """A ``return {…}`` or call that is too long for a line, one element a line."""
    if len(line) <= 88:
        return line
    pad = re.match(r" *", line)
    indent = pad[0] if pad else ""
    found = re.fullmatch(r'(\s*return )\{("\w+": .*)\}', line)
    if found:
        pairs = re.split(r', (?="(?:text|prompt|completion|input_ids|labels)": )', found[2])
        inner = "".join(f"{indent}    {pair},\n" for pair in pairs)
        return f"{found[1]}{{\n{inner}{indent}}}"
    found = re.fullmatch(r"(\s*\w+ = [\w.]+)\((.*)\)", line)
    if found:
        return f"{found[1]}(\n{indent}    {found[2]}\n{indent})"
    return line


def _everything(mask: ir.Supervision) -> bool:
    """Whether every token of a conversation is trained."""
    return mask.prompt and mask.turn_headers


def _load_call(source: ir.Source, name: str, *, streaming: bool) -> str:
    path = source.path
    files: object = list(source.files) or None
    if source.file_format and path != source.file_format and files is None:
        path, files = source.file_format, path
    arguments = [Argument("", path)]
    if source.subset is not None:
        arguments.append(Argument("name", source.subset))
    if files is not None:
        arguments.append(Argument("data_files", files))
    arguments.append(Argument("split", source.split))
    if source.revision is not None:
        arguments.append(Argument("revision", source.revision))
    if streaming:
        arguments.append(Argument("streaming", True))
    return call("load_dataset", arguments, prefix=f"{name} = ")
