"""Watches any run of a ``transformers.Trainer`` (Axolotl's and TRL's are subclasses), from
outside: a callback and a wrapped ``training_step``, nothing of the framework is replaced."""

from __future__ import annotations

import re
from typing import Any

from trajectory import IGNORED, Recorder, same_start
from transformers import Trainer, TrainerCallback


class _StepWatcher(TrainerCallback):
    """Notes learning rate and loss at the moment the optimizer steps."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.loss = 0.0

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.recorder.step(float(kwargs["optimizer"].param_groups[0]["lr"]), self.loss)
        self.loss = 0.0


def rows_of(inputs: dict[str, Any]) -> tuple[list[list[int]], list[list[int]]]:
    """Token ids and labels of a batch, row by row.

    Preference trainers say with a mask what counts. Batches without padding hold their rows one
    behind the other: positions start again with each.
    """
    ids = inputs["input_ids"].tolist()
    if "labels" in inputs:
        labels = inputs["labels"].tolist()
    else:
        masks = inputs["completion_mask"].tolist()
        labels = [
            [i if counts else IGNORED for i, counts in zip(row, mask, strict=True)]
            for row, mask in zip(ids, masks, strict=True)
        ]
    positions = inputs.get("position_ids")
    if positions is None or len(ids) != 1:
        return ids, labels
    starts = [n for n, place in enumerate(positions.tolist()[0]) if place == 0] or [0]
    spans = list(zip(starts, [*starts[1:], len(ids[0])], strict=True))
    return [ids[0][a:b] for a, b in spans], [labels[0][a:b] for a, b in spans]


def start_adapters(model: Any) -> None:
    """Give every LoRA A matrix of a PEFT model its common start."""
    for name, weight in model.named_parameters():
        found = re.search(r"layers\.(\d+)\.\w+\.(\w+)\.lora_A\.", name)
        if found:
            same_start(f"{found[1]}.{found[2]}", weight)


def watch(recorder: Recorder) -> None:
    """Have every later ``Trainer.train`` report to ``recorder``."""
    train = Trainer.train

    def watched_train(self: Trainer, *args: Any, **kwargs: Any) -> Any:
        watcher = _StepWatcher(recorder)
        self.add_callback(watcher)
        start_adapters(self.model)
        trainable = (p.numel() for p in self.model.parameters() if p.requires_grad)
        recorder.trajectory.trainable_parameters = sum(trainable)
        training_step = self.training_step

        def watched_step(model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
            recorder.micro_batch(*rows_of(inputs))
            loss = training_step(model, inputs, *rest, **named)
            watcher.loss += float(loss)
            return loss

        self.training_step = watched_step
        return train(self, *args, **kwargs)

    Trainer.train = watched_train
