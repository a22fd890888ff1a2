"""What a ``deepspeed:`` key means: a file that is there, or one that is known by its name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from translator.api import load, loads
from translator.document import Document

CONFIG = """\
base_model: meta-llama/Llama-3.1-8B
datasets:
  - path: tatsu-lab/alpaca
    type: alpaca
micro_batch_size: 1
num_epochs: 1
sequence_len: 2048
output_dir: out
deepspeed: {name}
"""


def plan(document: Document) -> tuple[str, bool, bool]:
    parallel = document.recipe.parallelism
    return parallel.strategy, parallel.offload_parameters, parallel.offload_optimizer


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("deepspeed_configs/zero1.json", ("zero1", False, False)),
        # Axolotl's own file of this name has offload_optimizer
        ("deepspeed_configs/zero2.json", ("zero2", False, True)),
        ("/srv/axolotl/deepspeed_configs/zero2_torch_compile.json", ("zero2", False, True)),
        ("zero3_bf16.json", ("zero3", False, False)),
        ("zero3_bf16_cpuoffload_params.json", ("zero3", True, False)),
        ("zero3_bf16_cpuoffload_all.json", ("zero3", True, True)),
        ("ds_zero2_offload.json", ("zero2", False, True)),
        ("zero3_offload_optimizer.json", ("zero3", False, True)),
        ("zero3_offload.json", ("zero3", True, True)),
    ],
)
def test_a_file_that_is_not_there_is_read_by_its_name(
    name: str, wanted: tuple[str, bool, bool]
) -> None:
    document = loads(CONFIG.format(name=name), name="run.yaml")
    assert plan(document) == wanted
    assert any("read by its name" in d.message for d in document.diagnostics)


def test_a_file_above_the_configuration_goes_before_its_name(tmp_path: Path) -> None:
    (tmp_path / "deepspeed_configs").mkdir()
    own = {"zero_optimization": {"stage": 2, "reduce_bucket_size": 1000, "overlap_comm": True}}
    (tmp_path / "deepspeed_configs" / "zero2.json").write_text(json.dumps(own))
    folder = tmp_path / "runs" / "first"
    folder.mkdir(parents=True)
    (folder / "run.yaml").write_text(CONFIG.format(name="deepspeed_configs/zero2.json"))
    document = load(folder / "run.yaml")
    assert plan(document) == ("zero2", False, False)
    assert json.loads(document.facts["deepspeed"]) == {
        "overlap_comm": True,
        "reduce_bucket_size": 1000,
    }
