"""The IR as flat and as JSON-ready data: both are faithful."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from strategies import recipes

from translator import ir
from translator.fields import all_fields, case_names, flatten, from_json, to_json
from translator.ir import Recipe

MINIMAL = Recipe(
    model=ir.Model(id="org/model"),
    adapter=ir.Adapter(rank=8, alpha=16.0),
    quantization=None,
    data=ir.Data(
        sources=(
            ir.Source(
                path="org/rows",
                rows=ir.TextRows(),
                format=ir.PlainFormat(),
                supervision=ir.Supervision(prompt=True),
            ),
        ),
        max_length=512,
    ),
    objective=ir.SupervisedObjective(),
    optimizer=ir.Optimizer(name="adamw_torch", learning_rate=1e-4, weight_decay=0.0),
    schedule=ir.Schedule(shape="cosine", warmup=ir.WarmupSteps(steps=10)),
    duration=ir.Epochs(count=1.0),
    batching=ir.Batching(micro_batch=1, accumulation=4),
    precision=ir.Precision(compute="bfloat16"),
    kernels=ir.Kernels(),
    parallelism=ir.Parallelism(strategy="single"),
    evaluation=ir.Evaluation(),
    checkpoints=ir.Checkpoints(directory="out", interval=None),
    logging=ir.Logging(every=1),
    seed=42,
)


@settings(max_examples=40, deadline=None)
@given(recipes())
def test_json_round_trip(recipe: Recipe) -> None:
    text = json.dumps(to_json(recipe))
    assert from_json(json.loads(text)) == recipe


@settings(max_examples=40, deadline=None)
@given(recipes())
def test_every_flat_path_belongs_to_a_field(recipe: Recipe) -> None:
    known = {re.sub(r"=\w+", "", field) for field in all_fields()}
    for path in flatten(recipe):
        bare = re.sub(r"\[\d+\]", "", path)
        bare = bare.replace("data.validation.sources.", "data.sources.")
        assert bare in known, path


def test_equal_flat_forms_mean_equal_recipes() -> None:
    one = ir.WarmupSteps(steps=5)
    other = ir.WarmupRatio(ratio=0.1)
    names = case_names((ir.WarmupSteps, ir.WarmupRatio))
    assert (names[type(one)], names[type(other)]) == ("steps", "ratio")


def test_field_names_are_unique_and_in_order() -> None:
    names = all_fields()
    assert len(names) == len(set(names))
    assert names[0] == "model.id"
    assert "schedule.warmup=ratio.at_most" in names
    assert "data.sources.rows=instruction.with_input" in names


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": "soon"}, "seed must be a whole number"),
        ({"model": 3}, "model must be an object"),
        ({"schedule": {"shape": "linear"}}, "schedule.warmup is missing"),
        ({"modle": {}}, "no field 'modle'"),
        ({"duration": {"kind": "days", "count": 3}}, "duration.kind must be one of epochs, steps"),
    ],
)
def test_bad_json_is_refused_with_its_path(change: dict[str, object], message: str) -> None:
    recipe = to_json(MINIMAL)
    with pytest.raises(ValueError, match=message):
        from_json({**recipe, **change})
