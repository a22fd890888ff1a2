"""Every key of Axolotl's schema has a row, and every row is about a key there is or was."""

from __future__ import annotations

from translator.frameworks.axolotl.schema import all_keys, plugin_keys, recorded_keys
from translator.frameworks.axolotl.table import table

FORMER = {
    "model_config", "model_revision", "model_type", "wandb_run_name", "fsdp_config.version",
    "special_tokens.*", "unsloth_cross_entropy_loss", "unsloth_lora_mlp", "unsloth_lora_qkv",
    "unsloth_lora_o", "unsloth_rms_norm", "unsloth_rope",
}  # fmt: skip


def test_the_recorded_list_is_that_of_version_0_19() -> None:
    top = [key for key in recorded_keys() if "." not in key]
    assert len(top) == 390
    assert {"datasets[].type.format", "fsdp_config.offload_params", "trl.beta"} <= {
        *recorded_keys()
    }
    assert any("liger_rope" in keys for keys in plugin_keys().values())


def test_each_key_has_a_row() -> None:
    spelled = set(table().known_keys)
    assert [key for key in all_keys() if key not in spelled] == []


def test_each_row_is_about_a_key() -> None:
    assert set(table().known_keys) - set(all_keys()) == FORMER


def test_no_key_has_two_rows() -> None:
    spelled = table().known_keys
    assert sorted({key for key in spelled if spelled.count(key) > 1}) == []
