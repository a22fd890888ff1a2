"""What a training run did, step by step: the record that every runner prints and the test compares.

Rows are cut after their last supervised token: under causal attention what follows has no effect
on the loss, and whether it is padding, an end token outside the loss or a line break differs
between frameworks that train the same.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

IGNORED = -100


@dataclass
class Step:
    """One optimizer step: ``targets`` are supervised tokens that some position predicts,
    ``learning_rate`` is the one used, ``loss`` the one whose gradient was taken."""

    targets: int
    learning_rate: float
    loss: float


@dataclass
class Row:
    """Token ids and labels of one row, up to its last supervised token."""

    ids: list[int]
    labels: list[int]


@dataclass
class Trajectory:
    """A run. ``rows`` are those of the first optimizer step, in order."""

    framework: str
    trainable_parameters: int = 0
    rows: list[Row] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def write(self, path: str | Path) -> None:
        """As JSON."""
        Path(path).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: str | Path) -> Trajectory:
        """From JSON."""
        data: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(
            framework=data["framework"],
            trainable_parameters=data["trainable_parameters"],
            rows=[Row(**row) for row in data["rows"]],
            steps=[Step(**step) for step in data["steps"]],
        )


class Recorder:
    """Collects a trajectory from micro batches and optimizer steps."""

    def __init__(self, framework: str) -> None:
        self.trajectory = Trajectory(framework=framework)
        self._targets = 0

    def micro_batch(self, ids: list[list[int]], labels: list[list[int]]) -> None:
        """Note a batch, row by row. No position predicts a row's first token."""
        for row_ids, row_labels in zip(ids, labels, strict=True):
            self._targets += sum(label != IGNORED for label in row_labels[1:])
            if self.trajectory.steps:
                continue
            end = len(row_labels)
            while end and row_labels[end - 1] == IGNORED:
                end -= 1
            self.trajectory.rows.append(Row(row_ids[:end], [IGNORED, *row_labels[1:end]]))

    def step(self, learning_rate: float, loss: float) -> None:
        """Note an optimizer step over the micro batches since the last one."""
        self.trajectory.steps.append(Step(self._targets, learning_rate, loss))
        self._targets = 0


def same_start(name: str, weight: Any) -> None:
    """Fill the A matrix of an adapter with values that depend on ``name`` only, in place.

    Frameworks draw A in their own order; a common start is what makes more than the first step
    comparable. The distribution is the usual one, uniform within 1/sqrt(inputs).
    """
    import torch

    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    draws = torch.rand(tuple(weight.shape), generator=torch.Generator().manual_seed(seed))
    bound = 1 / math.sqrt(weight.shape[1])
    with torch.no_grad():
        weight.copy_((draws * 2 - 1) * bound)
