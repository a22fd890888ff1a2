"""What an optimizer keeps for each trained parameter, by its name in the IR.

Sources: ``torch/optim`` (states in the parameter's number format; ``foreach`` is the default on
CUDA, ``fused`` makes no lists), ``bitsandbytes/optim`` (8-bit states with one float32 scale per 256
elements, ``paged`` states in managed memory), ``torchao/optim`` (8 and 4 bit),
``transformers/optimization.py`` (Adafactor), and the papers of the others.
"""

from __future__ import annotations

import re

from translator.estimate.workload import OptimizerCost

EIGHT = 1 + 4 / 256
"""Bytes of an 8-bit state with a float32 scale per block of 256."""
FOUR = 0.5 + 4 / 128
"""Bytes of a 4-bit state with a float32 scale per block of 128."""

_ONE_STATE = ("lion", "muon", "sgd_momentum", "adagrad", "signsgd")
_THREE_STATES = ("ademamix", "adan")


def optimizer_cost(
    name: str, *, fused: bool | None = None, momentum: bool = False
) -> OptimizerCost:
    """The cost of an optimizer; one that is not known is taken for an Adam."""
    plain = name.lower()
    paged = plain.startswith("paged")
    states = 2
    if any(word in plain for word in _THREE_STATES):
        states = 3
    elif any(word in plain for word in _ONE_STATE) or (plain.startswith("sgd") and momentum):
        states = 1
    if plain in ("sgd", "adalomo", "lomo") and not momentum:
        return OptimizerCost(name=name, states=(), foreach=fused is not True)
    if "adafactor" in plain or plain in ("came", "came_pytorch"):
        return OptimizerCost(name=name, states=(), factored=True)
    if re.search(r"8bit|8_bit|_int8|fp8", plain):
        torchao = "torch" in plain or "fp8" in plain
        return OptimizerCost(name=name, states=(EIGHT,) * states, root_in_float=not torchao,
                             paged=paged)  # fmt: skip
    if re.search(r"4bit", plain):
        return OptimizerCost(name=name, states=(FOUR,) * states)
    if paged or "bnb" in plain:
        return OptimizerCost(name=name, states=(4,) * states, paged=paged)
    if fused or "fused" in plain or "galore" in plain or "apollo" in plain:
        return OptimizerCost(name=name, states=(), follows=states)
    return OptimizerCost(name=name, states=(), follows=states, foreach=True)
