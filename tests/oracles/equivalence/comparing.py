"""Which aspects of two runs differ.

Step 1 sees the same weights in both (adapters add nothing while B is zero), so its loss is the
same up to the rounding of float32. Adapters are given a common start and rows come in the order of
the file, so that later steps are comparable as well: what ten steps of rounding added stayed below
4e-6 in every run that is equal otherwise, while the weight decay of norms alone adds 1e-4.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trajectory import Trajectory

FIRST_LOSS = 5e-6
"""In nats, of about 7: the epsilon of float32 is 1.2e-7 of that."""
LATER_LOSSES = 2e-5
RATES = 1e-12
"""Schedules are computed in float64."""

ASPECTS = ("trainable", "tokens", "masks", "steps", "targets", "rates", "first loss",
           "later losses")  # fmt: skip


def close(one: list[float], other: list[float], tolerance: float) -> bool:
    """Whether two lists hold the same numbers, as far as the shorter one goes."""
    return all(
        math.isclose(a, b, rel_tol=0, abs_tol=tolerance) for a, b in zip(one, other, strict=False)
    )


def differences(one: Trajectory, other: Trajectory) -> set[str]:
    """The aspects (see :data:`ASPECTS`) in which two runs differ.

    Tokens are compared without their masks and up to the last token that counts in both.
    """
    rates = [[step.learning_rate for step in run.steps] for run in (one, other)]
    loss = [[step.loss for step in run.steps] for run in (one, other)]
    equal = {
        "trainable": one.trainable_parameters == other.trainable_parameters,
        "tokens": all(
            a.ids[: len(b.ids)] == b.ids[: len(a.ids)]
            for a, b in zip(one.rows, other.rows, strict=True)
        ),
        "masks": [row.labels for row in one.rows] == [row.labels for row in other.rows],
        "steps": len(one.steps) == len(other.steps),
        "targets": [s.targets for s in one.steps] == [s.targets for s in other.steps],
        "rates": close(*rates, RATES),
        "first loss": close(loss[0][:1], loss[1][:1], FIRST_LOSS),
        "later losses": close(loss[0][1:], loss[1][1:], LATER_LOSSES),
    }
    return {aspect for aspect in ASPECTS if not equal[aspect]}
