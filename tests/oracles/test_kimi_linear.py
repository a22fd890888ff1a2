"""Kimi Linear's parameters are counted as the code has them that Axolotl carries for training.

That code imports flash-linear-attention, whose kernels need a GPU to be imported with some versions
of Triton, and a name that transformers has moved: both are stood in for, with the same parameters.
Runs in an environment with Axolotl: ``pytest tests/oracles/test_kimi_linear.py -m oracle``.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from translator.estimate.configuration import shape_from_config

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("axolotl")

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

SMALL: dict[str, Any] = {
    "vocab_size": 100, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 4,
    "num_attention_heads": 4, "head_dim": 16, "num_experts": 8, "num_experts_per_token": 2,
    "num_shared_experts": 1, "moe_intermediate_size": 32, "first_k_dense_replace": 1,
    "kv_lora_rank": 16, "q_lora_rank": None, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8,
    "v_head_dim": 16, "mla_use_nope": True,
    "linear_attn_config": {"kda_layers": [1, 2, 3], "full_attn_layers": [4], "num_heads": 4,
                           "head_dim": 24, "short_conv_kernel_size": 4},
}  # fmt: skip


class Convolution(torch.nn.Conv1d):  # type: ignore[misc,name-defined]
    """flash-linear-attention's short convolution as far as its parameters go."""

    def __init__(self, hidden_size: int, kernel_size: int, activation: str) -> None:
        super().__init__(hidden_size, hidden_size, kernel_size, groups=hidden_size, bias=False)


class Norm(torch.nn.Module):  # type: ignore[misc,name-defined]
    """Its gated norm likewise."""

    def __init__(self, width: int, eps: float, activation: str) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(width))


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Axolotl's modules of the model."""
    has: dict[str, dict[str, Any]] = {
        "fla": {}, "fla.layers": {}, "fla.ops": {},
        "fla.layers.utils": dict.fromkeys(("get_unpad_data", "index_first_axis", "pad_input")),
        "fla.modules": {"FusedRMSNormGated": Norm, "ShortConvolution": Convolution},
        "fla.ops.kda": dict.fromkeys(("chunk_kda", "fused_recurrent_kda")),
        "fla.ops.kda.gate": {"fused_kda_gate": None},
    }  # fmt: skip
    for name, values in has.items():
        module = types.ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
    generic = importlib.import_module("transformers.utils.generic")
    recorder = lambda *_, **__: None  # noqa: E731
    monkeypatch.setattr(generic, "OutputRecorder", recorder, raising=False)
    name = "axolotl.model_support.kimi_linear.modeling_kimi"
    monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module(name)
    sys.modules.pop(name, None)


def test_every_parameter_is_counted(code: Any) -> None:
    with torch.device("meta"):
        config = code.KimiLinearConfig(**SMALL)
        config._attn_implementation = "flash_attention_2"
        layers = [code.KimiDecoderLayer(config, n) for n in range(4)]
    counted = sum(p.numel() for layer in layers for p in layer.parameters())
    shape = shape_from_config(SMALL | {"model_type": "kimi_linear"})
    assert sum(shape.layer_parameters(n) for n in range(4)) == counted
    named = {name.split(".")[-2] for layer in layers[:3] for name, p in layer.named_parameters()
             if p.ndim == 2 and ".self_attn." in f".{name}"}  # fmt: skip
    assert named == {matrix.name for matrix in shape.mixing(0)}


def test_the_code_does_not_load_beside_the_transformers_that_axolotl_asks_for() -> None:
    """What ``CFG010`` says of the model; the other test stands in for the name that is missing."""
    name = "axolotl.model_support.kimi_linear.modeling_kimi"
    sys.modules.pop(name, None)
    with pytest.raises(ImportError, match="OutputRecorder"):
        importlib.import_module(name)
