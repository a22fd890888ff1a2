"""How rows of each kind become columns: functions to map a data set with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from translator import ir
from translator.catalog.row_kinds import SEGMENTS
from translator.frameworks.unsloth.data_functions import Functions
from translator.frameworks.unsloth.masking import Mask
from translator.frameworks.unsloth.pycode import WIDTH, Argument, call, literal, quoted
from translator.frameworks.unsloth.pycode import Code as Expression
from translator.record import Record, Struct

Kind = Literal["text", "pair", "tokens", "columns"]
"""What the trainer gets: a column of text; prompt and completion; token ids; other columns."""


class Step(Record, kw_only=False):
    """How a data set is mapped: by these functions, one after the other."""

    functions: tuple[str, ...]
    kind: Kind
    column: str = "text"


class Steps(Struct):
    """Makes the functions; equal ones once."""

    make: Functions
    recipe: ir.Recipe
    joint: Kind
    """What the data sets have to become so that they can be joined."""
    text: str = "text"
    """Column of the text, where the files have it under one name."""
    eos: bool = False
    """Whether the constant EOS is needed."""
    matches: bool = False
    """Whether the module re is needed."""

    def step(self, source: ir.Source, mask: Mask | None) -> Step:
        """The functions for one data set; ``mask`` tells what counts in its conversations."""
        rows, form = source.rows, source.format
        match rows:
            case ir.TextRows():
                return self._text_step(rows, form)
            case ir.InstructionRows():
                return self._instruction_step(rows, form, source.supervision, mask)
            case ir.MessageRows() if isinstance(form, ir.ChatFormat):
                return self._chat_step(self._turns(rows, form), mask, rows.tools)
            case ir.PreferenceRows():
                return self._preference_step(rows, form)
            case ir.LabelledRows():
                return self._labelled_step(rows, form)
            case ir.PromptRows():
                return self._prompt_step(rows, form)
            case ir.TokenRows():
                return Step((self._to_masks(),) if self.packed else (), "tokens")
            case ir.CustomRows(reference=reference) if reference == SEGMENTS:
                return Step((self._segments(source.supervision),), "tokens")
            case ir.CustomRows(code=str() as code):
                bare = "apply_chat_template" not in code  # which begins texts as the model wants
                return self._tokens(Step((self.make.brought(code),), "text"), special=bare)
            case ir.CustomRows() | ir.MessageRows():
                reference = rows.reference if isinstance(rows, ir.CustomRows) else rows.column
                stop = f"raise NotImplementedError({literal(reference)})"
                supervised = isinstance(self.recipe.objective, ir.SupervisedObjective)
                if not supervised:
                    return Step((self.make.once("to_columns", [], stop),), "columns")
                return Step((self.make.once("to_text", [], stop),), "text")

    @property
    def packed(self) -> bool:
        """Whether rows are packed: Unsloth packs rows with masks, but not rows with labels.

        unsloth_zoo/dataset_utils.py:2732 and unsloth/utils/packing.py:248 (2026.10.9): a column
        of labels brings a collator that knows nothing of packed rows.
        """
        return self.recipe.data.packing is not None

    def _text_step(self, rows: ir.TextRows, form: ir.Format) -> Step:
        first = Step((), "text", rows.column)
        if isinstance(form, ir.PlainFormat) and form.end == "eos":
            self.eos = True
            result = f'return {{"text": row[{quoted(rows.column)}] + EOS}}'
            first = Step((self.make.once("to_text", [], result),), "text")
        elif rows.column != self.text and self.joint == "text":
            result = f'return {{"text": row[{quoted(rows.column)}]}}'
            first = Step((self.make.once("to_text", [], result),), "text")
        return self._tokens(first, special=True)

    def _tokens(self, step: Step, *, special: bool) -> Step:
        """A step that makes text, followed by one that makes tokens where sources need them."""
        if self.joint != "tokens" or step.kind != "text":
            return step
        extra = "" if special else ", add_special_tokens=False"
        if self.recipe.data.overlong == "split":
            return Step((*step.functions, self._chunks(step.column, extra)), "tokens")
        body = [f'ids = tokenizer(row[{quoted(step.column)}]{extra})["input_ids"]']
        name = self.make.once("to_tokens", body, self._result("ids", "ids", "[1] * len(ids)"))
        return Step((*step.functions, name), "tokens")

    def _chunks(self, column: str, extra: str) -> str:
        body = [
            "chunks = []",
            f"for text in rows[{quoted(column)}]:",
            f'    ids = tokenizer(text{extra})["input_ids"]',
            "    for start in range(0, len(ids), MAX_LENGTH):",
            "        chunks.append(ids[start : start + MAX_LENGTH])",
        ]
        note = "Cuts long texts into pieces, so that all of each is trained."
        result = 'return {"input_ids": chunks, "labels": chunks}'
        if self.packed:
            body.append("trained = [[1] * len(chunk) for chunk in chunks]")
            result = 'return {"input_ids": chunks, "assistant_masks": trained}'
        return self.make.once("to_chunks", body, result, argument="rows", note=note)

    def _result(self, ids: str, labels: str, trained: str) -> str:
        """What a function that makes tokens returns: ids, and which of them count."""
        name, value = ("assistant_masks", trained) if self.packed else ("labels", labels)
        pairs = [f'"input_ids": {self._sliced(ids)}', f'"{name}": {self._sliced(value)}']
        short = f"return {{{', '.join(pairs)}}}"
        if len(short) <= 84:
            return short
        return "\n".join(["return {", *(f"    {pair}," for pair in pairs), "}"])

    def _segments(self, trained: ir.Supervision) -> str:
        """axolotl/prompt_strategies/input_output.py: pieces of text, each trained or not."""
        name, value = "labels", "tokens if {} else [-100] * len(tokens)"
        if self.packed:
            name, value = "trained", "[int({})] * len(tokens)"
        counts = "True" if trained.prompt else 'segment["label"]'
        body = [
            f"ids, {name} = [], []",
            'for segment in row["segments"]:',
            '    tokens = tokenizer(segment["text"], add_special_tokens=False)["input_ids"]',
            "    ids += tokens",
            f"    {name} += {value.format(counts)}",
        ]
        note = "Tokenizes pieces of text one by one; those that are labelled count."
        result = self._result("ids", "labels", "trained")
        return self.make.once("to_tokens", body, result, note=note)

    def _to_masks(self) -> str:
        result = self._result(
            'row["input_ids"]', 'row["labels"]', '[int(label != -100) for label in row["labels"]]'
        )
        return self.make.once("to_masks", [], result)

    def _span_tokens(self, mask: Mask, column: str) -> str:
        """A function that makes tokens of a text, of which the matches of a pattern count."""
        assert mask.pattern is not None
        arguments = [Argument("", Expression(mask.pattern)), Argument("", Expression("re.DOTALL"))]
        source = call("re.compile", arguments, room=WIDTH - len("TRAINED = "))
        constant = self.make.constant("TRAINED", Expression(source))
        self.matches = True
        last = "[-1:]" if mask.last else ""
        test = "any(start <= place < end for start, end in spans)"
        zipped = 'for token, (place, _) in zip(ids, tokens["offset_mapping"])'
        body = [
            f"text = row[{quoted(column)}]",
            "tokens = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)",
            'ids = tokens["input_ids"]',
            f"spans = [match.span() for match in {constant}.finditer(text)]{last}",
        ]
        if self.packed:
            body += [
                "trained = [",
                f"    int({test})",
                '    for place, _ in tokens["offset_mapping"]',
                "]",
            ]
        else:
            body += ["labels = [", f"    token if {test} else -100", f"    {zipped}", "]"]
        note = f"Tokenizes a conversation, of which what {constant} matches is trained."
        return self.make.once(
            "to_tokens", body, self._result("ids", "labels", "trained"), note=note
        )

    def _sliced(self, expression: str) -> str:
        """The first MAX_LENGTH of a list, where rows that are too long are cut."""
        if self.recipe.data.overlong == "drop":
            return expression
        simple = re.fullmatch(r'\w+(\["\w+"\])?', expression)
        return f"{expression}[:MAX_LENGTH]" if simple else f"({expression})[:MAX_LENGTH]"

    def _instruction_step(
        self, rows: ir.InstructionRows, form: ir.Format, trained: ir.Supervision, mask: Mask | None
    ) -> Step:
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
            return self._chat_step(lines, mask, None)
        end = " + EOS" if form.end == "eos" else ""
        whole = form.joined == "whole"
        if whole and trained.prompt:
            self.eos |= form.end == "eos"
            result = f'return {{"text": {prompt} + {output}{end}}}'
            return self._tokens(
                Step((self.make.once("to_text", body, result),), "text"), special=True
            )
        # TRL and Unsloth add the end token themselves (unsloth_zoo/dataset_utils.py:2909).
        pair = self.joint == "pair"
        if not pair:
            self.eos |= form.end == "eos"
            output += end
        result = f'return {{"prompt": {prompt}, "completion": {output}}}'
        name = self.make.once("to_prompt_and_completion", body, result)
        if pair:
            return Step((name,), "pair")
        return Step((name, self._pair_tokens(trained, whole=whole)), "tokens")

    def _pair_tokens(self, mask: ir.Supervision, *, whole: bool) -> str:
        """A function that makes tokens of a prompt and a completion."""
        if whole:
            body = [
                'ids = tokenizer(row["prompt"] + row["completion"])["input_ids"]',
                'length = len(tokenizer(row["prompt"])["input_ids"])',
            ]
            ids, labels = "ids", "[-100] * length + ids[length:]"
            trained = "[0] * length + [1] * len(ids[length:])"
            note = "Makes tokens"
        else:
            body = [
                'prompt = tokenizer(row["prompt"])["input_ids"]',
                'completion = tokenizer(row["completion"], add_special_tokens=False)["input_ids"]',
            ]
            ids, labels = "prompt + completion", "[-100] * len(prompt) + completion"
            trained = "[0] * len(prompt) + [1] * len(completion)"
            note = "Prompt and completion become tokens on their own"
        if mask.prompt:
            labels, trained = ids, f"[1] * len({ids})"
        note += "." if mask.prompt else "; only the completion is trained."
        return self.make.once("to_tokens", body, self._result(ids, labels, trained), note=note)

    def _chat_step(self, body: list[str], mask: Mask | None, tools: str | None) -> Step:
        extra = f", tools=row[{quoted(tools)}]" if tools else ""
        variable = "messages"
        if len(body) == 1 and body[0].startswith("messages = row["):
            variable = body[0].removeprefix("messages = ")
            body = []
        text = f"tokenizer.apply_chat_template({variable}, tokenize=False{extra})"
        made = [*body, f"text = {text}"]
        step = Step((self.make.once("to_text", made, 'return {"text": text}'),), "text")
        if self.joint == "tokens" and mask is not None and mask.kind != "everything":
            return Step((*step.functions, self._span_tokens(mask, "text")), "tokens")
        return self._tokens(step, special=False)

    def _turns(self, rows: ir.MessageRows, form: ir.ChatFormat) -> list[str]:
        """Statements that leave the turns of a row in ``messages``."""
        column = f"row[{quoted(rows.column)}]"
        plain = rows.role_key == "role" and rows.content_key == "content" and not rows.roles
        if plain and not rows.drop_system:
            body = [f"messages = {column}"]
        else:
            key = f"turn[{quoted(rows.role_key)}]"
            role = key
            if rows.roles:
                roles = self.make.constant("ROLES", dict(rows.roles))
                role = f"{roles}.get({key}, {key})"
            content = f"turn[{quoted(rows.content_key)}]"
            body = [
                "messages = [",
                f'    {{"role": {role}, "content": {content}}}',
                f"    for turn in {column}",
                *([f'    if {key} != "system"'] if rows.drop_system else []),
                "]",
            ]
        if form.system_prompt is not None:
            put = f'messages = [{{"role": "system", "content": {self._system(form)}}}, *messages]'
            if rows.drop_system:
                body.append(put)
            else:
                body += ['if messages[0]["role"] != "system":', f"    {put}"]
        return body

    def _system(self, form: ir.ChatFormat) -> str:
        return self.make.constant("SYSTEM_PROMPT", form.system_prompt)

    def _prompt(self, rows: ir.InstructionRows) -> tuple[list[str], str]:
        """Statements, and the expression of a row's prompt."""
        columns = {"instruction": rows.instruction, "input": rows.input, "system": rows.system}
        columns |= dict(rows.fields)
        always = rows.with_input == rows.without_input or (
            rows.with_input.replace("{input}", "") == rows.without_input
        )
        if rows.input is None or always:
            template = rows.without_input if rows.input is None else rows.with_input
            return [], self.make.filled(template, "PROMPT", columns)
        lines = [
            f"if row.get({quoted(rows.input)}):",
            f"    prompt = {self.make.filled(rows.with_input, 'PROMPT', columns)}",
            "else:",
            f"    prompt = {self.make.filled(rows.without_input, 'PROMPT_WITHOUT_INPUT', columns)}",
        ]
        return lines, "prompt"

    # -- preferences ------------------------------------------------------------------------------

    def _asked(self, rows: ir.PreferenceRows | ir.PromptRows) -> str:
        """The expression of a prompt with the text around its column."""
        columns: dict[str, str | None] = {"prompt": rows.prompt or "prompt"}
        columns |= dict(rows.fields)
        return self.make.filled(rows.text, "PROMPT", columns)

    def _preference_step(self, rows: ir.PreferenceRows, form: ir.Format) -> Step:
        names = {"prompt": rows.prompt, "chosen": rows.chosen, "rejected": rows.rejected}
        if rows.messages and rows.prompt is not None:
            return self._turn_columns(rows, form)
        if rows.messages or not isinstance(form, ir.ChatFormat):
            same = all(column in (None, key) for key, column in names.items())
            worded = rows.prompt is not None and rows.text != "{prompt}"
            if same and rows.system is None and not worded:
                return Step((), "columns")
            pairs = [f'"{k}": row[{quoted(c)}]' for k, c in names.items() if c is not None]
            if worded:
                pairs[0] = f'"prompt": {self._asked(rows)}'
            return self._columns(pairs)
        prompt = f'{{"role": "user", "content": {self._asked(rows)}}}'
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

    def _turn_columns(self, rows: ir.PreferenceRows, form: ir.Format) -> Step:
        """Columns that hold text, one turn or several: of an answer's turns the last one counts."""
        body = [
            "if isinstance(value, str):",
            '    return [{"role": role, "content": value}]',
        ]
        result = "return value if isinstance(value, list) else [value]"
        note = "The turns of a column that holds text, one turn or several."
        turns = self.make.once("to_turns", body, result, argument="value, role", note=note)
        prompt = f'{turns}(row[{quoted(rows.prompt or "prompt")}], "user")'
        if isinstance(form, ir.ChatFormat) and form.system_prompt is not None:
            prompt = f'[{{"role": "system", "content": {self._system(form)}}}, *{prompt}]'
        elif rows.system is not None:
            prompt = f'[{{"role": "system", "content": row[{quoted(rows.system)}]}}, *{prompt}]'
        answers = [
            f'"{key}": {turns}(row[{quoted(column)}], "assistant")[-1:]'
            for key, column in (("chosen", rows.chosen), ("rejected", rows.rejected))
        ]
        return self._columns([f'"prompt": {prompt}', *answers])

    def _labelled_step(self, rows: ir.LabelledRows, form: ir.Format) -> Step:
        names = {"prompt": rows.prompt, "completion": rows.completion, "label": rows.label}
        if isinstance(form, ir.ChatFormat):
            return self._columns([
                f'"prompt": [{{"role": "user", "content": row[{quoted(rows.prompt)}]}}]',
                f'"completion": [{{"role": "assistant", "content": row[{quoted(rows.completion)}]}}]',
                f'"label": row[{quoted(rows.label)}]',
            ])  # fmt: skip
        if all(key == column for key, column in names.items()):
            return Step((), "columns")
        return self._columns([f'"{key}": row[{quoted(column)}]' for key, column in names.items()])

    def _prompt_step(self, rows: ir.PromptRows, form: ir.Format) -> Step:
        """The other columns stay: reward functions get them as arguments."""
        value = self._asked(rows)
        if isinstance(form, ir.ChatFormat):
            turns = [f'{{"role": "user", "content": {value}}}']
            if form.system_prompt is not None:
                turns.insert(0, f'{{"role": "system", "content": {self._system(form)}}}')
            value = f"[{', '.join(turns)}]"
        elif (rows.prompt, rows.text) == ("prompt", "{prompt}"):
            return Step((), "columns")
        result = f'return {{**row, "prompt": {value}}}'
        return Step((self.make.once("to_prompt", [], result),), "columns")

    def _columns(self, pairs: Sequence[str]) -> Step:
        result = "\n".join(["return {", *(f"    {pair}," for pair in pairs), "}"])
        return Step((self.make.once("to_columns", [], result),), "columns")
