"""What counts as a difference, and what only looks like one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from strategies import recipes

from translator import Document, diff, load, loads
from translator.comparison import effect_of
from translator.equivalence import canonical
from translator.fields import flatten
from translator.ir import (
    ChatFormat,
    Epochs,
    InstructionRows,
    MessageRows,
    Objective,
    PerEpoch,
    PlainFormat,
    PreferenceObjective,
    Recipe,
    Steps,
    SupervisedObjective,
    TextRows,
    WarmupRatio,
    WarmupSteps,
)
from translator.render.differences import differences_data, differences_text
from translator.render.excerpts import Excerpts
from translator.schema import shipped

AXOLOTL = (
    Path(__file__).parent.parent
    / "fixtures" / "corpus_sample" / "axolotl" / "lora_chat_llama3.yaml"
)  # fmt: skip
TEXT = AXOLOTL.read_text(encoding="utf-8")


@pytest.fixture
def document() -> Document:
    return load(AXOLOTL)


def _changed(document: Document, **parts: object) -> Document:
    return replace(document, recipe=replace(document.recipe, **parts))  # type: ignore[arg-type]


def _fields(left: Document, right: Document) -> list[str]:
    return [difference.field for difference in diff(left, right)]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(recipes())
def test_a_recipe_does_not_differ_from_itself(recipe: Recipe) -> None:
    document = Document(path="a", format="ir", text="", recipe=recipe, origins={})
    assert diff(document, document) == ()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(recipes())
def test_the_canonical_form_is_its_own(recipe: Recipe) -> None:
    once = canonical(recipe)
    assert canonical(once) == once


def test_each_changed_value_is_one_difference_with_both_lines(document: Document) -> None:
    other = loads(TEXT.replace("lora_r: 16", "lora_r: 32").replace("seed: 7\n", ""), name="b")
    by_field = {d.field: d for d in diff(document, other)}
    assert list(by_field) == ["adapter.rank", "seed"]
    rank = by_field["adapter.rank"]
    assert (rank.left.value, rank.right.value, rank.effect) == (16, 32, "training")
    assert rank.left.origin.span is not None
    assert rank.right.origin.span is not None
    assert rank.right.origin.span.line == 3
    assert not by_field["seed"].right.origin.written
    assert by_field["seed"].right.origin.why


def test_a_part_that_only_one_has_is_one_difference(document: Document) -> None:
    assert _fields(document, _changed(document, adapter=None)) == ["adapter"]


def test_another_alternative_is_one_difference(document: Document) -> None:
    source = replace(document.recipe.data.sources[0], rows=TextRows())
    data = replace(document.recipe.data, sources=(source,))
    assert isinstance(document.recipe.data.sources[0].rows, MessageRows)
    assert _fields(document, _changed(document, data=data)) == ["data.sources[0].rows"]


def test_a_further_data_set_is_one_difference(document: Document) -> None:
    source = document.recipe.data.sources[0]
    data = replace(document.recipe.data, sources=(source, source))
    assert _fields(document, _changed(document, data=data)) == ["data.sources[1]"]


def test_what_trains_comes_before_what_is_told(document: Document) -> None:
    recipe = document.recipe
    other = _changed(
        document,
        logging=replace(recipe.logging, every=11),
        kernels=replace(recipe.kernels, compile=not recipe.kernels.compile),
        seed=11,
    )
    assert _fields(document, other) == ["seed", "kernels.compile", "logging.every"]


def _steps(document: Document, warmup: WarmupSteps | WarmupRatio) -> Document:
    schedule = replace(document.recipe.schedule, warmup=warmup)
    return _changed(document, duration=Steps(count=60), schedule=schedule)


def test_a_ratio_of_known_steps_is_a_number_of_steps(document: Document) -> None:
    left = _steps(document, WarmupRatio(ratio=0.03))
    assert _fields(left, _steps(document, WarmupSteps(steps=2))) == []
    assert _fields(left, _steps(document, WarmupSteps(steps=1))) == ["schedule.warmup"]
    down = _steps(document, WarmupRatio(ratio=0.03, rounding="down"))
    assert _fields(down, _steps(document, WarmupSteps(steps=2))) == []  # one becomes two
    assert _fields(down, _steps(document, WarmupSteps(steps=1))) == ["schedule.warmup"]


def test_no_warm_up_is_no_warm_up(document: Document) -> None:
    schedule = document.recipe.schedule
    left = _changed(document, schedule=replace(schedule, warmup=WarmupRatio(ratio=0.0)))
    right = _changed(document, schedule=replace(schedule, warmup=WarmupSteps(steps=0)))
    assert _fields(left, right) == []


def test_a_rank_stabilized_scale_is_a_larger_alpha(document: Document) -> None:
    adapter = document.recipe.adapter
    assert adapter is not None
    left = _changed(document, adapter=replace(adapter, alpha=8.0, rank_stabilized=True))
    right = _changed(document, adapter=replace(adapter, alpha=32.0))
    assert _fields(left, right) == []


def test_all_linear_layers_of_a_known_model_are_its_seven(document: Document) -> None:
    adapter = document.recipe.adapter
    assert adapter is not None
    seven = ("v_proj", "q_proj", "k_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    left = _changed(document, adapter=replace(adapter, modules=("all-linear",)))
    right = _changed(document, adapter=replace(adapter, modules=seven))
    assert _fields(left, right) == []


def test_the_tokenizers_template_has_a_name(document: Document) -> None:
    source = document.recipe.data.sources[0]
    own = replace(source, format=replace(source.format, template="tokenizer"))  # type: ignore[arg-type]
    named = replace(source, format=replace(source.format, template="llama3"))  # type: ignore[arg-type]
    data = document.recipe.data
    left = _changed(document, data=replace(data, sources=(own,)))
    right = _changed(document, data=replace(data, sources=(named,)))
    shipped_as = canonical(left.recipe).data.sources[0].format
    assert (_fields(left, right) == []) == (shipped_as == named.format)
    assert shipped_as != own.format


def test_keeping_as_many_checkpoints_as_there_are_keeps_all(document: Document) -> None:
    def kept(keep: int | None, epochs: float) -> Document:
        saved = replace(document.recipe.checkpoints, interval=PerEpoch(times=1), keep=keep)
        return _changed(document, checkpoints=saved, duration=Epochs(count=epochs))

    assert _fields(kept(4, 3), kept(None, 3)) == []
    assert _fields(kept(4, 5), kept(None, 5)) == ["checkpoints.keep"]


def test_a_single_device_is_one(document: Document) -> None:
    def on(gpus: int | None, strategy: str) -> Document:
        split = replace(document.recipe.parallelism, gpus=gpus, strategy=strategy)  # type: ignore[arg-type]
        return _changed(document, parallelism=split)

    assert _fields(on(None, "single"), on(1, "single")) == []
    assert _fields(on(None, "ddp"), on(1, "ddp")) == ["parallelism.gpus"]


def test_a_download_is_the_model_itself(document: Document) -> None:
    model = replace(document.recipe.model, id="meta-llama/Llama-3.1-8B", directory=None)
    download = replace(model, directory="/tmp/Llama-3.1-8B/")
    other = replace(model, directory="/data/tuned")
    left = _changed(document, model=model)
    assert _fields(left, _changed(document, model=download)) == []
    assert _fields(left, _changed(document, model=other)) == ["model.directory"]


def test_the_means_of_micro_batches_differ_only_where_tokens_count(document: Document) -> None:
    def averaged(normalization: str, objective: Objective) -> Document:
        batching = replace(document.recipe.batching, accumulation=4, normalization=normalization)  # type: ignore[arg-type]
        return _changed(document, batching=batching, objective=objective)

    for objective, found in (
        (SupervisedObjective(), ["batching.normalization"]),
        (PreferenceObjective(method="dpo"), []),
    ):
        left, right = averaged("token", objective), averaged("micro_batch", objective)
        assert _fields(left, right) == found


def test_every_field_has_an_effect(document: Document) -> None:
    assert {effect_of(field) for field in flatten(document.recipe)} == {
        "training",
        "performance",
        "bookkeeping",
    }


def test_text_and_json_hold_both_sides(document: Document) -> None:
    import json

    other = loads(TEXT.replace("lora_r: 16", "lora_r: 32"), name="b.yaml")
    found = diff(document, other)
    text = differences_text(found, document, other, Excerpts({}))
    assert "    - 16  (" in text
    assert "    + 32  (line 3: lora_r)" in text
    assert text.endswith("1 difference in meaning\n")
    data = differences_data(found, document, other)
    jsonschema.Draft202012Validator(json.loads(shipped("diff"))).validate(data)
    assert data["differences"][0]["left"]["value"] == 16
    same = differences_text((), document, document, Excerpts({}))
    assert same == f"{AXOLOTL} and {AXOLOTL} mean the same\n"


def test_prompts_are_told_apart_by_their_columns_alone(document: Document) -> None:
    def instructions(text: str, **columns: str | None) -> Document:
        rows = InstructionRows(with_input=text, without_input=text, **columns)  # type: ignore[arg-type]
        (source,) = document.recipe.data.sources
        source = replace(source, rows=rows, format=PlainFormat())
        return _changed(document, data=replace(document.recipe.data, sources=(source,)))

    asked = instructions("Q: {instruction}", instruction="input", input=None)
    assert _fields(asked, instructions("Q: {input}", instruction=None, input="input")) == []
    topic = instructions("Q: {input}", instruction=None, input="topic")
    assert _fields(asked, topic) != []
    other = instructions("Q: {instruction}", instruction="topic", input=None)
    assert _fields(other, topic) == []
    assert _fields(asked, other) == ["data.sources[0].rows.instruction"]


def test_an_end_of_turn_that_ends_sequences_already(document: Document) -> None:
    def ends(template: str, end_is_eos: bool | None) -> Document:
        (source,) = document.recipe.data.sources
        form = ChatFormat(template=template, end_is_eos=end_is_eos)
        data = replace(document.recipe.data, sources=(replace(source, format=form),))
        model = replace(document.recipe.model, id="meta-llama/Llama-3.2-1B-Instruct")
        return _changed(document, data=data, model=model)

    assert _fields(ends("llama3", True), ends("llama3", None)) == []
    assert _fields(ends("chatml", True), ends("chatml", None)) != []
