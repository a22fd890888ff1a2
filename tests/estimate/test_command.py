"""``ftx estimate`` as a user sees it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from ftx_process import ROOT, ftx

from translator import load
from translator.estimate.catalog import gpu, gpus, shape_of
from translator.estimate.report import estimate, judge
from translator.estimate.suggest import suggest

RECIPES = ROOT / "fixtures" / "recipes"
FILES = sorted(p for p in RECIPES.glob("*/*.*") if p.suffix in (".py", ".yaml"))
SCHEMA = json.loads((ROOT / "schemas" / "estimate.schema.json").read_text("utf-8"))


@pytest.mark.parametrize("file", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")  # fmt: skip
def test_json_fits_the_schema_and_adds_up(file: Path) -> None:
    ended = ftx("estimate", file, "--gpu", "rtx4090", "--format", "json", "--suggest")
    assert ended.code in (0, 1), ended.err
    data = json.loads(ended.out)
    jsonschema.validate(data, SCHEMA)
    assert sum(t["bytes"] for t in data["terms"]) / 2**30 == pytest.approx(
        data["peak"]["allocated_gib"], abs=1e-3
    )
    assert max(i["gib"] for i in data["instants"]) == data["peak"]["allocated_gib"]
    assert (ended.code == 1) == (data["verdict"] == "does not fit")


@pytest.mark.parametrize("style", ["text", "markdown", "svg"])
def test_every_style_names_the_model_and_the_device(style: str) -> None:
    ended = ftx(
        "estimate", RECIPES / "chat_lora" / "axolotl.yaml", "--gpu", "l4", "--format", style
    )
    assert ended.err == ""
    assert "L4" in ended.out
    model = load(RECIPES / "chat_lora" / "axolotl.yaml").recipe.model.id
    assert shape_of(model).shape.id.split("/")[1] in ended.out


def test_without_a_device_it_tells_about_the_common_ones() -> None:
    ended = ftx("estimate", RECIPES / "chat_lora" / "unsloth.py", "--format", "json")
    data = json.loads(ended.out)
    assert ended.code == 0
    assert data["gpu"] is None
    assert len(data["gpus"]) > 5


def test_an_unknown_device_is_answered_with_the_nearest() -> None:
    ended = ftx("estimate", RECIPES / "chat_lora" / "axolotl.yaml", "--gpu", "rtx4091")
    assert ended.code == 2
    assert "rtx4090" in ended.err


def test_an_unknown_model_is_told_how_to_be_given(tmp_path: Path) -> None:
    text = (RECIPES / "chat_lora" / "axolotl.yaml").read_text("utf-8")
    model = load(RECIPES / "chat_lora" / "axolotl.yaml").recipe.model.id
    file = tmp_path / "run.yaml"
    file.write_text(text.replace(model, "somebody/unheard-of"), "utf-8")
    ended = ftx("estimate", file)
    assert ended.code == 2
    assert "--shape" in ended.err
    config = tmp_path / "config.json"
    config.write_text(json.dumps({
        "model_type": "llama", "hidden_size": 512, "num_hidden_layers": 2,
        "num_attention_heads": 8, "intermediate_size": 1024, "vocab_size": 1000,
    }), "utf-8")  # fmt: skip
    ended = ftx("estimate", file, "--shape", config, "--format", "json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["model"]["parameters"] == (
        2 * 1000 * 512 + 2 * (4 * 512 * 512 + 3 * 512 * 1024 + 2 * 512) + 512
    )


def test_what_the_file_leaves_open_is_said(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(
        "base_model: Qwen/Qwen2.5-0.5B\ndatasets:\n  - {path: a/b, type: alpaca}\n"
        "micro_batch_size: ${ROWS}\nsequence_len: ${LENGTH}\nlearning_rate: ${RATE}\n"
    )
    told = ftx("estimate", str(file), "--gpu", "t4").out
    assert "--set ROWS=VALUE" in told
    assert "--set LENGTH=VALUE" in told
    assert "RATE" not in told
    given = ftx("estimate", str(file), "--gpu", "t4", "--set", "ROWS=2", "--length", "512").out
    assert "--set" not in given
    wrong = ftx("estimate", str(file), "--gpu", "t4", "--set", "ROWS=two").out
    assert "micro_batch_size: 'two' is not a" in wrong


def test_there_are_the_devices_and_models_that_were_promised() -> None:
    assert len(gpus()) >= 40
    catalogue = json.loads((ROOT / "translator" / "estimate" / "shapes.json").read_text("utf-8"))
    assert len(catalogue["models"]) >= 150
    assert all(entry["source"] and entry["counted"] for entry in catalogue["models"])
    assert all(g.source for g in gpus())


@pytest.mark.parametrize(
    ("said", "meant"),
    [("RTX 4090", "rtx4090"), ("a100", "a100-80gb"), ("NVIDIA H200", "h200"), ("tesla t4", "t4")],
)
def test_devices_are_found_however_they_are_spelt(said: str, meant: str) -> None:
    assert gpu(said).name == meant


def test_verdicts() -> None:
    device = gpu("24gb")
    gib = 1 << 30
    assert judge(10 * gib, 20 * gib, device).verdict == "fits"
    assert judge(20 * gib, 30 * gib, device).verdict == "tight"
    assert judge(24 * gib, 30 * gib, device).verdict == "does not fit"


@pytest.mark.parametrize("file", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")  # fmt: skip
@pytest.mark.parametrize("device", ["t4", "rtx3060", "8gb"])
def test_what_is_suggested_fits(file: Path, device: str) -> None:
    found = estimate(load(file), gpu=device)
    for suggestion in suggest(found.work, gpu(device), found.framework):
        assert suggestion.verdict == "fits"
        assert judge(suggestion.allocated, suggestion.reserved, gpu(device)).verdict == "fits"
        assert suggestion.allocated <= found.allocated
        assert suggestion.keys


def test_more_devices_under_sharding_take_less_each() -> None:
    file = ROOT / "fixtures" / "recipes" / "completion_full" / "axolotl.yaml"
    document = load(file, set={"fsdp_version": "2", "fsdp_config.reshard_after_forward": "true"})
    two, eight = (estimate(document, gpu="h100", gpus=n) for n in (2, 8))
    assert eight.allocated < two.allocated
