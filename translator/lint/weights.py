"""The least memory that a run can do with, from the number of parameters in its model's name.

A bound, no estimate: activations, logits, buffers and the driver's context come on top.
"""

from __future__ import annotations

import re

from translator.lint.context import File

_BYTES = {"nf4": 0.56, "fp4": 0.56, "int8": 1.05, "fp8": 1.0}
_UNITS = {"b": 1e9, "m": 1e6}


def parameters(file: File) -> float | None:
    """The number of parameters that the model's name tells, None when it tells none."""
    known = file.model
    size = known.size if known is not None else None
    match = re.fullmatch(r"(?:(\d+)x)?(\d+(?:\.\d+)?)([bm])", size or "")
    if match is None:
        return None
    # of a mixture (8x7b) the experts share attention: about 0.84 of the product
    experts = int(match[1]) * 0.84 if match[1] else 1.0
    return experts * float(match[2]) * _UNITS[match[3]]


def least_gib(file: File) -> float | None:
    """GiB on each device; None when the size is not known or parts are kept on the host."""
    number, recipe = parameters(file), file.recipe
    parallel = recipe.parallelism
    if number is None or parallel.offload_parameters or parallel.offload_optimizer:
        return None
    kind = recipe.quantization.kind if recipe.quantization is not None else None
    if kind == "other":
        return None
    weight = _BYTES.get(kind or "", 4.0 if recipe.precision.compute == "float32" else 2.0)
    shared = max(file.options.gpus or parallel.gpus or 1, 1)
    everything = parallel.strategy in ("fsdp1", "fsdp2", "zero3") or parallel.tensor > 1
    states = parallel.strategy in ("zero1", "zero2")
    if recipe.adapter is not None:
        total = number * weight / (shared if everything and kind != "int8" else 1)
        return total / 2**30
    name = recipe.optimizer.name
    state = 2.0 if "8bit" in name else 1.0 if "4bit" in name else 4.0  # two in 16 bits at least
    if any(word in name for word in ("sgd", "adafactor", "galore", "lomo", "paged")):
        state = 0.0
    gradient = 0.0 if recipe.optimizer.in_backward else 2.0
    if everything:
        return number * (weight + gradient + state) / shared / 2**30
    return number * (weight + (gradient + state) / (shared if states else 1)) / 2**30
