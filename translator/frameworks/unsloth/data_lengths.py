"""Rows that are too long, where Unsloth would cut them and the recipe says something else."""

from __future__ import annotations

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.data_steps import Step, Steps
from translator.frameworks.unsloth.pycode import Argument, call, quoted
from translator.frameworks.unsloth.pycode import Code as Expression
from translator.writing import Writer


def too_long(
    writer: Writer, steps: Steps, source: ir.Source, name: str, step: Step, place: str
) -> list[str]:
    """The statements that do to rows that are too long what the recipe says, where it is not that
    they are cut. ``name`` is the variable of the data set, ``place`` the field of its source."""
    rule = steps.recipe.data.overlong
    if rule == "drop" and step.kind != "columns":
        return [_filter(steps, name, step, source)]
    if rule == "drop" and (test := _answers_fit(steps, source)) is not None:
        return [call(f"{name}.filter", [Argument("", test)], prefix=f"{name} = ")]
    if rule == "drop":
        why = "rows that are too long are cut instead of left out"
        writer.lose(Code.LOST_LENGTH, "data.overlong", why, Severity.WARNING)
    elif rule == "error" and place == "data.sources[0]":
        why = "rows that are too long are cut instead of refused"
        writer.lose(Code.LOST_LENGTH, "data.overlong", why, Severity.WARNING)
    elif rule == "split" and (step.kind != "tokens" or "to_chunks" not in str(step.functions)):
        why = "rows that are too long are cut; their rest is not trained"
        writer.lose(Code.LOST_LENGTH, "data.overlong", why, Severity.WARNING)
    return []


def _answers_fit(steps: Steps, source: ir.Source) -> Expression | None:
    """A test whether a prompt fits with each of its answers; None where columns may hold turns
    or text, as the files have it. axolotl/utils/data/rl.py:143 leaves such rows out."""
    rows, chat = source.rows, isinstance(source.format, ir.ChatFormat)
    if isinstance(rows, ir.PreferenceRows):
        answers: tuple[str, ...] = ("chosen", "rejected")
        known = rows.prompt is not None and (chat or not rows.messages)
    else:
        answers = ("completion",)
        known = isinstance(rows, ir.LabelledRows)
    if not known:
        return None
    joined = [f'row["prompt"] + row["{answer}"]' for answer in answers]
    body = [f"texts = [{', '.join(joined)}]"]
    if chat:
        body = [
            f"chats = [{', '.join(joined)}]",
            "texts = [tokenizer.apply_chat_template(chat, tokenize=False) for chat in chats]",
        ]
    body.append('rows = tokenizer(texts, add_special_tokens=False)["input_ids"]')
    result = "return all(len(ids) <= MAX_LENGTH for ids in rows)"
    return Expression(steps.make.once("fits", body, result))


def _filter(steps: Steps, name: str, step: Step, source: ir.Source) -> str:
    """Leaves out rows that are too long, as their token ids will be counted."""
    if step.kind == "tokens":
        test: object = Expression('lambda row: len(row["input_ids"]) <= MAX_LENGTH')
    else:
        text = f"row[{quoted(step.column)}]"
        if step.kind == "pair":
            text = 'row["prompt"] + row["completion"] + EOS'
            steps.eos = True
        chat = isinstance(source.format, ir.ChatFormat)
        special = ", add_special_tokens=False" if chat else ""
        ids = f'ids = tokenizer({text}{special})["input_ids"]'
        test = Expression(steps.make.once("fits", [ids], "return len(ids) <= MAX_LENGTH"))
    return call(f"{name}.filter", [Argument("", test)], prefix=f"{name} = ")
