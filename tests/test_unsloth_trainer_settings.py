"""Statements after a trainer's construction: written, and read back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_unsloth_write import recipe, written

from translator import ir
from translator.api import loads


def again(text: str) -> ir.Recipe:
    return loads(text, name="run.py", format="unsloth").recipe


def test_the_mean_over_micro_batches_is_told_and_read() -> None:
    batching = replace(recipe().batching, normalization="micro_batch")
    result = written(recipe(batching=batching))
    assert "trainer.model_accepts_loss_kwargs = False" in result.text
    assert not [loss for loss in result.losses if loss.field == "batching.normalization"]
    assert again(result.text).batching.normalization == "micro_batch"
    assert again(written(recipe()).text).batching.normalization == "token"


def test_pairs_and_single_micro_batches_need_no_statement() -> None:
    single = ir.Batching(micro_batch=2, accumulation=1, normalization="micro_batch")
    assert "model_accepts_loss_kwargs" not in written(recipe(batching=single)).text


def test_norms_that_decay_are_told_and_read() -> None:
    optimizer = replace(recipe().optimizer, decays_norms=True, weight_decay=0.1)
    text = written(recipe(optimizer=optimizer, adapter=None)).text
    assert again(text).optimizer.decays_norms
    assert not again(written(recipe(adapter=None)).text).optimizer.decays_norms


@pytest.mark.parametrize("epochs", [1.0, 3.0, 1.5])
@pytest.mark.parametrize("accumulation", [1, 4])
@pytest.mark.parametrize("rounding", ["up", "down"])
def test_bounded_warm_up_is_counted_in_the_script(
    epochs: float, accumulation: int, rounding: str
) -> None:
    warmup = ir.WarmupRatio(ratio=0.03, rounding=rounding, at_most=100)  # type: ignore[arg-type]
    parts = {
        "schedule": ir.Schedule(shape="cosine", warmup=warmup),
        "duration": ir.Epochs(count=epochs),
        "batching": ir.Batching(micro_batch=2, accumulation=accumulation),
    }
    result = written(recipe(**parts))  # type: ignore[arg-type]
    assert again(result.text).schedule.warmup == warmup
    assert not [loss for loss in result.losses if loss.field == "schedule.warmup"]
    lines = result.text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("steps = "))
    for rows in (10, 5000):
        assert _counted(lines[start : start + 2], rows) == _expected(
            warmup, epochs, accumulation, rows
        )


def _expected(warmup: ir.WarmupRatio, epochs: float, accumulation: int, rows: int) -> int:
    import math

    steps = math.ceil(math.ceil(rows / accumulation) * epochs)
    share = warmup.ratio * steps
    return min(100, int(share) if warmup.rounding == "down" else math.ceil(share))


def _counted(lines: list[str], rows: int) -> int:
    import math
    from types import SimpleNamespace

    trainer = SimpleNamespace(args=SimpleNamespace(), get_train_dataloader=lambda: range(rows))
    exec("\n".join(lines), {"trainer": trainer, "math": math})
    count: int = trainer.args.warmup_steps
    return count


def test_a_stream_has_no_number_of_steps() -> None:
    warmup = ir.WarmupRatio(ratio=0.03, rounding="down", at_most=100)
    data = replace(recipe().data, streaming=True)
    result = written(recipe(schedule=ir.Schedule(shape="cosine", warmup=warmup), data=data))
    assert "warmup_steps=0.03" in result.text
    assert [loss.code for loss in result.losses if loss.field == "schedule.warmup"] == ["XLT602"]


@pytest.mark.parametrize("kind", ["eval", "save"])
def test_steps_beside_another_strategy_are_told_of(kind: str) -> None:
    text = written(recipe()).text
    field = next(line for line in text.splitlines() if "output_dir=" in line)
    lines = [line for line in text.splitlines() if f"{kind}_st" not in line]
    place = lines.index(field)
    lines[place:place] = [f'        {kind}_strategy="epoch",', f"        {kind}_steps=50,"]
    found = loads("\n".join(lines), name="run.py", format="unsloth").diagnostics
    told = [d for d in found if f"{kind}_steps (50)" in d.message]
    assert [d.span.line for d in told if d.span is not None] == [place + 2]
