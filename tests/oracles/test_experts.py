"""What a mixture's experts take is what PyTorch's allocator gives out on the CPU.

Runs in an environment with transformers: ``pytest tests/oracles/test_experts.py -m oracle``.
"""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from estimate.situations import full

from translator.estimate.configuration import shape_from_config
from translator.estimate.layer import LayerTape
from translator.estimate.workload import Lora

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers")

from oracles.allocator import passes  # noqa: E402

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

HIDDEN, INNER, LENGTH = 256, 160, 64
FIELDS = {"hidden_size": HIDDEN, "num_hidden_layers": 2, "vocab_size": 100, "num_attention_heads": 4,
          "num_key_value_heads": 4, "intermediate_size": INNER, "moe_intermediate_size": INNER,
          "num_experts": 8, "num_experts_per_tok": 4}  # fmt: skip
BLOCKS = {"olmoe": "OlmoeSparseMoeBlock", "qwen3_moe": "Qwen3MoeSparseMoeBlock"}


def block(family: str, trained: bool) -> Any:
    """One block of grouped experts with random weights."""
    code = importlib.import_module(f"transformers.models.{family}.modeling_{family}")
    config = transformers.AutoConfig.for_model(family, **FIELDS)
    config._experts_implementation = "grouped_mm"
    made = getattr(code, BLOCKS[family])(config)
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.02)
    return made.to(torch.bfloat16).train().requires_grad_(trained)


@pytest.mark.parametrize("family", BLOCKS)
@pytest.mark.parametrize("trained", [False, True])
def test_experts_take_what_was_counted(family: str, trained: bool) -> None:
    x = torch.randn(4, LENGTH, HIDDEN, dtype=torch.bfloat16, requires_grad=True)
    saved, forward, backward = passes(block(family, trained), x)
    shape = shape_from_config({**FIELDS, "model_type": family})
    work = full(
        rows=4, length=LENGTH, shape=shape, lora=None if trained else Lora(rank=8, targets=())
    )

    built = LayerTape(work, 0, work.tokens)
    given = built.tape.outside("normed input", HIDDEN * work.tokens * 2)
    moments = built.tape.play(built.mixture(given))

    # places of tokens, 64 bits each, are not counted
    assert moments.saved == pytest.approx(saved, rel=0.03)
    assert moments.forward == pytest.approx(forward, rel=0.03)
    assert moments.backward - moments.saved == pytest.approx(backward, rel=0.03)
