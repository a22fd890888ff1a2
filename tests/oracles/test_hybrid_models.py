"""What is said of hybrid models holds for the installed PEFT, Liger, Axolotl and transformers.

Runs in an environment with Axolotl: ``pytest tests/oracles/test_hybrid_models.py -m oracle``.
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from translator.catalog.liger import LIGER
from translator.catalog.mamba import GUARDED
from translator.estimate.configuration import shape_from_config

torch = pytest.importorskip("torch", reason="needs torch")
peft = pytest.importorskip("peft", reason="needs PEFT")
transformers = pytest.importorskip("transformers")

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

SMALL = {"hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "head_dim": 16,
         "num_key_value_heads": 2, "intermediate_size": 96, "vocab_size": 100,
         "tie_word_embeddings": False}  # fmt: skip
MAMBA = {"mamba_n_heads": 4, "mamba_d_head": 32, "mamba_d_state": 16, "mamba_n_groups": 1,
         "mamba_expand": 2}  # fmt: skip
MODELS: dict[str, dict[str, Any]] = {
    "qwen3_5_text": {"linear_num_key_heads": 2, "linear_num_value_heads": 4,
                     "linear_key_head_dim": 8, "linear_value_head_dim": 16,
                     "layer_types": ["linear_attention", "full_attention"] * 2},
    "lfm2": {"layer_types": ["conv", "full_attention"] * 2, "block_auto_adjust_ff_dim": False},
    "falcon_h1": {**MAMBA, "mamba_d_ssm": 128, "mamba_rms_norm": True},
    "granitemoehybrid": {**MAMBA, "num_local_experts": 0, "shared_intermediate_size": 96,
                         "num_experts_per_tok": 0, "layer_types": ["mamba", "attention"] * 2},
    "bamba": {**MAMBA, "attn_layer_indices": [1, 3]},
    "nemotron_h": {"hybrid_override_pattern": "ME*-", "mamba_num_heads": 4, "mamba_head_dim": 16,
                   "n_groups": 2, "ssm_state_size": 16, "n_routed_experts": 4,
                   "num_experts_per_tok": 2, "moe_intermediate_size": 32,
                   "moe_shared_expert_intermediate_size": 48},
}  # fmt: skip


def built(model_type: str, device: str = "cpu") -> Any:
    """A tiny model of a family."""
    config = transformers.AutoConfig.for_model(model_type, **SMALL | MODELS.get(model_type, {}))
    with torch.device(device):
        return transformers.AutoModelForCausalLM.from_config(config)


@pytest.mark.parametrize("model_type", MODELS)
def test_every_parameter_of_a_hybrid_is_counted(model_type: str) -> None:
    shape = shape_from_config(SMALL | MODELS[model_type] | {"model_type": model_type})
    assert shape.parameters == sum(p.numel() for p in built(model_type, "meta").parameters())


@pytest.mark.parametrize("model_type", ["falcon_h1", "nemotron_h", "granitemoehybrid", "bamba"])
def test_peft_guards_the_families_that_are_said_to_be_guarded(model_type: str) -> None:
    settings = peft.LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    if model_type in GUARDED:
        with pytest.raises(ValueError, match="incompatible with Mamba"):
            peft.get_peft_model(built(model_type), settings)
        settings = peft.LoraConfig(r=4, target_modules=["q_proj", "in_proj"])
    peft.get_peft_model(built(model_type), settings)


def test_liger_fuses_the_families_that_are_listed() -> None:
    patches = pytest.importorskip("liger_kernel.transformers.monkey_patch")
    assert set(patches.MODEL_TYPE_TO_APPLY_LIGER_FN) == LIGER


def test_axolotls_generic_loss_names_no_inputs() -> None:
    pytest.importorskip("liger_kernel")
    import trl.trainer
    from trl.experimental.orpo import ORPOTrainer

    # as Axolotl's plugin does before it imports Liger's trainers
    trl.trainer.ORPOTrainer = ORPOTrainer
    base = pytest.importorskip("axolotl.integrations.liger.models.base")
    assert "input_ids" not in inspect.signature(base.lce_forward).parameters
    forward = transformers.Lfm2ForCausalLM.forward
    assert "input_ids" in inspect.signature(forward).parameters
