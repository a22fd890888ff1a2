"""The schemas for editors: valid themselves, and content with files that the frameworks take."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ftx_process import ROOT, ftx

from lint.examples import whole

RECIPES = ROOT / "fixtures" / "recipes"


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        (ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8")
    )
    return loaded


@pytest.mark.parametrize("name", ["axolotl", "torchtune", "settings"])
def test_is_a_draft_7_schema_and_can_be_printed(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(schema(name))
    assert json.loads(ftx("schema", name).out) == schema(name)


@pytest.mark.parametrize("name", ["axolotl", "torchtune"])
def test_good_files_pass(name: str) -> None:
    validator = jsonschema.Draft7Validator(schema(name))
    files = sorted(RECIPES.glob(f"*/{name}.yaml"))
    assert files
    for path in files:
        errors = list(validator.iter_errors(yaml.safe_load(path.read_text("utf-8"))))
        assert errors == [], path


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("micro_batch_size: many\n", "micro_batch_size"),
        ("excess_length_strategy: cut\n", "excess_length_strategy"),
        ("datasets:\n  - path: [1]\n    type: alpaca\n", "datasets"),
        ("fsdp_config:\n  offload_params: {a: 1}\n", "fsdp_config"),
    ],
)
def test_wrong_values_of_axolotl_are_seen(line: str, where: str) -> None:
    text, _ = whole("axolotl", line)
    validator = jsonschema.Draft7Validator(schema("axolotl"))
    errors = list(validator.iter_errors(yaml.safe_load(text)))
    assert [str(error.absolute_path[0]) for error in errors] == [where]


def test_settings() -> None:
    validator = jsonschema.Draft7Validator(schema("settings"))
    good = tomllib.loads('select = ["CFG"]\ngpus = 2\n[severity]\nCFG = "note"\n')
    assert list(validator.iter_errors(good)) == []
    assert list(validator.iter_errors({"selct": []}))
    assert Path(ROOT / "schemas" / "settings.schema.json").is_file()
