"""Learning-rate schedules with torchtune's calling convention."""

import math
from functools import partial

from torch.optim.lr_scheduler import LambdaLR


def schedule(
    optimizer,
    num_training_steps,
    *,
    shape,
    num_warmup_steps=None,
    warmup_ratio=None,
    warmup_rounding="up",
    warmup_at_most=None,
    min_ratio=0.0,
    num_cycles=None,
    last_epoch=-1,
):
    """Linear warm-up, then ``shape`` (linear, cosine, constant or cosine_with_restarts) down to
    ``min_ratio`` times the peak. The warm-up is a number of optimizer steps or a share of them,
    rounded ``up`` or ``down`` (then a single step becomes two, as Axolotl has it).
    ``num_cycles``: waves of the cosine (half a one), or restarts (one)."""
    if num_warmup_steps is None:
        exact = (warmup_ratio or 0.0) * num_training_steps
        num_warmup_steps = math.ceil(exact) if warmup_rounding == "up" else math.floor(exact)
        if warmup_at_most is not None:
            num_warmup_steps = min(num_warmup_steps, warmup_at_most)
        if num_warmup_steps == 1 and warmup_rounding == "down":
            num_warmup_steps = 2
    factor = partial(
        _factor,
        total=num_training_steps,
        warmup=num_warmup_steps,
        shape=shape,
        floor=min_ratio,
        cycles=num_cycles,
    )
    return LambdaLR(optimizer, factor, last_epoch)


def _factor(step, *, total, warmup, shape, floor, cycles):
    if step < warmup:
        return step / max(1, warmup)
    done = min(1.0, (step - warmup) / max(1, total - warmup))
    if shape == "constant":
        height = 1.0
    elif shape == "linear":
        height = 1 - done
    elif shape == "cosine":
        height = 0.5 * (1 + math.cos(2 * math.pi * (0.5 if cycles is None else cycles) * done))
    else:  # cosine_with_restarts
        height = 0.5 * (1 + math.cos(math.pi * ((cycles or 1) * done % 1))) if done < 1 else 0.0
    return floor + (1 - floor) * height
