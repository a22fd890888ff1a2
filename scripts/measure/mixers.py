"""On the GPU machine: what one mixer of a hybrid model saves and needs, without a trainer around it.

    python scripts/measure/mixers.py OUT.json [--kernels]

Makes a layer with random weights, runs it forward and backward twice and writes down the bytes that
wait in between and the highest moments of both passes, above the layer and its input. With
``--kernels`` Mamba layers run mamba-ssm's Triton kernels (to be on the path); its two compiled
functions of causal-conv1d are stood in for by some that allocate the same and compute nothing of
use. Without it they run transformers' PyTorch code. flash-linear-attention has to be on the path; on
Hopper with Triton before 3.7.1 it refuses to run, for its results and not for its memory.
"""

from __future__ import annotations

import importlib
import json
import sys
import types
from collections.abc import Callable
from typing import Any

import torch

LENGTHS = {"kernel": ((1, 4096), (2, 2048)), "torch": ((1, 1024), (2, 1024))}
QWEN = {"hidden_size": 4096, "num_hidden_layers": 4, "linear_num_key_heads": 16,
        "linear_num_value_heads": 32}  # fmt: skip
SMALL = {"hidden_size": 1024, "num_hidden_layers": 4, "linear_num_key_heads": 16,
         "linear_num_value_heads": 16, "num_attention_heads": 8, "num_key_value_heads": 2,
         "head_dim": 256}  # fmt: skip
LFM2 = {"hidden_size": 2048, "num_hidden_layers": 4, "conv_L_cache": 3,
        "layer_types": ["conv", "conv", "conv", "full_attention"]}  # fmt: skip
GRANITE = {"hidden_size": 1536, "num_hidden_layers": 2, "mamba_n_heads": 48, "mamba_d_head": 64,
           "mamba_d_state": 128, "mamba_n_groups": 1, "mamba_chunk_size": 256,
           "layer_types": ["mamba", "attention"]}  # fmt: skip
FALCON = {"hidden_size": 1024, "num_hidden_layers": 2, "mamba_n_heads": 24, "mamba_d_head": 64,
          "mamba_d_state": 128, "mamba_n_groups": 1, "mamba_d_ssm": 1536,
          "mamba_chunk_size": 128}  # fmt: skip
DELTA = [("qwen3_5", "Qwen3_5GatedDeltaNet", "qwen3_5_text", QWEN),
         ("qwen3_5", "Qwen3_5GatedDeltaNet", "qwen3_5_text", SMALL),
         ("qwen3_next", "Qwen3NextGatedDeltaNet", "qwen3_next", {"hidden_size": 2048}),
         ("lfm2", "Lfm2ShortConv", "lfm2", LFM2)]  # fmt: skip
MAMBA = [("granitemoehybrid", "GraniteMoeHybridMambaLayer", "granitemoehybrid", GRANITE),
         ("falcon_h1", "FalconH1Mixer", "falcon_h1", FALCON)]  # fmt: skip


def stand_in() -> None:
    """causal-conv1d as far as mamba-ssm asks for it: the tensors it makes, without their values."""

    def forward(x: torch.Tensor, *_: Any) -> torch.Tensor:
        return torch.empty_like(x).copy_(x)

    def backward(
        x: torch.Tensor, weight: torch.Tensor, bias: Any, dout: torch.Tensor, *rest: Any
    ) -> Any:
        dx = torch.empty_like(x) if rest[3] is None else rest[3]
        return dx.copy_(dout), torch.zeros_like(weight), torch.zeros_like(bias), None

    package = types.ModuleType("causal_conv1d")
    inner = types.ModuleType("causal_conv1d.cpp_functions")
    vars(package).update(causal_conv1d_fn=forward, causal_conv1d_update=forward)
    vars(inner).update(causal_conv1d_fwd_function=forward, causal_conv1d_bwd_function=backward,
                       causal_conv1d_update_function=forward)  # fmt: skip
    sys.modules |= {"causal_conv1d": package, "causal_conv1d.cpp_functions": inner}


def once(module: torch.nn.Module, x: torch.Tensor) -> tuple[int, int, int]:
    """Bytes saved, highest forward, highest backward."""
    for parameter in module.parameters():
        parameter.grad = None
    x.grad = None
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    y = module(x)
    saved = torch.cuda.memory_allocated() - before
    forward = torch.cuda.max_memory_allocated() - before
    gradient = torch.ones_like(y)
    torch.cuda.reset_peak_memory_stats()
    y.backward(gradient)
    return saved, forward, torch.cuda.max_memory_allocated() - before


def measured(
    make: Callable[[], torch.nn.Module], rows: int, length: int, hidden: int, trained: bool
) -> dict[str, Any]:
    """One layer; the first of two passes compiles kernels."""
    module = make()
    if hasattr(module, "ssm_in_multiplier"):  # the model around it would set this
        module.register_buffer("mup_vector", torch.ones(1, 1, module.in_proj.out_features))
    module = module.to("cuda", torch.bfloat16).train().requires_grad_(trained)
    x = torch.randn(rows, length, hidden, device="cuda", dtype=torch.bfloat16, requires_grad=True)
    once(module, x)
    saved, forward, backward = once(module, x)
    return {"rows": rows, "length": length, "trained": trained, "saved": saved, "forward": forward,
            "backward": backward}  # fmt: skip


def main() -> None:
    """Measures all layers of one way."""
    kernels = "--kernels" in sys.argv
    if kernels:
        stand_in()
    import transformers

    way = "kernel" if kernels else "torch"
    found = []
    layers = [*((layer, "kernel") for layer in DELTA if not kernels), *((m, way) for m in MAMBA)]
    for (family, name, kind, fields), ran in layers:
        code = importlib.import_module(f"transformers.models.{family}.modeling_{family}")
        config = transformers.AutoConfig.for_model(kind, **fields)
        for rows, length in LENGTHS[ran]:
            for trained in (False, True):
                one = measured(lambda: getattr(code, name)(config, 0), rows, length,  # noqa: B023
                               config.hidden_size, trained)  # fmt: skip
                found.append({"config": {"model_type": kind, **fields}, "ran": ran} | one)
                print(name, one, flush=True)
    report = {"device": torch.cuda.get_device_name(), "torch": torch.__version__,
              "transformers": transformers.__version__, "layers": found}  # fmt: skip
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)


if __name__ == "__main__":
    main()
