"""What written scripts train of a conversation, by running their functions on characters."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from test_unsloth_write import ANSWERS, CHATML, EVERYTHING, PLAIN, recipe, written

from translator import ir
from translator.api import loads
from translator.catalog.formats import formats, render
from translator.diagnostics import Severity

TURNS = [
    {"role": "system", "content": "S"},
    {"role": "user", "content": "one?"},
    {"role": "assistant", "content": "One."},
    {"role": "user", "content": "two?"},
    {"role": "assistant", "content": "Two."},
]
PLAIN_TURNS = TURNS[1:]


class Characters:
    """A tokenizer whose tokens are characters."""

    eos_token = "</s>"

    def __init__(self, template: str) -> None:
        self.template = template

    def __call__(self, text: str, **options: Any) -> dict[str, Any]:
        return {
            "input_ids": [ord(c) for c in text],
            "offset_mapping": [(i, i + 1) for i in range(len(text))],
        }

    def apply_chat_template(self, messages: Sequence[dict[str, str]], **options: Any) -> str:
        return render(formats()[self.template], messages, bos="<s>", eos=self.eos_token)


def functions(text: str, template: str) -> dict[str, Any]:
    """The constants and functions of a script."""
    scope: dict[str, Any] = {"re": re, "tokenizer": Characters(template)}
    for node in ast.parse(text).body:
        constant = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).isupper()
        if constant or isinstance(node, ast.FunctionDef):
            exec(compile(ast.Module([node], []), "run.py", "exec"), scope)
    return scope


def trained(text: str, template: str, turns: Sequence[dict[str, str]]) -> list[str]:
    """The stretches of a conversation that count, one after the other."""
    scope = functions(text, template)
    row = scope["to_tokens"](scope["to_text"]({"messages": list(turns)}))
    if "assistant_masks" in row:
        kept = "".join(
            chr(token) if counts else "\0"
            for token, counts in zip(row["input_ids"], row["assistant_masks"], strict=True)
        )
    else:
        assert all(label in (token, -100) for token, label in zip(*row.values(), strict=True))
        kept = "".join("\0" if label == -100 else chr(label) for label in row["labels"])
    return [stretch for stretch in kept.split("\0") if stretch]


def chat(template: str, mask: ir.Supervision, **parts: Any) -> ir.Recipe:
    return recipe(ir.MessageRows(), ir.ChatFormat(template=template), mask, **parts)


END = "<|im_end|>"
HEADER = "<|im_start|>assistant\n"
MASKS = {
    "headers": (ir.Supervision(prompt=False, turn_headers=True),
                [f"{HEADER}One.{END}\n", f"{HEADER}Two.{END}"]),
    "no ends": (ir.Supervision(prompt=False, turn_ends="none"), ["One.", "Two."]),
    "last end": (ir.Supervision(prompt=False, turn_ends="last"), ["One.", f"Two.{END}"]),
    "all ends": (ir.Supervision(prompt=False, turn_ends="all"),
                 [END, END, f"One.{END}", END, f"Two.{END}"]),
    "users": (ir.Supervision(prompt=False, roles=("assistant", "user")),
              [f"one?{END}", f"One.{END}", f"two?{END}", f"Two.{END}"]),
    "all but markers": (ir.Supervision(prompt=True),
                        [f"S{END}", f"one?{END}", f"One.{END}", f"two?{END}", f"Two.{END}"]),
    "last answer": (ir.Supervision(prompt=False, turns="last", turn_headers=True),
                    [f"{HEADER}Two.{END}"]),
}  # fmt: skip


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("packing", [None, ir.Packing()], ids=["padded", "packed"])
def test_masks_are_exact(name: str, packing: ir.Packing | None) -> None:
    mask, expected = MASKS[name]
    data = replace(chat("chatml", mask).data, packing=packing)
    result = written(chat("chatml", mask, data=data))
    assert trained(result.text, "chatml", TURNS) == expected
    assert not [loss for loss in result.losses if loss.code == "XLT403"]


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("packing", [None, ir.Packing()], ids=["padded", "packed"])
def test_masks_read_back(name: str, packing: ir.Packing | None) -> None:
    mask, _ = MASKS[name]
    data = replace(chat("chatml", mask).data, packing=packing)
    text = written(chat("chatml", mask, data=data)).text
    (source,) = loads(text, name="run.py", format="unsloth").recipe.data.sources
    assert source.supervision == mask
    assert source.format == ir.ChatFormat(template="chatml")
    assert source.rows == ir.MessageRows()


@pytest.mark.parametrize(
    ("template", "mask", "expected"),
    [
        ("llama2", ir.Supervision(prompt=False, turn_ends="none"), [" One. ", " Two. "]),
        ("vicuna", ir.Supervision(prompt=False, turn_headers=True),
         ["ASSISTANT: One.</s>", "ASSISTANT: Two.</s>"]),
        ("gemma3", ir.Supervision(prompt=True),
         [f"{c}<end_of_turn>" for c in ("one?", "One.", "two?", "Two.")]),
        ("qwen3", ir.Supervision(prompt=False, turn_ends="none"), ["One.", "Two."]),
    ],
)  # fmt: skip
def test_masks_follow_the_template(
    template: str, mask: ir.Supervision, expected: list[str]
) -> None:
    text = written(chat(template, mask)).text
    assert trained(text, template, PLAIN_TURNS) == expected


def test_a_template_without_markers_trains_everything() -> None:
    text = written(chat("llama2-torchtune", ir.Supervision(prompt=True))).text
    assert "TRAINED" not in text
    assert "train_on_responses_only" not in text


def test_answers_alone_are_unsloths_own_business() -> None:
    text = written(chat("qwen3", ir.Supervision(prompt=False))).text
    assert 'response_part="<|im_start|>assistant\\n"' in text
    assert r'mask_out_tokens=["<think>\n\n</think>\n\n"]' in text


def test_data_sets_of_different_masks_are_joined_as_tokens() -> None:
    answers, everything = (
        chat("chatml", ir.Supervision(prompt=False)),
        recipe(ir.TextRows(), ir.PlainFormat(joined="whole"), EVERYTHING),
    )
    sources = (*answers.data.sources, *everything.data.sources)
    result = written(replace(answers, data=replace(answers.data, sources=sources)))
    assert trained(result.text, "chatml", TURNS) == [f"One.{END}", f"Two.{END}"]
    assert "concatenate_datasets([dataset_1, dataset_2])" in result.text
    assert "train_on_responses_only" not in result.text
    assert not [loss for loss in result.losses if loss.severity is Severity.ERROR]


def test_marks_of_own_texts_are_lost_beside_tokens() -> None:
    code = "def text_of(row, tokenizer):\n    return tokenizer.apply_chat_template(row['turns'])\n"
    own = ir.CustomRows(reference="render", code=code, marks=("<user>", "<bot>"))
    whole = ir.PlainFormat(joined="whole", end="none")
    base = chat("chatml", ir.Supervision(prompt=False, turn_headers=True))
    sources = (*base.data.sources, *recipe(own, whole, ANSWERS).data.sources)
    result = written(replace(base, data=replace(base.data, sources=sources)))
    assert "data.sources[1].supervision" in [loss.field for loss in result.losses]
    assert 'ids = tokenizer(row["text"], add_special_tokens=False)["input_ids"]' in result.text


def test_a_template_without_a_marker_has_none_to_train() -> None:
    mask = ir.Supervision(prompt=False, turn_headers=True)
    told = {loss.field: loss.message for loss in written(chat("mistral-v3", mask)).losses}
    assert "no marker in front of answers" in told["data.sources[0].supervision.turn_headers"]


def test_markers_that_are_not_known_are_said() -> None:
    form = ir.ChatFormat(template="jinja", jinja="{{ messages }}")
    mask = ir.Supervision(prompt=False, turn_headers=True)
    result = written(recipe(ir.MessageRows(), form, mask))
    assert [loss.field for loss in result.losses] == ["data.sources[0].supervision.turn_headers"]
    assert "train_on_responses_only(trainer)" in result.text


def test_packed_tokens_come_with_masks() -> None:
    data = replace(recipe().data, packing=ir.Packing())
    text = written(recipe(form=PLAIN, data=data)).text
    assert '"assistant_masks": ([0] * len(prompt) + [1] * len(completion))[:MAX_LENGTH]' in text
    assert '"labels"' not in text


def test_nothing_is_lost_where_everything_is_trained() -> None:
    assert written(recipe(ir.MessageRows(), CHATML, EVERYTHING)).losses == ()


@pytest.mark.parametrize("packing", [None, ir.Packing()], ids=["padded", "packed"])
def test_marked_pieces_of_text_are_trained(packing: ir.Packing | None) -> None:
    rows = ir.CustomRows(reference="axolotl:input_output")
    data = replace(recipe(rows, PLAIN).data, packing=packing)
    result = written(recipe(rows, PLAIN, data=data))
    row = {"segments": [{"text": "one", "label": False}, {"text": "two", "label": True}]}
    made = functions(result.text, "chatml")["to_tokens"](row)
    assert made["input_ids"] == [ord(c) for c in "onetwo"]
    kept = [-100] * 3 + [ord(c) for c in "two"]
    assert made.get("labels", kept) == kept
    assert made.get("assistant_masks", [0, 0, 0, 1, 1, 1]) == [0, 0, 0, 1, 1, 1]
    assert not [loss for loss in result.losses if loss.severity is not Severity.NOTE]


def test_an_empty_thinking_part_that_counts_is_said() -> None:
    written_by_us = written(chat("qwen3", ir.Supervision(prompt=False))).text
    bare = re.sub(r"\n *mask_out_tokens=.*,", "", written_by_us)
    assert bare != written_by_us
    for text, told in ((written_by_us, 0), (bare, 1)):
        found = loads(text, name="run.py", format="unsloth").diagnostics
        assert (
            len([d for d in found if "counts here, and is masked elsewhere" in d.message]) == told
        )
        assert not [d for d in found if "has no counterpart" in d.message]
