"""The side file's tokenizer writes every chat format that a config can hand to it.

It runs here on characters instead of a vocabulary, so that its tokens spell their text out.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest
import yaml

from translator import Recipe, convert
from translator.api import loads
from translator.catalog.formats import formats, render
from translator.document import Document
from translator.frameworks.torchtune import parts
from translator.ir import InstructionRows, PlainFormat

BOS, EOS = "<B>", "<E>"


class Characters:
    """A tokenizer whose tokens are characters, and two special ones."""

    bos_id, eos_id, pad_id = 1, 2, 0
    special_tokens: ClassVar = {BOS: 1, EOS: 2}

    def encode(self, text: str, add_bos: bool, add_eos: bool) -> list[int]:
        return [ord(letter) + 10 for letter in text]


def spelled(tokens: list[int]) -> str:
    return "".join({1: BOS, 2: EOS}.get(token) or chr(token - 10) for token in tokens)


@pytest.fixture(scope="module")
def part() -> Iterator[ModuleType]:
    """The module as it is copied beside a config, with a stand-in for what it imports."""
    stand_ins = {
        n: ModuleType(n) for n in ("torchtune", "torchtune.config", "torchtune.config._utils")
    }
    loader: Any = stand_ins["torchtune.config._utils"]
    loader._get_component_from_path = lambda path: Characters
    before = {name: sys.modules.get(name) for name in stand_ins}
    sys.modules.update(stand_ins)
    try:
        file = Path(parts.__file__).with_name("turn_tokenizer.py")
        spec = importlib.util.spec_from_file_location("turn_tokenizer_part", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        for name, was in before.items():
            if was is None:
                del sys.modules[name]
            else:
                sys.modules[name] = was


def said(role: str, text: str, *, masked: bool) -> SimpleNamespace:
    return SimpleNamespace(role=role, text_content=text, masked=masked)


def settings(recipe: Recipe, name: str) -> dict[str, Any] | None:
    """What a config says to the tokenizer about a format; None where it refuses or needs nothing."""
    document = Document(path="any.ir.json", format="ir", text="", recipe=recipe, origins={})
    written = convert(document, "torchtune", strict=False, stem="run")
    if any(loss.field == "data.sources[0].format.template" for loss in written.refused):
        return None
    tokenizer = yaml.safe_load(written.text)["tokenizer"]
    if not tokenizer["_component_"].endswith(".turn_tokenizer"):
        return None
    known = ("turns", "bos", "end", "joined", "strip", "system", "between", "train_headers",
             "train_ends")  # fmt: skip
    return {key: value for key, value in tokenizer.items() if key in known}


def recipe_with(template: str) -> Recipe:
    """A conversation data set in a format, on a model whose tokenizer words nothing by itself."""
    text = """
base_model: deepseek-ai/DeepSeek-R1-Distill-Llama-8B
datasets:
  - path: org/rows
    type: chat_template
adapter: lora
lora_r: 8
lora_alpha: 16
lora_target_linear: true
micro_batch_size: 1
num_epochs: 1
learning_rate: 1e-4
"""
    recipe = loads(text, name="run.yml", format="axolotl").recipe
    source = recipe.data.sources[0]
    source = replace(source, format=replace(source.format, template=template, jinja=None))
    return replace(recipe, data=replace(recipe.data, sources=(source,)))


NAMES = [name for name, item in formats().items() if item.turns and not item.opaque]
BEYOND = {"jamba"}
"""Formats with text before everything, which no config has needed."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("opening", [(), ("system",)])
def test_turns_are_spelled_as_the_format_has_them(
    part: ModuleType, name: str, opening: tuple[str, ...]
) -> None:
    item = formats()[name]
    told = settings(recipe_with(name), name)
    if name in BEYOND:
        assert told is None
        return
    assert told is not None
    eos = "<｜end▁of▁sentence｜>"  # of the model in the config
    told = {
        **told,
        "turns": {r: [t.replace(eos, EOS) for t in tags] for r, tags in told["turns"].items()},
    }
    tokenizer = part.turn_tokenizer("any.base", **told)
    turns = [("system", " be brief")] if opening else []
    turns += [("user", "one"), ("assistant", "uno"), ("user", "two"), ("assistant", "dos")]
    try:
        wanted = render(item, [{"role": r, "content": t} for r, t in turns], bos=BOS, eos=EOS)
    except ValueError:
        return  # the format has no system turn
    if not opening and item.default_system is not None:
        turns = [("system", item.default_system), *turns]  # the data set says it
    messages = [said(role, text, masked=role != "assistant") for role, text in turns]
    tokens, mask = tokenizer.tokenize_messages(messages)
    assert spelled(tokens) == wanted
    counted = spelled([t for t, hidden in zip(tokens, mask, strict=True) if not hidden])
    assert "uno" in counted
    assert "dos" in counted
    assert "one" not in counted


def test_a_space_before_an_answer_counts_with_it(part: ModuleType) -> None:
    turns = {"user": ["USER: ", " "], "assistant": ["ASSISTANT: ", EOS]}
    tokenizer = part.turn_tokenizer("any.base", turns=turns, bos=True, end=None)
    messages = [said("user", "hi", masked=True), said("assistant", "ho", masked=False)]
    tokens, mask = tokenizer.tokenize_messages(messages)
    assert spelled(tokens) == f"{BOS}USER: hi ASSISTANT: ho{EOS}"
    assert spelled([t for t, hidden in zip(tokens, mask, strict=True) if not hidden]) == f" ho{EOS}"


def test_a_space_behind_a_prompt_stays_with_it_where_both_are_tokenized_apart(
    part: ModuleType,
) -> None:
    nothing = {role: ["", ""] for role in ("user", "assistant")}
    tokenizer = part.turn_tokenizer("any.base", turns=nothing, joined="separately")
    messages = [said("user", "Q: ", masked=True), said("assistant", "ho", masked=False)]
    tokens, mask = tokenizer.tokenize_messages(messages)
    assert spelled(tokens) == f"{BOS}Q: ho{EOS}"
    assert spelled([t for t, hidden in zip(tokens, mask, strict=True) if not hidden]) == f"ho{EOS}"


def test_a_plain_format_says_how_it_is_tokenized() -> None:
    for joined in ("separately", "whole"):
        recipe = recipe_with("chatml")
        (source,) = recipe.data.sources
        source = replace(source, format=PlainFormat(joined=joined), rows=InstructionRows())
        told = settings(replace(recipe, data=replace(recipe.data, sources=(source,))), "plain")
        assert told is not None
        assert told["joined"] == joined
