"""What Mamba's layers keep without kernels is what PyTorch's allocator gives out on the CPU.

Runs in an environment with transformers: ``pytest tests/oracles/test_selective_scan.py -m oracle``.
"""

from __future__ import annotations

import importlib

import pytest
from estimate.situations import full

from translator.estimate.configuration import shape_from_config
from translator.estimate.layer import layer_moments
from translator.estimate.recurrence import MixerTape
from translator.estimate.workload import Kernels, Lora

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers")

from oracles.allocator import passes  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

HIDDEN, LENGTH = 64, 64
PLAIN = {"hidden_size": HIDDEN, "num_hidden_layers": 2, "vocab_size": 100, "num_attention_heads": 4,
         "num_key_value_heads": 2}  # fmt: skip
MIXERS = {
    "mamba": ("MambaMixer", {"state_size": 16, "time_step_rank": 8}),
    "jamba": ("JambaMambaMixer", {"mamba_d_state": 16, "mamba_dt_rank": 8}),
}


def measured(family: str, rows: int, width: int, trained: bool) -> tuple[int, int, int]:
    """Those of one mixer with random weights."""
    name, fields = MIXERS[family]
    code = importlib.import_module(f"transformers.models.{family}.modeling_{family}")
    config = transformers.AutoConfig.for_model(family, **PLAIN | fields)
    kind = torch.bfloat16 if width == 2 else torch.float32
    module = getattr(code, name)(config, 0).to(kind).train().requires_grad_(trained)
    x = torch.randn(rows, LENGTH, HIDDEN, dtype=kind, requires_grad=True)
    return passes(module, x)


@pytest.mark.parametrize("family", MIXERS)
@pytest.mark.parametrize("width", [2, 4])
@pytest.mark.parametrize("trained", [False, True])
def test_a_scan_in_pytorch_takes_what_was_counted(family: str, width: int, trained: bool) -> None:
    saved, forward, backward = measured(family, 2, width, trained)
    shape = shape_from_config({**PLAIN, **MIXERS[family][1], "model_type": family})
    work = full(rows=2, length=LENGTH, shape=shape, weight_bytes=width,
                lora=None if trained else Lora(rank=8, targets=()),
                kernels=Kernels(recurrence="torch", compute=width, stream=width))  # type: ignore[arg-type]  # fmt: skip
    built = MixerTape(work, 0, work.tokens)
    given = built.tape.outside("normed input", HIDDEN * work.tokens * width)
    moments = built.tape.play(built.mixed(given))
    assert moments.saved == pytest.approx(saved, rel=0.025)
    assert moments.forward == pytest.approx(forward, rel=0.025)
    assert moments.backward - moments.saved == pytest.approx(backward, rel=0.03)


@pytest.mark.parametrize("trained", [False, True])
def test_a_whole_layer_of_mamba_takes_what_was_counted(trained: bool) -> None:
    """With its norm, and the hidden state that it keeps in float32."""
    code = importlib.import_module("transformers.models.mamba.modeling_mamba")
    fields = MIXERS["mamba"][1]
    config = transformers.AutoConfig.for_model("mamba", **PLAIN | fields)
    block = code.MambaBlock(config, 1).to(torch.bfloat16).train().requires_grad_(trained)
    x = torch.randn(2, LENGTH, HIDDEN, requires_grad=True)
    saved, forward, backward = passes(block, x)
    shape = shape_from_config({**PLAIN, **fields, "model_type": "mamba"})
    work = full(rows=2, length=LENGTH, shape=shape, lora=None if trained else Lora(rank=8, targets=()),
                kernels=Kernels(recurrence="torch", compute=2, stream=4))  # fmt: skip
    moments = layer_moments(work, 1, work.tokens)
    assert moments.saved == pytest.approx(saved, rel=0.025)
    assert moments.forward == pytest.approx(forward, rel=0.025)
    assert moments.backward - moments.saved == pytest.approx(backward, rel=0.03)
